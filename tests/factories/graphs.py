"""Graphs for the proof: drawn in a few words, and random ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import strategies as st

from workflows.engine.graph import Flow, Graph, Node, NodeKind, Timer, Trigger

Words = Mapping[str, Any]

#: What a node is by the first letters of its name; any other is a user task.
_KINDS = {
    "start": NodeKind.START,
    "end": NodeKind.END,
    "xor": NodeKind.EXCLUSIVE,
    "and": NodeKind.PARALLEL,
    "or": NodeKind.INCLUSIVE,
    "event": NodeKind.EVENT_BASED,
    "catch": NodeKind.CATCH,
    "throw": NodeKind.THROW,
    "sub": NodeKind.SUB_PROCESS,
    "call": NodeKind.CALL_ACTIVITY,
    "auto": NodeKind.SERVICE_TASK,
    "man": NodeKind.MANUAL_TASK,
}


def on(host: str, trigger: Trigger = Trigger.TIMER, **more: Any) -> Words:
    """Return what makes a node a boundary event."""
    timer = Timer() if trigger is Trigger.TIMER else None
    return {"kind": NodeKind.BOUNDARY, "host": host, "trigger": trigger, "timer": timer, **more}


def drawn(
    *paths: str, conditions: Mapping[str, str] | None = None, limits: Words | None = None, **nodes: Words
) -> Graph:
    """Return a graph. paths: "start > a > end"; each step is a flow named "a>end"; "sub: b > c" lies in `sub`.

    nodes: what a node has besides the kind that its name says.
    """
    found: dict[str, dict[str, Any]] = {}
    flows: dict[str, Flow] = {}
    for path in paths:
        scope, _, steps = path.rpartition(":")
        stops = [stop.strip() for stop in steps.split(">")]
        for stop in stops:
            found.setdefault(stop, {"scope": scope.strip()})
        for source, target in pairwise(stops):
            name = f"{source}>{target}"
            flows[name] = Flow(id=name, source=source, target=target, condition=(conditions or {}).get(name))
    for name, words in nodes.items():
        found[name] = found.get(name, {}) | dict(words)
    return connected(
        [Node(**{"id": name, "kind": kind_of(name), **words}) for name, words in found.items()], flows, limits
    )


def kind_of(name: str) -> NodeKind:
    return next((kind for start, kind in _KINDS.items() if name.startswith(start)), NodeKind.USER_TASK)


def connected(nodes: list[Node], flows: Mapping[str, Flow], limits: Words | None = None) -> Graph:
    """Return the graph of nodes and flows: who listens for whom follows from where they lie."""
    incoming, outgoing = defaultdict(list), defaultdict(list)
    known = {node.id: node for node in nodes}
    for flow in flows.values():
        incoming[flow.target].append(flow.id)
        if flow.id not in known[flow.source].returns:
            outgoing[flow.source].append(flow.id)
    for node in nodes:
        host = node.host
        waits = [flows[flow].source for flow in incoming[node.id]]
        if waits and known[waits[0]].kind is NodeKind.EVENT_BASED:
            host = waits[0]
        if node.kind is NodeKind.START and node.scope and known[node.scope].by_event:
            host = known[node.scope].scope
        known[node.id] = replace(node, host=host, incoming=tuple(incoming[node.id]), outgoing=tuple(outgoing[node.id]))
    return Graph(key="probe", name_zh="试验", name_en="Probe", nodes=known, flows=dict(flows), **dict(limits or {}))


# --- random graphs


class Blocks:
    """A sound process of about so many elements: blocks within blocks, each split with its own join."""

    def __init__(self, seed: int, size: int) -> None:
        self.random = Random(seed)
        self.paths: list[str] = []
        self.words: dict[str, Words] = {}
        self.number = 0
        first, last = self.block(size)
        self.graph = drawn(f"start > {first}", f"{last} > end", *self.paths, **self.words)

    def name(self, prefix: str) -> str:
        self.number += 1
        return f"{prefix}{self.number}"

    def block(self, size: int) -> tuple[str, str]:
        if size <= 1:
            task = self.name("task")
            return task, task
        kind = self.random.choice(
            ["row", "row", "and and", "xor xor", "or or", "and or", "xor or", "loop", "late", "event"]
        )
        if kind == "row":
            (first, middle), (after, last) = self.block(size // 2), self.block(size - size // 2)
            self.paths.append(f"{middle} > {after}")
            return first, last
        if kind == "loop":
            entry, leave = self.name("xor"), self.name("xor")
            (first, last), again = self.block(size - 2), self.name("task")
            self.paths += [f"{entry} > {first}", f"{last} > {leave} > {again} > {entry}"]
            return entry, leave
        if kind == "late":
            host, late, merge = self.name("task"), self.name("late"), self.name("xor")
            self.words[late] = on(host)
            first, last = self.block(size - 2)
            self.paths += [f"{late} > {first}", f"{last} > {merge}", f"{host} > {merge}"]
            return host, merge
        split, _, join = kind.partition(" ")
        first, last = self.name(split), self.name(join or "xor")
        for _ in range(self.random.randint(2, 5)):
            inner = self.block(size // 4)
            event = f" > {self.name('catch')}" if split == "event" else ""
            self.paths += [f"{first}{event} > {inner[0]}", f"{inner[1]} > {last}"]
        return first, last


class _Pen:
    """Draws nodes and flows, numbering as it goes; `draw` decides."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.nodes: list[dict[str, Any]] = []
        self.flows: list[tuple[str, str]] = []
        self.room = draw(st.integers(3, 11))

    def node(self, prefix: str, scope: str, **words: Any) -> str:
        name = f"{prefix}{len(self.nodes)}"
        self.nodes.append({"id": name, "kind": kind_of(prefix), "scope": scope, **words})
        return name

    def link(self, source: str, target: str) -> None:
        self.flows.append((source, target))

    def pick(self, *choices: str) -> str:
        return self.draw(st.sampled_from(choices))

    def block(self, scope: str, depth: int) -> tuple[str, str]:
        """Draw a block and return the element it begins with and the one it ends with."""
        self.room -= 1
        kinds = ["task", "task", "task"]
        if self.room > 0 and depth < 4:
            kinds += ["row", "row", "split", "split", "split", "loop", "wait", "border", "border", "sub"]
        match self.pick(*kinds):
            case "row":
                (first, middle), (after, last) = self.block(scope, depth + 1), self.block(scope, depth + 1)
                self.link(middle, after)
                return first, last
            case "split":
                return self.split(scope, depth)
            case "loop":
                entry, leave = self.node(self.pick("xor", "xor", "or"), scope), self.node("xor", scope)
                first, last = self.block(scope, depth + 1)
                self.link(entry, first)
                self.link(last, leave)
                self.link(leave, entry)
                return entry, leave
            case "wait":
                gateway, merge = self.node("event", scope), self.node("xor", scope)
                for trigger in (Trigger.MESSAGE, Trigger.TIMER):
                    event = self.node("catch", scope, trigger=trigger)
                    self.link(gateway, event)
                    self.link(event, merge)
                return gateway, merge
            case "border":
                return self.border(self.node(self.pick("task", "auto", "call"), scope), scope, depth)
            case "sub":
                name = self.node("sub", scope)
                self.body(name, depth + 1)
                return self.border(name, scope, depth) if self.draw(st.booleans()) else (name, name)
        name = self.node(self.pick("task", "man", "auto", "throw"), scope)
        return name, name

    def split(self, scope: str, depth: int) -> tuple[str, str]:
        kind = self.pick("and", "and", "xor", "or", "or")
        split = self.node(kind, scope)
        join = self.node({"xor": "xor", "and": self.pick("and", "and", "or"), "or": "or"}[kind], scope)
        for _ in range(self.draw(st.integers(2, 3))):
            first, last = self.block(scope, depth + 1)
            self.link(split, first)
            ending = self.pick("join", "join", "join", "join", "join", "end")
            self.link(last, join if ending == "join" else self.ending(scope))
        if not any(target == join for _, target in self.flows):
            self.link(split, join)
        return split, join

    def border(self, host: str, scope: str, depth: int) -> tuple[str, str]:
        merge = self.node(self.pick("xor", "xor", "xor", "or"), scope)
        trigger = self.draw(st.sampled_from([Trigger.TIMER, Trigger.MESSAGE, Trigger.ERROR, Trigger.ESCALATION]))
        interrupting = trigger is Trigger.ERROR or self.draw(st.booleans())
        reference = self.pick("", "E1", "E2") if trigger in (Trigger.ERROR, Trigger.ESCALATION) else ""
        event = self.node("late", scope, **(on(host, trigger, interrupting=interrupting, reference=reference)))
        first, last = self.block(scope, depth + 1)
        self.link(event, first)
        self.link(last, merge if interrupting else self.ending(scope))
        self.link(host, merge)
        return host, merge

    def ending(self, scope: str) -> str:
        trigger = self.draw(
            st.sampled_from([Trigger.NONE] * 5 + [Trigger.TERMINATE, Trigger.ERROR, Trigger.ERROR, Trigger.ESCALATION])
        )
        reference = self.pick("E1", "E2") if trigger in (Trigger.ERROR, Trigger.ESCALATION) else ""
        return self.node("end", scope, trigger=trigger, reference=reference)

    def body(self, scope: str, depth: int) -> None:
        """Draw what lies in a scope, sometimes with an event sub-process beside."""
        first, last = self.block(scope, depth)
        if self.draw(st.integers(0, 5)):
            self.link(self.node("start", scope), first)
        if self.draw(st.integers(0, 7)):
            self.link(last, self.ending(scope))
        if self.room > 0 and not self.draw(st.integers(0, 4)):
            self.room -= 1
            name = self.node("sub", scope, by_event=True)
            trigger = self.draw(st.sampled_from([Trigger.MESSAGE, Trigger.ERROR, Trigger.ESCALATION]))
            interrupting = trigger is Trigger.ERROR or self.draw(st.booleans())
            start = self.node("start", name, trigger=trigger, interrupting=interrupting)
            first, last = self.block(name, depth + 1)
            self.link(start, first)
            self.link(last, self.ending(name))

    def graph(self) -> Graph:
        nodes = {words["id"]: words for words in self.nodes}
        flows = {}
        for number, (source, target) in enumerate(self.flows):
            condition = "asked" if self.draw(st.integers(0, 3)) == 0 else None
            flows[f"f{number}"] = Flow(id=f"f{number}", source=source, target=target, condition=condition)
        for name, words in nodes.items():
            leaving = [flow.id for flow in flows.values() if flow.source == name]
            if leaving and self.draw(st.integers(0, 3)) == 0:
                words["default"] = self.pick(*leaving)
            if leaving and words["kind"] is NodeKind.USER_TASK and len(leaving) > 1 and self.draw(st.booleans()):
                words["returns"] = (leaving[-1],)
        return connected([Node(**words) for words in nodes.values()], flows)


@st.composite
def block_graphs(draw: st.DrawFn) -> Graph:
    """Blocks within blocks; mostly sound."""
    pen = _Pen(draw)
    pen.body("", 0)
    return pen.graph()


@st.composite
def rewired_graphs(draw: st.DrawFn) -> Graph:
    """Blocks of which some flows were drawn elsewhere; mostly almost sound."""
    pen = _Pen(draw)
    pen.body("", 0)
    scopes = {words["id"]: words["scope"] for words in pen.nodes}
    kinds = {words["id"]: words["kind"] for words in pen.nodes}
    for _ in range(draw(st.integers(1, 2))):
        number = draw(st.integers(0, len(pen.flows) - 1)) if pen.flows else None
        if number is not None:
            source, target = pen.flows[number]
            fitting = [
                name
                for name, scope in scopes.items()
                if scope == scopes[source] and _may_follow(kinds, source, name, pen.nodes)
            ]
            if kinds[source] is not NodeKind.EVENT_BASED and kinds[target] is not NodeKind.CATCH and fitting:
                moved = (source, draw(st.sampled_from(fitting)))
                pen.flows[number : number + draw(st.integers(0, 1))] = [moved]
    return pen.graph()


def _may_follow(kinds: Mapping[str, NodeKind], source: str, name: str, nodes: list[dict[str, Any]]) -> bool:
    if kinds[name] in (NodeKind.START, NodeKind.BOUNDARY, NodeKind.CATCH) or kinds[source] is NodeKind.END:
        return False
    return not next(words.get("by_event") for words in nodes if words["id"] == name)


@st.composite
def wild_graphs(draw: st.DrawFn) -> Graph:
    """Any elements with any flows between them; mostly wrong."""
    pen = _Pen(draw)
    kinds = st.sampled_from(["task", "man", "xor", "xor", "and", "and", "or", "or", "sub"])
    inner = [pen.node(draw(kinds), "") for _ in range(draw(st.integers(1, 6)))]
    for name in inner:
        if name.startswith("sub"):
            pen.body(name, 3)
    starts = [pen.node("start", "") for _ in range(draw(st.integers(0, 2)))]
    ends = [pen.ending("") for _ in range(draw(st.integers(1, 2)))]
    hosts = [name for name in inner if name.startswith(("task", "sub"))]
    borders = []
    if hosts and draw(st.booleans()):
        words = on(draw(st.sampled_from(hosts)), Trigger.TIMER, interrupting=draw(st.booleans()))
        borders = [pen.node("late", "", **words)]
    for source in (*starts, *inner, *borders):
        for target in draw(st.lists(st.sampled_from([*inner, *ends]), min_size=1, max_size=2)):
            pen.link(source, target)
    return pen.graph()

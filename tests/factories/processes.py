"""Processes for tests: graphs drawn by a few words, the same as BPMN files, and random block-structured ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from hypothesis import strategies as st

from workflows.engine.graph import Flow, Graph, Node, NodeKind, Span

START, END = Node(id="start", kind=NodeKind.START), Node(id="end", kind=NodeKind.END, outcome="closed")
DAY = Span(amount=1, unit="calendar_days")


def user_task(key: str, **more: Any) -> Node:
    return Node(**{"id": key, "kind": NodeKind.USER_TASK, "department": "SCJG", "role": "handler", **more})


def service_task(key: str, **more: Any) -> Node:
    return Node(**{"id": key, "kind": NodeKind.SERVICE_TASK, "action": "probe.act", **more})


def call(key: str, **more: Any) -> Node:
    return Node(**{"id": key, "kind": NodeKind.CALL_ACTIVITY, "called": "probe-child", **more})


def parallel(key: str) -> Node:
    return Node(id=key, kind=NodeKind.PARALLEL)


def exclusive(key: str, default: str | None = None) -> Node:
    return Node(id=key, kind=NodeKind.EXCLUSIVE, default=default)


def manual(key: str) -> Node:
    return Node(id=key, kind=NodeKind.MANUAL_TASK)


def boundary(key: str, host: str, *, interrupting: bool = True, span: Span = DAY) -> Node:
    return Node(id=key, kind=NodeKind.TIMER_BOUNDARY, host=host, interrupting=interrupting, span=span)


def graph(nodes: Iterable[Node], *paths: str, conditions: dict[str, str] | None = None, key: str = "probe") -> Graph:
    """Return a graph. paths: "start > a > end"; each step is a flow named "a>end". Start and end are added."""
    known = {node.id: node for node in (START, *nodes, END)}
    flows = {}
    for path in paths:
        stops = [stop.strip() for stop in path.split(">")]
        for source, target in pairwise(stops):
            name = f"{source}>{target}"
            flows[name] = Flow(id=name, source=source, target=target, condition=(conditions or {}).get(name))
    return connected(key, known, flows)


def connected(key: str, nodes: dict[str, Node], flows: dict[str, Flow]) -> Graph:
    incoming, outgoing = defaultdict(list), defaultdict(list)
    for flow in flows.values():
        outgoing[flow.source].append(flow.id)
        incoming[flow.target].append(flow.id)
    hosts = defaultdict(list)
    for node in nodes.values():
        if node.host:
            hosts[node.host].append(node.id)
    return Graph(
        key=key,
        name_zh="试验流程",
        name_en="Probe",
        nodes={
            name: replace(node, incoming=tuple(incoming[name]), outgoing=tuple(outgoing[name]))
            for name, node in nodes.items()
        },
        flows=flows,
        boundaries={host: tuple(borders) for host, borders in hosts.items()},
    )


def bpmn(drawn: Graph) -> bytes:
    """Return a graph as a BPMN file that reads back as the same graph."""
    names = {flow: flow.replace(">", "_to_") for flow in drawn.flows}
    body = [_element(node, names) for node in drawn.nodes.values()]
    for flow in drawn.flows.values():
        open_tag = f'<sequenceFlow id="{names[flow.id]}" sourceRef="{flow.source}" targetRef="{flow.target}"'
        asked = f"<conditionExpression>{escape(flow.condition or '')}</conditionExpression>"
        body.append(f"{open_tag}/>" if flow.condition is None else f"{open_tag}>{asked}</sequenceFlow>")
    return file(
        f'<process id="{drawn.key}" name={quoteattr(drawn.name_zh)} os:nameEn={quoteattr(drawn.name_en)} '
        f'isExecutable="true">\n' + "\n".join(body) + "\n</process>"
    )


def file(content: str) -> bytes:
    """Return a BPMN file around some elements. The content begins on line 2."""
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:os="urn:one-stop:bpmn:1">\n'
        f"{content}\n</definitions>"
    ).encode()


def _element(node: Node, names: dict[str, str]) -> str:
    attributes = {
        "id": node.id,
        "default": names[node.default] if node.default else "",
        "calledElement": node.called,
        "attachedToRef": node.host,
        "cancelActivity": "" if node.interrupting else "false",
        "os:department": node.department,
        "os:role": node.role,
        "os:outcomes": " ".join(node.outcomes),
        "os:action": node.action,
        "os:part": node.part,
        "os:outcome": node.outcome,
    }
    written = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items() if value)
    if node.span is None:
        return f"<{node.kind} {written}/>"
    timer = f'<timerEventDefinition os:amount="{node.span.amount}" os:unit="{node.span.unit}"/>'
    return f"<{node.kind} {written}>{timer}</{node.kind}>"


@dataclass(frozen=True)
class Block:
    """A piece of a process with one way in and one way out."""

    kind: str
    parts: tuple[Block, ...] = ()


_LEAVES = st.sampled_from(["user", "service", "call", "manual", "reminded", "escalated"]).map(Block)


def _wrap(inner: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    kinds = st.sampled_from(["sequence", "parallel", "exclusive"])
    return st.builds(Block, kinds, several) | st.builds(Block, st.just("loop"), st.tuples(inner))


blocks = st.recursive(_LEAVES, _wrap, max_leaves=8)


class _Drawing:
    """Lays blocks out as nodes and flows, numbering as it goes."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {"start": START, "end": END}
        self.flows: dict[str, Flow] = {}

    def add(self, make: Any, **more: Any) -> str:
        key = f"n{len(self.nodes)}"
        self.nodes[key] = make(key, **more)
        return key

    def link(self, source: str, target: str, condition: str | None = None) -> str:
        key = f"f{len(self.flows) + 1}"
        self.flows[key] = Flow(id=key, source=source, target=target, condition=condition)
        return key

    def lay(self, block: Block, source: str, condition: str | None = None) -> tuple[str, str]:
        """Draw a block after `source`; return the flow into it and the element it ends with."""
        match block.kind:
            case "sequence":
                first, last = self.lay(block.parts[0], source, condition)
                for part in block.parts[1:]:
                    _, last = self.lay(part, last)
                return first, last
            case "parallel":
                return self._lay_parallel(block, source, condition)
            case "exclusive":
                return self._lay_exclusive(block, source, condition)
            case "loop":
                return self._lay_loop(block, source, condition)
            case "reminded" | "escalated":
                return self._lay_timer(block, source, condition)
        node = self.add({"user": user_task, "service": service_task, "call": call, "manual": manual}[block.kind])
        return self.link(source, node, condition), node

    def _lay_parallel(self, block: Block, source: str, condition: str | None) -> tuple[str, str]:
        split, join = self.add(parallel), self.add(parallel)
        first = self.link(source, split, condition)
        for part in block.parts:
            self.link(self.lay(part, split)[1], join)
        return first, join

    def _lay_exclusive(self, block: Block, source: str, condition: str | None) -> tuple[str, str]:
        split, merge = self.add(exclusive), self.add(exclusive)
        first = self.link(source, split, condition)
        *asked, other = block.parts
        for number, part in enumerate(asked):
            self.link(self.lay(part, split, f"choice.{split} == {number}")[1], merge)
        default, last = self.lay(other, split)
        self.nodes[split] = exclusive(split, default)
        self.link(last, merge)
        return first, merge

    def _lay_loop(self, block: Block, source: str, condition: str | None) -> tuple[str, str]:
        entry, work = self.add(exclusive), self.add(user_task)
        first = self.link(source, entry, condition)
        self.link(entry, work)
        _, last = self.lay(block.parts[0], work)
        again = self.add(exclusive)
        self.link(last, again)
        self.link(again, entry, f"choice.{again} == 0")
        after = self.add(manual)
        self.nodes[again] = exclusive(again, self.link(again, after))
        return first, after

    def _lay_timer(self, block: Block, source: str, condition: str | None) -> tuple[str, str]:
        host = self.add(user_task)
        first = self.link(source, host, condition)
        if block.kind == "reminded":
            timer = self.add(boundary, host=host, interrupting=False)
            reminder = self.add(service_task)
            self.link(timer, reminder)
            self.link(reminder, self.add(lambda key: Node(id=key, kind=NodeKind.END)))
            return first, host
        timer, merge = self.add(boundary, host=host), self.add(exclusive)
        instead = self.add(user_task)
        self.link(timer, instead)
        self.link(instead, merge)
        self.link(host, merge)
        return first, merge


def draw(block: Block) -> Graph:
    """Return a block as a whole process."""
    drawing = _Drawing()
    drawing.link(drawing.lay(block, "start")[1], "end")
    return connected("probe", drawing.nodes, drawing.flows)


sound_graphs = blocks.map(draw)

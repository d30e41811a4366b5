"""Processes for tests: graphs drawn by a few words, the same as BPMN files, and random block-structured ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from hypothesis import strategies as st

from workflows.engine.graph import Flow, Graph, Loop, Node, NodeKind, Span, Timer, Trigger

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


def inclusive(key: str, default: str | None = None) -> Node:
    return Node(id=key, kind=NodeKind.INCLUSIVE, default=default)


def event_based(key: str) -> Node:
    return Node(id=key, kind=NodeKind.EVENT_BASED)


def sub_process(key: str, **more: Any) -> Node:
    return Node(id=key, kind=NodeKind.SUB_PROCESS, **more)


def receive(key: str, message: str = "paid", **more: Any) -> Node:
    return Node(**{"id": key, "kind": NodeKind.RECEIVE_TASK, "trigger": Trigger.MESSAGE, "reference": message, **more})


def event(key: str, kind: NodeKind, trigger: Trigger, reference: str = "", **more: Any) -> Node:
    """Return an event; a timer event comes due after a day unless it is told otherwise."""
    if trigger is Trigger.TIMER:
        more.setdefault("timer", Timer(span=DAY))
    return Node(id=key, kind=kind, trigger=trigger, reference=reference, **more)


def begin(key: str, trigger: Trigger = Trigger.NONE, reference: str = "", **more: Any) -> Node:
    return event(key, NodeKind.START, trigger, reference, **more)


def catch(key: str, trigger: Trigger, reference: str = "", **more: Any) -> Node:
    return event(key, NodeKind.CATCH, trigger, reference, **more)


def throw(key: str, trigger: Trigger, reference: str = "", **more: Any) -> Node:
    return event(key, NodeKind.THROW, trigger, reference, **more)


def finish(key: str, trigger: Trigger = Trigger.NONE, reference: str = "", **more: Any) -> Node:
    return event(key, NodeKind.END, trigger, reference, **more)


def on_border(key: str, host: str, trigger: Trigger, reference: str = "", **more: Any) -> Node:
    return event(key, NodeKind.BOUNDARY, trigger, reference, host=host, **more)


def within(scope: str, *nodes: Node) -> tuple[Node, ...]:
    """Return nodes as they lie in a sub-process; those that lie deeper stay there."""
    return tuple(replace(node, scope=node.scope or scope) for node in nodes)


def beside(key: str, start: Node, *nodes: Node, scope: str = "") -> tuple[Node, ...]:
    """Return an event sub-process of a scope: its one start event and what else lies in it."""
    inside = within(key, replace(start, host=scope), *nodes)
    return (
        within(scope, sub_process(key, by_event=True), *inside) if scope else (sub_process(key, by_event=True), *inside)
    )


def boundary(key: str, host: str, *, span: Span = DAY, **more: Any) -> Node:
    return event(key, NodeKind.BOUNDARY, Trigger.TIMER, host=host, timer=Timer(span=span), **more)


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
    backward = {flow for node in nodes.values() for flow in node.returns}
    for flow in flows.values():
        incoming[flow.target].append(flow.id)
        if flow.id not in backward:
            outgoing[flow.source].append(flow.id)
    return Graph(
        key=key,
        name_zh="试验流程",
        name_en="Probe",
        nodes={
            name: replace(node, incoming=tuple(incoming[name]), outgoing=tuple(outgoing[name]))
            for name, node in nodes.items()
        },
        flows=flows,
    )


def bpmn(drawn: Graph) -> bytes:
    """Return a graph as a BPMN file that reads back as the same graph."""
    names = {flow: flow.replace(">", "_to_") for flow in drawn.flows}
    thrown = sorted({(_thrown_by(node), node.reference) for node in drawn.nodes.values() if node.reference})
    declared = [_DECLARED[trigger].format(id=f"{trigger}_{name}", name=name) for trigger, name in thrown]
    limits = "".join(
        f' os:{name}="{getattr(drawn, name)}"' for name in ("promised", "statutory") if getattr(drawn, name)
    )
    return file(
        f'<process id="{drawn.key}" name={quoteattr(drawn.name_zh)} os:nameEn={quoteattr(drawn.name_en)} '
        f'isExecutable="true"{limits}>\n' + _body(drawn, "", names) + "\n</process>" + "\n".join(declared)
    )


_DECLARED = {
    Trigger.MESSAGE: '<message id="{id}" name="{name}"/>',
    Trigger.SIGNAL: '<signal id="{id}" name="{name}"/>',
    Trigger.ERROR: '<error id="{id}" errorCode="{name}"/>',
    Trigger.ESCALATION: '<escalation id="{id}" escalationCode="{name}"/>',
}


def _thrown_by(node: Node) -> Trigger:
    return Trigger.MESSAGE if node.kind is NodeKind.SEND_TASK else node.trigger


def file(content: str) -> bytes:
    """Return a BPMN file around some elements. The content begins on line 2."""
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:os="urn:one-stop:bpmn:1">\n'
        f"{content}\n</definitions>"
    ).encode()


def _body(drawn: Graph, scope: str, names: dict[str, str]) -> str:
    backward = {flow for node in drawn.nodes.values() for flow in node.returns}
    body = [_element(drawn, node, names) for node in drawn.inside.get(scope, ())]
    for flow in drawn.flows.values():
        if drawn.nodes[flow.source].scope == scope and flow.id not in backward:
            open_tag = f'<sequenceFlow id="{names[flow.id]}" sourceRef="{flow.source}" targetRef="{flow.target}"'
            asked = f"<conditionExpression>{escape(flow.condition or '')}</conditionExpression>"
            body.append(f"{open_tag}/>" if flow.condition is None else f"{open_tag}>{asked}</sequenceFlow>")
    return "\n".join(body)


def _element(drawn: Graph, node: Node, names: dict[str, str]) -> str:
    border, start = node.kind is NodeKind.BOUNDARY, node.kind is NodeKind.START
    receives = node.kind is NodeKind.RECEIVE_TASK
    names_message = receives or (node.kind is NodeKind.SEND_TASK and node.reference)
    attributes = {
        "id": node.id,
        "name": node.name_zh,
        "default": names[node.default] if node.default else "",
        "calledElement": node.called,
        "attachedToRef": node.host if border else "",
        "cancelActivity": "false" if border and not node.interrupting else "",
        "isInterrupting": "false" if start and not node.interrupting else "",
        "triggeredByEvent": "true" if node.by_event else "",
        "messageRef": f"message_{node.reference}" if names_message else "",
        "os:nameEn": node.name_en,
        "os:department": node.department,
        "os:role": node.role,
        "os:outcomes": " ".join(node.outcomes),
        "os:limit": str(node.limit.amount) if node.limit else "",
        "os:limitUnit": node.limit.unit if node.limit else "",
        "os:returns": " ".join(drawn.flows[flow].target for flow in node.returns),
        "os:action": node.action,
        "os:decision": node.decision,
        "os:correlation": node.correlation,
        "os:part": node.part,
        "os:outcome": node.outcome,
    }
    written = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items() if value)
    content = _definition(node) if not receives else ""
    if node.loop is not None:
        content += _loop(node.loop)
    if node.kind is NodeKind.SUB_PROCESS:
        content += _body(drawn, node.id, names)
    return f"<{node.kind} {written}>{content}</{node.kind}>"


def _definition(node: Node) -> str:
    if node.trigger is Trigger.NONE:
        return ""
    if node.timer is None:
        named = f' {node.trigger}Ref="{node.trigger}_{node.reference}"' if node.reference else ""
        return f"<{node.trigger}EventDefinition{named}/>"
    if node.timer.span is None:
        return f"<timerEventDefinition><timeDate>{node.timer.date}</timeDate></timerEventDefinition>"
    stated = f'os:amount="{node.timer.span.amount}" os:unit="{node.timer.span.unit}"'
    repeated = f' os:repeats="{node.timer.repeats}"' if node.timer.repeats != 1 else ""
    return f"<timerEventDefinition {stated}{repeated}/>"


def _loop(loop: Loop) -> str:
    if loop.kind == "standard":
        asked = f"<loopCondition>{escape(loop.condition)}</loopCondition>"
        bounds = f' loopMaximum="{loop.maximum}"' if loop.maximum else ""
        tested = str(loop.first).lower()
        return f'<standardLoopCharacteristics testBefore="{tested}"{bounds}>{asked}</standardLoopCharacteristics>'
    counted = f"<loopCardinality>{escape(loop.cardinality)}</loopCardinality>" if loop.cardinality else ""
    ended = f"<completionCondition>{escape(loop.completion)}</completionCondition>" if loop.completion else ""
    listed = f' os:collection="{loop.collection}" os:item="{loop.item}"' if loop.collection else ""
    order = str(loop.kind == "sequential").lower()
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{order}"{listed}>{counted}{ended}'
        "</multiInstanceLoopCharacteristics>"
    )


@dataclass(frozen=True)
class Block:
    """A piece of a process with one way in and one way out."""

    kind: str
    parts: tuple[Block, ...] = ()


_LEAVES = st.sampled_from(
    [
        "user",
        "service",
        "call",
        "manual",
        "receive",
        "reminded",
        "escalated",
        "several",
        "one_by_one",
        "events",
        "returned",
    ]
).map(Block)


def _wrap(inner: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    kinds = st.sampled_from(["sequence", "parallel", "exclusive", "inclusive"])
    alone = st.sampled_from(["loop", "scope", "failing", "interrupted"])
    return st.builds(Block, kinds, several) | st.builds(Block, alone, st.tuples(inner))


blocks = st.recursive(_LEAVES, _wrap, max_leaves=8)

_ALL_LEAVES = _LEAVES | st.sampled_from(
    ["told", "signalled", "sent", "acting", "repeated", "cycled", "messaged", "fallible"]
).map(Block)
_SCOPES = ("terminated", "each", "in_turn", "failing_each", "attended", "escalating", "overruled")


def _wrap_all(inner: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    return _wrap(inner) | st.builds(Block, st.sampled_from(_SCOPES), st.tuples(inner))


all_blocks = st.recursive(_ALL_LEAVES, _wrap_all, max_leaves=8)


def exclusive_in(scope: str, key: str, default: str) -> Node:
    return replace(exclusive(key, default), scope=scope)


def _several(key: str) -> Node:
    return user_task(key, department="$item", loop=Loop(kind="parallel", collection="reviewers"))


def _one_by_one(key: str) -> Node:
    return service_task(key, loop=Loop(kind="sequential", cardinality="3", completion="instances.done >= 2"))


def _repeated(key: str) -> Node:
    return user_task(key, loop=Loop(kind="standard", condition=f"outcome.{key} != 'ok'", maximum=3))


def _sent(key: str) -> Node:
    return Node(id=key, kind=NodeKind.SEND_TASK, reference="told")


_MAKERS = {
    "told": lambda key: throw(key, Trigger.MESSAGE, "told"),
    "signalled": lambda key: throw(key, Trigger.SIGNAL, "all"),
    "acting": lambda key: throw(key, Trigger.MESSAGE, action="probe.act"),
    "sent": _sent,
    "repeated": _repeated,
    "user": user_task,
    "service": service_task,
    "call": call,
    "manual": manual,
    "receive": receive,
    "several": _several,
    "one_by_one": _one_by_one,
}


class _Drawing:
    """Lays blocks out as nodes and flows, numbering as it goes."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {"start": START, "end": END}
        self.flows: dict[str, Flow] = {}
        self.scope = ""

    def add(self, make: Any, **more: Any) -> str:
        key = f"n{len(self.nodes)}"
        self.nodes[key] = replace(make(key, **more), scope=self.scope)
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
            case "exclusive" | "inclusive":
                return self._lay_choice(block, source, condition)
            case "loop":
                return self._lay_loop(block, source, condition)
            case "scope" | "failing" | "interrupted" | "failing_each" | "each" | "in_turn" | "attended":
                return self._lay_scope(block, source, condition)
            case "escalating" | "overruled":
                return self._lay_escalating(block, source, condition)
            case "terminated":
                return self._lay_terminated(block, source, condition)
            case "reminded" | "escalated":
                return self._lay_timer(block, source, condition)
            case "cycled" | "messaged":
                return self._lay_again(block, source, condition)
            case "fallible":
                return self._lay_fallible(source, condition)
            case "events":
                return self._lay_events(source, condition)
            case "returned":
                return self._lay_return(source, condition)
        node = self.add(_MAKERS[block.kind])
        return self.link(source, node, condition), node

    def _lay_parallel(self, block: Block, source: str, condition: str | None) -> tuple[str, str]:
        split, join = self.add(parallel), self.add(parallel)
        first = self.link(source, split, condition)
        for part in block.parts:
            self.link(self.lay(part, split)[1], join)
        return first, join

    def _lay_choice(self, block: Block, source: str, condition: str | None) -> tuple[str, str]:
        gateway = exclusive if block.kind == "exclusive" else inclusive
        split, merge = self.add(gateway), self.add(gateway)
        first = self.link(source, split, condition)
        *asked, other = block.parts
        for number, part in enumerate(asked):
            test = f"choice.{split} == {number}" if gateway is exclusive else f"choice.{split} >= {number + 1}"
            self.link(self.lay(part, split, test)[1], merge)
        default, last = self.lay(other, split)
        self.nodes[split] = replace(self.nodes[split], default=default)
        self.link(last, merge)
        return first, merge

    def _lay_scope(self, block: Block, source: str, condition: str | None) -> tuple[str, str]:
        """Draw a sub-process; a failing one may end by an error that its border catches."""
        outer = self.scope
        host = self.add(sub_process, loop=_LOOPS.get(block.kind))
        first = self.link(source, host, condition)
        self.scope = host
        _, last = self.lay(block.parts[0], self.add(begin))
        if block.kind in ("failing", "failing_each"):
            choice, failed = self.add(exclusive), self.add(lambda key: event(key, NodeKind.END, Trigger.ERROR, "E1"))
            self.link(last, choice)
            self.link(choice, failed, f"choice.{choice} == 1")
            well = self.add(lambda key: Node(id=key, kind=NodeKind.END))
            self.nodes[choice] = exclusive_in(self.scope, choice, self.link(choice, well))
        else:
            self.link(last, self.add(lambda key: Node(id=key, kind=NodeKind.END)))
        if block.kind == "interrupted":
            self.lay_event_sub_process(Trigger.TIMER)
        if block.kind == "attended":
            self.lay_event_sub_process(Trigger.MESSAGE, "asked", interrupting=False)
        self.scope = outer
        if block.kind not in ("failing", "failing_each"):
            return first, host
        caught, merge = (
            self.add(lambda key: event(key, NodeKind.BOUNDARY, Trigger.ERROR, "E1", host=host)),
            self.add(exclusive),
        )
        self.link(host, merge)
        self.link(caught, merge)
        return first, merge

    def lay_event_sub_process(self, trigger: Trigger, reference: str = "", *, interrupting: bool = True) -> None:
        outer = self.scope
        room = self.add(lambda key: sub_process(key, by_event=True))
        self.scope = room
        start = self.add(begin, trigger=trigger, reference=reference, host=outer, interrupting=interrupting)
        task = self.add(user_task)
        self.link(start, task)
        self.link(task, self.add(finish, outcome="" if outer else "closed"))
        self.scope = outer

    def _lay_escalating(self, block: Block, source: str, condition: str | None) -> tuple[str, str]:
        """Draw a sub-process that escalates: its border acts beside it, or ends it."""
        outer, ends = self.scope, block.kind == "overruled"
        host = self.add(sub_process)
        first = self.link(source, host, condition)
        self.scope = host
        _, last = self.lay(block.parts[0], self.add(begin))
        told = self.add(throw, trigger=Trigger.ESCALATION, reference="X1")
        after = self.add(user_task)
        self.link(last, told)
        self.link(told, after)
        self.link(after, self.add(finish))
        self.scope = outer
        border = self.add(on_border, host=host, trigger=Trigger.ESCALATION, reference="X1", interrupting=ends)
        work, merge = self.add(user_task), self.add(exclusive)
        self.link(host, merge)
        self.link(border, work)
        self.link(work, merge if ends else self.add(finish))
        return first, merge

    def _lay_terminated(self, block: Block, source: str, condition: str | None) -> tuple[str, str]:
        """Draw a sub-process of which one branch ends the other."""
        outer, host = self.scope, self.add(sub_process)
        first = self.link(source, host, condition)
        self.scope = host
        split, task = self.add(parallel), self.add(user_task)
        self.link(self.add(begin), split)
        self.link(self.lay(block.parts[0], split)[1], self.add(finish))
        self.link(split, task)
        self.link(task, self.add(finish, trigger=Trigger.TERMINATE))
        self.scope = outer
        return first, host

    def _lay_again(self, block: Block, source: str, condition: str | None) -> tuple[str, str]:
        """Draw a task beside which something may happen again and again."""
        host = self.add(user_task)
        more: dict[str, Any] = {"trigger": Trigger.MESSAGE, "reference": "asked"}
        if block.kind == "cycled":
            more = {"trigger": Trigger.TIMER, "timer": Timer(span=DAY, repeats=3)}
        border, work = self.add(on_border, host=host, interrupting=False, **more), self.add(service_task)
        self.link(border, work)
        self.link(work, self.add(finish))
        return self.link(source, host, condition), host

    def _lay_fallible(self, source: str, condition: str | None) -> tuple[str, str]:
        """Draw a call that may fail or escalate."""
        host, merge = self.add(call), self.add(exclusive)
        failed = self.add(on_border, host=host, trigger=Trigger.ERROR, reference="E1")
        heard = self.add(on_border, host=host, trigger=Trigger.ESCALATION, interrupting=False)
        self.link(host, merge)
        self.link(failed, merge)
        self.link(heard, self.add(finish))
        return self.link(source, host, condition), merge

    def _lay_events(self, source: str, condition: str | None) -> tuple[str, str]:
        gateway, merge = self.add(event_based), self.add(exclusive)
        first = self.link(source, gateway, condition)
        for trigger, name in ((Trigger.MESSAGE, "answered"), (Trigger.TIMER, "")):
            caught = self.add(lambda key, t=trigger, n=name: event(key, NodeKind.CATCH, t, n, host=gateway))
            self.link(gateway, caught)
            self.link(caught, merge)
        return first, merge

    def _lay_return(self, source: str, condition: str | None) -> tuple[str, str]:
        before, after = self.add(user_task), self.add(user_task)
        first = self.link(source, before, condition)
        self.link(before, after)
        back = f"{after}->{before}"
        self.flows[back] = Flow(id=back, source=after, target=before)
        self.nodes[after] = replace(self.nodes[after], returns=(back,))
        return first, after

    def _lay_loop(self, block: Block, source: str, condition: str | None) -> tuple[str, str]:
        entry, work = self.add(exclusive), self.add(user_task)
        first = self.link(source, entry, condition)
        self.link(entry, work)
        _, last = self.lay(block.parts[0], work)
        again = self.add(exclusive)
        self.link(last, again)
        self.link(again, entry, f"choice.{again} == 0")
        after = self.add(manual)
        self.nodes[again] = exclusive_in(self.scope, again, self.link(again, after))
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


_LOOPS = {
    "each": Loop(kind="parallel", collection="reviewers", item="department"),
    "failing_each": Loop(kind="parallel", cardinality="2"),
    "in_turn": Loop(kind="sequential", cardinality="3", completion="instances.done >= 2"),
}


def draw(block: Block, *, interrupting: bool | None = None) -> Graph:
    """Return a block as a whole process. interrupting: of its event sub-process, None for a process that has none."""
    drawing = _Drawing()
    drawing.link(drawing.lay(block, "start")[1], "end")
    if interrupting is not None:
        drawing.lay_event_sub_process(Trigger.MESSAGE, "withdrawn", interrupting=interrupting)
    return connected("probe", drawing.nodes, drawing.flows)


sound_graphs = blocks.map(draw)
#: Sound processes that use the whole language.
whole_graphs = st.builds(draw, all_blocks, interrupting=st.sampled_from([None, None, True, False]))

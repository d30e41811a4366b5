"""A process definition as a graph of frozen values: what may happen. What did happen is a `State`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


class NodeKind(StrEnum):
    """The BPMN 2.0 elements that execute."""

    START = "startEvent"
    END = "endEvent"
    CATCH = "intermediateCatchEvent"
    THROW = "intermediateThrowEvent"
    BOUNDARY = "boundaryEvent"
    USER_TASK = "userTask"
    SERVICE_TASK = "serviceTask"
    SEND_TASK = "sendTask"
    RECEIVE_TASK = "receiveTask"
    RULE_TASK = "businessRuleTask"
    MANUAL_TASK = "manualTask"
    EXCLUSIVE = "exclusiveGateway"
    PARALLEL = "parallelGateway"
    INCLUSIVE = "inclusiveGateway"
    EVENT_BASED = "eventBasedGateway"
    SUB_PROCESS = "subProcess"
    CALL_ACTIVITY = "callActivity"


class Trigger(StrEnum):
    """What an event listens for, or throws. `NONE`: nothing but the token itself."""

    NONE = "none"
    MESSAGE = "message"
    TIMER = "timer"
    ERROR = "error"
    ESCALATION = "escalation"
    SIGNAL = "signal"
    TERMINATE = "terminate"


#: Tasks that a worker carries out by a registered action.
AUTOMATIC = frozenset({NodeKind.SERVICE_TASK, NodeKind.SEND_TASK, NodeKind.RULE_TASK})
#: Activities: what boundary events, loops and multiple instances may be attached to.
ACTIVITIES = AUTOMATIC | {
    NodeKind.USER_TASK,
    NodeKind.RECEIVE_TASK,
    NodeKind.MANUAL_TASK,
    NodeKind.SUB_PROCESS,
    NodeKind.CALL_ACTIVITY,
}
#: Nodes at which a token rests until something outside the engine happens.
WAITING = AUTOMATIC | {
    NodeKind.USER_TASK,
    NodeKind.RECEIVE_TASK,
    NodeKind.CALL_ACTIVITY,
    NodeKind.CATCH,
    NodeKind.EVENT_BASED,
}
GATEWAYS = frozenset({NodeKind.EXCLUSIVE, NodeKind.PARALLEL, NodeKind.INCLUSIVE, NodeKind.EVENT_BASED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """A sequence flow. condition: CEL text, or None for a flow that is always open. name, name_en: what decides it."""

    id: str
    source: str
    target: str
    condition: str | None = None
    name: str = ""
    name_en: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A length of time a process states. unit: working_days, calendar_days, working_hours or seconds."""

    amount: int
    unit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Timer:
    """When a timer event fires: after `span`, or at the instant `date` (ISO 8601, or `$name` for the run's data).

    repeats: how often it fires, each `span` after the time before; 0 is without end.
    """

    span: Span | None = None
    date: str = ""
    repeats: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Loop:
    """How often an activity is carried out (BPMN 2.0 §13.3.6-7).

    kind: parallel or sequential (multiple instances), standard (a loop). cardinality: a number or a path to one.
    collection: a path to a list, whose entries each instance reads under the name `item`. completion: CEL, asked after
    each instance; true ends the others. condition: CEL of a standard loop, asked before (`first`) or after each time;
    maximum: its most rounds, 0 for no bound.
    """

    kind: str
    cardinality: str = ""
    collection: str = ""
    item: str = "item"
    completion: str = ""
    condition: str = ""
    first: bool = False
    maximum: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One element of the drawing.

    scope: the sub-process it lies in, "" for the process itself. trigger, reference: what an event listens for or
    throws, and the name (message, signal) or code (error, escalation) of it, "" for any. correlation: the path of the
    value by which a message finds its run. timer: of a timer event. host: on whose behalf an event listens - the
    activity on whose border it is, the gateway that waits for it, the sub-process whose event sub-process it starts
    ("" there for the process). interrupting: whether it ends what its host does. by_event: an event sub-process.

    department, role: whose work a user task is; a department written `$name` is read from the data. outcomes: the
    answers a user task may be completed with. limit: the task's share of the time limit. form: its form section.
    returns: flows on which an opened task may be sent back. action: the registered name of an automatic task's work;
    decision: the decision table of a business rule task. called: the process a call activity starts; part: the entry
    of the run's `parts` that it carries out, which then names process and data. outcome: what a run that ends here
    answers to its caller.
    """

    id: str
    kind: NodeKind
    name_zh: str = ""
    name_en: str = ""
    scope: str = ""
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    default: str | None = None
    trigger: Trigger = Trigger.NONE
    reference: str = ""
    correlation: str = ""
    timer: Timer | None = None
    host: str = ""
    interrupting: bool = True
    by_event: bool = False
    loop: Loop | None = None
    department: str = ""
    role: str = ""
    outcomes: tuple[str, ...] = ()
    limit: Span | None = None
    form: str = ""
    returns: tuple[str, ...] = ()
    action: str = ""
    decision: str = ""
    called: str = ""
    part: str = ""
    outcome: str = ""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A compiled process: nodes and flows by id, those of sub-processes too.

    promised, statutory: the limits in working days that the drawing states, None where it states none.
    """

    key: str
    name_zh: str
    name_en: str
    nodes: Mapping[str, Node]
    flows: Mapping[str, Flow]
    promised: int | None = None
    statutory: int | None = None

    @cached_property
    def inside(self) -> Mapping[str, tuple[Node, ...]]:
        """For each scope ("" is the process) the nodes that lie directly in it, in drawing order."""
        found: dict[str, list[Node]] = defaultdict(list)
        for node in self.nodes.values():
            found[node.scope].append(node)
        return {scope: tuple(nodes) for scope, nodes in found.items()}

    @cached_property
    def listeners(self) -> Mapping[str, tuple[Node, ...]]:
        """For each host the events that listen on its behalf: on its border, behind its gateway, in its scope."""
        found: dict[str, list[Node]] = defaultdict(list)
        for node in self.nodes.values():
            if node.kind is NodeKind.BOUNDARY or node.host or self.starts_by_event(node):
                found[node.host].append(node)
        return {host: tuple(nodes) for host, nodes in found.items()}

    def starts_by_event(self, node: Node) -> bool:
        """Tell whether a node is the start event of an event sub-process."""
        return node.kind is NodeKind.START and bool(node.scope) and self.nodes[node.scope].by_event

    def starts(self, scope: str = "") -> tuple[Node, ...]:
        """Return where a scope may begin: its start events, else every element without incoming flow, all together."""
        events = tuple(node for node in self.inside.get(scope, ()) if node.kind is NodeKind.START)
        return events or self.unreached(scope)

    def unreached(self, scope: str = "") -> tuple[Node, ...]:
        """Return the elements of a scope that nothing leads to and that do not listen for an event."""
        return tuple(
            node
            for node in self.inside.get(scope, ())
            if not node.incoming and node.kind not in (NodeKind.BOUNDARY, NodeKind.START) and not node.by_event
        )

    @cached_property
    def always(self) -> Mapping[str, tuple[Flow, ...]]:
        """For each node that asks nothing the flows it always takes: all, or the first of an exclusive gateway."""
        asking = {flow.source for flow in self.flows.values() if flow.condition is not None}
        return {
            name: tuple(self.targets(node))[: 1 if node.kind is NodeKind.EXCLUSIVE else None]
            for name, node in self.nodes.items()
            if node.default is None and name not in asking
        }

    def targets(self, node: Node) -> Iterator[Flow]:
        """Yield a node's outgoing flows in drawing order."""
        return (self.flows[flow] for flow in node.outgoing)

    def leads_to(self, gateway: str) -> Mapping[str, frozenset[str]]:
        """Return for each flow the incoming flows of an inclusive gateway to which a token on it may still come.

        Along sequence flows, interrupting border events and ways back, without passing the gateway (BPMN 2.0 §13.4.3).
        """
        if gateway not in self._leads_to:
            self._leads_to[gateway] = self._reach(gateway)
        return self._leads_to[gateway]

    @cached_property
    def _leads_to(self) -> dict[str, Mapping[str, frozenset[str]]]:
        return {}

    def ways_on(self, node: str) -> Iterator[str]:
        """Yield the flows on which a token at a node may go on, whatever happens there."""
        yield from self.nodes[node].outgoing
        yield from self.nodes[node].returns
        for listener in self.listeners.get(node, ()):
            if listener.interrupting and listener.kind is not NodeKind.START:
                yield from listener.outgoing

    @cached_property
    def _before(self) -> Mapping[str, list[str]]:
        """For each flow those from which a token comes onto it in one step."""
        before: dict[str, list[str]] = {flow: [] for flow in self.flows}
        for name, node in self.nodes.items():
            for out in self.ways_on(name):
                before[out].extend(node.incoming)
        return before

    def _reach(self, gateway: str) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for entry in self.nodes[gateway].incoming:
            ahead = [entry]
            while ahead:
                flow = ahead.pop()
                if entry not in found[flow]:
                    found[flow].add(entry)
                    if self.flows[flow].source != gateway:
                        ahead.extend(self._before[flow])
        return {flow: frozenset(entries) for flow, entries in found.items()}

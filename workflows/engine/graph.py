"""A process definition as a graph of frozen values: what may happen. What did happen is a `State`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class NodeKind(StrEnum):
    """The BPMN 2.0 elements that execute."""

    START = "startEvent"
    END = "endEvent"
    USER_TASK = "userTask"
    SERVICE_TASK = "serviceTask"
    MANUAL_TASK = "manualTask"
    EXCLUSIVE = "exclusiveGateway"
    PARALLEL = "parallelGateway"
    CALL_ACTIVITY = "callActivity"
    TIMER_BOUNDARY = "boundaryEvent"


#: Nodes at which a token rests until something outside the engine happens.
WAITING = frozenset({NodeKind.USER_TASK, NodeKind.SERVICE_TASK, NodeKind.CALL_ACTIVITY})


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """A sequence flow. condition: CEL text, or None for a flow that is always open."""

    id: str
    source: str
    target: str
    condition: str | None = None
    name: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A length of time a process states. unit: working_days, calendar_days, working_hours or seconds."""

    amount: int
    unit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One element of the drawing.

    department, role: whose work a user task is; a department written `$name` is read from the run's data.
    outcomes: the answers a user task may be completed with. action: the registered name of a service task's work.
    called: the process a call activity starts. part: the entry of the run's `parts` that a call activity carries out,
    which then names process and data. host, interrupting, span: a boundary timer's task, effect and length.
    outcome: what a run that ends here answers to its caller.
    """

    id: str
    kind: NodeKind
    name_zh: str = ""
    name_en: str = ""
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    default: str | None = None
    department: str = ""
    role: str = ""
    outcomes: tuple[str, ...] = ()
    action: str = ""
    called: str = ""
    part: str = ""
    host: str = ""
    interrupting: bool = True
    span: Span | None = None
    outcome: str = ""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A compiled process: nodes and flows by id, and who listens on the border of which task."""

    key: str
    name_zh: str
    name_en: str
    nodes: Mapping[str, Node]
    flows: Mapping[str, Flow]
    boundaries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def start(self) -> Node:
        """The start event. A graph has exactly one: the parser and `verify` see to it."""
        return next(node for node in self.nodes.values() if node.kind is NodeKind.START)

    def targets(self, node: Node) -> Iterator[Flow]:
        """Yield a node's outgoing flows in drawing order."""
        return (self.flows[flow] for flow in node.outgoing)

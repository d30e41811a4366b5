"""What a new drawing of a process changes, element by element, and which of it a running case need not notice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from workflows.engine.graph import Flow, Graph, Node
from workflows.engine.state import State


class ChangeKind(StrEnum):
    """What sort of difference it is; the worst ones last."""

    TEXT = "text"
    LIMIT = "limit"
    ASSIGNMENT = "assignment"
    WORK = "work"
    CONDITION = "condition"
    FLOW = "flow"
    ADDED = "added"
    REMOVED = "removed"
    KIND = "kind"


#: Which sort of difference each field of a node makes. What follows from the flows (`incoming`) is not asked again.
_OF_NODE = {
    "kind": ChangeKind.KIND,
    "trigger": ChangeKind.KIND,
    "name_zh": ChangeKind.TEXT,
    "name_en": ChangeKind.TEXT,
    "limit": ChangeKind.LIMIT,
    "timer": ChangeKind.LIMIT,
    **dict.fromkeys(("department", "role", "form"), ChangeKind.ASSIGNMENT),
    **dict.fromkeys(("outcomes", "action", "decision", "called", "part", "outcome"), ChangeKind.WORK),
    **dict.fromkeys(("reference", "correlation"), ChangeKind.WORK),
    "loop": ChangeKind.CONDITION,
    **dict.fromkeys(("scope", "outgoing", "default", "returns", "host"), ChangeKind.FLOW),
    **dict.fromkeys(("interrupting", "by_event"), ChangeKind.FLOW),
}
_OF_FLOW = {
    "name": ChangeKind.TEXT,
    "condition": ChangeKind.CONDITION,
    "source": ChangeKind.FLOW,
    "target": ChangeKind.FLOW,
}
_OF_GRAPH = {
    "name_zh": ChangeKind.TEXT,
    "name_en": ChangeKind.TEXT,
    "promised": ChangeKind.LIMIT,
    "statutory": ChangeKind.LIMIT,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One difference. element: the id of a node or flow, "" for the process. what: the field, or what came or went."""

    kind: ChangeKind
    element: str
    what: str
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        name = self.element or "the process"
        if self.kind in (ChangeKind.ADDED, ChangeKind.REMOVED):
            return f"{name}: {self.what} {self.kind}"
        return f"{name}: {self.what} was {_short(self.before)}, is {_short(self.after)}"


def differences(old: Graph, new: Graph) -> list[Change]:
    """Return what the second drawing of a process changes, in the order of the first and then of the second.

    Elements are the same when their ids are. Where elements are drawn is no difference: a graph does not know it.
    """
    return [
        *_fields("", _OF_GRAPH, old, new),
        *_elements("element", _OF_NODE, old.nodes, new.nodes),
        *_elements("flow", _OF_FLOW, old.flows, new.flows),
    ]


def _elements(
    word: str, fields: Mapping[str, ChangeKind], old: Mapping[str, Node | Flow], new: Mapping[str, Node | Flow]
) -> Iterator[Change]:
    for name, element in old.items():
        if name in new:
            yield from _fields(name, fields, element, new[name])
        else:
            yield Change(kind=ChangeKind.REMOVED, element=name, what=word)
    for name in new:
        if name not in old:
            yield Change(kind=ChangeKind.ADDED, element=name, what=word)


def _fields(element: str, fields: Mapping[str, ChangeKind], old: Any, new: Any) -> Iterator[Change]:
    for what, kind in fields.items():
        before, after = getattr(old, what), getattr(new, what)
        if before != after:
            yield Change(kind=kind, element=element, what=what, before=before, after=after)


def is_harmless(change: Change, graph: Graph, state: State) -> bool:
    """Tell whether a run of `graph` need not notice a change: texts, and who does a step, or by when, not yet reached.

    The limits of the process itself are no exception: the clocks of a case keep the facts they were started with.
    """
    if change.kind is ChangeKind.TEXT:
        return True
    if change.kind not in (ChangeKind.LIMIT, ChangeKind.ASSIGNMENT):
        return False
    return not change.element or not is_reached(graph.nodes[change.element], graph, state)


def is_reached(node: Node, graph: Graph, state: State) -> bool:
    """Tell whether a run has come to a node, or to the host on whose behalf it listens: its timer may be set then."""
    if node.id in state.rounds:
        return True
    if node.host:
        return node.host in state.rounds
    return graph.starts_by_event(node)


def _short(value: Any) -> str:
    text = str(value) if value not in (None, "", ()) else "nothing"
    return text if len(text) <= 120 else f"{text[:117]}..."

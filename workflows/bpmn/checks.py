"""Refuse a process whose elements are there, but lack something or stand where BPMN does not allow them."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.bpmn.draft import Draft
from workflows.engine.graph import ACTIVITIES, GATEWAYS, Node, NodeKind, Trigger

#: Elements that may ask conditions on their outgoing flows (BPMN 2.0 §8.4.13).
DECIDING = ACTIVITIES | {NodeKind.EXCLUSIVE, NodeKind.INCLUSIVE}
#: Of what each element needs one to be executed.
_NEEDS = {
    NodeKind.SERVICE_TASK: (("action",), "a service task needs a registered action"),
    NodeKind.SEND_TASK: (("action", "reference"), "a send task needs a registered action or messageRef"),
    NodeKind.RULE_TASK: (("action",), "a business rule task needs a decision or a registered action"),
    NodeKind.CALL_ACTIVITY: (("called", "part"), "a call activity needs calledElement or part"),
    **dict.fromkeys(GATEWAYS, (("outgoing",), "a gateway needs an outgoing flow")),
}


def check(draft: Draft) -> None:
    """Note what is wrong with each element and with the beginning of each scope."""
    bordered = {node.host for node in draft.nodes.values() if node.kind is NodeKind.BOUNDARY}
    for node in draft.nodes.values():
        lacking = [] if draft.flow_only else _lacking(node)
        for reason in [*lacking, *_misplaced(draft, node, bordered), *_undecided(draft, node)]:
            draft.refuse(node.id, reason)
    scopes = {node.id: list[Node]() for node in draft.nodes.values() if node.kind is NodeKind.SUB_PROCESS}
    scopes[""] = []
    for node in draft.nodes.values():
        scopes[node.scope].append(node)
    for scope, inside in scopes.items():
        for reason in _unbegun(draft, draft.nodes.get(scope), inside):
            draft.refuse(scope or draft.key, reason, unsupported=not inside)


def _lacking(node: Node) -> Iterator[str]:
    """Yield what a node lacks to be executed."""
    one_of, reason = _NEEDS.get(node.kind, ((), ""))
    if one_of and not any(getattr(node, name) for name in one_of):
        yield reason
    if node.kind is NodeKind.USER_TASK and not (node.role and (node.department or node.role == "applicant")):
        yield "a user task needs a department and a role"
    throws = node.kind in (NodeKind.END, NodeKind.THROW)
    if node.trigger in (Trigger.MESSAGE, Trigger.SIGNAL) and not node.reference and not (throws and node.action):
        what = "receive task" if node.kind is NodeKind.RECEIVE_TASK else f"{node.trigger} event"
        yield f"a {what} needs {node.trigger}Ref"
    if node.trigger is Trigger.ERROR and throws and not node.reference:
        yield "an error that is thrown needs errorRef with its code"


def _misplaced(draft: Draft, node: Node, bordered: set[str]) -> Iterator[str]:
    """Yield how a node is connected in a way that BPMN does not allow."""
    if node.kind is NodeKind.BOUNDARY:
        host = draft.nodes.get(node.host)
        if host is None or host.kind not in ACTIVITIES or host.by_event:
            yield "attachedToRef must name an activity"
        elif host.scope != node.scope:
            yield "lies in another sub-process than the activity on whose border it is"
    elif node.host and node.kind is NodeKind.RECEIVE_TASK and (node.loop or node.id in bordered):
        yield "waits behind an event-based gateway: no loop and no event on its border"
    if node.kind is NodeKind.END and node.outgoing:
        yield "an end event has no outgoing flow"
    if node.kind in {NodeKind.START, NodeKind.BOUNDARY} and node.incoming:
        yield "an event that begins a path has no incoming flow"
    if node.by_event and (node.incoming or node.outgoing or node.loop):
        yield "an event sub-process has no incoming flow, no outgoing flow and no loop"


def _undecided(draft: Draft, node: Node) -> Iterator[str]:
    """Yield what is wrong with the conditions on a node's outgoing flows."""
    asked = {flow for flow in node.outgoing if draft.flows[flow].condition is not None}
    if node.kind not in DECIDING:
        if asked or node.default:
            yield "conditions and default flows are executed at activities, exclusive and inclusive gateways only"
        return
    if node.default and node.default not in node.outgoing:
        yield "its default flow does not leave it"
    if node.default in asked:
        yield f"its default flow {node.default} has a condition that nobody would ask"
    # Without a default the proof names it, together with whatever else is wrong.
    if node.kind is NodeKind.EXCLUSIVE and node.default in node.outgoing and not draft.flow_only:
        bare = [flow for flow in node.outgoing if flow not in asked and flow != node.default]
        yield from (f"{flow} needs a condition: another flow is the default" for flow in bare)


def _unbegun(draft: Draft, around: Node | None, inside: list[Node]) -> Iterator[str]:
    """Yield why a scope has no beginning, or too many (§10.5.2, §13.3.4)."""
    starts = [node for node in inside if node.kind is NodeKind.START]
    begins = [node for node in inside if not node.incoming and node.kind is not NodeKind.BOUNDARY and not node.by_event]
    if around is not None and around.by_event and len(starts) != 1:
        yield f"an event sub-process has exactly one start event, not {len(starts)}"
    elif around is not None and len(starts) > 1:
        yield f"a sub-process has at most one start event, not {len(starts)}"
    elif not inside:
        yield "holds no element that could be carried out"
    elif not begins:
        yield "nothing begins it: it needs a start event, or an element without incoming flow"
    elif around is None and not draft.flow_only:
        ways = {(node.trigger, node.reference, node.timer): node.id for node in reversed(starts)}
        first = set(ways.values())
        again = [node.id for node in starts if node.id not in first]
        yield from (f"{key} begins it in the same way as another start event" for key in again)

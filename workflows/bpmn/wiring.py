"""Join the elements of a process by its flows (BPMN 2.0 §8.4.13, §10.6.6)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from workflows.bpmn.checks import DECIDING
from workflows.bpmn.draft import Draft
from workflows.engine.graph import Flow, Node, NodeKind, Trigger


def connect(draft: Draft) -> None:
    """Write into each node which flows enter and leave it, on which it is sent back, and which gateway waits for it."""
    incoming: dict[str, list[str]] = defaultdict(list)
    outgoing: dict[str, list[str]] = defaultdict(list)
    returns: dict[str, list[str]] = defaultdict(list)
    _link(draft)
    _instantiate(draft)
    for flow in draft.flows.values():
        source, target = draft.nodes.get(flow.source), draft.nodes.get(flow.target)
        if source is None or target is None:
            draft.refuse(flow.id, "leads from or to an element that is not there")
        elif source.scope != target.scope:
            draft.refuse(flow.id, "crosses the border of a sub-process")
        else:
            outgoing[source.id].append(flow.id)
            incoming[target.id].append(flow.id)
    for node in draft.nodes.values():
        for way in _ways_back(draft, node):
            draft.flows[way.id] = way
            returns[node.id].append(way.id)
            incoming[way.target].append(way.id)
    for key, node in draft.nodes.items():
        before, after, back = tuple(incoming[key]), tuple(outgoing[key]), tuple(returns[key])
        draft.nodes[key] = replace(node, incoming=before, outgoing=after, returns=back)
        if draft.flow_only:
            _forget_conditions(draft, draft.nodes[key])
    for node in [*draft.nodes.values()]:
        if node.kind is NodeKind.EVENT_BASED:
            _wait_behind(draft, node)


def _forget_conditions(draft: Draft, node: Node) -> None:
    """Take away what only looks like a condition in a foreign drawing.

    Nobody asks that of a default flow, or of what leaves an element that opens every flow. Some modellers write an
    empty element into every flow: it says something only beside a default.
    """
    decides = node.kind in DECIDING
    for name in node.outgoing:
        flow = draft.flows[name]
        if not decides or name == node.default or (not flow.condition and not node.default):
            draft.flows[name] = replace(flow, condition=None)
    if not decides:
        draft.nodes[node.id] = replace(node, default=None)


def _link(draft: Draft) -> None:
    """Draw the flow that a pair of link events stands for."""
    for key, (scope, name) in draft.thrown_links.items():
        caught = draft.caught_links.get((scope, name), [])
        if len(caught) == 1:
            way = Flow(id=f"{key}->{caught[0]}", source=key, target=caught[0])
            draft.flows[way.id] = way
        else:
            draft.refuse(key, f'of the link events called "{name}" beside it {len(caught)} catch it: it needs one')


def _instantiate(draft: Draft) -> None:
    """Put a start event before each element that begins a process by what comes to it (§10.6.6, §13.3.4)."""
    for key in draft.instantiating:
        start, trigger = f"{key}.start", Trigger.MESSAGE
        draft.lines[start] = draft.lines[key]
        draft.nodes[start] = Node(id=start, kind=NodeKind.START, trigger=trigger)
        way = Flow(id=f"{start}->{key}", source=start, target=key)
        draft.flows[way.id] = way


def _ways_back(draft: Draft, node: Node) -> list[Flow]:
    """Return a flow to each task to which an opened task may be sent back."""
    found = []
    for key in node.returns:
        target = draft.nodes.get(key, node)
        if target is not node and (target.scope, {node.kind, target.kind}) == (node.scope, {NodeKind.USER_TASK}):
            found.append(Flow(id=f"{node.id}->{key}", source=node.id, target=key))
        else:
            draft.refuse(node.id, f"cannot be sent back to {key}: a user task goes back to another one beside it")
    return found


def _wait_behind(draft: Draft, gateway: Node) -> None:
    """Let the gateway host the events behind it: the first that happens takes the token (§10.6.6)."""
    for flow in gateway.outgoing:
        node = draft.nodes[draft.flows[flow].target]
        if node.kind in (NodeKind.CATCH, NodeKind.RECEIVE_TASK) and len(node.incoming) == 1:
            draft.nodes[node.id] = replace(node, host=gateway.id)
        elif node.id not in draft.stand_ins:
            reason = f"{node.id} must be a catch event or a receive task with no other flow into it"
            draft.refuse(gateway.id, reason)

"""The one step of the engine: `advance(graph, state, event) -> (state, effects)`, pure and total.

Token semantics of BPMN 2.0 (ISO/IEC 19510) clause 13: an activity holds its token until it is over; gateways choose,
split and join; an event that listens ends its host or goes beside it; a scope ends when no token is left in it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workflows.engine import events
from workflows.engine.choices import EngineError, department_of, flows_on, items_of
from workflows.engine.events import Effect, Event
from workflows.engine.graph import Graph, Node, NodeKind, Trigger
from workflows.engine.marking import Marking, is_carried_out, is_watched
from workflows.engine.state import ROOT, Activity, Scope, State
from workflows.expressions import evaluate_condition

__all__ = ["MAX_MOVES", "EngineError", "advance"]

#: A thousand instances may each move a hundred times in one step; `verify` refuses drawings that move for ever.
MAX_MOVES = 100_000
#: Nodes that wait for an event themselves, and those over only when an event comes.
_RESTING = frozenset({NodeKind.CATCH, NodeKind.RECEIVE_TASK})
_JOINING = frozenset({NodeKind.PARALLEL, NodeKind.INCLUSIVE})
_THROWING = frozenset({NodeKind.THROW, NodeKind.END})
_PASSED = _JOINING | {NodeKind.EXCLUSIVE, NodeKind.START}


def advance(graph: Graph, state: State, event: Event) -> tuple[State, tuple[Effect, ...]]:
    """Apply one event to one run.

    An event for an activity that does not wait (any more) changes nothing, so an event applied twice is applied once -
    but for those that may well come twice: what listens without interrupting, and escalations.
    Returns the next state and the effects in the order in which they came about. Raises EngineError when no flow
    opens and there is no default, when tokens move in a circle without end, and when the data lacks what a task's
    department, a message's key, a date or a list is read from.
    """
    step = _Step(graph, state)
    if not step.concerns(event):
        return state, ()
    _HANDLERS[type(event)](step, event)
    step.run()
    return step.mark.state(), tuple(step.mark.effects)


class _Step:
    """One step."""

    def __init__(self, graph: Graph, state: State) -> None:
        self.graph = graph
        self.mark = Marking(graph, state)

    def run(self) -> None:
        """Move tokens until all rest, closing scopes and firing inclusive joins when nothing else can move."""
        mark, last = self.mark, ""
        for _ in range(MAX_MOVES):
            if mark.over:
                self._over(mark.over.popleft())
            elif mark.moving:
                node, flow, scope = mark.moving.popleft()
                last = node.id
                self._arrive(node, flow, scope)
            elif empty := mark.empty_scopes():
                for one in empty:
                    self._close_scope(one)
            elif not self._fire_inclusive():
                break
        else:
            raise EngineError(f"Tokens move in a circle through {last} without end.")
        if mark.empty and not mark.ended:
            self._end_run(mark.outcome)

    # What can happen

    def concerns(self, event: Event) -> bool:
        """Tell whether an event changes anything where the run stands."""
        mark, nodes = self.mark, self.graph.nodes
        if isinstance(event, events.Started):
            return mark.empty and not mark.ended
        if isinstance(event, events.Cancelled):
            return not mark.ended
        one = (event.node, event.round)
        if not isinstance(event, events.Triggered):
            return one in mark.waiting and is_carried_out(nodes[event.node])
        if one in mark.armed:
            return is_watched(nodes[event.node]) and event.fired in (None, mark.armed[one])
        return one in mark.waiting and nodes[event.node].kind in _RESTING

    def begin(self, event: events.Started) -> None:
        self.mark.learn(event.data)
        self.mark.arm(ROOT)
        starts = self.graph.starts()
        if starts and starts[0].kind is NodeKind.START:
            named = [node for node in starts if node.id == event.node]
            if event.node and not named:
                raise EngineError(f"{event.node} is no start event of this process.")
            starts = tuple(named or [node for node in starts if node.trigger is Trigger.NONE] or starts)[:1]
        self.mark.moving.extend((node, "", ROOT) for node in starts)

    def complete(self, event: events.Completed) -> None:
        one = (event.node, event.round)
        self.mark.learn(event.data)
        self._answer(one, event.outcome)
        self._done(one)

    def trigger(self, event: events.Triggered) -> None:
        one = (event.node, event.round)
        self.mark.learn(event.data)
        if one in self.mark.armed:
            self._fire(one)
        else:
            self._done(one)

    def fail(self, event: events.Failed) -> None:
        one = (event.node, event.round)
        self.mark.learn(event.data)
        self._answer(one, event.code)
        self._raise(event.code, one, event.code)
        # Whoever caught it, or the run's end, took the activity away; but it was over by itself.
        self.mark.effects.remove(events.ActivityCancelled(node=event.node, round=event.round))

    def escalate(self, event: events.Escalated) -> None:
        self._escalate(self.graph.nodes[event.node], event.code, (event.node, event.round))

    def send_back(self, event: events.Returned) -> None:
        one, node = (event.node, event.round), self.graph.nodes[event.node]
        if event.flow not in node.returns or node.loop is not None:
            raise EngineError(f"Task {node.id} may not be sent back on {event.flow}.")
        target = self.graph.nodes[self.graph.flows[event.flow].target]
        self.mark.moving.append((target, event.flow, self.mark.close(one)))

    def cancel(self, event: events.Cancelled) -> None:
        self._end_run(event.outcome)

    # Tokens

    def _arrive(self, node: Node, flow: str, scope: Activity) -> None:
        if len(node.incoming) > 1 and node.kind in _JOINING:
            arrived = self.mark.arrived
            arrived[scope, flow] = arrived.get((scope, flow), 0) + 1
            if node.kind is NodeKind.PARALLEL and all((scope, incoming) in arrived for incoming in node.incoming):
                self._join(node, scope)
        else:
            self._enter(node, scope)

    def _join(self, node: Node, scope: Activity) -> None:
        for incoming in node.incoming:
            left = self.mark.arrived.pop((scope, incoming), 0) - 1
            if left > 0:
                self.mark.arrived[scope, incoming] = left
        _, number = self.mark.enter(node)
        self.mark.effects.append(events.JoinFired(node=node.id, round=number))
        self._leave(node, scope)

    def _fire_inclusive(self) -> bool:
        """Let one inclusive join go for whose empty flows no token can come any more (BPMN 2.0 §13.4.3)."""
        for scope, flow in sorted(self.mark.arrived):
            node = self.graph.nodes[self.graph.flows[flow].target]
            if node.kind is NodeKind.INCLUSIVE and self._may_go(node, scope):
                self._join(node, scope)
                return True
        return False

    def _may_go(self, node: Node, scope: Activity) -> bool:
        filled = {flow for flow in node.incoming if (scope, flow) in self.mark.arrived}
        empty = set(node.incoming) - filled
        reach = self.graph.leads_to(node.id)
        for flows in self.mark.tokens_in(scope) if empty else ():
            entries = frozenset[str]().union(*(reach.get(flow, frozenset()) for flow in flows))
            if entries & empty and not entries & filled:
                return False
        return True

    def _enter(self, node: Node, scope: Activity) -> None:
        if node.kind in _PASSED:
            self._leave(node, scope)
        elif node.kind in _THROWING and not node.action:
            self._pass(node, scope)
        elif node.loop is not None and node.kind is not NodeKind.MANUAL_TASK:
            self._begin_loop(node, scope)
        else:
            one = self.mark.enter(node)
            self._begin(node, one, scope)
            if not self.mark.over:
                self.mark.arm(one, inside=False)

    def _begin(self, node: Node, one: Activity, scope: Activity) -> None:
        """Let one instance of an activity begin."""
        mark = self.mark
        if node.kind is NodeKind.SUB_PROCESS:
            mark.scopes[one] = Scope(within=scope)
            mark.arm(one, border=False)
            mark.moving.extend((node, "", one) for node in self.graph.starts(node.id))
            return
        mark.waiting[one] = scope
        name, number = one
        if node.kind is NodeKind.USER_TASK:
            department = department_of(node, mark.seen_from(one))
            mark.effects.append(events.TaskOpened(node=name, round=number, department=department, role=node.role))
        elif node.kind is NodeKind.CALL_ACTIVITY:
            mark.effects.append(events.ChildCalled(node=name, round=number, called=node.called, part=node.part))
        elif is_carried_out(node):
            mark.effects.append(events.JobQueued(node=name, round=number, action=node.action))
        elif node.kind in _RESTING:
            mark.watch(node, number, one)
        elif node.kind is not NodeKind.EVENT_BASED:
            mark.over.append(one)

    def _over(self, one: Activity) -> None:
        """Let an activity that nobody carries out do what it does, unless another instance of it ended them all."""
        if one in self.mark.waiting:
            node = self.graph.nodes[one[0]]
            if node.kind is NodeKind.SEND_TASK:
                self.mark.throw(node, one)
            self._done(one)

    def _done(self, one: Activity) -> None:
        """Let an activity that is over go on: to the flows behind it, or to the next of its instances."""
        node, scope = self.graph.nodes[one[0]], self.mark.close(one)
        if scope[0] == node.id:
            self._instance_done(node, scope)
        else:
            self._pass(node, scope)

    def _pass(self, node: Node, scope: Activity) -> None:
        """Let a token go on behind a node; an event first throws what it throws."""
        if node.kind is NodeKind.END:
            self._end(node, scope)
        elif node.kind is not NodeKind.THROW or self._throw(node, scope):
            self._leave(node, scope)

    def _leave(self, node: Node, scope: Activity) -> None:
        graph, mark = self.graph, self.mark
        for flow in graph.always.get(node.id) or flows_on(graph, node, mark.seen_from(scope)):
            mark.moving.append((graph.nodes[flow.target], flow.id, scope))

    def _answer(self, one: Activity, outcome: str) -> None:
        name, scope = one[0], self.mark.scope_of(one)
        self.mark.answer("outcome", name, outcome, scope)
        if self.graph.nodes[name].loop is not None:
            before = self.mark.seen_from(scope).get("outcomes", {}).get(name, ())
            self.mark.answer("outcomes", name, [*before, outcome], scope)

    # Several instances (BPMN 2.0 §13.3.6-7)

    def _begin_loop(self, node: Node, scope: Activity) -> None:
        loop, seen = node.loop, self.mark.seen_from(scope)
        assert loop is not None
        self.mark.answer("outcomes", node.id, [], scope)
        if loop.kind == "standard":
            counted = {**seen, "instances": {"total": 0, "done": 0, "number": 0}}
            items: tuple[Any, ...] = () if loop.first and not evaluate_condition(loop.condition, counted) else (1,)
        else:
            items = items_of(node, loop, seen)
        if not items:
            self._leave(node, scope)
            return
        body = self.mark.enter(node)
        now, later = (items, ()) if loop.kind == "parallel" else (items[:1], items[1:])
        self.mark.scopes[body] = Scope(within=scope, total=len(items), items=later)
        self.mark.arm(body, inside=False)
        for number, item in enumerate(now, start=1):
            self._begin_instance(node, body, number, item)

    def _begin_instance(self, node: Node, body: Activity, number: int, item: Any) -> None:
        assert node.loop is not None
        one = self.mark.enter(node)
        numbers = {"number": number, "total": self.mark.scopes[body].total}
        self.mark.local[one] = {node.loop.item: item, "instances": numbers}
        self._begin(node, one, body)

    def _instance_done(self, node: Node, body: Activity) -> None:
        room, loop = self.mark.scopes[body], node.loop
        assert loop is not None
        room = replace(room, done=room.done + 1)
        seen = {**self.mark.seen_from(body), "instances": {"total": room.total, "done": room.done, "number": room.done}}
        if loop.kind == "standard":
            again = (not loop.maximum or room.done < loop.maximum) and evaluate_condition(loop.condition, seen)
            room = replace(room, total=room.done + again, items=(room.done + 1,) if again else ())
        self.mark.scopes[body] = room
        if room.done == room.total or (loop.completion and evaluate_condition(loop.completion, seen)):
            self.mark.clear(body)
            self._leave(node, self.mark.close(body))
        elif room.items:
            self.mark.scopes[body] = replace(room, items=room.items[1:])
            self._begin_instance(node, body, room.done + 1, room.items[0])

    # Scopes, events and what they throw

    def _close_scope(self, one: Activity) -> None:
        node, room = self.graph.nodes[one[0]], self.mark.scopes.get(one)
        if room is None:  # another instance, closed just before, ended them all
            return
        if node.kind is NodeKind.BOUNDARY or node.by_event:
            self.mark.close(one)
            return
        if node.loop is not None:
            self._answer(one, room.outcome)
        self._done(one)

    def _fire(self, listener: Activity) -> None:
        """Let an event act for its host: end what the host does, or go beside it in a scope of its own."""
        mark, node = self.mark, self.graph.nodes[listener[0]]
        host = (node.host, listener[1])
        scope = host if node.kind is NodeKind.START else mark.scope_of(host)
        if not node.interrupting:
            self._listen_on(node, listener, host)
        elif node.kind is NodeKind.START:
            mark.armed.pop(listener)
            mark.clear(host)
            for other in self.graph.listeners.get(host[0], ()):
                if other.kind is NodeKind.START:
                    mark.silence((other.id, host[1]))
        else:
            mark.armed.pop(listener)
            mark.cancel(host)
        entered = mark.enter(node)
        if node.kind is NodeKind.START:
            branch = mark.enter(self.graph.nodes[node.scope])
            mark.scopes[branch] = Scope(within=scope)
            mark.arm(branch, border=False)
            scope = branch
        elif not node.interrupting:
            mark.scopes[entered] = Scope(within=scope)
            scope = entered
        self._leave(node, scope)

    def _listen_on(self, node: Node, listener: Activity, host: Activity) -> None:
        fired = self.mark.armed[listener] + 1
        if node.timer is None or not node.timer.repeats or fired < node.timer.repeats:
            self.mark.armed[listener] = fired
            if node.timer is not None:
                self.mark.watch(node, listener[1], host, fired)
        else:
            self.mark.armed.pop(listener)

    def _listener(self, trigger: Trigger, code: str, place: Activity) -> Node | None:
        """Return who listens for an error or escalation thrown at a place, the nearest first; armed under its host."""
        passed: set[str] = set()
        while True:
            found = [
                node
                for node in self.graph.listeners.get(place[0], ())
                if node.trigger is trigger
                and node.reference in ("", code)
                and (node.id, place[1]) in self.mark.armed
                and node.scope not in passed
            ]
            if found:
                node = min(found, key=lambda node: (node.kind is NodeKind.BOUNDARY, not node.reference))
                self._fire((node.id, place[1]))
                return node
            if place == ROOT:
                return None
            passed.add(place[0])
            place = self.mark.scope_of(place)

    def _throw(self, node: Node, scope: Activity) -> bool:
        """Throw what an event throws; answer whether its own token goes on."""
        if node.trigger is Trigger.ESCALATION:
            return self._escalate(node, node.reference, scope)
        if node.trigger in (Trigger.MESSAGE, Trigger.SIGNAL) and not node.action:
            self.mark.throw(node, scope)
        return True

    def _escalate(self, node: Node, code: str, place: Activity) -> bool:
        caught = self._listener(Trigger.ESCALATION, code, place)
        if caught is None:
            self.mark.effects.append(events.Thrown(node=node.id, trigger=Trigger.ESCALATION, name=code))
        return caught is None or not caught.interrupting

    def _raise(self, code: str, place: Activity, outcome: str) -> None:
        if self._listener(Trigger.ERROR, code, place) is None:
            self._end_run(outcome, error=code)

    def _end(self, node: Node, scope: Activity) -> None:
        if node.outcome:
            self._conclude(node.outcome, scope)
        if node.trigger is Trigger.ERROR:
            self._raise(node.reference, scope, node.outcome or node.reference)
        elif node.trigger is Trigger.TERMINATE:
            while scope[0] != node.scope:  # a branch beside its host ends the whole scope too
                scope = self.mark.scope_of(scope)
            self.mark.clear(scope)
        else:
            self._throw(node, scope)

    def _conclude(self, outcome: str, scope: Activity) -> None:
        """Remember the answer of an end event; an event sub-process and a branch speak for the scope they are in."""
        mark, nodes = self.mark, self.graph.nodes
        while scope != ROOT and (nodes[scope[0]].by_event or nodes[scope[0]].kind is NodeKind.BOUNDARY):
            scope = mark.scope_of(scope)
        if scope == ROOT:
            mark.outcome = outcome
        else:
            mark.scopes[scope] = replace(mark.scopes[scope], outcome=outcome)
            mark.answer("outcome", scope[0], outcome, mark.scope_of(scope))

    def _end_run(self, outcome: str, error: str = "") -> None:
        self.mark.clear(ROOT)
        self.mark.disarm(ROOT)
        self.mark.outcome, self.mark.ended = outcome, True
        self.mark.effects.append(events.RunEnded(outcome=outcome, error=error))


_HANDLERS: dict[type[Event], Any] = {
    events.Started: _Step.begin,
    events.Completed: _Step.complete,
    events.Triggered: _Step.trigger,
    events.Failed: _Step.fail,
    events.Escalated: _Step.escalate,
    events.Returned: _Step.send_back,
    events.Cancelled: _Step.cancel,
}

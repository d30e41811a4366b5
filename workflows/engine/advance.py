"""The one step of the engine: `advance(graph, state, event) -> (state, effects)`, pure and total.

BPMN 2.0 (ISO/IEC 19510) token semantics, clause 13: an activity holds its token until it is completed; an exclusive
gateway passes it to the first open flow; a parallel gateway waits for one token on each incoming flow, then puts one
on each outgoing flow; a run ends when no token is left.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from workflows.engine.events import (
    ActivityCancelled,
    ActivityCompleted,
    Cancelled,
    ChildCalled,
    Completed,
    Effect,
    Event,
    JobQueued,
    JoinFired,
    RunEnded,
    Started,
    TaskOpened,
    TimerFired,
    TimerSet,
)
from workflows.engine.graph import WAITING, Flow, Graph, Node, NodeKind
from workflows.engine.state import State
from workflows.expressions import evaluate_condition

#: A step of a published process passes far fewer flows: `verify` refuses drawings that move for ever.
MAX_MOVES = 10_000


class EngineError(Exception):
    """The definition or the run's data gives no way on; nothing of the step may be stored.

    `verify` refuses drawings that could raise it; a department that the run's data lacks is only seen here.
    """


def advance(graph: Graph, state: State, event: Event) -> tuple[State, tuple[Effect, ...]]:
    """Apply one event to one run.

    An event for an activity that does not wait (any more) changes nothing, so an event applied twice is applied once.
    Returns the next state and the effects in the order in which they came about. Raises EngineError when an exclusive
    gateway has no open flow and no default, when tokens move in a circle without end, and when the data lacks the
    department that a task's `$name` stands for.
    """
    step = _Step(graph, state)
    match event:
        case Started():
            step.begin()
        case Completed():
            step.complete(event)
        case TimerFired():
            step.fire(event)
        case Cancelled():
            step.cancel(event)
    return step.result()


class _Step:
    """The marking while it moves. Lives for one `advance` only."""

    def __init__(self, graph: Graph, state: State) -> None:
        self.graph = graph
        self.waiting = set(state.waiting)
        self.armed = set(state.armed)
        self.arrived = dict(state.arrived)
        self.rounds = dict(state.rounds)
        self.data: dict[str, Any] = dict(state.data)
        self.outcome = state.outcome
        self.ended = state.ended
        self.effects: list[Effect] = []
        self.moving: deque[Flow] = deque()
        self.moved = False

    def result(self) -> tuple[State, tuple[Effect, ...]]:
        moves = 0
        while self.moving:
            moves += 1
            if moves > MAX_MOVES:
                raise EngineError(f"Tokens move in a circle through {self.moving[0].target} without end.")
            self._arrive(self.moving.popleft())
        if self.moved and not self.ended and not self.waiting and not self.arrived:
            self.ended = True
            self.effects.append(RunEnded(outcome=self.outcome))
        state = State(
            waiting=frozenset(self.waiting),
            armed=frozenset(self.armed),
            arrived=self.arrived,
            rounds=self.rounds,
            data=self.data,
            outcome=self.outcome,
            ended=self.ended,
        )
        return state, tuple(self.effects)

    def begin(self) -> None:
        if not self.rounds and not self.ended:
            self.moved = True
            self._enter_round(self.graph.start)
            self._leave(self.graph.start)

    def complete(self, event: Completed) -> None:
        if (event.node, event.round) not in self.waiting:
            return
        self.moved = True
        self._stop_waiting(event.node, event.round)
        self.data = {**self.data, **event.data}
        self.data["outcome"] = {**self.data.get("outcome", {}), event.node: event.outcome}
        self.effects.append(ActivityCompleted(node=event.node, round=event.round))
        self._leave(self.graph.nodes[event.node])

    def fire(self, event: TimerFired) -> None:
        boundary = self.graph.nodes[event.node]
        if (event.node, event.round) not in self.armed:
            return
        self.moved = True
        self.armed.remove((event.node, event.round))
        if boundary.interrupting:
            self._stop_waiting(boundary.host, event.round)
            self.effects.append(ActivityCancelled(node=boundary.host, round=event.round))
        self._enter_round(boundary)
        self._leave(boundary)

    def cancel(self, event: Cancelled) -> None:
        if self.ended:
            return
        for node, number in sorted(self.waiting):
            self.effects.append(ActivityCancelled(node=node, round=number))
        self.waiting.clear()
        self.armed.clear()
        self.arrived.clear()
        self.outcome = event.outcome
        self.ended = True
        self.effects.append(RunEnded(outcome=event.outcome))

    def _arrive(self, flow: Flow) -> None:
        node = self.graph.nodes[flow.target]
        if node.kind is NodeKind.PARALLEL:
            self._arrive_at_join(node, flow)
            return
        number = self._enter_round(node)
        if node.kind in WAITING:
            self._wait(node, number)
        elif node.kind is NodeKind.END:
            self.outcome = node.outcome or self.outcome
        else:
            self._leave(node)

    def _arrive_at_join(self, node: Node, flow: Flow) -> None:
        self.arrived[flow.id] = self.arrived.get(flow.id, 0) + 1
        if any(incoming not in self.arrived for incoming in node.incoming):
            return
        for incoming in node.incoming:
            left = self.arrived.pop(incoming) - 1
            if left:
                self.arrived[incoming] = left
        number = self._enter_round(node)
        if len(node.incoming) > 1:
            self.effects.append(JoinFired(node=node.id, round=number))
        self._leave(node)

    def _enter_round(self, node: Node) -> int:
        number = self.rounds[node.id] = self.rounds.get(node.id, 0) + 1
        return number

    def _wait(self, node: Node, number: int) -> None:
        self.waiting.add((node.id, number))
        if node.kind is NodeKind.USER_TASK:
            department = _department(node, self.data)
            self.effects.append(TaskOpened(node=node.id, round=number, department=department, role=node.role))
        elif node.kind is NodeKind.SERVICE_TASK:
            self.effects.append(JobQueued(node=node.id, round=number, action=node.action))
        else:
            self.effects.append(ChildCalled(node=node.id, round=number, called=node.called, part=node.part))
        for boundary in self.graph.boundaries.get(node.id, ()):
            span = self.graph.nodes[boundary].span
            if span is not None:
                self.armed.add((boundary, number))
                self.effects.append(TimerSet(node=boundary, round=number, span=span))

    def _stop_waiting(self, node: str, number: int) -> None:
        self.waiting.remove((node, number))
        self.armed.difference_update((boundary, number) for boundary in self.graph.boundaries.get(node, ()))

    def _leave(self, node: Node) -> None:
        if node.kind is NodeKind.EXCLUSIVE:
            self.moving.append(self._choose(node))
        else:
            self.moving.extend(self.graph.targets(node))

    def _choose(self, node: Node) -> Flow:
        for flow in self.graph.targets(node):
            if flow.id != node.default and (flow.condition is None or evaluate_condition(flow.condition, self.data)):
                return flow
        if node.default is None:
            raise EngineError(f"Gateway {node.id}: no condition holds and there is no default flow.")
        return self.graph.flows[node.default]


def _department(node: Node, data: Mapping[str, Any]) -> str:
    """Return whose work a task is; `$name` stands for the value that the run's data has under that name."""
    if not node.department.startswith("$"):
        return node.department
    department = data.get(node.department[1:])
    if not isinstance(department, str) or not department:
        raise EngineError(
            f"Task {node.id}: the run's data names no {node.department[1:]}, so nobody would see the task."
        )
    return department

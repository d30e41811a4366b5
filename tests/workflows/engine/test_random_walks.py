"""What must hold for any sound process and any order of events: a random process, a random walk through it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories.processes import whole_graphs
from workflows.engine.advance import advance
from workflows.engine.events import (
    ActivityCancelled,
    Cancelled,
    ChildCalled,
    Completed,
    Disarmed,
    Effect,
    Escalated,
    Event,
    Failed,
    JobQueued,
    JoinFired,
    Returned,
    RunEnded,
    Started,
    Subscribed,
    TaskOpened,
    Thrown,
    TimerSet,
    Triggered,
)
from workflows.engine.graph import Graph, Node, NodeKind, Trigger
from workflows.engine.state import ROOT, Activity, State

DATA = {"reviewers": ["SCJG", "XF", "CG"]}
ROWS = {
    *(NodeKind.USER_TASK, NodeKind.SERVICE_TASK, NodeKind.SEND_TASK, NodeKind.RULE_TASK, NodeKind.CALL_ACTIVITY),
    *(NodeKind.THROW, NodeKind.END),
}
CATCHING = (NodeKind.CATCH, NodeKind.RECEIVE_TASK)
#: After as many steps, every loop is left and nothing more comes from outside, so that a walk comes to its end.
PATIENCE = 60


def _is_timer(node: Node) -> bool:
    return node.trigger is Trigger.TIMER


def _is_subscription(node: Node) -> bool:
    return node.trigger in (Trigger.MESSAGE, Trigger.SIGNAL) or node.kind is NodeKind.RECEIVE_TASK


class Outside:
    """What the world around the engine keeps, told by effects alone: rows to work on, timers, subscriptions."""

    def __init__(self, drawn: Graph) -> None:
        self.drawn = drawn
        self.rows: set[Activity] = set()
        self.timers: dict[Activity, int] = {}
        self.subscriptions: set[Activity] = set()
        self.ended = False

    def send(self, event: Event) -> None:
        """Close what an event is about."""
        match event:
            case Completed() | Failed() | Returned():
                self.rows.remove((event.node, event.round))
            case Triggered():
                one, node = (event.node, event.round), self.drawn.nodes[event.node]
                if one in self.timers:
                    del self.timers[one]
                elif node.interrupting:
                    self.subscriptions.remove(one)

    def receive(self, effect: Effect) -> None:
        """Do as an effect says; what is opened twice, or closed and not open, is an error."""
        assert not self.ended, "nothing follows after the end"
        match effect:
            case TaskOpened() | JobQueued() | ChildCalled():
                assert (effect.node, effect.round) not in self.rows
                self.rows.add((effect.node, effect.round))
            case ActivityCancelled():
                self.rows.remove((effect.node, effect.round))
            case TimerSet():
                assert (effect.node, effect.round) not in self.timers
                self.timers[effect.node, effect.round] = effect.fired
            case Subscribed():
                assert (effect.node, effect.round) not in self.subscriptions
                self.subscriptions.add((effect.node, effect.round))
            case Disarmed():
                one = (effect.node, effect.round)
                if self.timers.pop(one, None) is None:
                    self.subscriptions.remove(one)
            case RunEnded():
                self.ended = True

    def agrees_with(self, state: State) -> None:
        """Compare what is kept with what the marking says."""
        nodes = self.drawn.nodes
        assert self.ended == state.ended
        assert self.rows == {one for one in state.waiting if nodes[one[0]].kind in ROWS}
        listening = {
            **dict.fromkeys((one for one in state.waiting if nodes[one[0]].kind in CATCHING), 0),
            **state.armed,
        }
        assert self.timers == {one: fired for one, fired in listening.items() if _is_timer(nodes[one[0]])}
        heard = {one for one in listening if _is_subscription(nodes[one[0]]) and nodes[one[0]].interrupting}
        assert heard | {one for one in state.armed if _is_subscription(nodes[one[0]])} == self.subscriptions


def _fails_safely(drawn: Graph, state: State, place: Activity) -> bool:
    """Tell whether somebody would catch an error at a place."""
    while True:
        for node in drawn.listeners.get(place[0], ()):
            if node.trigger is Trigger.ERROR and (node.id, place[1]) in state.armed:
                return True
        if place == ROOT:
            return False
        place = state.waiting[place] if place in state.waiting else state.scopes[place].within


def _possible(drawn: Graph, state: State, random: Any) -> list[Event]:
    """Return what may happen next; without `random`, only what leads to the end."""
    data, found = _choices(drawn, random), list[Event]()
    for node, number in sorted(state.armed):
        listener = drawn.nodes[node]
        again = not listener.interrupting or not listener.host
        if (_is_timer(listener) or _is_subscription(listener)) and (random or not again):
            found.append(Triggered(node=node, round=number, data=data, fired=state.armed[node, number]))
    for node, number in sorted(state.waiting):
        one = {"node": node, "round": number}
        kind = drawn.nodes[node].kind
        if kind in CATCHING:
            found.append(Triggered(**one, data=data))
        elif kind is not NodeKind.EVENT_BASED:
            found.append(Completed(**one, outcome=random.choice(["ok", "ok", "more"]) if random else "ok", data=data))
            if random and _fails_safely(drawn, state, (node, number)):
                found.append(Failed(**one, code="E1", data=data))
            if random and kind is NodeKind.CALL_ACTIVITY:
                found.append(Escalated(**one, code="X1"))
            if random:
                found += [Returned(**one, flow=flow) for flow in drawn.nodes[node].returns]
    return found


def _choices(drawn: Graph, random: Any) -> dict[str, Any]:
    gateways = [node.id for node in drawn.nodes.values() if node.kind in (NodeKind.EXCLUSIVE, NodeKind.INCLUSIVE)]
    return {"choice": {gateway: random.randrange(4) if random else 2 for gateway in gateways}}


def _walk(drawn: Graph, random: Any, steps: int) -> list[tuple[Event, State, tuple[Effect, ...]]]:
    """Start a run and let up to `steps` things happen; return each event, the state after it and its effects."""
    state, effects = advance(drawn, State(data={**DATA, **_choices(drawn, random)}), Started())
    seen: list[tuple[Event, State, tuple[Effect, ...]]] = [(Started(), state, effects)]
    for number in range(steps):
        if state.ended:
            break
        possible = _possible(drawn, state, random if number < PATIENCE else None)
        assert possible, "nothing can happen and the run has not ended"
        event = random.choice(possible)
        before = state
        state, effects = advance(drawn, state, event)
        assert (state, effects) != (before, ()), "what may happen has an effect"
        seen.append((event, state, effects))
    return seen


def _may_come_twice(drawn: Graph, event: Event) -> bool:
    return isinstance(event, Escalated) or (
        isinstance(event, Triggered)
        and not drawn.nodes[event.node].interrupting
        and not _is_timer(drawn.nodes[event.node])
    )


@settings(max_examples=300)
@given(drawn=whole_graphs, random=st.randoms(use_true_random=False))
def test_a_sound_process_ends_exactly_once_whatever_happens(drawn: Graph, random: Any) -> None:
    seen = _walk(drawn, random, 5_000)
    state = seen[-1][1]
    assert state.ended, "the run does not come to an end"
    told = Counter(effect for _, _, effects in seen for effect in effects if not isinstance(effect, Thrown))
    assert [effect for effect in told if isinstance(effect, RunEnded)] == [RunEnded(outcome="closed")]
    assert all(number == 1 for effect, number in told.items()), "no effect comes twice: each has a round of its own"
    assert (state.waiting, state.scopes, state.armed, state.arrived, state.local) == ({}, {}, {}, {}, {})


@settings(max_examples=300)
@given(drawn=whole_graphs, random=st.randoms(use_true_random=False), ending=st.booleans())
def test_effects_alone_tell_what_is_open_outside(drawn: Graph, random: Any, ending: bool) -> None:
    outside = Outside(drawn)
    seen = _walk(drawn, random, 5_000 if ending else 20)
    if not seen[-1][1].ended:
        seen.append((Cancelled(outcome=""), *advance(drawn, seen[-1][1], Cancelled(outcome=""))))
    for event, state, effects in seen:
        outside.send(event)
        for effect in effects:
            outside.receive(effect)
        outside.agrees_with(state)
    assert (outside.rows, outside.timers, outside.subscriptions) == (set(), {}, set())


@settings(max_examples=250)
@given(drawn=whole_graphs, random=st.randoms(use_true_random=False), steps=st.integers(0, 40))
def test_every_state_on_the_way_holds_together(drawn: Graph, random: Any, steps: int) -> None:
    for event, state, _ in _walk(drawn, random, steps):
        if not _may_come_twice(drawn, event):
            assert advance(drawn, state, event) == (state, ()), "applied twice is applied once"
        assert State.from_json(json.loads(json.dumps(state.to_json())), json.loads(json.dumps(state.data))) == state
        scopes = {*state.scopes, ROOT}
        assert set(state.waiting.values()) | {room.within for room in state.scopes.values()} <= scopes
        assert {scope for scope, _ in state.arrived} <= scopes
        hosts = {*state.waiting, *scopes}
        assert all((drawn.nodes[node].host, number) in hosts for node, number in state.armed)
        assert state.local.keys() <= hosts
        held = {*state.waiting.values(), *(scope for scope, _ in state.arrived)}
        held |= {room.within for room in state.scopes.values()}
        assert state.scopes.keys() <= held, "a scope without a token is over"


@settings(max_examples=150)
@given(drawn=whole_graphs, random=st.randoms(use_true_random=False))
def test_the_same_events_give_the_same_state_in_whatever_order_its_parts_are_read(drawn: Graph, random: Any) -> None:
    seen = _walk(drawn, random, 60)
    begin = {**DATA, **seen[0][1].data}
    again = State(data={name: value for name, value in begin.items() if name not in ("outcome", "outcomes")})
    for event, state, effects in seen:
        again, told = advance(drawn, again, event)
        assert (again, told) == (state, effects)
        marking, data = (_turned(json.loads(json.dumps(part))) for part in (again.to_json(), again.data))
        again = State.from_json(marking, data)


def _turned(value: Any) -> Any:
    """Return JSON with the keys of every object in the opposite order; a database keeps none."""
    if isinstance(value, dict):
        return {name: _turned(value[name]) for name in reversed(value)}
    return [_turned(part) for part in value] if isinstance(value, list) else value


@settings(max_examples=100)
@given(drawn=whole_graphs, random=st.randoms(use_true_random=False))
def test_a_join_lets_one_token_through_for_those_it_takes(drawn: Graph, random: Any) -> None:
    seen = _walk(drawn, random, 60)
    joins = Counter(effect.node for _, _, effects in seen for effect in effects if isinstance(effect, JoinFired))
    rounds = seen[-1][1].rounds
    for node, number in joins.items():
        assert len(drawn.nodes[node].incoming) > 1
        if rounds:
            assert rounds[node] == number


@settings(max_examples=100)
@given(drawn=whole_graphs, random=st.randoms(use_true_random=False), steps=st.integers(0, 12))
def test_a_run_can_be_cancelled_at_any_instant(drawn: Graph, random: Any, steps: int) -> None:
    state = _walk(drawn, random, steps)[-1][1]
    after, effects = advance(drawn, state, Cancelled(outcome="withdrawn"))
    if state.ended:
        assert (after, effects) == (state, ())
        return
    assert (after.ended, after.waiting, after.scopes, after.armed, after.arrived) == (True, {}, {}, {}, {})
    taken = {(effect.node, effect.round) for effect in effects if isinstance(effect, ActivityCancelled)}
    assert taken == {one for one in state.waiting if drawn.nodes[one[0]].kind in ROWS}
    assert effects[-1] == RunEnded(outcome="withdrawn")

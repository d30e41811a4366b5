"""What must hold for any sound process and any order of events: a random process, a random walk through it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories.processes import sound_graphs
from workflows.engine.advance import advance
from workflows.engine.events import (
    ActivityCancelled,
    Cancelled,
    Completed,
    Effect,
    Event,
    JoinFired,
    Returned,
    RunEnded,
    Started,
    Triggered,
)
from workflows.engine.graph import ACTIVITIES, Graph, NodeKind
from workflows.engine.state import ROOT, State

DATA = {"reviewers": ["SCJG", "XF", "CG"]}
RESTING = (NodeKind.CATCH, NodeKind.RECEIVE_TASK, NodeKind.EVENT_BASED)


def _possible(drawn: Graph, state: State, data: dict[str, Any]) -> list[Event]:
    """Return what may happen next."""
    found: list[Event] = [Triggered(node=node, round=number, data=data) for node, number in sorted(state.armed)]
    for node, number in sorted(state.waiting):
        kind = drawn.nodes[node].kind
        if kind in (NodeKind.CATCH, NodeKind.RECEIVE_TASK):
            found.append(Triggered(node=node, round=number, data=data))
        elif kind is not NodeKind.EVENT_BASED:
            found.append(Completed(node=node, round=number, outcome="ok", data=data))
        found += [Returned(node=node, round=number, flow=flow) for flow in drawn.nodes[node].returns]
    return found


def _choices(drawn: Graph, random: Any) -> dict[str, Any]:
    gateways = [node.id for node in drawn.nodes.values() if node.kind in (NodeKind.EXCLUSIVE, NodeKind.INCLUSIVE)]
    return {"choice": {gateway: random.randrange(4) if random else 2 for gateway in gateways}}


def _walk(drawn: Graph, random: Any, steps: int) -> tuple[list[tuple[Event, State]], list[Effect]]:
    """Start a run and let up to `steps` things happen; return the events with the state after each, and all effects."""
    state, effects = advance(drawn, State(data={**DATA, **_choices(drawn, random)}), Started())
    seen, told = [(Started(), state)], list(effects)
    for number in range(steps):
        if state.ended:
            break
        # After many rounds every loop is left, so that a random walk comes to its end.
        possible = _possible(drawn, state, _choices(drawn, random if number < 60 else None))
        assert possible, "nothing can happen and the run has not ended"
        if number >= 60:
            possible = [event for event in possible if not isinstance(event, Returned)]
        event = random.choice(possible)
        state, effects = advance(drawn, state, event)
        seen.append((event, state))
        told += effects
    return seen, told


@settings(max_examples=250)
@given(drawn=sound_graphs, random=st.randoms(use_true_random=False))
def test_a_sound_process_ends_exactly_once_whatever_happens(drawn: Graph, random: Any) -> None:
    seen, effects = _walk(drawn, random, 2_000)
    state = seen[-1][1]
    assert state.ended, "the run does not come to an end"
    told = Counter(effects)
    assert [effect for effect in told if isinstance(effect, RunEnded)] == [RunEnded(outcome="closed")]
    assert all(number == 1 for effect, number in told.items()), "no effect comes twice: each has a round of its own"
    assert (state.waiting, state.scopes, state.armed, state.arrived, state.local) == ({}, {}, {}, {}, {})


@settings(max_examples=250)
@given(drawn=sound_graphs, random=st.randoms(use_true_random=False), steps=st.integers(0, 40))
def test_every_state_on_the_way_holds_together(drawn: Graph, random: Any, steps: int) -> None:
    seen, _ = _walk(drawn, random, steps)
    for event, state in seen:
        again, effects = advance(drawn, state, event)
        assert (again, effects) == (state, ()), "applied twice is applied once"
        assert State.from_json(json.loads(json.dumps(state.to_json())), json.loads(json.dumps(state.data))) == state
        scopes = {*state.scopes, ROOT}
        assert set(state.waiting.values()) | {room.within for room in state.scopes.values()} <= scopes
        assert {scope for scope, _ in state.arrived} <= scopes
        hosts = {*state.waiting, *scopes}
        assert all((drawn.nodes[node].host, number) in hosts for node, number in state.armed)
        assert all(one[0] in drawn.nodes and drawn.nodes[one[0]].kind in {*ACTIVITIES, *RESTING} for one in state.waiting)


@settings(max_examples=100)
@given(drawn=sound_graphs, random=st.randoms(use_true_random=False))
def test_the_same_events_give_the_same_state(drawn: Graph, random: Any) -> None:
    seen, _ = _walk(drawn, random, 60)
    begin = {**DATA, **seen[0][1].data}
    again = State(data={name: value for name, value in begin.items() if name not in ("outcome", "outcomes")})
    for event, state in seen:
        again, _ = advance(drawn, again, event)
        assert again == state


@settings(max_examples=100)
@given(drawn=sound_graphs, random=st.randoms(use_true_random=False))
def test_a_join_lets_one_token_through_for_those_it_takes(drawn: Graph, random: Any) -> None:
    seen, effects = _walk(drawn, random, 60)
    joins = Counter(effect.node for effect in effects if isinstance(effect, JoinFired))
    rounds = seen[-1][1].rounds
    for node, number in joins.items():
        assert len(drawn.nodes[node].incoming) > 1
        if rounds:
            assert rounds[node] == number


@settings(max_examples=100)
@given(drawn=sound_graphs, random=st.randoms(use_true_random=False), steps=st.integers(0, 12))
def test_a_run_can_be_cancelled_at_any_instant(drawn: Graph, random: Any, steps: int) -> None:
    state = _walk(drawn, random, steps)[0][-1][1]
    after, effects = advance(drawn, state, Cancelled(outcome="withdrawn"))
    if state.ended:
        assert (after, effects) == (state, ())
        return
    assert (after.ended, after.waiting, after.scopes, after.armed, after.arrived) == (True, {}, {}, {}, {})
    taken = {(effect.node, effect.round) for effect in effects if isinstance(effect, ActivityCancelled)}
    assert taken == {one for one in state.waiting if drawn.nodes[one[0]].kind not in RESTING}
    assert effects[-1] == RunEnded(outcome="withdrawn")

"""The one step of the engine: token semantics of every construct, and what must hold for any sound process."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.processes import (
    boundary,
    call,
    exclusive,
    graph,
    manual,
    parallel,
    service_task,
    user_task,
)
from workflows.engine.advance import EngineError, advance
from workflows.engine.events import (
    ActivityCancelled,
    Cancelled,
    ChildCalled,
    Completed,
    Disarmed,
    Event,
    JobQueued,
    JoinFired,
    RunEnded,
    Started,
    TaskOpened,
    TimerSet,
    Triggered,
)
from workflows.engine.graph import Graph, Node, NodeKind, Span, Timer
from workflows.engine.state import ROOT, State


def play(drawn: Graph, *happened: Event, data: dict[str, Any] | None = None) -> tuple[State, list[Any]]:
    """Start a run and apply events; return the last state and the effects of the last event."""
    state, effects = advance(drawn, State(data=data or {}), Started())
    for event in happened:
        state, effects = step(drawn, state, event)
    return state, list(effects)


def step(drawn: Graph, state: State, event: Event) -> tuple[State, list[Any]]:
    after, effects = advance(drawn, state, event)
    return after, list(effects)


def done(node: str, outcome: str = "", number: int = 1, **data: Any) -> Completed:
    return Completed(node=node, round=number, outcome=outcome, data=data)


# --- constructs


def test_a_run_waits_at_its_first_activity_with_what_that_activity_needs() -> None:
    nodes = (user_task("u", department="$where"), service_task("s"), call("c", part="food"))
    drawn = graph(nodes, "start > u > s > c > end")
    state, effects = play(drawn, data={"where": "XF"})
    assert effects == [TaskOpened(node="u", round=1, department="XF", role="handler")]
    state, effects = step(drawn, state, done("u", "accept", area=300))
    assert effects == [JobQueued(node="s", round=1, action="probe.act")]
    assert state.data == {"where": "XF", "area": 300, "outcome": {"u": "accept"}}
    state, effects = step(drawn, state, done("s", "ok"))
    assert effects[0] == ChildCalled(node="c", round=1, called="probe-child", part="food")
    state, effects = step(drawn, state, done("c", "granted"))
    assert effects[0] == RunEnded(outcome="closed")
    assert state.ended
    assert state.outcome == "closed"
    assert state.data["outcome"] == {"u": "accept", "s": "ok", "c": "granted"}


def test_a_process_in_which_nothing_waits_ends_at_once() -> None:
    state, effects = play(graph([manual("m")], "start > m > end"))
    assert state.ended
    assert effects == [RunEnded(outcome="closed")]


@pytest.mark.parametrize(("answer", "taken"), [("grant", "yes"), ("refuse", "no"), ("whatever", "other")])
def test_an_exclusive_gateway_takes_the_first_open_flow_else_the_default(answer: str, taken: str) -> None:
    nodes = (user_task("ask"), exclusive("x", "x>other"), user_task("yes"), user_task("no"), user_task("other"))
    # The default is drawn first, and must still be asked last.
    paths = ("start > ask > x > other > end", "x > yes > end", "x > no > end")
    conditions = {"x>yes": "outcome.ask == 'grant'", "x>no": "outcome.ask == 'refuse'"}
    state, _ = play(graph(nodes, *paths, conditions=conditions), done("ask", answer))
    assert set(state.waiting) == {(taken, 1)}


def test_without_an_open_flow_and_a_default_the_step_is_refused() -> None:
    drawn = graph([exclusive("x")], "start > x > end", conditions={"x>end": "answers.a == 1"})
    with pytest.raises(EngineError, match="x: no condition holds"):
        play(drawn)


def test_a_join_waits_for_every_branch_and_lets_one_token_through() -> None:
    nodes = (parallel("split"), parallel("join"), user_task("a"), user_task("b"), user_task("after"))
    drawn = graph(nodes, "start > split > a > join > after > end", "split > b > join")
    state, effects = play(drawn, done("b"))
    assert effects == []
    assert (state.waiting, state.arrived) == ({("a", 1): ROOT}, {(ROOT, "b>join"): 1})
    state, effects = step(drawn, state, done("a"))
    assert JoinFired(node="join", round=1) in effects
    assert (state.waiting, state.arrived) == ({("after", 1): ROOT}, {})


def test_a_join_in_a_loop_fires_once_per_round() -> None:
    nodes = (exclusive("again"), parallel("split"), parallel("join"), user_task("a"), user_task("b"))
    nodes = (*nodes, exclusive("enough", "enough>end"))
    drawn = graph(
        nodes,
        "start > again > split > a > join > enough > end",
        "split > b > join",
        "enough > again",
        conditions={"enough>again": "outcome.a == 'more'"},
    )
    state, effects = play(drawn, done("a", "more"), done("b"))
    assert JoinFired(node="join", round=1) in effects
    assert set(state.waiting) == {("a", 2), ("b", 2)}
    state, effects = step(drawn, state, done("b", number=2))
    assert not [effect for effect in effects if isinstance(effect, JoinFired)]
    state, effects = step(drawn, state, done("a", "enough", 2))
    assert JoinFired(node="join", round=2) in effects
    assert state.ended


def test_two_tokens_on_one_flow_fire_a_join_twice() -> None:
    # No published process does this; the engine keeps count all the same and loses nothing.
    nodes = (parallel("p"), exclusive("merge"), parallel("split"), parallel("join"), user_task("a"), user_task("b"))
    drawn = graph(nodes, "start > p > merge > a > join > end", "p > b > join", "p > split > merge")
    state, _ = play(drawn, done("a"), done("a", number=2))
    assert state.arrived == {(ROOT, "a>join"): 2}
    state, effects = step(drawn, state, done("b"))
    assert JoinFired(node="join", round=1) in effects
    assert state.arrived == {(ROOT, "a>join"): 1}
    assert not state.ended


def test_the_run_ends_with_the_last_token_and_the_last_outcome_that_says_something() -> None:
    silent = Node(id="silent", kind=NodeKind.END)
    nodes = (parallel("split"), user_task("a"), user_task("b"), silent)
    drawn = graph(nodes, "start > split > a > end", "split > b > silent")
    state, effects = play(drawn, done("a"))
    assert not state.ended
    state, effects = step(drawn, state, done("b"))
    assert state.ended
    assert effects[-1] == RunEnded(outcome="closed")


def test_an_interrupting_timer_takes_the_task_away() -> None:
    nodes = (user_task("u"), boundary("late", "u", span=Span(amount=3, unit="working_days")), user_task("instead"))
    drawn = graph(nodes, "start > u > end", "late > instead > end")
    state, effects = play(drawn)
    assert effects[1] == TimerSet(node="late", round=1, timer=Timer(span=Span(amount=3, unit="working_days")))
    state, effects = step(drawn, state, Triggered(node="late", round=1))
    assert effects[0] == ActivityCancelled(node="u", round=1)
    assert state.waiting == {("instead", 1): ROOT}
    assert advance(drawn, state, done("u")) == (state, ())


def test_a_timer_that_does_not_interrupt_fires_beside_its_task_and_once() -> None:
    nodes = (user_task("u"), boundary("remind", "u", interrupting=False), service_task("mail"), user_task("after"))
    drawn = graph(nodes, "start > u > after > end", "remind > mail > end")
    fired = Triggered(node="remind", round=1)
    state, effects = play(drawn, fired)
    assert effects == [JobQueued(node="mail", round=1, action="probe.act")]
    assert state.waiting == {("u", 1): ROOT, ("mail", 1): ("remind", 1)}
    assert advance(drawn, state, fired) == (state, ())
    state, _ = advance(drawn, state, done("u"))
    state, _ = advance(drawn, state, done("after"))
    assert not state.ended, "the reminder is still being sent"
    state, _ = advance(drawn, state, done("mail"))
    assert state.ended


def test_a_timer_of_a_done_task_or_of_another_round_changes_nothing() -> None:
    nodes = (user_task("u"), boundary("late", "u"), user_task("after"))
    drawn = graph(nodes, "start > u > after > end", "late > end")
    state, _ = play(drawn)
    assert advance(drawn, state, Triggered(node="late", round=2)) == (state, ())
    state, _ = advance(drawn, state, done("u"))
    assert not state.armed
    assert advance(drawn, state, Triggered(node="late", round=1)) == (state, ())


def test_cancelling_takes_everything_away_and_is_told_once() -> None:
    nodes = (parallel("split"), parallel("join"), user_task("a"), user_task("b"), call("c"), boundary("late", "a"))
    drawn = graph(nodes, "start > split > a > join > end", "split > b > join", "split > c > join", "late > end")
    state, effects = play(drawn, done("b"), Cancelled(outcome="withdrawn"))
    assert effects == [
        ActivityCancelled(node="a", round=1),
        Disarmed(node="late", round=1),
        ActivityCancelled(node="c", round=1),
        RunEnded(outcome="withdrawn"),
    ]
    assert (state.waiting, state.armed, state.arrived, state.ended) == ({}, {}, {}, True)
    for late in (Cancelled(outcome="again"), done("a"), Triggered(node="late", round=1), Started()):
        assert advance(drawn, state, late) == (state, ())


def test_starting_twice_is_starting_once() -> None:
    drawn = graph([user_task("u")], "start > u > end")
    state, _ = play(drawn)
    assert advance(drawn, state, Started()) == (state, ())


def test_tokens_in_a_circle_are_refused_and_do_not_hang() -> None:
    drawn = graph([exclusive("x"), manual("m")], "start > x > m > x")
    with pytest.raises(EngineError, match="in a circle"):
        play(drawn)


@pytest.mark.parametrize("data", [{}, {"where": ""}, {"where": None}, {"where": 7}])
def test_a_task_that_nobody_would_see_is_refused(data: dict[str, Any]) -> None:
    drawn = graph([user_task("u", department="$where")], "start > u > end")
    with pytest.raises(EngineError, match="names no where"):
        play(drawn, data=data)

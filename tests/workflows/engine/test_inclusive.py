"""Inclusive gateways: which flows open, and what exactly a join waits for (BPMN 2.0 §13.4.3)."""

from __future__ import annotations

import itertools

import pytest

from tests.factories.plays import Play
from tests.factories.processes import (
    boundary,
    catch,
    exclusive,
    finish,
    graph,
    inclusive,
    on_border,
    parallel,
    sub_process,
    user_task,
    within,
)
from workflows.engine.advance import EngineError
from workflows.engine.events import ActivityCancelled, JoinFired, RunEnded
from workflows.engine.graph import Graph, Loop, Trigger
from workflows.engine.state import ROOT

CONDITIONS = {"i>a": "want.a == true", "i>b": "want.b == true"}
SPLIT = ("start > i > a > j > after > end", "i > b > j", "i > c > j")


def _split(default: str | None = "i>c", conditions: dict[str, str] | None = None) -> Graph:
    tasks = (user_task("a"), user_task("b"), user_task("c"), user_task("after"))
    return graph((inclusive("i", default), inclusive("j"), *tasks), *SPLIT, conditions=conditions or CONDITIONS)


@pytest.mark.parametrize(
    ("want", "opened"), [("a", ["a"]), ("b", ["b"]), ("ab", ["a", "b"]), ("", ["c"]), ("x", ["c"])]
)
def test_each_flow_whose_condition_holds_opens_else_the_default(want: str, opened: list[str]) -> None:
    play = Play(_split(), want=dict.fromkeys(want, True))
    assert play.waiting == [f"{name}#1" for name in opened]


@pytest.mark.parametrize("order", list(itertools.permutations("ab")))
def test_a_join_waits_for_exactly_those_branches_that_opened(order: tuple[str, ...]) -> None:
    play = Play(_split(), want={"a": True, "b": True})
    assert play.done(order[0]) == []
    assert play.done(order[1])[0] == JoinFired(node="j", round=1)
    assert play.waiting == ["after#1"]


def test_a_join_behind_one_branch_waits_for_nobody() -> None:
    play = Play(_split(), want={"a": True})
    assert play.done("a")[0] == JoinFired(node="j", round=1)


def test_a_flow_without_a_condition_opens_always_and_without_any_it_is_a_parallel_gateway() -> None:
    assert Play(_split(None), want={"a": True}).waiting == ["a#1", "c#1"]
    tasks = (user_task("a"), user_task("b"), user_task("c"), user_task("after"))
    assert Play(graph((inclusive("i"), inclusive("j"), *tasks), *SPLIT)).waiting == ["a#1", "b#1", "c#1"]


def test_without_an_open_flow_and_a_default_the_step_is_refused() -> None:
    with pytest.raises(EngineError, match="i: no condition holds"):
        Play(_split(None, {**CONDITIONS, "i>c": "want.c == true"}), want={})


def test_an_activity_may_open_several_flows_too() -> None:
    tasks = (user_task("u", default="u>c"), user_task("a"), user_task("b"), user_task("c"))
    conditions = {"u>a": "outcome.u != 'none'", "u>b": "outcome.u == 'both'"}
    drawn = graph(tasks, "start > u > a > end", "u > b > end", "u > c > end", conditions=conditions)
    for outcome, waiting in (("both", ["a#1", "b#1"]), ("one", ["a#1"]), ("none", ["c#1"])):
        play = Play(drawn)
        play.done("u", outcome)
        assert play.waiting == waiting


def test_a_join_waits_through_everything_that_may_still_come() -> None:
    tasks = (user_task("a"), user_task("b"), user_task("d"), exclusive("x", "x>out"), user_task("out"))
    drawn = graph(
        (inclusive("i"), inclusive("j"), *tasks),
        "start > i > a > j > end",
        "i > b > x > out > end",
        "x > d > j",
        conditions={"x>d": "outcome.b == 'join'"},
    )
    play = Play(drawn)
    assert play.done("a") == [], "b may still come"
    play.done("b", "leave")
    assert play.of(JoinFired) == [JoinFired(node="j", round=1)], "now it cannot any more"
    assert play.waiting == ["out#1"]

    play = Play(drawn)
    play.done("b", "join")
    play.done("a")
    assert play.of(JoinFired) == []
    assert play.done("d") == [JoinFired(node="j", round=1), RunEnded(outcome="closed")]


def test_a_join_waits_for_what_a_border_event_may_still_send() -> None:
    tasks = (user_task("a"), user_task("b"), boundary("late", "b"), user_task("d"))
    drawn = graph((parallel("p"), inclusive("j"), *tasks), "start > p > a > j > end", "p > b > end", "late > d > j")
    play = Play(drawn)
    assert play.done("a") == []
    assert play.fire("late")[0] == ActivityCancelled(node="b", round=1)
    assert play.done("d") == [JoinFired(node="j", round=1), RunEnded(outcome="closed")]

    play = Play(drawn)
    play.done("a")
    play.done("b")
    assert play.of(JoinFired) == [JoinFired(node="j", round=1)]


def test_a_join_does_not_wait_for_a_branch_beside_a_host() -> None:
    tasks = (user_task("a"), user_task("b"), boundary("remind", "b", interrupting=False), user_task("mail"))
    nodes = (parallel("p"), inclusive("j"), *tasks, user_task("after"))
    play = Play(graph(nodes, "start > p > a > j > after > end", "p > b > j", "remind > mail > j"))
    play.fire("remind")
    play.done("a")
    assert play.done("b")[0] == JoinFired(node="j", round=1)
    assert play.waiting == ["after#1", "mail#1"]
    assert play.done("mail")[0] == JoinFired(node="j", round=2), "in the branch's own scope it comes alone"


def test_a_join_waits_for_a_token_inside_a_sub_process() -> None:
    inner = within("s", user_task("b"), user_task("c"))
    nodes = (parallel("p"), inclusive("j"), user_task("a"), sub_process("s"), *inner)
    play = Play(graph(nodes, "start > p > a > j > end", "p > s > j", "b > c"))
    play.done("a")
    play.done("b")
    assert not play.state.ended
    assert play.done("c") == [JoinFired(node="j", round=1), RunEnded(outcome="closed")]


def test_a_join_waits_for_several_instances_and_for_an_event_based_choice() -> None:
    nodes = (parallel("p"), inclusive("j"), user_task("a"), user_task("b", loop=Loop(kind="parallel", cardinality="2")))
    play = Play(graph((*nodes, catch("c", Trigger.SIGNAL, "s")), "start > p > a > j > end", "p > b > j", "p > c > j"))
    play.done("a")
    play.fire("c")
    play.done("b", number=3)
    assert not play.state.ended
    assert play.done("b", number=2) == [JoinFired(node="j", round=1), RunEnded(outcome="closed")]


def test_a_join_inside_a_sub_process_looks_at_that_scope_alone() -> None:
    inner = within("s", inclusive("i", "i>b"), user_task("a"), user_task("b"), inclusive("j"), user_task("after"))
    nodes = (sub_process("s", loop=Loop(kind="parallel", cardinality="2")), *inner)
    drawn = graph(nodes, "start > s > end", "i > a > j > after", "i > b > j", conditions={"i>a": "true"})
    play = Play(drawn)
    assert play.waiting == ["a#1", "a#2"]
    assert play.done("a")[0] == JoinFired(node="j", round=1), "the other instance's token is none of its business"
    assert play.waiting == ["a#2", "after#1"]


def test_a_join_in_a_loop_waits_in_each_round_for_those_that_opened_in_it() -> None:
    tasks = (user_task("a"), user_task("b"), exclusive("merge"), exclusive("again", "again>end"))
    drawn = graph(
        (inclusive("i", "i>b"), inclusive("j"), *tasks),
        "start > merge > i > a > j > again > end",
        "i > b > j",
        "again > merge",
        conditions={"i>a": "true", "i>b": "false", "again>merge": "outcome.a == 'more'"},
    )
    both = graph(
        (inclusive("i"), inclusive("j"), *tasks),
        "start > merge > i > a > j > again > end",
        "i > b > j",
        "again > merge",
        conditions={"again>merge": "outcome.a == 'more'"},
    )
    play = Play(drawn)
    play.done("a", "more")
    assert play.waiting == ["a#2"]
    assert play.done("a", "", 2) == [JoinFired(node="j", round=2), RunEnded(outcome="closed")]
    play = Play(both)
    play.done("b")
    play.done("a", "more")
    assert play.waiting == ["a#2", "b#2"]
    play.done("a", "", 2)
    assert play.done("b", "", 2) == [JoinFired(node="j", round=2), RunEnded(outcome="closed")]


def test_a_join_at_the_head_of_a_loop_does_not_wait_for_its_own_way_back() -> None:
    # The token that stands before the join is the only one there is: what could come back must pass the join first.
    drawn = graph(
        (inclusive("j"), user_task("a"), exclusive("x", "x>end")),
        "start > j > a > x > end",
        "x > j",
        conditions={"x>j": "outcome.a == 'more'"},
    )
    play = Play(drawn)
    assert play.waiting == ["a#1"]
    play.done("a", "more")
    assert play.waiting == ["a#2"]


def test_a_token_that_may_come_to_a_filled_and_to_an_empty_flow_is_not_waited_for() -> None:
    # §13.4.3: the path to the filled flow excuses the path to the empty one, so that loops do not block each other.
    tasks = (user_task("a"), user_task("b"), exclusive("x", "x>e"), exclusive("e"), user_task("f"))
    drawn = graph(
        (parallel("p"), inclusive("j"), *tasks),
        "start > p > a > e > j > end",
        "p > b > x > e",
        "x > f > j",
        conditions={"x>f": "outcome.b == 'f'"},
    )
    play = Play(drawn)
    assert play.done("a") == [JoinFired(node="j", round=1)]
    play.done("b", "f")
    assert play.done("f") == [JoinFired(node="j", round=2), RunEnded(outcome="closed")]


def test_a_join_takes_two_tokens_on_one_flow_in_two_rounds() -> None:
    tasks = (user_task("a"), user_task("b"), exclusive("merge"), user_task("c"), user_task("after"))
    drawn = graph(
        (parallel("p"), inclusive("j"), *tasks),
        "start > p > a > merge > j > after > end",
        "p > b > merge",
        "p > c > j",
    )
    play = Play(drawn)
    play.done("a")
    play.done("b")
    assert play.state.arrived == {(ROOT, "merge>j"): 2}
    assert [effect for effect in play.done("c") if isinstance(effect, JoinFired)] == [
        JoinFired(node="j", round=1),
        JoinFired(node="j", round=2),
    ]
    assert play.waiting == ["after#1", "after#2"]


@pytest.mark.parametrize("order", list(itertools.permutations("abc")))
def test_joins_one_behind_the_other_fire_in_turn_whatever_comes_first(order: tuple[str, ...]) -> None:
    nodes = (parallel("p"), inclusive("j"), inclusive("k"), *(user_task(name) for name in "abc"), finish("last"))
    play = Play(graph(nodes, "start > p > a > j > k > last", "p > b > j", "p > c > k"))
    for name in order:
        play.done(name)
    assert [one.node for one in play.all_told if isinstance(one, JoinFired)] == ["j", "k"]
    assert play.state.ended


@pytest.mark.parametrize("order", list(itertools.permutations("abcd")))
def test_joins_that_cross_wait_for_what_each_can_still_get(order: tuple[str, ...]) -> None:
    # Unstructured: each task behind a split may go on to either join, or to both.
    conditions = {"a>j": "true", "b>k": "true", "b>j": "outcome.b == 'both'"}
    nodes = (parallel("p"), inclusive("j"), inclusive("k"), *(user_task(name) for name in "abcd"), inclusive("last"))
    paths = ("start > p > a > j > last > end", "p > b > j", "b > k > last", "p > c > k", "p > d > j")
    play = Play(graph(nodes, *paths, conditions=conditions))
    for name in order:
        play.done(name, "both")
    fired = [one.node for one in play.all_told if isinstance(one, JoinFired)]
    assert sorted(fired) == ["j", "k", "last"]
    assert fired[-1] == "last"
    assert play.state.ended


def test_a_join_fires_when_an_error_takes_away_what_it_waited_for() -> None:
    nodes = (parallel("p"), inclusive("j"), user_task("a"), user_task("b"), on_border("c", "b", Trigger.ERROR))
    play = Play(graph((*nodes, user_task("aside")), "start > p > a > j > end", "p > b > j", "c > aside > end"))
    play.done("a")
    play.fail("b", "E1")
    assert play.of(JoinFired) == [JoinFired(node="j", round=1)]
    assert play.waiting == ["aside#1"]

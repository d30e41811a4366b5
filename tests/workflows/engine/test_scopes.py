"""Scopes: sub-processes and event sub-processes, who catches an error or an escalation, what a terminate end ends."""

from __future__ import annotations

import pytest

from tests.factories.plays import Play
from tests.factories.processes import (
    DAY,
    begin,
    beside,
    boundary,
    call,
    catch,
    exclusive,
    finish,
    graph,
    manual,
    on_border,
    parallel,
    service_task,
    sub_process,
    throw,
    user_task,
    within,
)
from workflows.engine.events import (
    ActivityCancelled,
    Cancelled,
    Disarmed,
    JoinFired,
    RunEnded,
    Subscribed,
    TaskOpened,
    Thrown,
    TimerSet,
)
from workflows.engine.graph import Graph, Node, Timer, Trigger
from workflows.engine.state import ROOT, Scope


def opened(node: str, number: int = 1) -> TaskOpened:
    return TaskOpened(node=node, round=number, department="SCJG", role="handler")


# --- sub-processes


def test_a_sub_process_holds_its_own_tokens_and_goes_on_when_the_last_is_gone() -> None:
    inner = within("s", begin("sb"), parallel("p"), user_task("a"), user_task("b"), finish("se"))
    play = Play(
        graph((sub_process("s"), *inner, user_task("after")), "start > s > after > end", "sb > p > a > se", "p > b")
    )
    assert play.state.waiting == {("a", 1): ("s", 1), ("b", 1): ("s", 1)}
    assert play.state.scopes == {("s", 1): Scope(within=ROOT)}
    assert play.done("a") == []
    assert play.done("b") == [opened("after")]
    assert play.state.scopes == {}


def test_a_sub_process_in_which_nothing_waits_is_passed_at_once() -> None:
    inner = within("s", begin("sb"), manual("m"), finish("se"))
    nodes = (sub_process("s"), *inner, boundary("t", "s"))
    assert Play(graph(nodes, "start > s > end", "sb > m > se", "t > end")).told[-1] == RunEnded(outcome="closed")


def test_a_sub_process_without_a_start_event_begins_at_everything_that_nothing_leads_to() -> None:
    play = Play(graph((sub_process("s"), *within("s", user_task("a"), user_task("b"))), "start > s > end"))
    assert play.waiting == ["a#1", "b#1"]
    play.done("b")
    assert play.done("a") == [RunEnded(outcome="closed")]


def test_an_error_that_a_sub_process_begins_with_is_caught_on_its_border() -> None:
    nodes = (
        sub_process("s"),
        *within("s", finish("bad", Trigger.ERROR, "E1")),
        on_border("c", "s", Trigger.ERROR, "E1"),
    )
    assert Play(graph((*nodes, user_task("a")), "start > s > end", "c > a > end")).waiting == ["a#1"]


def test_a_sub_process_in_a_loop_opens_a_new_scope_each_time() -> None:
    nodes = (sub_process("s"), *within("s", user_task("a")), exclusive("x", "x>end"))
    drawn = graph(nodes, "start > s > x > end", "x > s", conditions={"x>s": "outcome.a == 'again'"})
    play = Play(drawn)
    play.done("a", "again")
    assert (play.waiting, set(play.state.scopes)) == (["a#2"], {("s", 2)})
    assert play.done("a", "enough", 2) == [RunEnded(outcome="closed")]


def test_joins_of_two_rounds_of_a_scope_are_not_mixed_up() -> None:
    inner = within("s", parallel("p"), user_task("a"), user_task("b"), parallel("j"), finish("se"))
    nodes = (sub_process("s"), *inner, parallel("q"), manual("m1"), manual("m2"), exclusive("merge"))
    paths = ("start > q > m1 > merge > s > end", "q > m2 > merge", "p > a > j > se", "p > b > j")
    play = Play(graph(nodes, *paths))
    assert play.waiting == ["a#1", "a#2", "b#1", "b#2"]
    play.done("a")
    assert play.done("b", number=2) == [], "each stands before its own join"
    assert play.done("b") == [JoinFired(node="j", round=1)]
    assert play.done("a", number=2) == [JoinFired(node="j", round=2), RunEnded(outcome="closed")]


def test_an_interrupted_sub_process_takes_everything_in_it_away_however_deep() -> None:
    deep = within(
        "o", sub_process("i"), *within("i", user_task("a"), catch("c", Trigger.MESSAGE, "m")), service_task("b")
    )
    nodes = (sub_process("o"), *deep, boundary("t", "o"), boundary("ti", "i"), boundary("ta", "a"))
    nodes = tuple(
        node if node.id not in ("ti", "ta") else within("o" if node.id == "ti" else "i", node)[0] for node in nodes
    )
    play = Play(graph(nodes, "start > o > end", "t > end"))
    assert play.fire("t") == [
        ActivityCancelled(node="a", round=1),
        Disarmed(node="ta", round=1),
        ActivityCancelled(node="b", round=1),
        Disarmed(node="c", round=1),
        Disarmed(node="ti", round=1),
        RunEnded(outcome="closed"),
    ]


def test_an_end_event_of_a_sub_process_answers_for_it_and_not_for_the_run() -> None:
    inner = within("s", user_task("a"), finish("no", outcome="refused"))
    nodes = (sub_process("s"), *inner, exclusive("x", "x>end"), user_task("b"))
    drawn = graph(nodes, "start > s > x > end", "a > no", "x > b > end", conditions={"x>b": "outcome.s == 'refused'"})
    play = Play(drawn)
    play.done("a")
    assert (play.waiting, play.state.outcome) == (["b#1"], "")


def test_sub_processes_may_lie_four_hundred_deep() -> None:
    nodes: list[Node] = []
    for depth in range(400):
        scope = f"s{depth - 1}" if depth else ""
        nodes.append(within(scope, sub_process(f"s{depth}"))[0] if scope else sub_process("s0"))
    nodes += within("s399", user_task("a"), finish("bad", Trigger.ERROR, "E1"))
    drawn = graph((*nodes, on_border("c", "s0", Trigger.ERROR)), "start > s0 > end", "c > end", "a > bad")
    play = Play(drawn)
    assert len(play.state.scopes) == 400
    play.done("a")
    assert play.told == [RunEnded(outcome="closed")]
    assert Play(drawn).send(Cancelled(outcome=""))[-1] == RunEnded(outcome="")


# --- errors: the nearest who listens, an exact code before any code


def _nested(*borders: Node) -> Graph:
    """Draw a task in a sub-process in a sub-process; it ends with the error E1."""
    inner = within("i", user_task("a"), finish("bad", Trigger.ERROR, "E1"))
    nodes = (sub_process("o"), *within("o", sub_process("i"), *inner), *borders)
    caught = {node.id: node for node in nodes if node.id in ("ci", "co", "any")}
    paths = [f"{name} > {name}_task" for name in caught]
    tasks = [
        within(node.scope, user_task(f"{name}_task"))[0] if node.scope else user_task(f"{name}_task")
        for name, node in caught.items()
    ]
    return graph((*nodes, *tasks), "start > o > end", "a > bad", *paths)


def test_an_error_is_caught_on_the_nearest_border() -> None:
    play = Play(
        _nested(*within("o", on_border("ci", "i", Trigger.ERROR, "E1")), on_border("co", "o", Trigger.ERROR, "E1"))
    )
    play.done("a")
    assert play.waiting == ["ci_task#1"]
    assert set(play.state.scopes) == {("o", 1)}


@pytest.mark.parametrize("code", ["E1", ""])
def test_an_error_goes_up_past_a_border_that_listens_for_another(code: str) -> None:
    play = Play(
        _nested(*within("o", on_border("ci", "i", Trigger.ERROR, "E2")), on_border("co", "o", Trigger.ERROR, code))
    )
    play.done("a")
    assert (play.waiting, play.state.scopes) == (["co_task#1"], {})


def test_an_exact_code_comes_before_any_code_wherever_it_is_drawn() -> None:
    borders = within("o", on_border("any", "i", Trigger.ERROR), on_border("ci", "i", Trigger.ERROR, "E1"))
    play = Play(_nested(*borders))
    play.done("a")
    assert play.waiting == ["ci_task#1"]


def test_a_near_catch_of_any_code_comes_before_a_far_exact_one() -> None:
    play = Play(_nested(*within("o", on_border("any", "i", Trigger.ERROR)), on_border("co", "o", Trigger.ERROR, "E1")))
    play.done("a")
    assert play.waiting == ["any_task#1"]


def test_an_uncaught_error_ends_the_run_and_takes_everything_away() -> None:
    inner = within("s", parallel("p"), user_task("a"), user_task("b"), finish("bad", Trigger.ERROR, "E1"))
    nodes = (sub_process("s"), *inner, parallel("q"), user_task("c"), on_border("t", "c", Trigger.ERROR, "E1"))
    play = Play(graph(nodes, "start > q > s > end", "q > c > end", "p > a > bad", "p > b", "t > end"))
    assert play.done("a") == [
        ActivityCancelled(node="b", round=1),
        ActivityCancelled(node="c", round=1),
        RunEnded(outcome="E1", error="E1"),
    ]


@pytest.mark.parametrize("host", [user_task("a"), service_task("a"), call("a")])
def test_an_activity_that_fails_is_over_and_its_border_goes_on(host: Node) -> None:
    nodes = (host, on_border("c", "a", Trigger.ERROR, "E1"), boundary("t", "a"), user_task("b"))
    play = Play(graph(nodes, "start > a > end", "c > b > end", "t > end"))
    assert play.fail("a", "E1") == [Disarmed(node="t", round=1), opened("b")], "what failed is not also cancelled"
    assert play.state.data["outcome"] == {"a": "E1"}
    assert play.fail("a", "E1") == []


def test_a_failure_that_nobody_catches_ends_the_run_with_its_code() -> None:
    nodes = (parallel("p"), call("a"), user_task("b"), on_border("c", "a", Trigger.ERROR, "E2"))
    play = Play(graph(nodes, "start > p > a > end", "p > b > end", "c > end"))
    assert play.fail("a", "E1") == [ActivityCancelled(node="b", round=1), RunEnded(outcome="E1", error="E1")]


def test_an_error_in_a_branch_beside_a_host_is_not_caught_on_that_hosts_border() -> None:
    nodes = (
        user_task("a"),
        boundary("remind", "a", interrupting=False),
        finish("bad", Trigger.ERROR, "E1"),
        on_border("c", "a", Trigger.ERROR),
    )
    play = Play(graph(nodes, "start > a > end", "remind > bad", "c > end"))
    assert play.fire("remind")[-1] == RunEnded(outcome="E1", error="E1")


# --- event sub-processes


def _handled(*start: Node, border: bool = True) -> Graph:
    inner = within("s", user_task("a"), user_task("b"), finish("bad", Trigger.ERROR, "E1"))
    events = [beside(f"h{number}", one, user_task(f"h{number}_task"), scope="s") for number, one in enumerate(start)]
    borders = (on_border("c", "s", Trigger.ERROR), user_task("outer")) if border else ()
    paths = [f"{one.id} > h{number}_task" for number, one in enumerate(start)]
    nodes = (sub_process("s"), *inner, *(node for part in events for node in part), *borders)
    return graph(nodes, "start > s > end", "a > bad", *paths, *(["c > outer > end"] if border else []))


def test_an_error_is_caught_by_the_event_sub_process_before_the_border() -> None:
    play = Play(_handled(begin("hs", Trigger.ERROR, "E1")))
    assert play.done("a") == [ActivityCancelled(node="b", round=1), opened("h0_task")]
    assert play.state.waiting == {("h0_task", 1): ("h0", 1)}
    assert play.state.scopes == {("s", 1): Scope(), ("h0", 1): Scope(within=("s", 1))}
    assert play.done("h0_task") == [RunEnded(outcome="closed")], "the sub-process goes on as if it had ended itself"


def test_an_error_in_the_handler_goes_up_to_the_border() -> None:
    drawn = _handled(begin("hs", Trigger.ERROR, "E1"))
    play = Play(drawn)
    play.done("a")
    play.fail("h0_task", "E1")
    assert play.waiting == ["outer#1"]


def test_an_activity_that_fails_is_caught_by_the_event_sub_process_around_it() -> None:
    play = Play(_handled(begin("hs", Trigger.ERROR), border=False))
    assert play.fail("b", "E9") == [ActivityCancelled(node="a", round=1), opened("h0_task")]


def test_an_interrupting_event_sub_process_ends_its_scope_and_silences_the_others() -> None:
    play = Play(_handled(begin("ts", Trigger.TIMER), begin("ms", Trigger.MESSAGE, "m", interrupting=False)))
    assert play.armed == ["c#1", "ms#1", "ts#1"]
    play.fire("ms")
    assert play.fire("ts") == [
        ActivityCancelled(node="a", round=1),
        ActivityCancelled(node="b", round=1),
        ActivityCancelled(node="h1_task", round=1),
        Disarmed(node="ms", round=1),
        opened("h0_task"),
    ]
    assert play.armed == ["c#1"], "the border still listens: the sub-process is still at work"
    assert play.done("h0_task") == [RunEnded(outcome="closed")]


def test_an_event_sub_process_beside_its_scope_keeps_the_scope_open_and_listens_on() -> None:
    play = Play(_handled(begin("ms", Trigger.MESSAGE, "m", interrupting=False)))
    play.fire("ms")
    play.fire("ms")
    assert play.waiting == ["a#1", "b#1", "h0_task#1", "h0_task#2"]
    play.done("b")
    play.done("h0_task", number=2)
    assert play.armed == ["c#1", "ms#1"]
    play.done("h0_task")
    assert not play.state.ended


def test_a_cycle_starts_an_event_sub_process_as_often_as_it_says() -> None:
    timer = Timer(span=DAY, repeats=2)
    play = Play(_handled(begin("ts", Trigger.TIMER, timer=timer, interrupting=False)))
    assert play.fire("ts", fired=0) == [TimerSet(node="ts", round=1, timer=timer, fired=1), opened("h0_task")]
    assert play.fire("ts", fired=1) == [opened("h0_task", 2)]
    assert play.armed == ["c#1"]


def test_event_sub_processes_lie_in_one_another() -> None:
    inner = beside("i", begin("is", Trigger.TIMER), user_task("deep"), scope="h")
    outer = beside("h", begin("hs", Trigger.MESSAGE, "m"), user_task("b"), *inner, scope="s")
    play = Play(
        graph((sub_process("s"), *within("s", user_task("a")), *outer), "start > s > end", "hs > b", "is > deep")
    )
    assert play.armed == ["hs#1"]
    play.fire("hs")
    assert (play.waiting, play.armed) == (["b#1"], ["is#1"])
    assert play.fire("is") == [ActivityCancelled(node="b", round=1), opened("deep")]
    assert play.done("deep") == [RunEnded(outcome="closed")]


# --- escalations


def _escalating(*borders: Node) -> Graph:
    inner = within("s", user_task("a"), throw("up", Trigger.ESCALATION, "X1"), user_task("b"))
    nodes = (sub_process("s"), *inner, *borders, user_task("chief"))
    return graph(nodes, "start > s > end", "a > up > b", *(f"{node.id} > chief" for node in borders))


def test_an_escalation_that_interrupts_ends_the_sub_process() -> None:
    play = Play(_escalating(on_border("c", "s", Trigger.ESCALATION, "X1")))
    play.done("a")
    assert (play.waiting, play.state.scopes) == (["chief#1"], {})


def test_an_escalation_that_does_not_interrupt_goes_beside_the_sub_process() -> None:
    play = Play(_escalating(on_border("c", "s", Trigger.ESCALATION, interrupting=False)))
    play.done("a")
    assert (play.waiting, play.armed) == (["b#1", "chief#1"], ["c#1"])
    assert play.of(Thrown) == []


def test_an_escalation_that_nobody_listens_for_goes_up_and_the_token_goes_on() -> None:
    play = Play(_escalating(on_border("c", "s", Trigger.ESCALATION, "X2")))
    assert play.done("a") == [Thrown(node="up", trigger=Trigger.ESCALATION, name="X1"), opened("b")]


def test_an_escalation_is_caught_by_an_event_sub_process_but_not_by_the_one_it_comes_from() -> None:
    handler = beside(
        "h",
        begin("hs", Trigger.ESCALATION, "X1", interrupting=False),
        throw("again", Trigger.ESCALATION, "X1"),
        user_task("chief"),
        scope="s",
    )
    inner = within("s", throw("up", Trigger.ESCALATION, "X1"), user_task("b"))
    play = Play(graph((sub_process("s"), *inner, *handler), "start > s > end", "up > b", "hs > again > chief"))
    assert play.of(Thrown) == [Thrown(node="again", trigger=Trigger.ESCALATION, name="X1")]
    assert play.waiting == ["b#1", "chief#1"]


def test_a_child_may_escalate_to_its_call() -> None:
    nodes = (call("c"), on_border("hear", "c", Trigger.ESCALATION, "X1", interrupting=False), user_task("chief"))
    play = Play(graph(nodes, "start > c > end", "hear > chief"))
    assert play.escalate("c", "X1") == [opened("chief")]
    assert play.escalate("c", "X2") == [Thrown(node="c", trigger=Trigger.ESCALATION, name="X2")]
    assert play.waiting == ["c#1", "chief#1"]


def test_a_child_whose_escalation_interrupts_is_taken_away() -> None:
    nodes = (call("c"), on_border("hear", "c", Trigger.ESCALATION), user_task("chief"))
    play = Play(graph(nodes, "start > c > end", "hear > chief > end"))
    assert play.escalate("c", "X1") == [ActivityCancelled(node="c", round=1), opened("chief")]
    assert play.escalate("c", "X1") == []


def test_an_escalation_of_the_process_reaches_its_event_sub_process() -> None:
    handler = beside("h", begin("hs", Trigger.ESCALATION), user_task("chief"))
    nodes = (parallel("p"), user_task("a"), finish("up", Trigger.ESCALATION, "X1"), *handler)
    play = Play(graph(nodes, "start > p > a > end", "p > up", "hs > chief"))
    assert play.waiting == ["chief#1"], "it interrupts the process"


# --- terminate


def test_a_terminate_end_ends_its_scope_alone() -> None:
    inner = within("s", parallel("p"), user_task("a"), user_task("b"), finish("stop", Trigger.TERMINATE))
    nodes = (sub_process("s"), *inner, parallel("q"), user_task("c"), user_task("after"))
    play = Play(graph(nodes, "start > q > s > after > end", "q > c > end", "p > a > stop", "p > b"))
    assert play.done("a") == [ActivityCancelled(node="b", round=1), opened("after")]
    assert play.waiting == ["after#1", "c#1"]


def test_a_terminate_end_in_a_branch_beside_a_host_ends_the_scope_of_the_host_too() -> None:
    inner = within(
        "s", user_task("a"), boundary("t", "a", interrupting=False), user_task("b"), finish("stop", Trigger.TERMINATE)
    )
    play = Play(graph((sub_process("s"), *inner, user_task("after")), "start > s > after > end", "t > b > stop"))
    play.fire("t")
    assert play.waiting == ["a#1", "b#1"]
    assert play.done("b") == [ActivityCancelled(node="a", round=1), opened("after")]


def test_a_terminate_end_in_a_branch_of_the_process_ends_the_run() -> None:
    nodes = (user_task("a"), boundary("t", "a", interrupting=False), finish("stop", Trigger.TERMINATE, outcome="late"))
    play = Play(graph(nodes, "start > a > end", "t > stop"))
    assert play.fire("t") == [ActivityCancelled(node="a", round=1), RunEnded(outcome="late")]


def test_a_terminate_end_in_an_event_sub_process_ends_that_alone() -> None:
    handler = beside(
        "h",
        begin("hs", Trigger.MESSAGE, "m", interrupting=False),
        parallel("p"),
        user_task("x"),
        user_task("y"),
        finish("stop", Trigger.TERMINATE),
    )
    play = Play(graph((user_task("a"), *handler), "start > a > end", "hs > p > x > stop", "p > y"))
    assert play.told[0] == Subscribed(node="hs", round=0, trigger=Trigger.MESSAGE, name="m", key="")
    play.fire("hs", 0)
    assert play.done("x") == [ActivityCancelled(node="y", round=1)]
    assert play.waiting == ["a#1"]

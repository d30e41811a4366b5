"""Ways back that the drawing allows a task, and a run that is ended from outside at any place."""

from __future__ import annotations

import pytest

from tests.factories.plays import Play
from tests.factories.processes import (
    begin,
    beside,
    boundary,
    call,
    catch,
    event_based,
    exclusive,
    graph,
    inclusive,
    parallel,
    receive,
    service_task,
    sub_process,
    user_task,
    within,
)
from workflows.engine.advance import EngineError
from workflows.engine.events import (
    ActivityCancelled,
    Cancelled,
    Disarmed,
    JoinFired,
    Returned,
    RunEnded,
    TaskOpened,
)
from workflows.engine.graph import Loop, Trigger


def test_a_task_sent_back_opens_the_earlier_one_anew() -> None:
    nodes = (user_task("a"), user_task("b", returns=("b>a",)), boundary("t", "b"))
    play = Play(graph(nodes, "start > a > b > end", "b > a", "t > end"))
    play.done("a", "ok", note="first")
    assert play.send_back("b", "b>a") == [
        Disarmed(node="t", round=1),
        TaskOpened(node="a", round=2, department="SCJG", role="handler"),
    ]
    assert play.send_back("b", "b>a") == play.done("b") == [], "b is over"
    assert play.state.data == {"outcome": {"a": "ok"}, "note": "first"}, "nothing said so far is lost"
    play.done("a", "ok", 2)
    assert play.done("b", "ok", 2)[-1] == RunEnded(outcome="closed")


def test_a_way_back_is_taken_by_sending_back_alone() -> None:
    nodes = (user_task("a"), user_task("b", returns=("b>a",)))
    play = Play(graph(nodes, "start > a > b > end", "b > a"))
    play.done("a")
    assert play.done("b") == [RunEnded(outcome="closed")]


@pytest.mark.parametrize("flow", ["b>c", "a>b", "nowhere", ""])
def test_a_way_back_that_is_not_drawn_is_refused(flow: str) -> None:
    nodes = (user_task("a"), user_task("b", returns=("b>a",)), user_task("c"))
    play = Play(graph(nodes, "start > a > b > c > end", "b > a"))
    play.done("a")
    before = play.state
    with pytest.raises(EngineError, match="b may not be sent back"):
        play.send_back("b", flow)
    assert play.state == before
    assert play.waiting == ["b#1"]


def test_one_of_several_instances_cannot_be_sent_back() -> None:
    nodes = (user_task("a"), user_task("b", returns=("b>a",), loop=Loop(kind="parallel", cardinality="2")))
    play = Play(graph(nodes, "start > a > b > end", "b > a"))
    play.done("a")
    with pytest.raises(EngineError, match="b may not be sent back"):
        play.send_back("b", "b>a", 2)


def test_sending_back_stays_inside_its_scope_and_branch() -> None:
    inner = within("s", begin("sb"), user_task("a"), user_task("b", returns=("b>a",)))
    nodes = (parallel("p"), sub_process("s", loop=Loop(kind="parallel", cardinality="2")), *inner, user_task("c"))
    play = Play(graph(nodes, "start > p > s > end", "p > c > end", "sb > a > b", "b > a"))
    play.done("a")
    scope = play.state.waiting["b", 1]
    play.send_back("b", "b>a")
    assert play.waiting == ["a#2", "a#3", "c#1"]
    assert play.state.waiting["a", 3] == scope


def test_an_inclusive_join_waits_for_what_may_still_be_sent_back_to_a_way_into_it() -> None:
    nodes = (parallel("p"), user_task("a"), exclusive("x", "x>b"), user_task("b", returns=("b>x2",)), exclusive("x2"))
    more = (user_task("c"), user_task("d"), inclusive("j"))
    drawn = graph(
        (*nodes, *more),
        "start > p > a > x > b > end",
        "p > c > j > end",
        "b > x2 > d > j",
    )
    play = Play(drawn)
    play.done("a")
    play.done("c")
    assert play.of(JoinFired) == [], "b may still be sent back, and then comes d"
    play.send_back("b", "b>x2")
    assert play.waiting == ["d#1"]
    assert play.done("d") == [JoinFired(node="j", round=1), RunEnded(outcome="closed")]


def test_a_task_may_be_sent_back_again_and_again() -> None:
    nodes = (user_task("a"), user_task("b", returns=("b>a",)))
    play = Play(graph(nodes, "start > a > b > end", "b > a"))
    for number in range(1, 50):
        play.done("a", number=number)
        play.send(Returned(node="b", round=number, flow="b>a"))
    assert play.waiting == ["a#50"]


def test_cancelling_takes_away_whatever_waits_wherever_it_is() -> None:
    inner = within("s", user_task("deep"), boundary("border", "deep"))
    nodes = (
        parallel("p"),
        sub_process("s"),
        *inner,
        *beside("h", begin("hs", Trigger.MESSAGE, "m", interrupting=False), user_task("asked"), scope="s"),
        *beside("w", begin("ws", Trigger.MESSAGE, "withdrawn")),
        user_task("many", loop=Loop(kind="parallel", cardinality="2")),
        call("child"),
        service_task("job"),
        receive("post"),
        event_based("g"),
        catch("g1", Trigger.TIMER, host="g"),
        catch("g2", Trigger.SIGNAL, "s", host="g"),
        catch("timer", Trigger.TIMER),
        parallel("join"),
    )
    branches = [f"p > {name} > join" for name in ("s", "many", "child", "job", "post", "timer")]
    play = Play(
        graph(nodes, "start > p", *branches, "p > g", "g > g1", "g > g2", "join > end", "hs > asked", "border > end")
    )
    play.fire("hs")
    play.done("job")
    play.send(Cancelled(outcome="withdrawn"))
    cancelled = sorted((one.node, one.round) for one in play.of(ActivityCancelled))
    assert cancelled == [("asked", 1), ("child", 1), ("deep", 1), ("many", 2), ("many", 3)]
    disarmed = sorted((one.node, one.round) for one in play.of(Disarmed))
    listeners = [("border", 1), ("g1", 1), ("g2", 1), ("hs", 1), ("post", 1), ("timer", 1), ("ws", 0)]
    assert disarmed == listeners
    assert play.told[-1] == RunEnded(outcome="withdrawn")
    assert (play.state.waiting, play.state.scopes, play.state.armed, play.state.arrived) == ({}, {}, {}, {})
    assert (play.state.local, play.state.rounds) == ({}, {})
    assert play.send(Cancelled(outcome="again")) == []

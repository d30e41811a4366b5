"""Events: what starts a process, what it waits for, what acts beside or instead of an activity, what it throws."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.factories.plays import Play
from tests.factories.processes import (
    DAY,
    begin,
    beside,
    boundary,
    call,
    catch,
    event_based,
    finish,
    graph,
    manual,
    on_border,
    parallel,
    receive,
    service_task,
    sub_process,
    throw,
    user_task,
    within,
)
from workflows.engine.advance import EngineError, advance
from workflows.engine.events import (
    ActivityCancelled,
    Cancelled,
    Disarmed,
    JobQueued,
    RunEnded,
    Started,
    Subscribed,
    TaskOpened,
    Thrown,
    TimerSet,
)
from workflows.engine.graph import Graph, Node, NodeKind, Span, Timer, Trigger
from workflows.engine.state import State

TWICE = Timer(span=DAY, repeats=2)
ENDLESS = Timer(span=DAY, repeats=0)


# --- starting


def _two_ways_in() -> Graph:
    nodes = (begin("asked", Trigger.MESSAGE, "asked"), begin("daily", Trigger.TIMER), user_task("a"), user_task("b"))
    return graph((*nodes, user_task("c")), "start > a > end", "asked > b > end", "daily > c > end")


@pytest.mark.parametrize(("start", "first"), [("", "a#1"), ("start", "a#1"), ("asked", "b#1"), ("daily", "c#1")])
def test_a_process_begins_at_the_start_event_that_was_triggered_else_at_the_plain_one(start: str, first: str) -> None:
    assert Play(_two_ways_in(), start=start).waiting == [first]


def test_a_start_event_that_does_not_exist_is_refused() -> None:
    with pytest.raises(EngineError, match="elsewhere is no start event"):
        Play(_two_ways_in(), start="elsewhere")


def test_a_process_whose_every_start_event_is_triggered_begins_at_the_first_when_begun_by_hand() -> None:
    nodes = (begin("asked", Trigger.MESSAGE, "asked"), user_task("a"))
    assert Play(_without_start(*nodes, paths=("asked > a > end",))).waiting == ["a#1"]


def _without_start(*nodes: Node, paths: tuple[str, ...]) -> Graph:
    drawn = graph(nodes, *paths)
    return replace(drawn, nodes={name: node for name, node in drawn.nodes.items() if name != "start"})


def test_without_a_start_event_everything_that_nothing_leads_to_begins_together() -> None:
    play = Play(_without_start(user_task("a"), user_task("b"), user_task("c"), paths=("a > c > end", "b > end")))
    assert play.waiting == ["a#1", "b#1"]
    play.done("b")
    play.done("a")
    assert play.waiting == ["c#1"]
    assert play.done("c")[-1] == RunEnded(outcome="closed")


def test_without_a_start_event_starting_twice_is_starting_once_even_if_all_wait_at_a_join() -> None:
    nodes = (parallel("one"), parallel("join"), user_task("x"), parallel("never"))
    # `never` waits for itself: no published process does this.
    drawn = _without_start(*nodes, paths=("one > join > x > end", "never > never", "never > join"))
    play = Play(drawn)
    assert (play.waiting, len(play.state.arrived)) == ([], 1)
    before = play.state
    assert play.send(Started()) == []
    assert play.state == before


# --- ending


def test_a_path_without_an_end_event_ends_where_it_ends() -> None:
    play = Play(graph((parallel("p"), user_task("a"), user_task("b")), "start > p > a > end", "p > b"))
    play.done("a")
    assert not play.state.ended
    play.done("b")
    assert play.told[-1] == RunEnded(outcome="closed")


@pytest.mark.parametrize("trigger", [Trigger.MESSAGE, Trigger.SIGNAL])
def test_an_end_event_throws_what_it_says_and_ends_its_token(trigger: Trigger) -> None:
    drawn = graph([finish("told", trigger, "done", correlation="case.number", outcome="good")], "start > told")
    play = Play(drawn, case={"number": "A1"})
    assert play.told == [
        Thrown(node="told", trigger=trigger, name="done", key="A1"),
        RunEnded(outcome="good"),
    ]


def test_an_error_end_at_the_root_ends_the_run_and_takes_everything_away() -> None:
    nodes = (parallel("p"), user_task("a"), user_task("b"), finish("failed", Trigger.ERROR, "E1"), boundary("t", "b"))
    play = Play(graph(nodes, "start > p > a > failed", "p > b > end", "t > end"))
    assert play.done("a") == [
        ActivityCancelled(node="b", round=1),
        Disarmed(node="t", round=1),
        RunEnded(outcome="E1", error="E1"),
    ]
    assert play.state.ended


def test_an_error_end_may_say_what_the_caller_is_told() -> None:
    play = Play(graph([finish("failed", Trigger.ERROR, "E1", outcome="refused")], "start > failed"))
    assert play.told == [RunEnded(outcome="refused", error="E1")]


def test_an_uncaught_escalation_at_an_end_event_goes_up_and_the_run_ends_well() -> None:
    play = Play(graph([finish("up", Trigger.ESCALATION, "X1")], "start > up"))
    assert play.told == [Thrown(node="up", trigger=Trigger.ESCALATION, name="X1"), RunEnded(outcome="")]


def test_a_terminate_end_takes_the_other_branches_away_without_an_error() -> None:
    stop = finish("stop", Trigger.TERMINATE, outcome="stopped")
    nodes = (parallel("p"), user_task("a"), service_task("b"), receive("c"), stop)
    play = Play(graph(nodes, "start > p > a > stop", "p > b > end", "p > c > end"))
    assert play.done("a") == [
        ActivityCancelled(node="b", round=1),
        Disarmed(node="c", round=1),
        RunEnded(outcome="stopped"),
    ]


# --- throwing


@pytest.mark.parametrize("trigger", [Trigger.MESSAGE, Trigger.SIGNAL])
def test_an_intermediate_event_throws_and_its_token_goes_on(trigger: Trigger) -> None:
    play = Play(graph((throw("t", trigger, "news", correlation="n"), user_task("a")), "start > t > a > end"), n=7)
    assert play.told[0] == Thrown(node="t", trigger=trigger, name="news", key="7")
    assert play.waiting == ["a#1"]


def test_an_event_that_throws_nothing_is_passed() -> None:
    play = Play(graph((throw("t", Trigger.NONE), user_task("a")), "start > t > a > end"))
    assert play.told == [TaskOpened(node="a", round=1, department="SCJG", role="handler")]


@pytest.mark.parametrize("number", ["", None, {"a": 1}, [1]])
def test_a_message_that_could_find_nobody_is_refused(number: Any) -> None:
    drawn = graph([throw("t", Trigger.MESSAGE, "news", correlation="case.number")], "start > t > end")
    with pytest.raises(EngineError, match=r"t: the run's data has no case\.number"):
        Play(drawn, case={"number": number})


def test_a_send_task_without_an_action_sends_its_message_itself() -> None:
    send = Node(id="s", kind=NodeKind.SEND_TASK, reference="news", correlation="n")
    play = Play(graph((send, user_task("a"), boundary("t", "s")), "start > s > a > end", "t > end"), n="K")
    assert play.told[0] == Thrown(node="s", trigger=Trigger.MESSAGE, name="news", key="K")
    assert (play.waiting, play.armed) == (["a#1"], [])


def test_a_send_task_with_an_action_waits_for_the_worker() -> None:
    send = Node(id="s", kind=NodeKind.SEND_TASK, reference="news", action="probe.send")
    play = Play(graph([send], "start > s > end"))
    assert play.told == [JobQueued(node="s", round=1, action="probe.send")]
    assert play.done("s") == [RunEnded(outcome="closed")]


def test_an_event_with_an_action_waits_for_the_worker_and_throws_no_message_itself() -> None:
    nodes = (
        throw("t", Trigger.MESSAGE, action="probe.send"),
        finish("last", Trigger.MESSAGE, action="probe.bye", outcome="x"),
    )
    play = Play(graph(nodes, "start > t > last"))
    assert play.told == [JobQueued(node="t", round=1, action="probe.send")]
    assert play.done("t") == [JobQueued(node="last", round=1, action="probe.bye")]
    assert not play.state.ended
    assert play.done("last") == [RunEnded(outcome="x")]


def test_the_job_of_an_event_is_taken_away_with_the_run() -> None:
    play = Play(graph([throw("t", Trigger.MESSAGE, action="probe.send")], "start > t > end"))
    assert play.send(Cancelled(outcome="")) == [ActivityCancelled(node="t", round=1), RunEnded(outcome="")]


# --- waiting


@pytest.mark.parametrize(
    ("node", "trigger"),
    [
        (catch("c", Trigger.MESSAGE, "paid", correlation="n"), Trigger.MESSAGE),
        (catch("c", Trigger.SIGNAL, "paid", correlation="n"), Trigger.SIGNAL),
        (receive("c", "paid", correlation="n"), Trigger.MESSAGE),
        (Node(id="c", kind=NodeKind.RECEIVE_TASK, reference="paid", correlation="n"), Trigger.MESSAGE),
    ],
)
def test_what_waits_for_a_message_or_signal_subscribes_with_its_key_and_goes_on_with_its_data(
    node: Node, trigger: Trigger
) -> None:
    play = Play(graph([node], "start > c > end"), n=42)
    assert play.told == [Subscribed(node="c", round=1, trigger=trigger, name="paid", key="42")]
    assert play.done("c") == [], "nobody can complete what waits for a message"
    assert play.fail("c", "E1") == []
    assert play.fire("c", amount=90) == [RunEnded(outcome="closed")]
    assert play.state.data["amount"] == 90
    assert play.fire("c", amount=91) == []
    assert play.state.data["amount"] == 90


def test_an_activity_on_which_nobody_listens_cannot_be_triggered() -> None:
    play = Play(graph([user_task("a")], "start > a > end"))
    assert play.fire("a") == []
    assert play.waiting == ["a#1"]


def test_events_about_elements_that_are_not_drawn_change_nothing() -> None:
    play = Play(graph([user_task("a")], "start > a > end"))
    for act in (play.done, play.fire):
        assert act("gone") == []
    assert play.fail("gone", "E1") == play.escalate("gone", "X1") == play.send_back("gone", "f") == []


def test_a_timer_waits_for_its_span() -> None:
    play = Play(graph([catch("t", Trigger.TIMER)], "start > t > end"))
    assert play.told == [TimerSet(node="t", round=1, timer=Timer(span=DAY), fired=0)]
    assert play.fire("t", fired=0) == [RunEnded(outcome="closed")]


def test_a_timer_waits_for_a_date_of_the_data() -> None:
    nodes = [catch("t", Trigger.TIMER, timer=Timer(date="$case.hearing"))]
    play = Play(graph(nodes, "start > t > end"), case={"hearing": "2026-05-04"})
    assert play.told == [TimerSet(node="t", round=1, timer=Timer(date="2026-05-04"), fired=0)]


def test_a_timer_waits_for_a_date_that_is_drawn() -> None:
    play = Play(graph([catch("t", Trigger.TIMER, timer=Timer(date="2026-05-04T09:00"))], "start > t > end"))
    assert play.of(TimerSet)[0].timer.date == "2026-05-04T09:00"


@pytest.mark.parametrize("hearing", [None, "", 20260504])
def test_a_timer_whose_date_is_missing_is_refused(hearing: Any) -> None:
    nodes = [catch("t", Trigger.TIMER, timer=Timer(date="$hearing"))]
    with pytest.raises(EngineError, match="no date hearing"):
        Play(graph(nodes, "start > t > end"), hearing=hearing)


# --- on the border of an activity


@pytest.mark.parametrize("host", [user_task("a"), service_task("a"), call("a")])
@pytest.mark.parametrize("trigger", [Trigger.TIMER, Trigger.MESSAGE, Trigger.SIGNAL])
def test_an_interrupting_event_takes_its_host_away(host: Node, trigger: Trigger) -> None:
    nodes = (host, on_border("b", "a", trigger, "news"), user_task("instead"))
    play = Play(graph(nodes, "start > a > end", "b > instead > end"))
    assert play.fire("b", reason="late")[0] == ActivityCancelled(node="a", round=1)
    assert (play.waiting, play.armed, play.state.data["reason"]) == (["instead#1"], [], "late")
    assert play.fire("b") == []


def test_an_interrupting_event_disarms_the_others_of_its_host_and_a_waiting_host() -> None:
    nodes = (receive("a"), on_border("b", "a", Trigger.TIMER), on_border("c", "a", Trigger.SIGNAL, "news"))
    play = Play(graph(nodes, "start > a > end", "b > end", "c > end"))
    assert play.armed == ["b#1", "c#1"]
    assert play.fire("b")[:2] == [Disarmed(node="a", round=1), Disarmed(node="c", round=1)]


def test_a_host_that_is_over_disarms_its_events() -> None:
    nodes = (user_task("a"), on_border("b", "a", Trigger.MESSAGE, "x", interrupting=False), boundary("c", "a"))
    play = Play(graph(nodes, "start > a > end", "b > end", "c > end"))
    assert play.done("a")[:2] == [Disarmed(node="b", round=1), Disarmed(node="c", round=1)]


def test_a_message_that_does_not_interrupt_may_come_again_and_again() -> None:
    nodes = (user_task("a"), on_border("b", "a", Trigger.MESSAGE, "asked", interrupting=False), user_task("answer"))
    play = Play(graph(nodes, "start > a > end", "b > answer"))
    assert play.fire("b") == [TaskOpened(node="answer", round=1, department="SCJG", role="handler")]
    play.fire("b")
    assert play.waiting == ["a#1", "answer#1", "answer#2"]
    assert play.armed == ["b#1"]
    play.done("answer", number=2)
    play.done("a")
    assert (play.waiting, play.armed) == (["answer#1"], [])
    assert play.done("answer")[-1] == RunEnded(outcome="closed")


def test_a_cycle_fires_as_often_as_it_says_and_counts() -> None:
    nodes = (user_task("a"), on_border("b", "a", Trigger.TIMER, timer=TWICE, interrupting=False), service_task("mail"))
    play = Play(graph(nodes, "start > a > end", "b > mail"))
    assert play.told[1] == TimerSet(node="b", round=1, timer=TWICE, fired=0)
    assert play.fire("b", fired=0)[0] == TimerSet(node="b", round=1, timer=TWICE, fired=1)
    assert play.fire("b", fired=0) == [], "the same instant told twice"
    assert play.fire("b", fired=1) == [JobQueued(node="mail", round=2, action="probe.act")]
    assert play.armed == []
    assert play.fire("b", fired=1) == play.fire("b", fired=2) == []
    assert play.done("a") == [], "nothing is left to disarm, and two mails are on their way"


def test_a_cycle_without_end_fires_until_its_host_is_over() -> None:
    nodes = (user_task("a"), on_border("b", "a", Trigger.TIMER, timer=ENDLESS, interrupting=False), manual("m"))
    play = Play(graph(nodes, "start > a > end", "b > m"))
    for number in range(5):
        assert play.fire("b", fired=number) == [TimerSet(node="b", round=1, timer=ENDLESS, fired=number + 1)]
    assert play.done("a") == [Disarmed(node="b", round=1), RunEnded(outcome="closed")]


def test_a_branch_beside_its_host_goes_on_when_the_host_is_interrupted() -> None:
    nodes = (user_task("a"), boundary("remind", "a", interrupting=False), service_task("mail"), boundary("late", "a"))
    play = Play(graph(nodes, "start > a > end", "remind > mail", "late > end"))
    play.fire("remind")
    play.fire("late")
    assert play.waiting == ["mail#1"]
    play.done("mail")
    assert play.state.ended


def test_a_listener_for_errors_or_escalations_cannot_be_triggered_from_outside() -> None:
    nodes = (user_task("a"), on_border("b", "a", Trigger.ERROR), on_border("c", "a", Trigger.ESCALATION))
    play = Play(graph(nodes, "start > a > end", "b > end", "c > end"))
    assert play.fire("b") == play.fire("c") == []
    assert play.waiting == ["a#1"]


def test_each_entry_into_a_host_arms_its_events_anew() -> None:
    nodes = (user_task("a"), boundary("late", "a"), user_task("again"))
    play = Play(graph(nodes, "start > a > end", "late > again > a"))
    play.fire("late")
    play.done("again")
    assert play.armed == ["late#2"]
    assert play.fire("late") == []
    play.fire("late", 2)
    assert play.waiting == ["again#2"]


# --- event-based gateways


def _race() -> Graph:
    nodes = (
        event_based("g"),
        catch("paid", Trigger.MESSAGE, "paid", host="g", correlation="n"),
        catch("late", Trigger.TIMER, host="g", timer=Timer(span=Span(amount=15, unit="working_days"))),
        receive("withdrawn", "withdrawn", host="g"),
        *(user_task(name) for name in ("a", "b", "c")),
    )
    return graph(nodes, "start > g > paid > a > end", "g > late > b > end", "g > withdrawn > c > end")


def test_an_event_based_gateway_waits_for_each_event_behind_it() -> None:
    play = Play(_race(), n=1)
    assert play.told == [
        Subscribed(node="paid", round=1, trigger=Trigger.MESSAGE, name="paid", key="1"),
        TimerSet(node="late", round=1, timer=Timer(span=Span(amount=15, unit="working_days"))),
        Subscribed(node="withdrawn", round=1, trigger=Trigger.MESSAGE, name="withdrawn", key=""),
    ]
    assert play.waiting == ["g#1"]
    assert play.done("g") == play.fire("g") == play.fail("g", "E1") == []


@pytest.mark.parametrize(("first", "after"), [("paid", "a#1"), ("late", "b#1"), ("withdrawn", "c#1")])
def test_the_first_event_behind_a_gateway_wins_and_the_others_are_disarmed(first: str, after: str) -> None:
    play = Play(_race(), n=1)
    play.fire(first, seen=first)
    losers = [name for name in ("paid", "late", "withdrawn") if name != first]
    assert play.of(Disarmed) == [Disarmed(node=name, round=1) for name in losers]
    assert (play.waiting, play.armed, play.state.data["seen"]) == ([after], [], first)
    for loser in losers:
        assert play.fire(loser) == []


def test_a_gateway_that_is_ended_with_its_scope_disarms_all_its_events() -> None:
    nodes = (
        sub_process("s"),
        *within("s", event_based("g"), catch("x", Trigger.MESSAGE, "x", host="g"), catch("y", Trigger.TIMER, host="g")),
        boundary("late", "s"),
    )
    play = Play(graph(nodes, "start > s > end", "g > x", "g > y", "late > end"))
    assert play.fire("late")[:2] == [Disarmed(node="x", round=1), Disarmed(node="y", round=1)]


# --- for the whole process


def test_an_event_sub_process_of_the_process_listens_from_the_start_and_until_the_end() -> None:
    drawn = graph((user_task("a"), *beside("w", begin("ws", Trigger.MESSAGE, "withdrawn"))), "start > a > end")
    play = Play(drawn)
    assert play.told[0] == Subscribed(node="ws", round=0, trigger=Trigger.MESSAGE, name="withdrawn", key="")
    assert play.armed == ["ws#0"]
    assert play.done("a") == [Disarmed(node="ws", round=0), RunEnded(outcome="closed")]


def test_an_event_sub_process_of_the_process_may_end_it_and_speaks_for_it() -> None:
    withdrawn = beside(
        "w", begin("ws", Trigger.MESSAGE, "withdrawn"), user_task("file"), finish("we", outcome="withdrawn")
    )
    other = beside("o", begin("os", Trigger.TIMER, interrupting=False))
    nodes = (user_task("a"), call("c"), parallel("p"), *withdrawn, *other)
    play = Play(graph(nodes, "start > p > a > end", "p > c > end", "ws > file > we"))
    assert play.fire("ws", 0) == [
        ActivityCancelled(node="a", round=1),
        ActivityCancelled(node="c", round=1),
        Disarmed(node="os", round=0),
        TaskOpened(node="file", round=1, department="SCJG", role="handler"),
    ]
    assert play.armed == []
    assert play.done("file") == [RunEnded(outcome="withdrawn")]


def test_an_event_sub_process_beside_the_process_may_come_again_and_is_waited_for() -> None:
    asked = beside("q", begin("qs", Trigger.MESSAGE, "asked", interrupting=False), user_task("answer"))
    play = Play(graph((user_task("a"), *asked), "start > a > end", "qs > answer"))
    play.fire("qs", 0)
    play.fire("qs", 0)
    play.done("a")
    assert play.waiting == ["answer#1", "answer#2"]
    assert play.armed == ["qs#0"], "the process still runs, so it may still be asked"
    play.done("answer")
    assert play.done("answer", number=2) == [Disarmed(node="qs", round=0), RunEnded(outcome="closed")]


def test_an_untouched_run_is_cancelled_before_it_began() -> None:
    drawn = graph([user_task("a")], "start > a > end")
    state, effects = advance(drawn, State(), Cancelled(outcome="withdrawn"))
    assert effects == (RunEnded(outcome="withdrawn"),)
    assert advance(drawn, state, Started()) == (state, ())

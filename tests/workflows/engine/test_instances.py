"""Several instances of an activity, in parallel and one by one, and standard loops (BPMN 2.0 §13.3.6-7)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.plays import Play
from tests.factories.processes import (
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
    ChildCalled,
    Disarmed,
    JobQueued,
    RunEnded,
    Subscribed,
    TaskOpened,
    Thrown,
    TimerSet,
)
from workflows.engine.graph import Graph, Loop, Node, NodeKind, Trigger

EACH = Loop(kind="parallel", collection="case.departments", item="department")
IN_TURN = Loop(kind="sequential", collection="case.departments", item="department")
THREE = Loop(kind="parallel", cardinality="3")
DEPARTMENTS = {"departments": ["XF", "CG", "SCJG"]}


def _reviews(loop: Loop, **more: Any) -> Graph:
    return graph([user_task("a", department="$department", loop=loop, **more)], "start > a > end")


def _departments(play: Play) -> list[str]:
    return [effect.department for effect in play.of(TaskOpened)]


# --- how many


def test_parallel_instances_begin_together_each_with_its_entry_of_the_list() -> None:
    play = Play(_reviews(EACH), case=DEPARTMENTS)
    assert play.told == [
        TaskOpened(node="a", round=2, department="XF", role="handler"),
        TaskOpened(node="a", round=3, department="CG", role="handler"),
        TaskOpened(node="a", round=4, department="SCJG", role="handler"),
    ]
    assert play.done("a", "ok", 3) == play.done("a", "ok", 2) == []
    assert play.done("a", "ok", 3) == [], "an instance is done once"
    assert play.done("a", "no", 4) == [RunEnded(outcome="closed")]


def test_sequential_instances_begin_one_after_the_other() -> None:
    play = Play(_reviews(IN_TURN), case=DEPARTMENTS)
    seen = _departments(play)
    for number in (2, 3, 4):
        play.done("a", "ok", number)
        seen += _departments(play)
    assert seen == ["XF", "CG", "SCJG"]
    assert play.state.ended


def test_a_list_is_read_when_the_activity_begins() -> None:
    play = Play(_reviews(IN_TURN), case=DEPARTMENTS)
    play.done("a", "ok", 2, case={"departments": []})
    assert _departments(play) == ["CG"]


@pytest.mark.parametrize("kind", ["parallel", "sequential"])
@pytest.mark.parametrize("more", [{"collection": "none"}, {"cardinality": "0"}, {"cardinality": "count"}])
def test_no_instance_at_all_is_passed(kind: str, more: dict[str, str]) -> None:
    nodes = (user_task("a", loop=Loop(kind=kind, **more)), boundary("t", "a"), user_task("b"))
    play = Play(graph(nodes, "start > a > b > end", "t > end"), none=[], count=0)
    assert (play.waiting, play.armed) == (["b#1"], [])
    assert play.state.data["outcomes"] == {"a": []}


@pytest.mark.parametrize(("cardinality", "number"), [("2", 2), ("case.number", 3), ("case.number + 1", 4)])
def test_a_cardinality_is_a_number_or_read_from_the_data(cardinality: str, number: int) -> None:
    drawn = graph([user_task("a", loop=Loop(kind="parallel", cardinality=cardinality))], "start > a > end")
    assert len(Play(drawn, case={"number": 3}).waiting) == number


@pytest.mark.parametrize("departments", [None, "XF", 7, {"XF": 1}])
def test_a_list_that_is_none_is_refused(departments: Any) -> None:
    with pytest.raises(EngineError, match=r"case\.departments is not a list"):
        Play(_reviews(EACH), case={"departments": departments})


@pytest.mark.parametrize("number", [-1, 1.5, True, "3", None])
def test_a_cardinality_that_is_no_number_is_refused(number: Any) -> None:
    drawn = graph([user_task("a", loop=Loop(kind="parallel", cardinality="n"))], "start > a > end")
    with pytest.raises(EngineError, match="n is no whole number"):
        Play(drawn, n=number)


@pytest.mark.parametrize("loop", [Loop(kind="parallel", collection="n"), Loop(kind="parallel", cardinality="m")])
def test_a_thousand_instances_are_carried_out_and_one_more_is_refused(loop: Loop) -> None:
    drawn = graph([user_task("a", loop=loop)], "start > a > end")
    play = Play(drawn, n=list(range(1_000)), m=1_000)
    assert len(play.waiting) == 1_000
    assert len(play.send(Cancelled(outcome=""))) == 1_001
    with pytest.raises(EngineError, match="more than 1000 instances"):
        Play(drawn, n=list(range(1_001)), m=10**12)


# --- what an instance reads


def test_conditions_and_keys_inside_an_instance_read_its_entry_and_its_number() -> None:
    inner = within("s", exclusive("x", "x>a"), user_task("a"), user_task("b"), receive("c", correlation="department"))
    conditions = {"x>b": "department == 'CG' && instances.number == 2 && instances.total == 3"}
    nodes = (sub_process("s", loop=EACH), *inner)
    play = Play(graph(nodes, "start > s > end", "x > a > c", "x > b", conditions=conditions), case=DEPARTMENTS)
    assert play.waiting == ["a#1", "a#2", "b#1"]
    play.done("a", number=2)
    assert play.told == [Subscribed(node="c", round=1, trigger=Trigger.MESSAGE, name="paid", key="SCJG")]


def test_each_instance_of_a_receive_task_waits_for_its_own_message() -> None:
    drawn = graph([receive("c", loop=EACH, correlation="department")], "start > c > end")
    play = Play(drawn, case=DEPARTMENTS)
    assert [effect.key for effect in play.of(Subscribed)] == ["XF", "CG", "SCJG"]
    play.fire("c", 3)
    play.fire("c", 2)
    assert play.fire("c", 4) == [RunEnded(outcome="closed")]


def test_a_send_task_sends_to_each() -> None:
    send = Node(id="s", kind=NodeKind.SEND_TASK, reference="news", correlation="department", loop=IN_TURN)
    play = Play(graph([send], "start > s > end"), case=DEPARTMENTS)
    assert [effect.key for effect in play.of(Thrown)] == ["XF", "CG", "SCJG"]
    assert play.state.ended


def test_a_thousand_messages_are_sent_one_by_one_in_one_step() -> None:
    loop = Loop(kind="sequential", cardinality="1000")
    send = Node(id="s", kind=NodeKind.SEND_TASK, reference="news", correlation="instances.number", loop=loop)
    play = Play(graph([send], "start > s > end"))
    assert [effect.key for effect in play.of(Thrown)] == [str(number) for number in range(1, 1_001)]


def test_sending_stops_when_the_completion_condition_holds() -> None:
    loop = Loop(kind="parallel", cardinality="5", completion="instances.done >= 2")
    send = Node(id="s", kind=NodeKind.SEND_TASK, reference="news", loop=loop)
    play = Play(graph([send], "start > s > end"))
    assert [type(effect) for effect in play.told] == [Thrown, Thrown, RunEnded]


def test_what_an_instance_reads_is_gone_when_it_is_over() -> None:
    drawn = graph([user_task("a", loop=EACH), user_task("b", department="$department")], "start > a > b > end")
    play = Play(drawn, case=DEPARTMENTS, department="MZ")
    for number in (2, 3, 4):
        play.done("a", number=number)
    assert _departments(play) == ["MZ"]
    assert play.state.local == {}


def test_nested_instances_read_both_entries() -> None:
    rooms = Loop(kind="parallel", collection="rooms", item="room")
    inner = within("s", user_task("a", department="$department", loop=rooms), receive("c", correlation="department"))
    drawn = graph((sub_process("s", loop=EACH), *inner), "start > s > end", "a > c")
    play = Play(drawn, case={"departments": ["XF", "CG"]}, rooms=[1, 2])
    assert _departments(play) == ["XF", "XF", "CG", "CG"]
    local = {one: values.get("room") for one, values in play.state.local.items() if one[0] == "a"}
    assert sorted(local.values()) == [1, 1, 2, 2]
    for number in sorted(number for node, number in play.state.waiting if node == "a"):
        play.done("a", number=number)
    assert play.waiting == ["c#1", "c#2"]
    play.fire("c")
    assert play.fire("c", 2) == [RunEnded(outcome="closed")]


# --- what they answer


def test_the_answers_of_all_instances_are_a_list_in_the_order_in_which_they_came() -> None:
    nodes = (user_task("a", loop=THREE), exclusive("x", "x>end"), user_task("b"))
    conditions = {"x>b": "outcomes.a.exists(one, one == 'no')"}
    play = Play(graph(nodes, "start > a > x > end", "x > b > end", conditions=conditions))
    for number, outcome in ((3, "ok"), (4, "no"), (2, "ok")):
        play.done("a", outcome, number)
    assert play.state.data["outcomes"] == {"a": ["ok", "no", "ok"]}
    assert play.state.data["outcome"] == {"a": "ok"}
    assert play.waiting == ["b#1"]


def test_the_answers_of_a_second_round_are_its_own() -> None:
    nodes = (user_task("a", loop=Loop(kind="parallel", cardinality="2")), exclusive("x", "x>end"))
    conditions = {"x>a": "outcomes.a.exists(one, one == 'no')"}
    play = Play(graph(nodes, "start > a > x > end", "x > a", conditions=conditions))
    play.done("a", "no", 2)
    play.done("a", "ok", 3)
    assert play.state.data["outcomes"] == {"a": []}
    play.done("a", "ok", 5)
    assert play.done("a", "ok", 6) == [RunEnded(outcome="closed")]


@pytest.mark.parametrize(
    "completion", ["instances.done >= 2", "outcomes.a.exists(one, one == 'no')", "outcome.a == 'no'"]
)
def test_when_the_completion_condition_holds_the_others_are_taken_away(completion: str) -> None:
    loop = Loop(kind="parallel", cardinality="4", completion=completion)
    play = Play(graph([user_task("a", loop=loop)], "start > a > end"))
    assert play.done("a", "ok", 4) == []
    assert play.done("a", "no", 2) == [
        ActivityCancelled(node="a", round=3),
        ActivityCancelled(node="a", round=5),
        RunEnded(outcome="closed"),
    ]


def test_when_the_completion_condition_holds_no_other_one_begins() -> None:
    loop = Loop(kind="sequential", cardinality="4", completion="outcome.a == 'no' && instances.total == 4")
    play = Play(graph([user_task("a", loop=loop)], "start > a > end"))
    assert len(play.done("a", "ok", 2)) == 1
    assert play.done("a", "no", 3) == [RunEnded(outcome="closed")]


# --- events on the border of all of them


def test_an_interrupting_event_takes_all_instances_away_and_is_armed_once() -> None:
    nodes = (user_task("a", loop=THREE), boundary("t", "a"), user_task("b"))
    play = Play(graph(nodes, "start > a > end", "t > b > end"))
    assert len(play.of(TimerSet)) == 1
    play.done("a", number=3)
    assert play.fire("t")[:2] == [ActivityCancelled(node="a", round=2), ActivityCancelled(node="a", round=4)]
    assert (play.waiting, play.armed, play.state.scopes) == (["b#1"], [], {})


def test_a_reminder_beside_several_instances_outlives_them() -> None:
    nodes = (user_task("a", loop=THREE), boundary("t", "a", interrupting=False), service_task("mail"))
    play = Play(graph(nodes, "start > a > end", "t > mail"))
    play.fire("t")
    for number in (2, 3, 4):
        play.done("a", number=number)
    assert play.waiting == ["mail#1"]
    assert play.done("mail") == [RunEnded(outcome="closed")]


def test_an_instance_that_fails_ends_the_others_if_the_border_listens() -> None:
    nodes = (call("a", loop=THREE), on_border("c", "a", Trigger.ERROR, "E1"), user_task("b"))
    play = Play(graph(nodes, "start > a > end", "c > b > end"))
    assert len(play.of(ChildCalled)) == 3
    play.done("a", "ok", 2)
    assert play.fail("a", "E1", 3)[0] == ActivityCancelled(node="a", round=4)
    assert play.of(ActivityCancelled) == [ActivityCancelled(node="a", round=4)]
    assert play.waiting == ["b#1"]
    assert play.state.data["outcomes"] == {"a": ["ok", "E1"]}


def test_an_instance_that_fails_unheard_ends_the_run() -> None:
    play = Play(graph([service_task("a", loop=THREE)], "start > a > end"))
    assert len(play.of(JobQueued)) == 3
    assert play.fail("a", "E1", 3) == [
        ActivityCancelled(node="a", round=2),
        ActivityCancelled(node="a", round=4),
        RunEnded(outcome="E1", error="E1"),
    ]


# --- several instances of a sub-process


def _bundle(loop: Loop, *more: Node, paths: tuple[str, ...] = ()) -> Graph:
    inner = within("s", user_task("a", department="$department"), user_task("b"), finish("se"))
    return graph((sub_process("s", loop=loop), *inner, *more), "start > s > end", "a > b > se", *paths)


def test_parallel_instances_of_a_sub_process_keep_their_tokens_apart() -> None:
    play = Play(_bundle(EACH), case=DEPARTMENTS)
    assert _departments(play) == ["XF", "CG", "SCJG"]
    assert {scope[0] for scope in play.state.waiting.values()} == {"s"}
    play.done("a", number=2)
    assert play.waiting == ["a#1", "a#3", "b#1"]
    play.done("b")
    assert len(play.state.scopes) == 3, "one instance is over, the activity and two instances are not"
    for number in (1, 3):
        play.done("a", number=number)
    play.done("b", number=2)
    assert play.done("b", number=3) == [RunEnded(outcome="closed")]


def test_sequential_instances_of_a_sub_process_follow_one_another() -> None:
    play = Play(_bundle(IN_TURN), case={"departments": ["XF", "CG"]})
    play.done("a")
    assert play.waiting == ["b#1"]
    play.done("b")
    assert _departments(play) == ["CG"]
    play.done("a", number=2)
    assert play.done("b", number=2) == [RunEnded(outcome="closed")]


def test_a_thousand_instances_that_wait_for_nothing_end_in_one_step() -> None:
    for kind in ("parallel", "sequential"):
        nodes = (sub_process("s", loop=Loop(kind=kind, cardinality="1000")), *within("s", manual("m"), manual("n")))
        assert Play(graph(nodes, "start > s > end", "m > n")).told == [RunEnded(outcome="closed")]


def test_a_thousand_open_sub_processes_are_ended_together() -> None:
    loop = Loop(kind="parallel", cardinality="1000")
    play = Play(graph((sub_process("s", loop=loop), *within("s", user_task("a"))), "start > s > end"))
    assert len(play.send(Cancelled(outcome=""))) == 1_001


def test_an_instance_decides_by_the_answers_given_in_it() -> None:
    inner = within(
        "s", user_task("a"), catch("wait", Trigger.TIMER), exclusive("x", "x>se"), user_task("b"), finish("se")
    )
    nodes = (sub_process("s", loop=Loop(kind="parallel", cardinality="2")), *inner)
    conditions = {"x>b": "outcome.a == 'no'"}
    play = Play(graph(nodes, "start > s > end", "a > wait > x > se", "x > b", conditions=conditions))
    play.done("a", "no", 1)
    play.done("a", "ok", 2)
    play.fire("wait", 1)
    play.fire("wait", 2)
    assert play.waiting == ["b#1"], "the first said no, whatever the second said after it"


def test_nested_instances_count_the_answers_of_their_own_round() -> None:
    votes = Loop(kind="parallel", cardinality="2", completion="outcomes.vote.exists(one, one == 'no')")
    nodes = (sub_process("s", loop=Loop(kind="parallel", cardinality="2")), *within("s", user_task("vote", loop=votes)))
    play = Play(graph(nodes, "start > s > end"))
    assert play.waiting == ["vote#2", "vote#3", "vote#5", "vote#6"]
    play.done("vote", "no", 2)
    assert play.waiting == ["vote#5", "vote#6"]
    play.done("vote", "ok", 5)
    assert play.waiting == ["vote#6"], "nobody of this round said no"


def test_sub_processes_answer_with_the_end_event_each_reached() -> None:
    inner = within(
        "s", user_task("a"), exclusive("x", "x>good"), finish("good", outcome="ok"), finish("bad", outcome="no")
    )
    loop = Loop(kind="parallel", cardinality="3", completion="outcomes.s.exists(one, one == 'no')")
    conditions = {"x>bad": "outcome.a == 'refuse'"}
    nodes = (sub_process("s", loop=loop), *inner)
    play = Play(graph(nodes, "start > s > end", "a > x > good", "x > bad", conditions=conditions))
    play.done("a", "grant", 2)
    assert play.state.data["outcomes"]["s"] == ["ok"]
    assert play.done("a", "refuse", 1) == [ActivityCancelled(node="a", round=3), RunEnded(outcome="closed")]
    assert play.state.data["outcomes"]["s"] == ["ok", "no"]


def test_each_instance_has_event_sub_processes_of_its_own() -> None:
    handler = beside("h", begin("hs", Trigger.MESSAGE, "asked", correlation="department"), user_task("c"), scope="s")
    play = Play(_bundle(EACH, *handler, paths=("hs > c",)), case={"departments": ["XF", "CG"]})
    assert [effect.key for effect in play.of(Subscribed)] == ["XF", "CG"]
    first, second = (effect.round for effect in play.of(Subscribed))
    play.fire("hs", second)
    assert play.waiting == ["a#1", "c#1"]
    assert play.armed == [f"hs#{first}"]
    play.done("c")
    play.done("a")
    assert play.done("b")[-1] == RunEnded(outcome="closed")


def test_a_terminate_end_and_a_caught_error_end_one_instance_alone() -> None:
    inner = within("s", parallel("p"), user_task("a"), user_task("b"), finish("stop", Trigger.TERMINATE))
    handler = beside("h", begin("hs", Trigger.ERROR), manual("m"), scope="s")
    nodes = (sub_process("s", loop=Loop(kind="parallel", cardinality="3")), *inner, *handler)
    play = Play(graph(nodes, "start > s > end", "p > a > stop", "p > b", "hs > m"))
    assert play.done("a", number=2) == [ActivityCancelled(node="b", round=2)]
    play.fail("a", "E1", 3)
    assert play.waiting == ["a#1", "b#1"]
    play.done("b")
    assert play.done("a") == [RunEnded(outcome="closed")]


def test_an_event_on_the_border_ends_all_instances_of_a_sub_process() -> None:
    play = Play(_bundle(EACH, boundary("t", "s"), paths=("t > end",)), case=DEPARTMENTS)
    play.done("a", number=2)
    play.fire("t")
    assert [(one.node, one.round) for one in play.of(ActivityCancelled)] == [("a", 1), ("a", 3), ("b", 1)]
    assert play.state.ended


def test_an_uncaught_error_in_one_instance_is_caught_on_the_border_of_all() -> None:
    inner = within("s", user_task("a"), finish("bad", Trigger.ERROR, "E1", outcome="spoilt"))
    nodes = (sub_process("s", loop=THREE), *inner, on_border("c", "s", Trigger.ERROR, "E1"), exclusive("x", "x>end"))
    conditions = {"x>b": "outcome.s == 'spoilt'"}
    drawn = graph(
        (*nodes, user_task("b")), "start > s > end", "a > bad", "c > x > end", "x > b > end", conditions=conditions
    )
    play = Play(drawn)
    play.done("a", number=2)
    assert [(one.node, one.round) for one in play.of(ActivityCancelled)] == [("a", 1), ("a", 3)]
    assert play.waiting == ["b#1"], "what its end event answered can be read"


# --- standard loops


def test_a_loop_repeats_while_its_condition_holds() -> None:
    loop = Loop(kind="standard", condition="outcome.a == 'again'")
    play = Play(graph((user_task("a", loop=loop), boundary("t", "a")), "start > a > end", "t > end"))
    assert (play.waiting, play.armed) == (["a#2"], ["t#1"])
    play.done("a", "again", 2)
    play.done("a", "again", 3)
    assert (play.waiting, play.armed) == (["a#4"], ["t#1"])
    assert play.done("a", "enough", 4) == [Disarmed(node="t", round=1), RunEnded(outcome="closed")]
    assert play.state.data["outcomes"] == {"a": ["again", "again", "enough"]}


def test_a_loop_repeats_no_more_often_than_its_maximum() -> None:
    loop = Loop(kind="standard", condition="true", maximum=3)
    play = Play(graph([user_task("a", loop=loop)], "start > a > end"))
    for number in (2, 3, 4):
        assert not play.state.ended
        play.done("a", "again", number)
    assert play.state.ended


@pytest.mark.parametrize(("wanted", "waiting"), [(True, ["a#2"]), (False, ["b#1"]), (None, ["b#1"])])
def test_a_loop_may_ask_before_its_first_round(wanted: Any, waiting: list[str]) -> None:
    loop = Loop(kind="standard", condition="wanted == true", first=True)
    play = Play(graph((user_task("a", loop=loop), user_task("b")), "start > a > b > end"), wanted=wanted)
    assert play.waiting == waiting


@pytest.mark.parametrize("first", [True, False])
def test_a_loop_may_count_its_rounds(first: bool) -> None:
    loop = Loop(kind="standard", condition="instances.done < 2", first=first)
    play = Play(graph([user_task("a", loop=loop)], "start > a > end"))
    play.done("a", number=2)
    assert play.done("a", number=3) == [RunEnded(outcome="closed")]


def test_a_sub_process_repeats_by_the_answer_of_its_end_event() -> None:
    loop = Loop(kind="standard", condition="outcome.s == 'again'")
    inner = within("s", user_task("a"), exclusive("x", "x>enough"), finish("enough"), finish("again", outcome="again"))
    drawn = graph(
        (sub_process("s", loop=loop), *inner),
        "start > s > end",
        "a > x > enough",
        "x > again",
        conditions={"x>again": "outcome.a == 'no'"},
    )
    play = Play(drawn)
    play.done("a", "no")
    assert play.waiting == ["a#2"]
    assert play.done("a", "ok", 2) == [RunEnded(outcome="closed")], "an earlier round's answer does not count"


def test_a_loop_without_end_in_which_nothing_waits_is_refused() -> None:
    nodes = (sub_process("s", loop=Loop(kind="standard", condition="true")), *within("s", manual("m")))
    with pytest.raises(EngineError, match="without end"):
        Play(graph(nodes, "start > s > end"))


def test_instances_that_end_in_one_step_answer_in_their_order() -> None:
    inner = within("s", exclusive("x", "x>odd"), finish("odd", outcome="odd"), finish("even", outcome="even"))
    nodes = (sub_process("s", loop=Loop(kind="parallel", collection="numbers")), *inner)
    drawn = graph(nodes, "start > s > end", "x > odd", "x > even", conditions={"x>even": "item == 0"})
    assert Play(drawn, numbers=[1, 0] * 20).state.data["outcomes"] == {"s": ["odd", "even"] * 20}


def test_the_first_of_several_that_end_in_one_step_may_end_the_others() -> None:
    loop = Loop(kind="parallel", cardinality="5", completion="instances.done >= 2")
    play = Play(graph((sub_process("s", loop=loop), *within("s", manual("m"))), "start > s > end"))
    assert play.told == [RunEnded(outcome="closed")]
    assert len(play.state.data["outcomes"]["s"]) == 2

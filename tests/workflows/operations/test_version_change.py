"""Running cases and a new version of their process: before/after pairs of each class, with real runs on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection

from tests.factories.accounts import UserFactory
from tests.factories.processes import (
    DAY,
    begin,
    boundary,
    call,
    catch,
    event_based,
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
from tests.factories.runs import NOW, at_once, publish, start, task
from tests.factories.version_changes import (
    LATER,
    Pair,
    brought_to_the_end,
    changed,
    child_of,
    done,
    fired,
    moved_to,
    open_tasks,
    pending_timers,
    redrawn,
    renamed,
    rows,
    sent_back,
    told,
    worked,
)
from workflows.actions import ActionContext, ActionResult, _registry, register
from workflows.engine.graph import Loop, NodeKind, Span, Timer, Trigger
from workflows.models import HistoryEvent, Message, Run, Subscription, Task
from workflows.models import Timer as TimerRow
from workflows.operations import version_change
from workflows.operations.history import first_broken_row
from workflows.operations.runs import resume_run, suspend_run
from workflows.operations.tasks import TaskClosedError, complete_task
from workflows.operations.timers import sweep_timers
from workflows.operations.version_change import (
    PlanKind,
    UnknownVersionError,
    migrate_case,
    migrate_run,
    plan_migration,
)

pytestmark = pytest.mark.django_db

TWO_DAYS, FIVE_DAYS = Span(amount=2, unit="calendar_days"), Span(amount=5, unit="calendar_days")

LINE = graph([user_task(key) for key in "abc"], "start > a > b > c > end")
BRANCHES = graph(
    [parallel("split"), parallel("join"), *map(user_task, ("left", "next", "right", "after"))],
    "start > split > left > next > join > after > end",
    "split > right > join",
)
LOOPING = graph(
    [
        exclusive("entry"),
        user_task("work", outcomes=("ok", "again")),
        exclusive("asked", "asked>after"),
        user_task("after"),
    ],
    "start > entry > work > asked > entry",
    "asked > after > end",
    conditions={"asked>entry": "outcome.work == 'again'"},
)
ROOM = graph(
    [
        user_task("before"),
        sub_process("room"),
        *within("room", begin("in"), user_task("first"), user_task("second"), finish("out")),
        user_task("after"),
    ],
    "start > before > room > after > end",
    "in > first > second > out",
)
SEVERAL = graph(
    [user_task("review", department="$item", loop=Loop(kind="parallel", collection="reviewers")), user_task("after")],
    "start > review > after > end",
)
IN_TURN = graph(
    [user_task("turn", loop=Loop(kind="sequential", cardinality="3")), user_task("after")],
    "start > turn > after > end",
)
TIMED = graph(
    [
        user_task("work", limit=DAY),
        boundary("late", "work"),
        user_task("instead"),
        exclusive("merge"),
        user_task("after"),
    ],
    "start > work > merge > after > end",
    "late > instead > merge",
)
REMINDED = graph(
    [
        user_task("work"),
        on_border("ring", "work", Trigger.TIMER, interrupting=False, timer=Timer(span=DAY, repeats=3)),
        user_task("note"),
        finish("noted"),
        user_task("after"),
    ],
    "start > work > after > end",
    "ring > note > noted",
)
PAYING = graph([user_task("bill"), receive("pay"), user_task("after")], "start > bill > pay > after > end")
CHOICE = graph(
    [
        event_based("wait"),
        catch("heard", Trigger.MESSAGE, "answered", host="wait"),
        catch("over", Trigger.TIMER, host="wait"),
        exclusive("merge"),
        user_task("after"),
    ],
    "start > wait > heard > merge > after > end",
    "wait > over > merge",
)
CHILD = graph([user_task("one"), user_task("two")], "start > one > two > end", key="probe-child")
CALLING = graph([call("ask"), user_task("after")], "start > ask > after > end")
JOB = graph(
    [service_task("act"), exclusive("asked", "asked>low"), user_task("high"), user_task("low"), exclusive("merge")],
    "start > act > asked > high > merge > end",
    "asked > low > merge",
    conditions={"asked>high": "answers.found > 5"},
)
JOB_TWICE = graph(
    [
        exclusive("entry"),
        service_task("act"),
        user_task("work", outcomes=("ok", "again")),
        exclusive("asked", "asked>after"),
        user_task("after"),
    ],
    "start > entry > act > work > asked > entry",
    "asked > after > end",
    conditions={"asked>entry": "outcome.work == 'again'"},
)
RETURNING = graph(
    [user_task("a"), user_task("b", returns=("b>a",)), user_task("c")], "start > a > b > c > end", "b > a"
)
TIMED_LATER = graph(
    [user_task("work"), user_task("next"), boundary("late", "next"), finish("gone")],
    "start > work > next > end",
    "late > gone",
)
TAIL = {"links": ["-c > end", "c > d", "d > end"]}


@pytest.fixture(autouse=True)
def answers() -> Iterator[list[dict[str, Any]]]:
    """Let the action `probe.act` give the first of these each time; at first `{"answers": {"found": 7}}`."""
    given: list[dict[str, Any]] = [{"answers": {"found": 7}}]

    @register("probe.act")
    def act(context: ActionContext) -> ActionResult:
        return ActionResult(outcome="fine", data=given.pop(0) if given else {})

    yield given
    _registry.pop("probe.act", None)


def last_fact(run: Run) -> HistoryEvent:
    assert first_broken_row(Run.objects.get(pk=run.root_key)) is None
    return HistoryEvent.objects.filter(root=run.root_key, kind="run_migrated").latest("seq")


# --- ways to a place


def at_b(run: Run) -> None:
    done(run, "a")


def at_c(run: Run) -> None:
    done(run, "a")
    done(run, "b")


def in_one_branch(run: Run) -> None:
    done(run, "left")


def before_the_join(run: Run) -> None:
    in_one_branch(run)
    done(run, "next")


def in_round_two(run: Run) -> None:
    done(run, "work", "again")


def in_round_three(run: Run) -> None:
    done(run, "work", "again")
    done(run, "work", "again", 2)


def inside(run: Run) -> None:
    done(run, "before")
    done(run, "first")


def one_of_three(run: Run) -> None:
    done(run, "review", number=3)


def two_in_turn(run: Run) -> None:
    done(run, "turn", number=2)


def instead(run: Run) -> None:
    fired(NOW + timedelta(days=2))


def rung_once(run: Run) -> None:
    fired(NOW + timedelta(days=1, hours=12))


def billed(run: Run) -> None:
    done(run, "bill")


def paid(run: Run) -> None:
    done(run, "bill")
    told("paid", {"receipt": "r1"})


def heard(run: Run) -> None:
    told("answered")


def asked_one(run: Run) -> None:
    done(child_of(run), "one")


def answered(run: Run) -> None:
    asked_one(run)
    done(child_of(run), "two")


def acted(run: Run) -> None:
    worked()


def acted_again(run: Run) -> None:
    worked()
    done(run, "work", "again")
    worked()


def returned(run: Run) -> None:
    done(run, "a")
    sent_back(run, "b", "a")


def returned_and_done(run: Run) -> None:
    returned(run)
    done(run, "a", number=2)


REVIEWERS = {"reviewers": ["SCJG", "XF", "CG"]}
LATE_AFTER = {"role": "checker", "limit": TWO_DAYS, "department": "XF"}

AUTOMATIC = {
    "texts": Pair(before=LINE, after=renamed(LINE), way=at_b),
    "who does a later step, by when": Pair(before=LINE, after=changed(renamed(LINE), c=LATE_AFTER), way=at_b),
    "in a branch": Pair(before=BRANCHES, after=changed(renamed(BRANCHES), after=LATE_AFTER), way=in_one_branch),
    "one token at the join": Pair(
        before=BRANCHES, after=changed(renamed(BRANCHES), after=LATE_AFTER), way=before_the_join
    ),
    "second round": Pair(before=LOOPING, after=changed(renamed(LOOPING), after=LATE_AFTER), way=in_round_two),
    "inside a sub-process": Pair(before=ROOM, after=changed(renamed(ROOM), after=LATE_AFTER), way=inside),
    "several instances": Pair(
        before=SEVERAL, after=changed(renamed(SEVERAL), after=LATE_AFTER), data=REVIEWERS, way=one_of_three
    ),
    "one instance after another": Pair(
        before=IN_TURN, after=changed(renamed(IN_TURN), after=LATE_AFTER), way=two_in_turn
    ),
    "a timer armed": Pair(before=TIMED, after=changed(renamed(TIMED), after=LATE_AFTER, instead={"limit": DAY})),
    "a repeated timer armed": Pair(before=REMINDED, after=changed(renamed(REMINDED), after=LATE_AFTER), way=rung_once),
    "waiting for a message": Pair(before=PAYING, after=changed(renamed(PAYING), after=LATE_AFTER), way=billed),
    "waiting for what comes first": Pair(before=CHOICE, after=changed(renamed(CHOICE), after=LATE_AFTER)),
    "a job queued": Pair(before=JOB, after=changed(renamed(JOB), high=LATE_AFTER)),
    "a timer of a step not reached": Pair(
        before=TIMED_LATER, after=changed(TIMED_LATER, late={"timer": Timer(span=FIVE_DAYS)})
    ),
}


@pytest.mark.parametrize("pair", AUTOMATIC.values(), ids=AUTOMATIC)
def test_harmless_changes_move_and_nothing_but_words_is_another(pair: Pair) -> None:
    run, new = pair.begin()
    before = rows(run)
    plan = plan_migration(run.definition, new, run)
    assert (plan.kind, plan.reasons, rows(run)) == (PlanKind.AUTOMATIC, (), before)
    answer = moved_to(run, new, allow=frozenset({PlanKind.AUTOMATIC}))
    assert (answer.moved, answer.from_version, answer.to_version) == (True, 1, 2)
    after = rows(run)
    assert after["run"] == (new.pk, *before["run"][1:4], before["run"][4] + 1)
    assert (after["timers"], after["waits"], after["jobs"]) == (before["timers"], before["waits"], before["jobs"])
    for old_task, task_now in zip(before["tasks"], after["tasks"], strict=True):
        is_open = task_now["closed_at"] is None
        assert task_now["name_en"] == (pair.after.nodes[task_now["node"]].name_en if is_open else old_task["name_en"])
        unworded = {"name_zh": "", "name_en": ""}
        assert {**old_task, **unworded} == {**task_now, **unworded}
    fact = last_fact(run)
    assert (fact.kind, fact.detail) == (
        "run_migrated",
        {"process": "probe", "version": 2, "from_version": 1, "plan": "automatic"},
    )
    assert moved_to(run, new).plan is None, "the second time there is nothing to do"
    assert rows(run) == after
    assert brought_to_the_end(run).outcome == "closed"


FAST_FORWARD = {
    "a tail behind": Pair(before=LINE, after=redrawn(LINE, user_task("d"), **TAIL), way=at_b),
    "handwork before": Pair(
        before=LINE, after=redrawn(LINE, manual("m"), links=["-a > b", "a > m", "m > b"]), way=at_b
    ),
    "a step not reached goes": Pair(before=LINE, after=redrawn(LINE, without="c", links=["b > end"]), way=at_b),
    "limits of the open step": Pair(before=LINE, after=changed(LINE, b={"limit": TWO_DAYS}), way=at_b),
    "who did a step that is over": Pair(before=LINE, after=changed(LINE, a={"department": "XF"}), way=at_b),
    "a branch more behind the join": Pair(
        before=BRANCHES,
        after=redrawn(BRANCHES, user_task("d"), links=["-after > end", "after > d", "d > end"]),
        way=in_one_branch,
    ),
    "the join moves back": Pair(
        before=BRANCHES,
        after=redrawn(BRANCHES, manual("m"), links=["-next > join", "next > m", "m > join"]),
        way=before_the_join,
    ),
    "second round": Pair(
        before=LOOPING,
        after=redrawn(LOOPING, user_task("d"), links=["-after > end", "after > d", "d > end"]),
        way=in_round_two,
    ),
    "third round, asked otherwise": Pair(
        before=LOOPING, after=redrawn(LOOPING, asked_to_entry="outcome.work != 'ok'"), way=in_round_three
    ),
    "inside a sub-process": Pair(
        before=ROOM,
        after=redrawn(
            ROOM, *within("room", user_task("third")), links=["-second > out", "second > third", "third > out"]
        ),
        way=inside,
    ),
    "several instances, fewer are enough": Pair(
        before=SEVERAL,
        after=changed(
            SEVERAL,
            review={"loop": Loop(kind="parallel", collection="reviewers", completion="instances.done >= 2")},
        ),
        data=REVIEWERS,
        way=one_of_three,
    ),
    "one after another, a step behind": Pair(
        before=IN_TURN,
        after=redrawn(IN_TURN, user_task("d"), links=["-after > end", "after > d", "d > end"]),
        way=two_in_turn,
    ),
    "the timer goes": Pair(
        before=TIMED, after=redrawn(TIMED, without=["late", "instead", "merge"], links=["work > after"])
    ),
    "instead, then what": Pair(before=TIMED, after=changed(TIMED, work={"limit": None}), way=instead),
    "waiting for another message": Pair(before=PAYING, after=changed(PAYING, pay={"reference": "settled"}), way=billed),
    "paid": Pair(
        before=PAYING, after=redrawn(PAYING, user_task("d"), links=["-after > end", "after > d", "d > end"]), way=paid
    ),
    "one came first": Pair(
        before=CHOICE, after=redrawn(CHOICE, user_task("d"), links=["-after > end", "after > d", "d > end"]), way=heard
    ),
    "a child asked": Pair(
        before=CALLING,
        after=redrawn(CALLING, user_task("d"), links=["-after > end", "after > d", "d > end"]),
        way=asked_one,
    ),
    "a child answered": Pair(
        before=CALLING,
        after=redrawn(CALLING, user_task("d"), links=["-after > end", "after > d", "d > end"]),
        way=answered,
    ),
    "a job answered, asked otherwise": Pair(
        before=JOB, after=redrawn(JOB, asked_to_high="answers.found > 6"), way=acted
    ),
    "a job twice": Pair(
        before=JOB_TWICE,
        after=redrawn(JOB_TWICE, user_task("d"), links=["-after > end", "after > d", "d > end"]),
        way=acted_again,
    ),
    "sent back": Pair(before=RETURNING, after=redrawn(RETURNING, user_task("d"), **TAIL), way=returned),
    "sent back and done again": Pair(
        before=RETURNING, after=redrawn(RETURNING, user_task("d"), **TAIL), way=returned_and_done
    ),
}


@pytest.mark.parametrize("pair", FAST_FORWARD.values(), ids=FAST_FORWARD)
def test_a_path_that_fits_moves_once_it_is_allowed_and_goes_on(pair: Pair) -> None:
    for child in {"probe-child"} & {node.called for node in pair.before.nodes.values()}:
        assert publish(CHILD).key == child
    run, new = pair.begin()
    before = rows(run)
    plan = plan_migration(run.definition, new, run)
    assert plan.kind is PlanKind.FAST_FORWARD, [str(reason) for reason in plan.reasons]
    assert plan.reasons, "the dry run says what changes"
    assert not moved_to(run, new, allow=frozenset({PlanKind.AUTOMATIC})).moved
    assert rows(run) == before
    assert moved_to(run, new).moved
    after = rows(run)
    assert after["run"][0] == new.pk
    assert [(t["node"], t["round"], t["state"]) for t in after["tasks"]] == [
        (t["node"], t["round"], t["state"]) for t in before["tasks"]
    ]
    assert after["jobs"] == before["jobs"]
    assert last_fact(run).detail["plan"] == "fast_forward"
    assert moved_to(run, new).plan is None
    assert rows(run) == after
    brought_to_the_end(run)


OTHER_JOB = service_task("d")
REFUSED = {
    "the open step is gone": Pair(
        before=LINE,
        after=redrawn(LINE, without="b", links=["a > c"]),
        way=at_b,
        words=("task_done a#1", "open the task b#1"),
    ),
    "a step comes before": Pair(
        before=LINE,
        after=redrawn(LINE, user_task("d"), links=["-a > b", "a > d", "d > b"]),
        way=at_b,
        words=("at task_done a#1: the new version would open the task d#1 as well",),
    ),
    "a job comes before": Pair(
        before=LINE,
        after=redrawn(LINE, OTHER_JOB, links=["-a > b", "a > d", "d > b"]),
        way=at_c,
        words=("queue the job d#1",),
    ),
    "the open step is another kind": Pair(
        before=LINE,
        after=changed(LINE, b={"kind": NodeKind.SERVICE_TASK, "action": "probe.act", "role": "", "department": ""}),
        way=at_b,
        words=("would not open the task b#1",),
    ),
    "somebody else's": Pair(
        before=LINE,
        after=changed(LINE, b={"department": "XF"}),
        way=at_b,
        words=("b: b#1 is open, and its department was SCJG, would be XF",),
    ),
    "another post's": Pair(
        before=LINE, after=changed(LINE, b={"role": "approver"}), way=at_b, words=("its role was handler",)
    ),
    "a branch more": Pair(
        before=BRANCHES,
        after=redrawn(BRANCHES, user_task("d"), links=["split > d", "d > join"]),
        way=in_one_branch,
        words=("at run_started: the new version would open the task d#1 as well",),
    ),
    "no join any more": Pair(
        before=BRANCHES,
        after=redrawn(
            BRANCHES,
            without=["join"],
            links=["next > after", "-split > right", "next > right", "-next > after", "right > after"],
        ),
        way=before_the_join,
        words=("would not open the task right#1",),
    ),
    "the loop is asked otherwise": Pair(
        before=LOOPING,
        after=redrawn(LOOPING, asked_to_entry="outcome.work == 'never'"),
        way=in_round_two,
        words=("at task_done work#1", "open the task after#1"),
    ),
    "an answer nobody could give": Pair(
        before=LOOPING,
        after=changed(LOOPING, work={"outcomes": ("ok", "repeat")}),
        way=in_round_two,
        words=("does not know the answer 'again'",),
    ),
    "the sub-process is gone": Pair(
        before=ROOM,
        after=redrawn(ROOM, without=["room", "in", "first", "second", "out"], links=["before > after"]),
        way=inside,
        words=("first#1",),
    ),
    "one instance more": Pair(
        before=IN_TURN,
        after=changed(IN_TURN, turn={"loop": Loop(kind="sequential", cardinality="1")}),
        way=two_in_turn,
        words=("turn#2", "open the task after#1"),
    ),
    "all at once": Pair(
        before=IN_TURN,
        after=changed(IN_TURN, turn={"loop": Loop(kind="parallel", cardinality="3")}),
        way=two_in_turn,
        words=("turn#3",),
    ),
    "the timer that fired is gone": Pair(
        before=TIMED,
        after=redrawn(TIMED, without=["late", "instead", "merge"], links=["work > after"]),
        way=instead,
        words=("timer_fired late#1", "would not have been waiting there, but at work#1"),
    ),
    "the message that came is not waited for": Pair(
        before=PAYING,
        after=redrawn(PAYING, without=["pay"], links=["bill > after"]),
        way=paid,
        words=("task_done bill#1",),
    ),
    "the other event is not drawn": Pair(
        before=CHOICE,
        after=redrawn(
            CHOICE,
            catch("more", Trigger.MESSAGE, "other", host="wait"),
            without=["heard"],
            links=["wait > more", "more > merge"],
        ),
        way=heard,
        words=("message_received heard#1",),
    ),
    "another process is called": Pair(
        before=CALLING,
        after=changed(CALLING, ask={"called": "other"}),
        way=asked_one,
        words=("its called was probe-child, would be other",),
    ),
    "a condition reads what the job said": Pair(
        before=JOB,
        after=redrawn(JOB, asked_to_high="answers.found > 10"),
        way=acted,
        words=("at job_done act#1", "open the task low#1"),
    ),
    "another action is queued": Pair(
        before=JOB,
        after=changed(JOB, act={"action": "probe.act", "kind": NodeKind.RULE_TASK, "decision": "d"}),
        words=("its kind was",),
    ),
    "no way back": Pair(
        before=RETURNING, after=redrawn(LINE), way=returned, words=("task_returned b#1", "would have failed")
    ),
}


@pytest.mark.parametrize("pair", REFUSED.values(), ids=REFUSED)
def test_a_path_that_does_not_fit_stays_and_the_report_names_the_elements(pair: Pair) -> None:
    for child in {"probe-child"} & {node.called for node in pair.before.nodes.values()}:
        assert publish(CHILD).key == child
    run, new = pair.begin()
    before = rows(run)
    answer = moved_to(run, new)
    assert answer.plan is not None
    report = " / ".join(str(reason) for reason in answer.plan.reasons)
    assert (answer.plan.kind, answer.moved) == (PlanKind.REFUSED, False), report
    assert all(word in report for word in pair.words), report
    assert rows(run) == before
    brought_to_the_end(run)

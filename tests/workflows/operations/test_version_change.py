"""Running cases and a new version of their process: before/after pairs of each class, with real runs on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction

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
    CHILD,
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
from workflows.operations.node_timers import after
from workflows.operations.runs import resume_run, suspend_run
from workflows.operations.tasks import complete_task
from workflows.operations.timers import sweep_timers
from workflows.operations.version_change import (
    PlanKind,
    UnknownVersionError,
    migrate_case,
    migrate_run,
    plan_migration,
)
from workflows.queries.calendars import calendar_for

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


def end_of(span: Span, since: datetime = NOW) -> datetime:
    """Return when a span ends that has run since an instant: a holiday at its end lengthens it."""
    return after(span, since, calendar_for())


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
        after=redrawn(LOOPING, asked_to_entry="answers.never == 'asked'"),
        way=in_round_two,
        words=("at task_done work#1", "open the task after#1"),
    ),
    "an answer nobody could give": Pair(
        before=LOOPING,
        after=changed(redrawn(LOOPING, asked_to_entry="outcome.work == 'repeat'"), work={"outcomes": ("ok", "repeat")}),
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


# --- what is adopted


def test_open_tasks_get_the_new_words_answers_and_limit_counted_from_when_they_opened() -> None:
    run, new = Pair(
        before=changed(LINE, a={"limit": DAY}, b={"limit": DAY}),
        after=changed(renamed(LINE), b={"limit": FIVE_DAYS, "outcomes": ("ok", "no")}),
        way=at_b,
    ).begin()
    closed = Task.objects.filter(run=run, node="a").values().get()
    moved_to(run, new)
    one = task(run, "b")
    due_at = end_of(FIVE_DAYS)
    assert one.due_at == due_at > end_of(DAY)
    assert (one.name_zh, one.name_en, one.outcomes, one.opened_at) == ("新b", "New b", ["ok", "no"], NOW)
    assert pending_timers(run) == {"limit b#1": due_at}
    assert Task.objects.filter(run=run, node="a").values().get() == closed, "what is done stays as it was"


def test_a_limit_that_goes_takes_its_timer_and_one_that_comes_sets_it_even_in_the_past() -> None:
    limited = changed(LINE, a={"limit": DAY})
    run, new = Pair(before=limited, after=LINE).begin()
    moved_to(run, new)
    assert (pending_timers(run), task(run, "a").due_at) == ({}, None)
    moved_to(run, version_change.version_of("probe", 1), at=NOW + timedelta(days=9))
    assert task(run, "a").due_at == end_of(DAY) < NOW + timedelta(days=9)
    assert pending_timers(run) == {"limit a#1": end_of(DAY)}


def test_a_due_instant_copied_from_a_clock_that_presses_more_stays() -> None:
    run, new = Pair(before=changed(LINE, a={"limit": FIVE_DAYS}), after=changed(LINE, a={"limit": TWO_DAYS})).begin()
    Task.objects.filter(run=run).update(due_at=NOW)
    moved_to(run, new)
    assert task(run, "a").due_at == NOW
    assert pending_timers(run) == {"limit a#1": end_of(TWO_DAYS)}


def test_a_task_told_to_be_late_is_told_again_only_when_it_is_late_again() -> None:
    run, new = Pair(before=changed(LINE, a={"limit": DAY}), after=changed(LINE, a={"limit": FIVE_DAYS})).begin()
    moment = NOW + timedelta(days=3)
    assert sweep_timers(at=moment) == 1
    moved_to(run, new, at=moment)
    assert sweep_timers(at=moment) == 0
    assert sweep_timers(at=end_of(FIVE_DAYS)) == 1
    assert HistoryEvent.objects.filter(root=run, kind="task_overdue").count() == 2
    moved_to(run, version_change.version_of("probe", 1), at=end_of(FIVE_DAYS))
    assert pending_timers(run) == {}, "it is past that limit too, and everybody knows"
    brought_to_the_end(run, at=end_of(FIVE_DAYS) + timedelta(days=1))


def test_a_border_timer_keeps_the_time_that_has_passed() -> None:
    run, new = Pair(before=TIMED, after=changed(TIMED, late={"timer": Timer(span=FIVE_DAYS)})).begin()
    assert pending_timers(run)["event late#1"] == end_of(DAY)
    answer = moved_to(run, new)
    assert answer.plan is not None
    due_at = pending_timers(run)["event late#1"]
    assert due_at == answer.plan.timers["late", 1] == end_of(FIVE_DAYS)
    assert TimerRow.objects.filter(payload__node="late").count() == 1
    fired(due_at)
    assert open_tasks(run) == ["instead#1"]
    brought_to_the_end(run, at=due_at)


def test_a_border_timer_drawn_anew_counts_from_when_its_host_opened_and_may_be_due_at_once() -> None:
    plain = redrawn(TIMED, without=["late", "instead", "merge"], links=["work > after"])
    run, new = Pair(before=plain, after=TIMED).begin()
    late = NOW + timedelta(days=4)
    answer = moved_to(run, new, at=late)
    assert answer.plan is not None
    assert answer.plan.timers["late", 1] < late
    fired(late)
    assert open_tasks(run) == ["instead#1"]
    brought_to_the_end(run, at=late)


def test_a_border_timer_that_goes_never_fires() -> None:
    run, new = FAST_FORWARD["the timer goes"].begin()
    moved_to(run, new)
    assert "event late#1" not in pending_timers(run)
    sweep_timers(at=NOW + timedelta(days=30))
    assert open_tasks(run) == ["work#1"]
    assert not HistoryEvent.objects.filter(root=run, kind="timer_fired").exists()


def test_a_repeated_timer_counts_on_from_its_last_time() -> None:
    slower = Timer(span=FIVE_DAYS, repeats=3)
    run, new = Pair(before=REMINDED, after=changed(REMINDED, ring={"timer": slower}), way=rung_once).begin()
    last = TimerRow.objects.get(fired_at__isnull=False).due_at
    moved_to(run, new)
    second = end_of(FIVE_DAYS, last)
    assert pending_timers(run) == {"event ring#1": second}
    fired(second)
    fired(end_of(FIVE_DAYS, second))
    assert pending_timers(run) == {}, "three times in all"
    assert open_tasks(run) == ["note#1", "note#2", "note#3", "work#1"]
    brought_to_the_end(run, at=second + timedelta(days=30))


def test_a_wait_listens_for_the_new_message_only() -> None:
    run, new = FAST_FORWARD["waiting for another message"].begin()
    moved_to(run, new)
    row = Subscription.objects.get(run=run)
    assert (row.node, row.round, row.name) == ("pay", 1, "settled")
    told("settled", at=LATER)
    assert open_tasks(run) == ["after#1"]


def test_a_listener_on_the_border_comes_and_goes() -> None:
    heard_on = redrawn(
        LINE,
        on_border("ask", "b", Trigger.MESSAGE, "asked", interrupting=False),
        user_task("reply"),
        finish("replied"),
        links=["ask > reply", "reply > replied"],
    )
    run, new = Pair(before=LINE, after=heard_on, way=at_b).begin()
    moved_to(run, new)
    told("asked", at=LATER)
    told("asked", at=LATER)
    assert open_tasks(run) == ["b#1", "reply#1", "reply#2"]
    assert Subscription.objects.filter(run=run).count() == 1
    done(run, "reply")
    done(run, "reply", number=2)
    moved_to(run, publish(heard_on))
    back = publish(changed(LINE, c={"name_en": "Last"}))
    answer = moved_to(run, back)
    assert answer.plan is not None
    assert answer.plan.kind is PlanKind.REFUSED, "what was asked and answered has no place in it"


def test_a_step_wrapped_into_a_sub_process_goes_on_inside() -> None:
    wrapped = graph(
        [
            user_task("a"),
            sub_process("room"),
            *within("room", begin("in"), user_task("b"), finish("out")),
            user_task("c"),
        ],
        "start > a > room > c > end",
        "in > b > out",
    )
    run, new = Pair(before=LINE, after=wrapped, way=at_b).begin()
    assert moved_to(run, new).moved
    assert Run.objects.get(pk=run.pk).marking["scopes"]["room#1"]
    done(run, "b")
    assert open_tasks(run) == ["c#1"]
    brought_to_the_end(run)


def test_a_run_moves_again_and_again_and_the_whole_story_is_told_each_time() -> None:
    run, new = FAST_FORWARD["a tail behind"].begin()
    moved_to(run, new)
    done(run, "b")
    again = publish(redrawn(LINE, user_task("d"), user_task("e"), links=["-c > end", "c > d", "d > e", "e > end"]))
    assert moved_to(run, again).moved
    back = publish(renamed(redrawn(LINE, user_task("d"), **TAIL)))
    assert moved_to(run, back).moved
    assert HistoryEvent.objects.filter(root=run, kind="run_migrated").count() == 3
    brought_to_the_end(run)


# --- what the history tells


def test_what_a_job_answered_in_an_earlier_round_is_known(answers: list[dict[str, Any]]) -> None:
    answers[:] = [{"answers": {"found": 7}}, {"answers": {"found": 1}}]
    asked = redrawn(JOB_TWICE, exclusive("seen", "seen>work"), links=["-act > work", "act > seen", "seen > work"])
    stopping = redrawn(asked, links=["seen > after"])
    fits, not_so = (redrawn(stopping, **{"seen_to_after": f"answers.found {asks}"}) for asks in ("> 9", "> 5"))
    run, new = Pair(before=JOB_TWICE, after=fits, way=acted_again).begin()
    assert Run.objects.get(pk=run.pk).learned["answers"] == {"found": 1}
    assert plan_migration(run.definition, new, run).kind is PlanKind.FAST_FORWARD
    answer = moved_to(run, publish(not_so))
    assert answer.plan is not None
    assert "at job_done act#1: the new version would open the task after#1 as well" in map(
        _message, answer.plan.reasons
    )


def _message(reason: Any) -> str:
    return str(reason.message)


def test_numbers_that_a_database_writes_otherwise_break_neither_the_chain_nor_the_story(
    answers: list[dict[str, Any]],
) -> None:
    answers[:] = [{"answers": {"found": 1e22, "tiny": -0.0, "of": [1.50, 10**15], "当": "是"}}]
    run, new = FAST_FORWARD["a job twice"].begin()
    assert first_broken_row(run) is None
    assert moved_to(run, new).moved
    brought_to_the_end(run)


def test_a_history_that_does_not_tell_is_no_ground_to_move() -> None:
    run, new = FAST_FORWARD["paid"].begin()
    Message.objects.all().delete()
    answer = moved_to(run, new)
    assert answer.plan is not None
    assert not answer.moved
    assert "which came to pay, is no longer kept" in str(answer.plan.reasons[0])


def test_data_that_nothing_in_the_history_gave_is_no_ground_to_move() -> None:
    run, new = FAST_FORWARD["a tail behind"].begin()
    Run.objects.filter(pk=run.pk).update(learned={**run.learned, "answers": {"who": "knows"}})
    run.refresh_from_db()
    plan = plan_migration(run.definition, new, run)
    assert (plan.kind, str(plan.reasons[0])) == (
        PlanKind.REFUSED,
        "-: the history does not tell how it learned answers",
    )


# --- which runs


def test_child_and_caller_move_each_to_versions_of_their_own_process() -> None:
    publish(CHILD)
    run = start(CALLING)
    asked_one(run)
    child = child_of(run)
    new = publish(redrawn(CHILD, user_task("d"), links=["-two > end", "two > d", "d > end"]))
    caller = rows(run)
    answer = moved_to(child, new)
    assert (answer.moved, answer.root_id, rows(run)["run"]) == (True, run.pk, caller["run"])
    assert last_fact(child).run_id == child.pk
    moved_to(run, publish(redrawn(CALLING, user_task("d"), links=["-after > end", "after > d", "d > end"])))
    done(child, "two")
    assert open_tasks(child) == ["d#1"]
    brought_to_the_end(run)


def test_a_suspended_case_moves_and_stands_still() -> None:
    run, new = FAST_FORWARD["a tail behind"].begin()
    suspend_run(run_id=run.pk, by=None, at=NOW)
    assert moved_to(run, new).moved
    run.refresh_from_db()
    assert run.state == "suspended"
    resume_run(run_id=run.pk, by=None, at=LATER)
    brought_to_the_end(run)


def test_what_has_ended_or_never_was_is_left_alone() -> None:
    run, new = AUTOMATIC["texts"].begin()
    brought_to_the_end(run)
    before = rows(run)
    assert moved_to(run, new).plan is None
    assert rows(run) == before
    with pytest.raises(UnknownVersionError, match="There is no version 9 of the process probe"):
        migrate_run(run_id=run.pk, to_version=9, allow=list(PlanKind), by=None, at=LATER)
    other = publish(CHILD)
    with pytest.raises(ValueError, match="two processes"):
        plan_migration(new, other, run)


def test_all_runs_of_a_case_move_in_one_transaction_and_none_when_one_of_them_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish(CHILD)
    twice = graph([parallel("p"), parallel("q"), call("one"), call("two")], "start > p > one > q > end", "p > two > q")
    run = start(twice)
    new = publish(redrawn(CHILD, user_task("d"), links=["-two > end", "two > d", "d > end"]))
    children = list(Run.objects.filter(parent=run).order_by("pk"))
    done(children[0], "one")
    before = [rows(child) for child in children]
    real, calls = version_change.listen_anew, []

    def fails_the_second_time(*args: Any) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise RuntimeError("the disk is full")
        real(*args)

    monkeypatch.setattr(version_change, "listen_anew", fails_the_second_time)
    move = partial(migrate_case, root_id=run.pk, to=new, from_versions=[1], allow=list(PlanKind), by=None, at=LATER)
    with pytest.raises(RuntimeError), transaction.atomic():
        move()
    assert [rows(child) for child in children] == before
    monkeypatch.undo()
    assert [answer.moved for answer in move()] == [True, True]
    assert move() == []
    brought_to_the_end(run)


@pytest.mark.parametrize("broken", ["reword_tasks", "reset_timers", "listen_anew", "chained"])
def test_an_error_anywhere_leaves_the_run_untouched(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    run, new = Pair(before=TIMED, after=changed(renamed(TIMED), late={"timer": Timer(span=FIVE_DAYS)})).begin()
    before = rows(run)

    def fails(*args: Any, **more: Any) -> None:
        raise RuntimeError(broken)

    place = "workflows.operations.transition" if broken == "chained" else "workflows.operations.version_change"
    monkeypatch.setattr(f"{place}.{broken}", fails)
    with pytest.raises(RuntimeError, match=broken), transaction.atomic():
        moved_to(run, new)
    assert rows(run) == before
    assert first_broken_row(Run.objects.get(pk=run.pk)) is None
    monkeypatch.undo()
    assert moved_to(run, new).moved


@pytest.mark.django_db(transaction=True)
def test_a_step_done_at_the_same_instant_is_either_before_or_after_the_move() -> None:
    tail = redrawn(LINE, user_task("d"), **TAIL)
    for number in range(8):
        run, user = start(LINE, number=number), UserFactory.create()
        new = publish(tail) if number == 0 else version_change.version_of("probe", 2)
        Run.objects.filter(pk=run.pk).update(definition=version_change.version_of("probe", 1))
        one = task(run, "a").pk
        moved, completed = at_once(
            partial(moved_to, run, new), partial(complete_task, task_id=one, outcome="", by=user, at=NOW)
        )
        assert moved.moved, moved
        assert isinstance(completed, Task)
        assert Run.objects.get(pk=run.pk).definition_id == new.pk
        assert open_tasks(run) == ["b#1"]
        brought_to_the_end(run)
        assert task(run, "d").closed_at is not None


@pytest.mark.django_db(transaction=True)
def test_of_many_who_move_one_run_at_once_one_does() -> None:
    run, new = FAST_FORWARD["a tail behind"].begin()
    answers = at_once(*[partial(moved_to, run, new)] * 6)
    assert sorted(answer.moved for answer in answers) == [False] * 5 + [True]
    assert HistoryEvent.objects.filter(root=run, kind="run_migrated").count() == 1
    brought_to_the_end(run)

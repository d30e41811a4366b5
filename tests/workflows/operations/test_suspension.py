"""A case held as it stands, and let go on: nothing moves it in between, nothing is lost, nothing happens twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from tests.factories.accounts import UserFactory
from tests.factories.processes import boundary, call, graph, parallel, receive, service_task, user_task
from tests.factories.runs import NOW, ONE_TASK, at_once, publish, start, task
from workflows.actions import ActionResult, _registry, register
from workflows.engine.graph import Loop, Span, Timer
from workflows.enums import JobState, RunState, TaskState
from workflows.models import HistoryEvent, Job, Run, Subscription, Task
from workflows.models import Timer as TimerRow
from workflows.operations.history import first_broken_row
from workflows.operations.jobs import run_due_jobs
from workflows.operations.messages import deliver_messages, send_message
from workflows.operations.runs import cancel_run, resume_run, suspend_run
from workflows.operations.tasks import RunSuspendedError, complete_task
from workflows.operations.timers import sweep_timers

pytestmark = pytest.mark.django_db
MUCH_LATER = NOW + timedelta(days=40)
DAILY = Timer(span=Span(amount=86_400, unit="seconds"), repeats=3)

#: Everything that can be open at once, beside each other.
WIDE = graph(
    (
        parallel("split"),
        parallel("join"),
        user_task("work", limit=Span(amount=1, unit="calendar_days")),
        boundary("remind", "work", interrupting=False, span=Span(amount=1, unit="calendar_days")),
        user_task("reminded"),
        service_task("act"),
        receive("paid"),
        call("child", called="one-task"),
        user_task("each", department="$item", loop=Loop(kind="parallel", collection="reviewers")),
    ),
    "start > split > work > join > end",
    "split > act > join",
    "split > paid > join",
    "split > child > join",
    "split > each > join",
    "remind > reminded > end",
    key="wide",
)
DATA = {"reviewers": ["SCJG", "XF"]}


@pytest.fixture(autouse=True)
def _action() -> Iterator[None]:
    register("probe.act")(lambda _: ActionResult())
    yield
    _registry.pop("probe.act", None)


def begin_wide(number: int = 1) -> Run:
    publish(ONE_TASK)
    return start(WIDE, number=number, data=DATA)


def fresh(run: Run) -> Run:
    again = Run.objects.get(pk=run.pk)
    assert first_broken_row(Run.objects.get(pk=run.root_key)) is None
    return again


def open_tasks() -> int:
    return Task.objects.filter(state__in=[TaskState.READY, TaskState.CLAIMED]).count()


def test_nothing_moves_a_suspended_case_and_all_of_it_happens_when_it_goes_on() -> None:
    run, user = begin_wide(), UserFactory.create()
    suspend_run(run_id=run.children.get().pk, by=user, at=NOW)
    suspend_run(run_id=run.pk, by=user, at=NOW)
    assert fresh(run).state == RunState.SUSPENDED, "the whole case, whichever of its runs is named"
    marking = fresh(run).marking
    send_message(name="paid", at=NOW)
    assert (run_due_jobs(at=MUCH_LATER), sweep_timers(at=MUCH_LATER)) == (0, 0)
    assert deliver_messages(at=NOW) == 0
    for one in Task.objects.all():
        with pytest.raises(RunSuspendedError):
            complete_task(task_id=one.pk, outcome=(one.outcomes or [""])[0], by=user, at=NOW)
    assert (fresh(run).marking, open_tasks()) == (marking, 4)
    resume_run(run_id=run.pk, by=user, at=MUCH_LATER)
    resume_run(run_id=run.pk, by=user, at=MUCH_LATER)
    assert run_due_jobs(at=MUCH_LATER) == 1
    assert sweep_timers(at=MUCH_LATER) == 2, "the reminder and the limit"
    assert deliver_messages(at=NOW) == 1
    for one in Task.objects.filter(state=TaskState.READY):
        complete_task(task_id=one.pk, outcome=(one.outcomes or [""])[0], by=user, at=MUCH_LATER)
    assert fresh(run).state == RunState.ENDED
    rows = HistoryEvent.objects.filter(root=run, kind__in=["run_suspended", "run_resumed"]).order_by("seq")
    assert [(row.kind, row.by) for row in rows] == [("run_suspended", user), ("run_resumed", user)]


def test_a_suspended_case_can_still_be_ended_and_then_stays_ended() -> None:
    run, user = begin_wide(), UserFactory.create()
    suspend_run(run_id=run.pk, by=user, at=NOW)
    cancel_run(run_id=run.pk, outcome="terminated", by=user, at=NOW)
    resume_run(run_id=run.pk, by=user, at=NOW)
    suspend_run(run_id=run.pk, by=user, at=NOW)
    assert (fresh(run).state, fresh(run).outcome) == (RunState.ENDED, "terminated")


def test_cancelling_takes_everything_away_and_says_so() -> None:
    run, user = begin_wide(), UserFactory.create()
    cancel_run(run_id=run.pk, outcome="withdrawn", by=user, at=NOW)
    assert open_tasks() == 0
    assert Job.objects.get().state == JobState.CANCELLED
    assert not Subscription.objects.exists()
    assert not TimerRow.objects.filter(fired_at=None, cancelled_at=None).exists()
    assert set(Run.objects.values_list("state", "outcome")) == {(RunState.ENDED, "withdrawn")}
    assert (sweep_timers(at=MUCH_LATER), run_due_jobs(at=MUCH_LATER)) == (0, 0)
    rows = HistoryEvent.objects.filter(root=run, by=user)
    taken = sorted(row.detail["node"] for row in rows if row.kind == "activity_cancelled")
    assert taken == ["act", "child", "each", "each", "work", "work"], "the child's work too"
    assert [row.run_id == run.pk for row in rows.filter(kind="run_ended").order_by("seq")].count(True) == 1
    assert fresh(run).marking == {"outcome": "withdrawn", "ended": True}


def test_a_repeated_reminder_catches_up_in_order_after_a_suspension() -> None:
    nodes = (user_task("work"), boundary("remind", "work", interrupting=False), user_task("reminded"))
    drawn = graph(nodes, "start > work > end", "remind > reminded > end", key="reminding")
    repeated = replace(drawn.nodes["remind"], timer=DAILY)
    run = start(replace(drawn, nodes={**drawn.nodes, "remind": repeated}))
    suspend_run(run_id=run.pk, by=None, at=NOW)
    assert sweep_timers(at=MUCH_LATER) == 0
    resume_run(run_id=run.pk, by=None, at=MUCH_LATER)
    assert sweep_timers(at=MUCH_LATER) == 3
    assert [task(run, "reminded", number).opened_at for number in (1, 2, 3)] == [MUCH_LATER] * 3
    due = TimerRow.objects.order_by("round").values_list("round", "due_at")
    assert list(due) == [(number, NOW + timedelta(days=number)) for number in (1, 2, 3)]


@pytest.mark.django_db(transaction=True)
def test_suspending_while_somebody_completes_leaves_one_order() -> None:
    for number in range(20):
        run, user = start(ONE_TASK, number=number), UserFactory.create()
        one = task(run, "work").pk
        completed, suspended = at_once(
            partial(complete_task, task_id=one, outcome="again", by=user, at=NOW),
            partial(suspend_run, run_id=run.pk, by=user, at=NOW),
        )
        assert suspended is None
        kinds = list(HistoryEvent.objects.filter(root=run).order_by("seq").values_list("kind", flat=True))[2:]
        if isinstance(completed, Task):
            assert kinds == ["task_done", "task_opened", "run_suspended"]
        else:
            assert isinstance(completed, RunSuspendedError), completed
            assert kinds == ["run_suspended"]
        assert fresh(run).state == RunState.SUSPENDED

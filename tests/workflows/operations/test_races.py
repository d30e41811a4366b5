"""Two things at once about one case: whoever comes second finds the case as the first one left it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from tests.factories.accounts import UserFactory
from tests.factories.processes import boundary, graph, service_task, user_task
from tests.factories.runs import NOW, ONE_TASK, at_once, start, task
from workflows.actions import ActionContext, ActionResult, _registry, register
from workflows.enums import JobState, RunState, TaskState
from workflows.models import HistoryEvent, Job, Run, Task, Timer
from workflows.operations.history import Fact, first_broken_row, record_facts
from workflows.operations.jobs import run_due_jobs
from workflows.operations.locking import lock_root
from workflows.operations.runs import cancel_run
from workflows.operations.tasks import TaskClosedError, TaskHeldError, claim_task, complete_task
from workflows.operations.timers import sweep_timers

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 12
LATE = NOW + timedelta(days=3)

WITH_TIMER = graph(
    (user_task("work"), boundary("late", "work"), user_task("instead")),
    "start > work > end",
    "late > instead > end",
    key="with-timer",
)
WITH_JOB = graph((service_task("act", action="probe.count"),), "start > act > end", key="with-job")


@pytest.fixture(autouse=True)
def _counting_action() -> Any:
    """Register an action whose only effect is a row in the run's history."""

    @register("probe.count")
    def count(context: ActionContext) -> ActionResult:
        root = lock_root(context.root_id)
        record_facts(root=root, facts=[Fact(run_id=context.run_id, kind="counted", detail={})], by=None, at=context.at)
        return ActionResult()

    yield
    del _registry["probe.count"]


def _kinds(run: Run) -> list[str]:
    return list(HistoryEvent.objects.filter(root=run).values_list("kind", flat=True))


def _check(run: Run) -> Run:
    run.refresh_from_db()
    assert first_broken_row(run) is None
    assert _kinds(run).count("run_ended") == (run.state == RunState.ENDED)
    return run


def test_of_twenty_who_claim_one_task_exactly_one_has_it() -> None:
    run, people = start(ONE_TASK), UserFactory.create_batch(20)
    one = task(run, "work")
    found = at_once(*(partial(claim_task, task_id=one.pk, by=user, at=NOW) for user in people))
    winners = [result for result in found if isinstance(result, Task)]
    assert len(winners) == 1
    one.refresh_from_db()
    refused = [result for result in found if isinstance(result, TaskHeldError)]
    assert len(refused) == 19
    assert {error.holder for error in refused} == {one.assignee}
    assert _kinds(run).count("task_claimed") == 1


def test_of_two_who_complete_one_task_one_is_told_that_it_is_closed() -> None:
    for number in range(ROUNDS):
        run, people = start(ONE_TASK, number=number), UserFactory.create_batch(2)
        one = task(run, "work").pk
        found = at_once(*(partial(complete_task, task_id=one, outcome="ok", by=user, at=NOW) for user in people))
        assert sorted(type(result).__name__ for result in found) == ["Task", "TaskClosedError"]
        assert _check(run).state == RunState.ENDED


def test_one_person_who_completes_twice_completes_once() -> None:
    run, user = start(ONE_TASK), UserFactory.create()
    complete = partial(complete_task, task_id=task(run, "work").pk, outcome="again", by=user, at=NOW)
    found = at_once(*[complete] * 8)
    assert all(isinstance(result, Task) for result in found), found
    assert _kinds(run).count("task_done") == 1
    assert Task.objects.filter(run=run).count() == 2


def test_completing_and_cancelling_at_once_ends_the_run_once() -> None:
    for number in range(ROUNDS):
        run, user = start(ONE_TASK, number=number), UserFactory.create()
        one = task(run, "work").pk
        acts: list[Callable[[], Any]] = [
            partial(complete_task, task_id=one, outcome="ok", by=user, at=NOW),
            partial(cancel_run, run_id=run.pk, outcome="withdrawn", by=user, at=NOW),
        ]
        completed, cancelled = at_once(*acts)
        assert cancelled is None
        state = Task.objects.get(pk=one).state
        if isinstance(completed, TaskClosedError):
            assert (_check(run).outcome, state) == ("withdrawn", TaskState.CANCELLED)
        else:
            assert (_check(run).outcome, state) == ("closed", TaskState.DONE)


def test_completing_and_a_timer_at_once_go_one_way() -> None:
    for number in range(ROUNDS):
        run, user = start(WITH_TIMER, number=number), UserFactory.create()
        one = task(run, "work").pk
        acts: list[Callable[[], Any]] = [
            partial(complete_task, task_id=one, outcome="", by=user, at=LATE),
            partial(sweep_timers, at=LATE),
        ]
        completed, _ = at_once(*acts)
        sweep_timers(at=LATE)  # a sweep leaves a case that somebody holds to the next one
        timer = Timer.objects.filter(root=run, cancelled_at=None).first()
        instead = Task.objects.filter(run=run, node="instead").count()
        if isinstance(completed, TaskClosedError):
            assert timer is not None
            assert timer.fired_at == LATE
            assert (_check(run).state, instead) == (RunState.ACTIVE, 1)
        else:
            assert timer is None, "it no longer waits"
            assert (_check(run).state, instead) == (RunState.ENDED, 0)


def test_two_workers_at_once_have_each_effect_once() -> None:
    runs = [start(WITH_JOB, number=number) for number in range(ROUNDS)]
    done = at_once(*[partial(run_due_jobs, at=NOW)] * 3)
    done.append(run_due_jobs(at=NOW))
    assert sum(done) == ROUNDS
    for run in runs:
        assert _kinds(_check(run)).count("counted") == 1
    assert set(Job.objects.values_list("state", "attempts")) == {(JobState.DONE, 1)}


def test_a_job_and_a_cancellation_at_once_leave_one_truth() -> None:
    for number in range(ROUNDS):
        run = start(WITH_JOB, number=number)
        acts: list[Callable[[], Any]] = [
            partial(run_due_jobs, at=NOW),
            partial(cancel_run, run_id=run.pk, outcome="withdrawn", by=None, at=NOW),
        ]
        assert not [result for result in at_once(*acts) if isinstance(result, Exception)]
        job = Job.objects.get(run=run)
        ended = ("closed", JobState.DONE) if "counted" in _kinds(run) else ("withdrawn", JobState.CANCELLED)
        assert (_check(run).outcome, job.state) == ended

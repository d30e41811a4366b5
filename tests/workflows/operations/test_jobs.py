"""Service tasks that fail, give up, are retried or skipped, and errors that the drawing knows: nobody else waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection

from tests.factories.accounts import UserFactory
from tests.factories.processes import exclusive, finish, graph, on_border, parallel, service_task, user_task
from tests.factories.runs import NOW, at_once, start, task
from workflows.actions import ActionContext, ActionResult, _registry, register
from workflows.engine.graph import Trigger
from workflows.enums import JobState, RunState, TaskState
from workflows.models import HistoryEvent, Job, Run, Task
from workflows.operations.history import Fact, first_broken_row, record_facts
from workflows.operations.jobs import BACKOFF, NoReasonError, retry_job, run_due_jobs, run_job, skip_job
from workflows.operations.locking import lock_root
from workflows.operations.runs import cancel_run, resume_run, suspend_run
from workflows.operations.tasks import RunSuspendedError, complete_task
from workflows.signals import JobGaveUp, TaskReady, effects_committed

pytestmark = pytest.mark.django_db
Does = Callable[[ActionContext], ActionResult]

#: A service task beside a task, both needed.
BESIDE = graph(
    (parallel("split"), parallel("join"), service_task("act"), user_task("work")),
    "start > split > act > join > end",
    "split > work > join",
    key="beside",
)
#: A service task whose error E1 is listened for; what it answers decides the way on.
CAUGHT = graph(
    (
        service_task("act"),
        on_border("wrong", "act", Trigger.ERROR, "E1"),
        user_task("mend"),
        exclusive("x", "x>usual"),
        user_task("usual"),
        user_task("skipped"),
    ),
    "start > act > x > usual > end",
    "x > skipped > end",
    "wrong > mend > end",
    conditions={"x>skipped": "outcome.act == 'skipped'"},
    key="caught",
)


@pytest.fixture
def action() -> Iterator[Callable[..., list[ActionContext]]]:
    """Let a test say what the action does; returns the contexts it is called with."""

    def says(does: Does, *, outside: bool = False) -> list[ActionContext]:
        calls: list[ActionContext] = []

        @register("probe.act", outside=outside)
        def act(context: ActionContext) -> ActionResult:
            calls.append(context)
            return does(context)

        return calls

    says(lambda _: ActionResult())
    yield says
    _registry.pop("probe.act", None)


def failing(_: ActionContext) -> ActionResult:
    raise ValueError("410105199001011234")


def answering(**answer: Any) -> Does:
    return lambda _: ActionResult(**answer)


def give_up(run: Run) -> Job:
    moment = NOW
    for pause in (*BACKOFF, timedelta()):
        run_due_jobs(at=moment)
        moment += pause
    job = Job.objects.get(run=run)
    assert job.state == JobState.INCIDENT
    return job


def fresh(run: Run) -> Run:
    again = Run.objects.get(pk=run.pk)
    assert first_broken_row(again) is None
    return again


def kinds(run: Run) -> list[str]:
    return list(HistoryEvent.objects.filter(root=run).order_by("seq").values_list("kind", flat=True))


@pytest.mark.parametrize("outside", [True, False])
def test_every_attempt_is_handed_the_same_key(action: Callable[..., list[ActionContext]], outside: bool) -> None:
    calls = action(failing, outside=outside)
    run = start(BESIDE)
    give_up(run)
    retry_job(job_id=Job.objects.get().pk, by=None, at=NOW)
    run_due_jobs(at=NOW)
    assert len(calls) == len(BACKOFF) + 2
    assert {context.key for context in calls} == {f"{run.pk}:act:1"}


def test_a_failing_action_blocks_no_sibling_branch(action: Callable[..., list[ActionContext]]) -> None:
    action(failing)
    run, user = start(BESIDE), UserFactory.create()
    give_up(run)
    complete_task(task_id=task(run, "work").pk, outcome="", by=user, at=NOW)
    assert (task(run, "work").state, fresh(run).state) == (TaskState.DONE, RunState.ACTIVE)
    skip_job(job_id=Job.objects.get().pk, reason="done by letter", by=user, at=NOW)
    assert fresh(run).state == RunState.ENDED
    assert kinds(run)[-4:] == ["task_done", "job_skipped", "joined", "run_ended"]


def test_a_manager_skips_a_step_with_a_reason_that_conditions_can_tell(action: Callable[..., Any]) -> None:
    action(failing)
    run, manager = start(CAUGHT), UserFactory.create()
    job = give_up(run)
    for reason in ("", "  "):
        with pytest.raises(NoReasonError):
            skip_job(job_id=job.pk, reason=reason, by=manager, at=NOW)
    skip_job(job_id=job.pk, reason=" the registry is down for weeks ", by=manager, at=NOW)
    skip_job(job_id=job.pk, reason="again", by=manager, at=NOW)
    job.refresh_from_db()
    assert (job.state, job.reason, job.closed_at) == (JobState.SKIPPED, "the registry is down for weeks", NOW)
    assert task(run, "skipped").state == TaskState.READY
    row = HistoryEvent.objects.get(kind="job_skipped")
    assert (row.by, row.detail) == (manager, {"node": "act", "round": 1})
    retry_job(job_id=job.pk, by=manager, at=NOW)
    assert run_due_jobs(at=NOW) == 0


def test_what_did_not_give_up_is_neither_skipped_nor_retried(action: Callable[..., Any]) -> None:
    run, manager = start(CAUGHT), UserFactory.create()
    job = Job.objects.get()
    skip_job(job_id=job.pk, reason="in a hurry", by=manager, at=NOW)
    retry_job(job_id=job.pk, by=manager, at=NOW + timedelta(days=1))
    job.refresh_from_db()
    assert (job.state, job.next_attempt_at, kinds(run)) == (JobState.QUEUED, NOW, ["run_started", "job_queued"])


def test_an_error_that_the_drawing_listens_for_goes_its_way_at_once(action: Callable[..., Any]) -> None:
    calls = action(answering(error="E1", data={"why": "closed"}))
    run = start(CAUGHT)
    assert run_due_jobs(at=NOW) == 1
    assert task(run, "mend").state == TaskState.READY
    assert fresh(run).known == {"why": "closed", "outcome": {"act": "E1"}}
    assert (Job.objects.get().state, Job.objects.get().attempts, len(calls)) == (JobState.DONE, 1, 1)
    assert kinds(run)[2:] == ["job_done", "task_opened"]
    assert HistoryEvent.objects.get(kind="job_done").detail["error"] == "E1"


def test_an_error_that_nothing_listens_for_is_an_incident_at_once_and_moves_nothing(
    action: Callable[..., Any],
) -> None:
    calls = action(answering(error="E2", data={"lost": True}))
    run = start(CAUGHT)
    before = fresh(run)
    assert run_due_jobs(at=NOW) == 0
    job = Job.objects.get()
    assert (job.state, job.attempts, job.last_error) == (JobState.INCIDENT, 1, "UncaughtFailureError")
    after = fresh(run)
    assert (after.marking, after.known, after.state) == (before.marking, before.known, RunState.ACTIVE)
    assert kinds(run) == ["run_started", "job_queued", "job_gave_up"]
    action(answering(error="E1"))
    retry_job(job_id=job.pk, by=None, at=NOW)
    assert run_due_jobs(at=NOW) == 1
    assert len(calls) == 1
    assert task(run, "mend")


def test_an_error_end_event_after_an_action_that_went_well_ends_the_run(action: Callable[..., Any]) -> None:
    nodes = (service_task("act"), exclusive("x", "x>end"), finish("refused", Trigger.ERROR, "E9"))
    conditions = {"x>refused": "outcome.act == 'no'"}
    run = start(graph(nodes, "start > act > x > refused", "x > end", conditions=conditions, key="ending"))
    action(answering(outcome="no"))
    assert run_due_jobs(at=NOW) == 1
    assert (fresh(run).state, fresh(run).outcome, Job.objects.get().state) == (RunState.ENDED, "E9", JobState.DONE)


def test_a_suspended_case_calls_no_action_and_skips_no_step(action: Callable[..., Any]) -> None:
    action(failing)
    run, manager = start(BESIDE), UserFactory.create()
    job = give_up(run)
    suspend_run(run_id=run.pk, by=manager, at=NOW)
    with pytest.raises(RunSuspendedError):
        skip_job(job_id=job.pk, reason="no use", by=manager, at=NOW)
    retry_job(job_id=job.pk, by=manager, at=NOW)
    calls = action(answering())
    assert run_due_jobs(at=NOW) == 0
    assert not run_job(job_id=job.pk, at=NOW)
    assert calls == []
    resume_run(run_id=run.pk, by=manager, at=NOW)
    assert run_due_jobs(at=NOW) == 1
    assert len(calls) == 1


def test_who_cannot_be_told_of_an_incident_stops_no_other_job(action: Callable[..., Any]) -> None:
    def refuse(effects: tuple[Any, ...], **_: Any) -> None:
        if any(isinstance(effect, JobGaveUp) for effect in effects):
            raise RuntimeError

    action(lambda context: failing(context) if context.subject_id == "1" else ActionResult())
    first = start(BESIDE, number=1)
    job = Job.objects.get(run=first)
    Job.objects.filter(pk=job.pk).update(attempts=len(BACKOFF))
    start(BESIDE, number=2)
    effects_committed.connect(refuse)
    try:
        assert run_due_jobs(at=NOW) == 1
    finally:
        effects_committed.disconnect(refuse)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.QUEUED, len(BACKOFF)), "it gives up when somebody can be told"
    assert run_due_jobs(at=NOW) == 0
    job.refresh_from_db()
    assert job.state == JobState.INCIDENT


def test_cancelling_takes_an_incident_away(action: Callable[..., Any]) -> None:
    action(failing)
    run, manager = start(BESIDE), UserFactory.create()
    job = give_up(run)
    cancel_run(run_id=run.pk, outcome="withdrawn", by=manager, at=NOW)
    skip_job(job_id=job.pk, reason="too late", by=manager, at=NOW)
    retry_job(job_id=job.pk, by=manager, at=NOW)
    job.refresh_from_db()
    assert (job.state, job.reason) == (JobState.CANCELLED, "")


def test_what_begins_and_is_ended_in_one_step_never_was() -> None:
    nodes = (user_task("first"), parallel("split"), user_task("a"), service_task("s"))
    stop = finish("stop", Trigger.TERMINATE)
    told: list[Any] = []

    def hear(effects: tuple[Any, ...], **_: Any) -> None:
        told.extend(effect for effect in effects if isinstance(effect, TaskReady))

    register("probe.act")(lambda _: ActionResult())
    run, user = start(graph((*nodes, stop), "start > first > split > a > end", "split > s > end", "split > stop",
                            key="stopping")), UserFactory.create()  # fmt: skip
    effects_committed.connect(hear)
    try:
        complete_task(task_id=task(run, "first").pk, outcome="", by=user, at=NOW)
    finally:
        effects_committed.disconnect(hear)
        _registry.pop("probe.act")
    assert fresh(run).state == RunState.ENDED
    assert list(Task.objects.filter(run=run).values_list("node", "state")) == [("first", TaskState.DONE)]
    assert not Job.objects.exists()
    assert told == []


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_before_it_could_say_so_repeats_the_call_with_the_same_key(
    action: Callable[..., Any],
) -> None:
    effects: set[str] = set()

    def pay(context: ActionContext) -> ActionResult:
        # What the other side does with the key: the same again changes nothing.
        effects.add(context.key)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return ActionResult()

    calls = action(pay, outside=True)
    run = start(BESIDE)
    with pytest.raises(KeyboardInterrupt):
        run_due_jobs(at=NOW)
    assert Job.objects.get().state == JobState.QUEUED
    assert run_due_jobs(at=NOW) == 1
    assert (len(calls), effects) == (2, {f"{run.pk}:act:1"})


@pytest.mark.django_db(transaction=True)
def test_managers_at_once_decide_once(action: Callable[..., Any]) -> None:
    for number in range(15):
        action(failing)
        run, user = start(CAUGHT, number=number), UserFactory.create()
        job = give_up(run)
        action(answering())
        acts = (
            partial(skip_job, job_id=job.pk, reason="by letter", by=user, at=NOW),
            partial(retry_job, job_id=job.pk, by=user, at=NOW),
        )
        assert at_once(*acts) == [None, None]
        run_due_jobs(at=NOW)
        job.refresh_from_db()
        way = (
            ["job_skipped", "task_opened"]
            if job.state == JobState.SKIPPED
            else ["job_retried", "job_done", "task_opened"]
        )
        assert kinds(fresh(run))[3:] == way


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_have_an_inner_effect_once(action: Callable[..., Any]) -> None:
    def count(context: ActionContext) -> ActionResult:
        root = lock_root(context.root_id)
        record_facts(root=root, facts=[Fact(run_id=context.run_id, kind="counted", detail={})], by=None, at=context.at)
        with connection.cursor() as cursor:
            cursor.execute("select pg_sleep(0.01)")
        return ActionResult()

    action(count)
    runs = [start(BESIDE, number=number) for number in range(8)]
    at_once(*[partial(run_due_jobs, at=NOW)] * 4)
    run_due_jobs(at=NOW)
    assert all(kinds(fresh(run)).count("counted") == 1 for run in runs)
    assert set(Job.objects.values_list("state", "attempts")) == {(JobState.DONE, 1)}

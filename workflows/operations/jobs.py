"""Carry out service tasks: at least once each, with at most one effect, retried, and never blocking a sibling."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from workflows.actions import ActionContext, ActionResult, action_named
from workflows.crash_points import crash_point
from workflows.engine.events import Completed, Event, Failed
from workflows.enums import JobState, RunState
from workflows.models import Job, Run
from workflows.operations.locking import lock_root_of_job, try_lock_root
from workflows.operations.tasks import RunSuspendedError
from workflows.operations.transition import JOBS_TASK, Transition, UncaughtFailureError
from workflows.queries.definitions import graph_of
from workflows.signals import JobGaveUp, RunFinished
from workflows.wake import wake

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

log = logging.getLogger(__name__)

#: Pauses before the second, third … attempt; after the last one a manager decides.
BACKOFF = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 3600))


class NoReasonError(ValueError):
    """A step is skipped only with a reason that others can read later."""


def run_due_jobs(*, at: datetime, limit: int = 100) -> int:
    """Carry out queued jobs that are due at `at`, oldest first; returns how many were done.

    Safe to run any number of times at once: a job's root run is locked, and one that somebody else holds is left to
    the next round.
    """
    due = Job.objects.filter(state=JobState.QUEUED, next_attempt_at__lte=at, root__state=RunState.ACTIVE)
    due = due.order_by("next_attempt_at", "id")
    return sum(run_job(job_id=job_id, at=at) for job_id in list(due.values_list("id", flat=True)[:limit]))


def run_job(*, job_id: int, at: datetime) -> bool:
    """Carry out one job; returns whether it is done now. A failure is stored on the job, not raised."""
    job = Job.objects.select_related("run").get(pk=job_id)
    if job.state != JobState.QUEUED or job.next_attempt_at > at:
        return False
    try:
        action = action_named(job.action)
        answer = action.call(_context(job, at)) if action.outside else None
        with transaction.atomic():
            return _finish(job_id, answer, at)
    except Exception as error:
        # Whatever an action raises must not stop the other jobs of this sweep; it is kept on the row for a manager.
        # Where, not what: an error's message may hold personal data, a database's even the whole row.
        where = traceback.format_tb(error.__traceback__)
        log.error(
            "job failed",
            extra={"job": job_id, "action": job.action, "error": type(error).__name__, "where": where},
        )
        _try_postpone(job_id, error, at)
        return False


def _context(job: Job, at: datetime) -> ActionContext:
    return ActionContext(
        run_id=job.run_id,
        root_id=job.root_id,
        subject_kind=job.run.subject_kind,
        subject_id=job.run.subject_id,
        node=job.node,
        key=job.key,
        at=at,
        data=job.run.known,
        decision=graph_of(job.run.definition_id).nodes[job.node].decision,
    )


def _finish(job_id: int, answer: ActionResult | None, at: datetime) -> bool:
    root = try_lock_root(Job.objects.values_list("root_id", flat=True).get(pk=job_id))
    if root is None or root.state == RunState.SUSPENDED:
        return False
    if answer is None:
        job = Job.objects.select_related("run").get(pk=job_id)
        if job.state != JobState.QUEUED or job.next_attempt_at > at:
            return False
        answer = action_named(job.action).call(_context(job, at))
    # Read only now: the action may have moved this very run, its root or the job through operations of its own.
    root, job = _locked(job_id)
    if job.state != JobState.QUEUED:
        return False
    place: dict[str, Any] = {"node": job.node, "round": job.round}
    event: Event = Completed(**place, outcome=answer.outcome, data=answer.data)
    if answer.error:
        event = Failed(**place, code=answer.error, data=answer.data)
    told = {"error": answer.error} if answer.error else {"outcome": answer.outcome}
    if answer.data:
        told["answer"] = _as_text(answer.data)
    job.attempts += 1
    step = _closing(root, job, JobState.DONE, event, by=None, at=at)
    step.note(job.run, "job_done", **place, **told)
    step.commit()
    crash_point("job_before_commit")
    ends = [one for one in step.happened if isinstance(one, RunFinished) and one.run.parent_id is None]
    # Any other error that ends a case is the drawing's own: an error end event that nothing listens for.
    if answer.error and any(one.error == answer.error for one in ends):
        raise UncaughtFailureError(answer.error)
    return True


def _as_text(data: Mapping[str, Any]) -> str:
    """Return what joined the run's data as one text: a database writes numbers its own way, and a hash covers these.

    With it a run's story can be told again to another version of its process (`queries/stories.py`).
    """
    return json.dumps(data, default=lambda value: value.isoformat(), sort_keys=True, ensure_ascii=False)


def _closing(
    root: Run, job: Job, state: JobState, event: Event, *, by: AbstractBaseUser | None, at: datetime
) -> Transition:
    """Close a job's row and return the step in which its run goes on."""
    job.state, job.closed_at = state, at
    job.save(update_fields=["state", "closed_at", "attempts", "reason"])
    step = Transition(root, by=by, at=at)
    step.push(job.run, event)
    return step


def _locked(job_id: int) -> tuple[Run, Job]:
    root = lock_root_of_job(job_id)
    job = Job.objects.select_related("run").get(pk=job_id)
    job.root = root
    if job.run_id == root.pk:
        job.run = root
    return root, job


def _try_postpone(job_id: int, error: Exception, at: datetime) -> None:
    try:
        _postpone(job_id, error, at)
    except Exception as second:
        # Who is told that a job gave up may fail as well: the job stays as it was, and the others have their turn.
        log.error("job not postponed", extra={"job": job_id, "error": type(second).__name__})


@transaction.atomic
def _postpone(job_id: int, error: Exception, at: datetime) -> None:
    root, job = _locked(job_id)
    if job.state != JobState.QUEUED:
        return
    job.attempts += 1
    job.last_error = type(error).__name__  # the class only: a message may hold personal data
    # An error that the drawing has no answer to stays one, however often it is tried.
    if job.attempts > len(BACKOFF) or isinstance(error, UncaughtFailureError):
        job.state = JobState.INCIDENT
    else:
        job.next_attempt_at = at + BACKOFF[job.attempts - 1]
    job.save(update_fields=["attempts", "last_error", "state", "next_attempt_at"])
    if job.state == JobState.INCIDENT:
        step = Transition(root, by=None, at=at)
        step.note(job.run, "job_gave_up", node=job.node, round=job.round, error=job.last_error)
        step.tell(JobGaveUp(job=job))
        step.commit()


@transaction.atomic
def skip_job(*, job_id: int, reason: str, by: AbstractBaseUser, at: datetime) -> None:
    """Let a run go on without a service task that gave up; a manager's decision. Twice is once.

    reason: why, in a sentence; kept on the job, not in the history. The run's conditions read `skipped` as its
    outcome. Effects: the job is skipped, what follows begins, history. Raises NoReasonError, RunSuspendedError.
    """
    if not reason.strip():
        raise NoReasonError("Say why this step is skipped.")
    root, job = _locked(job_id)
    if job.state != JobState.INCIDENT:
        return
    if root.state == RunState.SUSPENDED:
        raise RunSuspendedError("This case is suspended.")
    job.reason = reason.strip()[:500]
    event = Completed(node=job.node, round=job.round, outcome="skipped")
    step = _closing(root, job, JobState.SKIPPED, event, by=by, at=at)
    step.note(job.run, "job_skipped", node=job.node, round=job.round)
    step.commit()


@transaction.atomic
def retry_job(*, job_id: int, by: AbstractBaseUser | None, at: datetime) -> None:
    """Queue a job again that had given up; a manager's decision. Twice is once. Effects: the job is due, history."""
    root, job = _locked(job_id)
    if job.state != JobState.INCIDENT:
        return
    job.state, job.attempts, job.next_attempt_at, job.last_error = JobState.QUEUED, 0, at, ""
    job.save(update_fields=["state", "attempts", "next_attempt_at", "last_error"])
    step = Transition(root, by=by, at=at)
    step.note(job.run, "job_retried", node=job.node, round=job.round)
    step.commit()
    wake(JOBS_TASK)

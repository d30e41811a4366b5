"""Carry out service tasks: at least once each, with at most one effect, retried, and never blocking a sibling."""

from __future__ import annotations

import logging
import traceback
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from workflows.actions import ActionContext, ActionResult, action_named
from workflows.engine.events import Completed
from workflows.enums import JobState
from workflows.models import Job, Run
from workflows.operations.locking import lock_root, try_lock_root
from workflows.operations.transition import JOBS_TASK, Transition
from workflows.signals import JobGaveUp
from workflows.wake import wake

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

log = logging.getLogger(__name__)

#: Pauses before the second, third … attempt; after the last one a manager decides.
BACKOFF = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 3600))


def run_due_jobs(*, at: datetime, limit: int = 100) -> int:
    """Carry out queued jobs that are due at `at`, oldest first; returns how many were done.

    Safe to run any number of times at once: a job's root run is locked, and one that somebody else holds is left to
    the next round.
    """
    due = Job.objects.filter(state=JobState.QUEUED, next_attempt_at__lte=at).order_by("next_attempt_at", "id")
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
        _postpone(job_id, error, at)
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
        data=job.run.data,
    )


def _finish(job_id: int, answer: ActionResult | None, at: datetime) -> bool:
    root_id = Job.objects.values_list("root_id", flat=True).get(pk=job_id)
    if try_lock_root(root_id) is None:
        return False
    if answer is None:
        job = Job.objects.select_related("run").get(pk=job_id)
        if job.state != JobState.QUEUED or job.next_attempt_at > at:
            return False
        answer = action_named(job.action).call(_context(job, at))
    # Read only now: the action may have moved this very run, its root or the job through operations of its own.
    root, job = _locked(root_id, job_id)
    if job.state != JobState.QUEUED:
        return False
    job.state, job.closed_at, job.attempts = JobState.DONE, at, job.attempts + 1
    job.save(update_fields=["state", "closed_at", "attempts"])
    step = Transition(root, by=None, at=at)
    step.note(job.run, "job_done", node=job.node, round=job.round, outcome=answer.outcome)
    step.push(job.run, Completed(node=job.node, round=job.round, outcome=answer.outcome, data=answer.data))
    step.commit()
    return True


def _locked(root_id: int, job_id: int) -> tuple[Run, Job]:
    root = lock_root(root_id)
    job = Job.objects.select_related("run__definition").get(pk=job_id)
    job.root = root
    if job.run_id == root.pk:
        job.run = root
    return root, job


@transaction.atomic
def _postpone(job_id: int, error: Exception, at: datetime) -> None:
    root, job = _locked(Job.objects.values_list("root_id", flat=True).get(pk=job_id), job_id)
    if job.state != JobState.QUEUED:
        return
    job.attempts += 1
    job.last_error = type(error).__name__  # the class only: a message may hold personal data
    if job.attempts > len(BACKOFF):
        job.state = JobState.INCIDENT
    else:
        job.next_attempt_at = at + BACKOFF[job.attempts - 1]
    job.save(update_fields=["attempts", "last_error", "state", "next_attempt_at"])
    if job.state == JobState.INCIDENT:
        step = Transition(root, by=None, at=at)
        step.note(job.run, "job_gave_up", node=job.node, round=job.round, error=job.last_error)
        step.happened.append(JobGaveUp(job=job))
        step.commit()


@transaction.atomic
def retry_job(*, job_id: int, by: AbstractBaseUser | None, at: datetime) -> None:
    """Queue a job again that had given up; a manager's decision. Twice is once. Effects: the job is due, history."""
    root, job = _locked(Job.objects.values_list("root_id", flat=True).get(pk=job_id), job_id)
    if job.state != JobState.INCIDENT:
        return
    job.state, job.attempts, job.next_attempt_at, job.last_error = JobState.QUEUED, 0, at, ""
    job.save(update_fields=["state", "attempts", "next_attempt_at", "last_error"])
    step = Transition(root, by=by, at=at)
    step.note(job.run, "job_retried", node=job.node, round=job.round)
    step.commit()
    wake(JOBS_TASK)

"""Carry out service tasks: at least once each, with at most one effect, retried, and never blocking a sibling."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction

from workflows.actions import ActionContext, ActionResult, action_named
from workflows.engine.events import Completed
from workflows.enums import JobState
from workflows.models import Job
from workflows.operations.locking import lock_root, try_lock_root
from workflows.operations.transition import Transition
from workflows.signals import JobGaveUp, effects_committed

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
        log.exception("job failed", extra={"job": job_id, "action": job.action})
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
    root = try_lock_root(Job.objects.values_list("root_id", flat=True).get(pk=job_id))
    if root is None:
        return False
    job = Job.objects.select_related("run__definition").get(pk=job_id)
    if job.state != JobState.QUEUED:
        return False
    if job.run_id == root.pk:
        job.run = root
    if answer is None:
        answer = action_named(job.action).call(_context(job, at))
        root.refresh_from_db(fields=["history_length", "history_head", "data"])
    job.state, job.closed_at, job.attempts = JobState.DONE, at, job.attempts + 1
    job.save(update_fields=["state", "closed_at", "attempts"])
    step = Transition(root, by=None, at=at)
    step.note(job.run, "job_done", node=job.node, round=job.round, outcome=answer.outcome)
    step.push(job.run, Completed(node=job.node, round=job.round, outcome=answer.outcome, data=answer.data))
    step.commit()
    return True


@transaction.atomic
def _postpone(job_id: int, error: Exception, at: datetime) -> None:
    root = lock_root(Job.objects.values_list("root_id", flat=True).get(pk=job_id))
    job = Job.objects.select_related("run").get(pk=job_id)
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
        effects_committed.send(sender=Job, root=root, effects=(JobGaveUp(job=job),), by=None, at=at)


@transaction.atomic
def retry_job(*, job_id: int, at: datetime) -> None:
    """Queue a job again that had given up; a manager's decision."""
    lock_root(Job.objects.values_list("root_id", flat=True).get(pk=job_id))
    Job.objects.filter(pk=job_id, state=JobState.INCIDENT).update(
        state=JobState.QUEUED, attempts=0, next_attempt_at=at, last_error=""
    )

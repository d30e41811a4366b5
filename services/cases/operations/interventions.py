"""A manager steps in: gives a task to a colleague, sets an automatic step that failed going again, or skips it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from services.cases.operations.holds import check_manager
from services.cases.operations.locked import locked_task
from services.cases.operations.steps import ReasonsMissingError
from services.cases.operations.telling import tell_receiver
from services.cases.permissions import application_about
from services.cases.queries.colleagues import colleagues_for
from workflows.enums import JobState
from workflows.models import Job, Task
from workflows.operations.jobs import retry_job, skip_job
from workflows.operations.tasks import reassign_task

if TYPE_CHECKING:
    from portal.accounts.models import User


class NotAColleagueError(ValueError):
    """The task can only be given to somebody of its post who had no other part in the case."""


@transaction.atomic
def give_task(*, task_id: int, to: User, by: User, at: datetime) -> Task:
    """Give an open task to a colleague of its post, whoever held it; to who holds it already changes nothing.

    Effects: the task is in her hands, she is told.
    Raises NotAllowedError, NotAColleagueError, TaskClosedError, RunSuspendedError.
    """
    check_manager(by, at)
    _root, task, case = locked_task(task_id)
    if task.assignee_id == to.pk:
        return task
    if to not in colleagues_for(task, case, at):
        raise NotAColleagueError("She does not hold this task's post, or had another part in the case.")
    given = reassign_task(task_id=task.pk, to=to, by=by, at=at)
    application = case.application if case else application_about(task.subject_kind, task.subject_id)
    tell_receiver(given, case, application, to, at=at)
    return given


@transaction.atomic
def retry_step(*, job_id: int, by: User, at: datetime) -> bool:
    """Set an automatic step that gave up going again; returns whether it had given up. Raises NotAllowedError."""
    check_manager(by, at)
    gave_up = Job.objects.filter(pk=job_id, state=JobState.INCIDENT).exists()
    retry_job(job_id=job_id, by=by, at=at)
    return gave_up


@transaction.atomic
def skip_step(*, job_id: int, reason: str, by: User, at: datetime) -> bool:
    """Let a case go on without an automatic step that gave up, saying why; returns whether it had given up.

    Raises NotAllowedError, ReasonsMissingError.
    """
    check_manager(by, at)
    if not reason.strip():
        raise ReasonsMissingError("Say why this step is skipped.")
    gave_up = Job.objects.filter(pk=job_id, state=JobState.INCIDENT).exists()
    skip_job(job_id=job_id, reason=reason, by=by, at=at)
    return gave_up

"""Load what an address names, or answer 404: what is no window clerk's does not exist for her."""

from __future__ import annotations

from datetime import datetime

from django.http import Http404, HttpRequest

from services.access.enums import Purpose
from services.cases.models import Application, Case
from services.cases.operations.refused import note_refused_application, note_refused_task
from services.cases.permissions import applications_visible_to, can_work_on, is_clerk
from services.parties.enums import Role
from workflows.models import Task


def clerk_or_404(request: HttpRequest, at: datetime) -> None:
    """Let only window clerks pass."""
    if not is_clerk(request.user, at):
        raise Http404


def task_or_404(request: HttpRequest, task_id: int, at: datetime) -> Task:
    """Return a task of her post at the window, open or closed."""
    task = Task.objects.select_related("assignee").filter(pk=task_id, role=Role.CLERK).first()
    if task is None or not can_work_on(request.user, task, at):
        note_refused_task(task_id=task_id, by=request.user, purpose=Purpose.WINDOW, at=at)
        raise Http404
    return task


def application_or_404(request: HttpRequest, public_id: str, at: datetime) -> Application:
    """Return a filed application; window clerks serve every one."""
    rows = applications_visible_to(request.user, at).select_related("bundle__bundle", "service__item", "filed_by")
    application = rows.filter(public_id=public_id).first() if is_clerk(request.user, at) else None
    if application is None:
        note_refused_application(public_id=public_id, by=request.user, purpose=Purpose.WINDOW, at=at)
        raise Http404
    return application


def case_of(task: Task) -> Case | None:
    """Return the case a task is about, None when it is about a whole application."""
    if task.subject_kind != "case":
        return None
    rows = Case.objects.select_related("application__bundle__bundle", "application__service__item", "service__item")
    return rows.select_related("department").prefetch_related("supplements").get(pk=int(task.subject_id))

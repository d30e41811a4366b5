"""Write down who tried to see somebody's application and was refused."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from services.access.enums import Purpose
from services.access.operations import record_access
from services.cases.models import Application, Case
from workflows.models import Task

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from portal.accounts.models import User

WHOLE = ("whole",)


def note_refused_application(*, public_id: str, by: User | AnonymousUser, purpose: Purpose, at: datetime) -> None:
    """Record a refused attempt to open an application; nothing when there is no such application.

    Call it outside the transaction that the refusal rolls back.
    """
    application = Application.objects.filter(public_id=public_id).defer("answers").first()
    if application is not None:
        _note(application.pk, application.number or "", by, purpose, at)


def note_refused_case(*, public_id: str, by: User | AnonymousUser, purpose: Purpose, at: datetime) -> None:
    """Record a refused attempt to open a case; nothing when there is no such case."""
    case = Case.objects.filter(public_id=public_id).first()
    if case is not None:
        _note(case.application_id, case.number, by, purpose, at)


def note_refused_task(*, task_id: int, by: User | AnonymousUser, purpose: Purpose, at: datetime) -> None:
    """Record a refused attempt to open a task of a case; nothing for other tasks."""
    task = Task.objects.filter(pk=task_id, subject_kind="case").first()
    case = Case.objects.filter(pk=int(task.subject_id)).first() if task else None
    if case is not None:
        _note(case.application_id, case.number, by, purpose, at)


def _note(application: int, number: str, by: User | AnonymousUser, purpose: Purpose, at: datetime) -> None:
    if by.pk is None:
        return
    record_access(
        reader=by,
        subject_kind="application",
        subject_id=application,
        fields=WHOLE,
        purpose=purpose,
        case_ref=number,
        at=at,
        allowed=False,
    )

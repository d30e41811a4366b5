"""Load what an address names, or answer 404: what is not her department's does not exist for her.

An attempt at somebody's case that is refused is written down.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from services.access.enums import Purpose
from services.cases.models import Case
from services.cases.operations.refused import note_refused_case, note_refused_task
from services.cases.permissions import DEPARTMENT_ROLES, can_work_on, cases_visible_to
from services.parties.queries import posts_of
from workflows.models import Task


def reviewer_or_404(request: HttpRequest, at: datetime) -> None:
    """Let only those pass who hold a post that works on a department's cases."""
    if not any(post.role in DEPARTMENT_ROLES for post in posts_of(request.user, at)):
        raise Http404


def task_or_404(request: HttpRequest, task_id: int, at: datetime) -> Task:
    """Return a task about a case of one of her posts, open or closed."""
    rows = Task.objects.select_related("assignee", "run").filter(role__in=DEPARTMENT_ROLES, subject_kind="case")
    task = rows.filter(pk=task_id).first()
    if task is None or not can_work_on(request.user, task, at):
        note_refused_task(task_id=task_id, by=request.user, purpose=Purpose.REVIEW, at=at)
        raise Http404
    return task


def whole_cases() -> QuerySet[Case]:
    """Return cases with everything their pages show."""
    rows = Case.objects.select_related("application__bundle__bundle", "application__service__item", "service__item")
    return rows.select_related("department", "run").prefetch_related(
        "supplements", "material_checks", "opinions__by", "service__legal_bases", "service__materials"
    )


def case_or_404(request: HttpRequest, public_id: str, at: datetime) -> Case:
    """Return a case she may see."""
    visible = cases_visible_to(request.user, at).order_by().values("pk")
    case = whole_cases().filter(pk__in=visible, public_id=public_id).first()
    if case is None:
        note_refused_case(public_id=public_id, by=request.user, purpose=Purpose.LOOK_AT_CASE, at=at)
        raise Http404
    return case

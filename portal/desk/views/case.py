"""A case to look at, for everybody of the staff who may see it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.desk.access import case_or_404
from portal.desk.casefile import case_context
from portal.desk.rail import frame
from services.cases.permissions import can_work_on
from workflows.queries.calendars import database_now


@require_GET
def case(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show a case with everything known about it; numbers of people are masked."""
    at = database_now()
    found = case_or_404(request, public_id, at)
    context = case_context(request, found, masked=True, at=at)
    task = context["lane"].open_task
    context["my_task"] = task if task and task.role != "applicant" and can_work_on(request.user, task, at) else None
    return render(request, "desk/case.html", {**frame(request), **context})

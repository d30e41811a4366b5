"""Fetch what the government holds while the applicant stands at the window."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.counter.access import case_of, task_or_404
from portal.ui.fetched import say_fetched
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.fetching import fetch_at_window
from services.cases.operations.registers import ApplicantNotPresentError
from workflows.queries.calendars import database_now


@require_POST
def fetch(request: HttpRequest, task_id: int) -> HttpResponse:
    """Fetch the documents of a case being checked, with the applicant's consent recorded."""
    at = database_now()
    task = task_or_404(request, task_id, at)
    case = case_of(task)
    if case is None:
        raise Http404
    try:
        readings = fetch_at_window(case_id=case.pk, present="present" in request.POST, by=request.user, at=at)
    except ApplicantNotPresentError:
        messages.error(request, _("Confirm that the applicant stands at the window and agrees, then fetch."))
    except NotAllowedError:
        messages.error(request, _("This case is not being checked at the window any more."))
    else:
        say_fetched(request, sum(len(one.filled) for one in readings))
    return redirect("counter:task", task_id)

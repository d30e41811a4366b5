"""My applications and my messages."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from services.cases.enums import ApplicationState
from services.cases.permissions import applications_of
from services.notifications.operations import mark_read
from services.notifications.queries import inbox_of
from services.parties.queries import names_of_parties
from workflows.queries.calendars import database_now

ROWS = 20


@require_GET
def cases(request: HttpRequest) -> HttpResponse:
    """List her applications: drafts to go on with first, then what runs, then what is closed."""
    rows = applications_of(request.user, database_now()).select_related("bundle", "service").prefetch_related("cases")
    wanted = request.GET.get("state", "")
    if wanted in ApplicationState.values:
        rows = rows.filter(state=wanted)
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    names = names_of_parties(application.party for application in page)
    return render(
        request,
        "applicant/cases.html",
        {
            "page": page,
            "rows": [(application, names.get(application.party, "")) for application in page],
            "states": ApplicationState.choices,
            "wanted": wanted,
        },
    )


@require_http_methods(["GET", "POST"])
def inbox(request: HttpRequest) -> HttpResponse:
    """Show her messages, newest first; POST marks one or all as read."""
    at = database_now()
    if request.method == "POST":
        chosen = request.POST.get("notice", "")
        mark_read(by=request.user, public_ids=[chosen] if chosen else None, at=at)
        return redirect("applicant:inbox")
    page = Paginator(inbox_of(request.user), ROWS).get_page(request.GET.get("page"))
    return render(request, "applicant/inbox.html", {"page": page})

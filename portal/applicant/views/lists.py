"""My applications and my messages."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from portal.accounts.models import User
from services.access.masking import mask_name
from services.cases.enums import ApplicationState
from services.cases.models import Application
from services.cases.permissions import applications_open_to, is_walk_in_of
from services.cases.queries.signers import invitations_for
from services.notifications.operations import mark_read
from services.notifications.queries import inbox_of
from services.parties.enums import MandateScope
from services.parties.queries import names_of_parties, party_choices
from workflows.queries.calendars import database_now

ROWS = 20


@require_GET
def cases(request: HttpRequest) -> HttpResponse:
    """List the applications of everybody she acts for, the latest changed first; an agent picks one principal."""
    at = database_now()
    rows = applications_open_to(request.user, at).select_related("bundle", "service").prefetch_related("cases")
    choices = party_choices(request.user, at, MandateScope.values)
    chosen = next((one for one in choices if str(one.ref) == request.GET.get("for")), None)
    if chosen is not None:
        rows = rows.filter(party_kind=chosen.ref.kind, party_id=chosen.ref.id)
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
            "rows": [(one, _name_of(one, names.get(one.party, ""), request.user)) for one in page],
            "states": ApplicationState.choices,
            "wanted": wanted,
            "parties": choices if len(choices) > 1 else [],
            "chosen": str(chosen.ref) if chosen else "",
            "invitations": invitations_for(request.user),
        },
    )


def _name_of(application: Application, name: str, user: User) -> str:
    """Return whose application it is; a clerk's list of those she took at the window shows nobody's whole name."""
    if application.party_kind == "person" and is_walk_in_of(user, application):
        return mask_name(name)
    return name


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

"""Load what an address names, or answer 404: what she may not see does not exist for her."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from services.access.enums import Purpose
from services.access.operations import record_access
from services.cases.enums import ApplicationState, Channel
from services.cases.models import Application, Case
from services.cases.operations.drafts import AlreadySubmittedError, HandedOverError
from services.cases.operations.refused import note_refused_application, note_refused_case
from services.cases.permissions import (
    applications_of,
    holder_of,
    is_walk_in_of,
    may_fill,
    may_fill_for,
    may_follow,
)


def application_or_404(request: HttpRequest, public_id: str, at: datetime, *, alone: bool = False) -> Application:
    """Return an application of a party for whom she may do anything; what exactly, each operation decides.

    alone: without the rows of what is applied for, which most pages show.
    """
    application = _named(public_id, alone=alone)
    if application is None or not may_follow(request.user, application, at):
        note_refused_application(public_id=public_id, by=request.user, purpose=Purpose.OWN_APPLICATION, at=at)
        raise Http404
    note_reading_of_walk_in(request, application, at)
    return application


def _named(public_id: str, *, alone: bool) -> Application | None:
    """Return the application of an address, whosever it is."""
    rows = Application.objects.all() if alone else Application.objects.select_related("bundle__bundle", "service__item")
    return rows.filter(public_id=public_id).order_by("pk").first()


def note_reading_of_walk_in(request: HttpRequest, application: Application, at: datetime) -> None:
    """Write down that a clerk opened a page of an application she took at the window: it is somebody else's."""
    if request.method == "GET" and is_walk_in_of(request.user, application):
        record_access(
            reader=request.user,
            subject_kind="application",
            subject_id=application.pk,
            fields=["answers", "name"],
            purpose=Purpose.WALK_IN,
            case_ref=application.number or "",
            at=at,
        )


def shown_draft_or_404(request: HttpRequest, public_id: str, at: datetime, *, alone: bool = False) -> Application:
    """Return an application that is still being filled in, wherever it is; alone: as `application_or_404`."""
    draft = _named(public_id, alone=alone)
    # Asked first: who fills in for the party on line sees it, and is nearly everybody who comes here.
    hers = draft is not None and may_fill_for(request.user, draft.party, channel=Channel.ONLINE, at=at)
    if draft is None or not hers:
        draft = application_or_404(request, public_id, at, alone=alone)
        hers = may_fill(request.user, draft, at)
    else:
        note_reading_of_walk_in(request, draft, at)
    if draft.state != ApplicationState.DRAFT or not hers:
        raise Http404
    return draft


def draft_or_404(request: HttpRequest, public_id: str, at: datetime, *, alone: bool = False) -> Application:
    """Return an application that is still being filled in, by her; HandedOverError while the counter has it.

    The counter has what a clerk holds with a code, and what was begun at a window until the applicant takes it over.
    alone: as `application_or_404`.
    """
    application = shown_draft_or_404(request, public_id, at, alone=alone)
    if holder_of(application) not in (None, request.user.pk):
        raise HandedOverError("A clerk at the counter holds this application.")
    if application.channel == Channel.COUNTER and not may_fill(request.user, application, at):
        raise HandedOverError("It was begun at a window and not taken over yet.")
    return application


class MovedOnMiddleware:
    """Lead whoever changes a draft that moved on meanwhile to the page that shows where it is.

    It is at the counter, or it was filed in another tab between the moment a page was asked for and the lock.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Answer HandedOverError and AlreadySubmittedError: a page leads there, a fragment lets its page go there."""
        match = request.resolver_match
        if match is None or match.app_name != "applicant" or "public_id" not in match.kwargs:
            return None
        if isinstance(exception, HandedOverError):
            if request.headers.get("HX-Request"):
                return HttpResponse(status=404)
            return redirect("applicant:hand_over", match.kwargs["public_id"])
        if not isinstance(exception, AlreadySubmittedError):
            return None
        messages.info(request, _("This application was filed already. What you see is what was filed."))
        response = redirect("applicant:application", match.kwargs["public_id"])
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": response.headers["Location"]})
        return response


def case_or_404(request: HttpRequest, public_id: str, at: datetime) -> Case:
    """Return a case of an application she filed or may act for."""
    mine = applications_of(request.user, at).order_by()
    rows = Case.objects.select_related("application__bundle", "application__service", "service__item", "department")
    case = rows.filter(public_id=public_id, application__in=mine).first()
    if case is None:
        note_refused_case(public_id=public_id, by=request.user, purpose=Purpose.OWN_APPLICATION, at=at)
        raise Http404
    note_reading_of_walk_in(request, case.application, at)
    return case

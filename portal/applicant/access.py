"""Load what an address names, or answer 404: what she may not see does not exist for her."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
    HOLDER_OF_DRAFT,
    applications_of,
    holder_of,
    is_walk_in_of,
    may_fill,
    may_fill_for,
    may_follow,
)
from services.catalogue.queries import EDITION, edition_in
from services.parties.queries import OWN_PARTIES, own_parties_in
from services.parties.references import PartyRef
from workflows.queries.together import Asked, Question, first_answers

_NAMED: Question[Application] = Question(lambda public_id: Application.objects.filter(public_id=public_id))


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What a page asks first. application: of this address, whosever it is; None: of no such."""

    application: Application | None
    edition: str
    at: datetime
    own: Mapping[PartyRef, str]


@dataclass(frozen=True, kw_only=True)
class Opened:
    """An application she may see, without the rows of what it is for, and what was asked along with it.

    edition, at: `services.catalogue.queries.edition_and_now`. own: the parties she is herself, with their names.
    """

    application: Application
    edition: str
    at: datetime
    own: Mapping[PartyRef, str]


def opened_or_404(request: HttpRequest, public_id: str) -> Opened:
    """Return `application_or_404`, the clock and the edition in one trip: the first questions of a page."""
    asked = _read(first_answers(*_first_questions(request, public_id)))
    found = _followed(request, public_id, asked.application, asked.at, asked.own)
    return Opened(application=found, edition=asked.edition, at=asked.at, own=asked.own)


def _first_questions(request: HttpRequest, public_id: str) -> tuple[Asked[Any], ...]:
    return EDITION.about(), _NAMED.about(public_id), OWN_PARTIES.about(user=request.user.pk)


def _read(rows: Sequence[list[Any]]) -> _Asked:
    edition, at = edition_in(rows[0])
    return _Asked(application=next(iter(rows[1]), None), edition=edition, at=at, own=own_parties_in(rows[2]))


def application_or_404(request: HttpRequest, public_id: str, at: datetime) -> Application:
    """Return an application of a party for whom she may do anything; what exactly, each operation decides."""
    return _followed(request, public_id, _named(public_id), at, None)


def _followed(
    request: HttpRequest, public_id: str, found: Application | None, at: datetime, own: Collection[PartyRef] | None
) -> Application:
    if found is None or not may_follow(request.user, found, at, own=own):
        note_refused_application(public_id=public_id, by=request.user, purpose=Purpose.OWN_APPLICATION, at=at)
        raise Http404
    note_reading_of_walk_in(request, found, at)
    return found


def _named(public_id: str) -> Application | None:
    """Return the application of an address, whosever it is."""
    rows = Application.objects.select_related("bundle__bundle", "service__item")
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


def shown_draft_or_404(request: HttpRequest, public_id: str, at: datetime) -> Application:
    """Return an application that is still being filled in, wherever it is."""
    return _shown_draft(request, public_id, _named(public_id), at, None)


def _shown_draft(
    request: HttpRequest, public_id: str, draft: Application | None, at: datetime, own: Collection[PartyRef] | None
) -> Application:
    # Asked first: who fills in for the party on line sees it, and is nearly everybody who comes here.
    hers = draft is not None and may_fill_for(request.user, draft.party, channel=Channel.ONLINE, at=at, own=own)
    if draft is None or not hers:
        draft = _followed(request, public_id, draft, at, own)
        hers = may_fill(request.user, draft, at)
    else:
        note_reading_of_walk_in(request, draft, at)
    if draft.state != ApplicationState.DRAFT or not hers:
        raise Http404
    return draft


def draft_or_404(request: HttpRequest, public_id: str, at: datetime) -> Application:
    """Return an application that is still being filled in, by her; HandedOverError while the counter has it.

    The counter has what a clerk holds with a code, and what was begun at a window until the applicant takes it over.
    """
    application = shown_draft_or_404(request, public_id, at)
    _refuse_handed_over(request, application, holder_of(application), at)
    return application


def opened_draft_or_404(request: HttpRequest, public_id: str) -> Opened:
    """Return `draft_or_404`, the clock and the edition in one trip: the first questions of a page."""
    questions = *_first_questions(request, public_id), HOLDER_OF_DRAFT.about(public_id=public_id)
    *first, holder = first_answers(*questions)
    asked = _read(first)
    draft = _shown_draft(request, public_id, asked.application, asked.at, asked.own)
    _refuse_handed_over(request, draft, holder[0][0] if holder else None, asked.at)
    return Opened(application=draft, edition=asked.edition, at=asked.at, own=asked.own)


def _refuse_handed_over(request: HttpRequest, draft: Application, holder: int | None, at: datetime) -> None:
    if holder not in (None, request.user.pk):
        raise HandedOverError("A clerk at the counter holds this application.")
    if draft.channel == Channel.COUNTER and not may_fill(request.user, draft, at):
        raise HandedOverError("It was begun at a window and not taken over yet.")


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

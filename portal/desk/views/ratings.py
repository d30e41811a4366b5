"""What people said of the department's closed cases, and what it does about the bad ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from portal.desk.access import reviewer_or_404
from portal.desk.rail import frame
from portal.ui.chips import chips
from services.access.enums import Purpose
from services.access.operations import record_access
from services.cases.operations.drafts import NotAllowedError
from services.parties.queries import names_of_parties
from services.ratings.enums import BAD, Ground
from services.ratings.models import Handling, Rating
from services.ratings.operations.handling import ask_to_exclude, note_contact, note_follow_up, note_rectified
from services.ratings.operations.rating import RatingError
from services.ratings.permissions import handles, may_see_name, ratings_visible_to
from services.ratings.queries.ratings import running_clocks, to_handle, with_everything
from workflows.queries.calendars import database_now

ROWS = 20
#: What is typed about a bad rating, so that a refusal loses nothing.
TYPED = ("finding", "measures", "followed_up", "ground", "ground_reason")


@require_GET
def ratings(request: HttpRequest) -> HttpResponse:
    """List the ratings of her department's closed cases; never with a name."""
    at = database_now()
    reviewer_or_404(request, at)
    rows = ratings_visible_to(request.user, at)
    show = request.GET.get("show", "")
    choices = [
        ("", _("All"), rows.count()),
        ("open", _("Something to do"), to_handle(rows).count()),
        ("bad", _("Bad ones"), rows.filter(level__in=BAD).count()),
    ]
    chosen = {"open": to_handle(rows), "bad": rows.filter(level__in=BAD)}.get(show, rows)
    page = Paginator(with_everything(chosen).order_by("-rated_at", "-id"), ROWS).get_page(request.GET.get("page"))
    context = {**frame(request), "page": page, "chips": chips(request, "show", choices, show)}
    return render(request, "desk/ratings.html", context)


@require_http_methods(["GET", "POST"])
def rating(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show one rating; who must contact its giver sees the name and notes what was done."""
    at = database_now()
    reviewer_or_404(request, at)
    found = with_everything(ratings_visible_to(request.user, at)).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    if request.method == "POST" and _act(request, found, at):
        return redirect(request.path)
    return render(request, "desk/rating.html", {**frame(request), **rating_context(request, found, at)})


def rating_context(request: HttpRequest, found: Rating, at: datetime) -> dict[str, Any]:
    """Return what a page shows of a rating to this person."""
    handling = found.handling_or_none
    sees_name = may_see_name(request.user, found, at)
    if sees_name:
        record_access(
            reader=request.user,
            subject_kind="application",
            subject_id=found.case.application_id,
            fields=("name", "mobile"),
            purpose=Purpose.RATING_CONTACT,
            case_ref=found.case.number,
            at=at,
        )
    return {
        "rating": found,
        "handling": handling,
        "clocks": running_clocks(handling) if handling else [],
        "handles": handling is not None and handles(request.user, found, at),
        "person": _person(found) if sees_name else "",
        "grounds": Ground.choices,
        "typed": {name: request.POST.get(name, "") for name in TYPED},
    }


def _person(found: Rating) -> str:
    user = found.rated_by
    person = getattr(user, "person", None)
    if person is None:
        return str(user)
    return f"{names_of_parties([person.ref]).get(person.ref, '')} · {person.mobile}".strip(" ·")


def _act(request: HttpRequest, found: Rating, at: datetime) -> bool:
    """Note what was done; False if the page must stay as it is, with what was typed."""
    words: dict[str, Callable[[], Handling]] = {
        "contact": lambda: note_contact(
            rating_id=found.pk, finding=request.POST.get("finding", ""), by=request.user, at=at
        ),
        "rectified": lambda: note_rectified(
            rating_id=found.pk, measures=request.POST.get("measures", ""), by=request.user, at=at
        ),
        "follow_up": lambda: note_follow_up(
            rating_id=found.pk, words=request.POST.get("followed_up", ""), by=request.user, at=at
        ),
        "appeal": lambda: ask_to_exclude(
            rating_id=found.pk,
            ground=request.POST.get("ground", ""),
            reason=request.POST.get("ground_reason", ""),
            by=request.user,
            at=at,
        ),
    }
    act = words.get(request.POST.get("do", ""))
    if act is None:
        raise Http404
    try:
        act()
    except RatingError as error:
        messages.error(request, str(error))
        return False
    except NotAllowedError as error:
        raise Http404 from error
    messages.success(request, _("Noted."))
    return True

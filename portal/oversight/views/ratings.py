"""How satisfied are people, which ratings wait for a review, and the rows of the national interface."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import datetime, timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.oversight.access import overseers_only
from portal.oversight.rail import rail
from portal.ui.chips import chips
from portal.ui.spreadsheet import csv_response
from services.cases.operations.drafts import NotAllowedError
from services.parties.queries import department_by_code
from services.ratings.enums import Ground, Level
from services.ratings.models import Rating
from services.ratings.operations.handling import (
    decide_exclusion,
    note_contact,
    note_follow_up,
    note_rectified,
)
from services.ratings.operations.rating import RatingError
from services.ratings.permissions import can_decide_exclusions, handles, ratings_visible_to
from services.ratings.queries.ratings import (
    NationalRow,
    appealed,
    national_rows,
    rated_between,
    running_clocks,
    to_handle,
    with_everything,
)
from services.ratings.queries.statistics import SMALLEST_SAMPLE, labels_of_bad, satisfaction, together

ROWS = 20
#: What is typed about a bad rating, so that a refusal loses nothing.
TYPED = ("note", "finding", "measures", "followed_up", "ground", "ground_reason")
SPAN = timedelta(days=365)


@require_safe
@overseers_only
def ratings(request: HttpRequest, *, at: datetime) -> HttpResponse:
    """Show satisfaction by department within a year, what bad ratings complain of, and the ratings themselves."""
    known = ratings_visible_to(request.user, at)
    show = request.GET.get("show", "appeals")
    choices = [
        ("appeals", _("Review waits"), appealed(known).count()),
        ("open", _("Something to do"), to_handle(known).count()),
        ("all", _("All"), known.count()),
    ]
    chosen = {"appeals": appealed(known), "open": to_handle(known)}.get(show, known)
    rows = satisfaction(since=at - SPAN, until=at)
    context = {
        "page": Paginator(with_everything(chosen).order_by("-rated_at", "-id"), ROWS).get_page(request.GET.get("page")),
        "chips": chips(request, "show", choices, show),
        "rows": rows,
        "all": together(rows, department_by_code("ZWB")),
        "levels": Level.choices,
        "smallest": SMALLEST_SAMPLE,
        "bad_labels": labels_of_bad(since=at - SPAN, until=at)[:16],
        "rail": rail("ratings"),
        "keys": [],
    }
    return render(request, "oversight/ratings.html", context)


@require_http_methods(["GET", "POST"])
@overseers_only
def rating(request: HttpRequest, public_id: str, *, at: datetime) -> HttpResponse:
    """Show one rating; a manager decides an appeal, and sees to ratings of visits at the counter."""
    found = with_everything(ratings_visible_to(request.user, at)).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    if request.method == "POST" and _act(request, found, at):
        return redirect(request.path)
    handling = found.handling_or_none
    context = {
        "rating": found,
        "handling": handling,
        "clocks": running_clocks(handling) if handling else [],
        "handles": handling is not None and handles(request.user, found, at),
        "person": "",  # who rates a visit gives no name, and a case's own department contacts its raters
        "may_decide": handling is not None and handling.appeal_waits and can_decide_exclusions(request.user, at),
        "grounds": Ground.choices,
        "typed": {name: request.POST.get(name, "") for name in TYPED},
        "rail": rail("ratings"),
        "keys": [],
    }
    return render(request, "oversight/rating.html", context)


def _act(request: HttpRequest, found: Rating, at: datetime) -> bool:
    """Decide or note; False if the page must stay as it is, with what was typed."""
    said, who = request.POST, {"by": request.user, "at": at}
    try:
        match said.get("do", ""):
            case "exclude" | "count" as word:
                decide_exclusion(rating_id=found.pk, excluded=word == "exclude", note=said.get("note", ""), **who)
            case "contact":
                note_contact(rating_id=found.pk, finding=said.get("finding", ""), **who)
            case "rectified":
                note_rectified(rating_id=found.pk, measures=said.get("measures", ""), **who)
            case "follow_up":
                note_follow_up(rating_id=found.pk, words=said.get("followed_up", ""), **who)
            case _:
                raise PermissionDenied
    except NotAllowedError as error:
        raise PermissionDenied from error
    except RatingError as error:
        messages.error(request, str(error))
        return False
    messages.success(request, _("Noted."))
    return True


@require_safe
@overseers_only
def export(request: HttpRequest, *, at: datetime) -> HttpResponse:
    """Download the year's ratings as CSV in the form of the national interface, with both codes of each level."""
    rows = national_rows(rated_between(at - SPAN, at + timedelta(seconds=1)))
    name = f"ratings-{timezone.localdate(at).isoformat()}"
    return csv_response(name, [field.name for field in fields(NationalRow)], [[*asdict(row).values()] for row in rows])

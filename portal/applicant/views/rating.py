"""Rate in two taps: choose a level, send. Labels, words and the name are extras."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from portal.applicant.access import application_or_404, case_or_404
from portal.rating import LevelForm, level_links
from services.cases.models import Case
from services.cases.operations.drafts import NotAllowedError
from services.ratings.enums import Channel, Level
from services.ratings.operations.rating import RatingError, rate_case
from services.ratings.queries.ratings import cases_to_rate, ratings_of_case, second_is_open
from workflows.queries.calendars import database_now


class RateForm(LevelForm):
    """A level, its labels, words, and whether she gives her name."""

    named = forms.BooleanField(label=gettext_lazy("Give my name, so that I can be contacted"), required=False)

    def __init__(self, *args: Any, level: str, with_name: bool = True, **more: Any) -> None:
        """level: whose labels are offered. with_name: whether a name can be given at all."""
        unhappy = level in (Level.DISSATISFIED, Level.VERY_DISSATISFIED)
        super().__init__(*args, level=level, initial={"named": unhappy}, **more)
        if not with_name:
            del self.fields["named"]


@require_http_methods(["GET", "POST"])
def rate(request: HttpRequest, public_id: str) -> HttpResponse:
    """Offer the five levels; then the chosen one's labels and the button that sends it."""
    at = database_now()
    case = case_or_404(request, public_id, at)
    known = ratings_of_case(case)
    again = second_is_open(known, user_id=request.user.pk)
    level = (request.POST if request.method == "POST" else request.GET).get("level", "")
    form = RateForm(request.POST if request.method == "POST" else None, level=level, with_name=not again)
    if request.method == "POST" and form.is_valid():
        _send(request, case, form.cleaned_data, at)
        return redirect("applicant:rate", public_id)
    context = {
        "case": case,
        "known": known,
        "again": again,
        "open": (not known and case.closed_at is not None) or again,
        "levels": level_links(level),
        "level": level if level in Level.values else "",
        "form": form,
    }
    return render(request, "applicant/rate.html", context, status=422 if form.errors else 200)


def _send(request: HttpRequest, case: Case, chosen: dict[str, Any], at: datetime) -> None:
    """Store the rating and say on the next page what became of it."""
    try:
        rate_case(
            case_id=case.pk,
            level=chosen["level"],
            labels=chosen["labels"],
            text=chosen["text"],
            named=bool(chosen.get("named")),
            channel=Channel.MOBILE if "Mobi" in request.headers.get("User-Agent", "") else Channel.COMPUTER,
            by=request.user,
            at=at,
        )
        messages.success(request, _("Thank you. Your rating was received."))
    except RatingError as error:
        messages.warning(request, str(error))
    except NotAllowedError:
        messages.error(request, _("You may not rate this for the applicant."))


@require_GET
def rate_application(request: HttpRequest, public_id: str) -> HttpResponse:
    """List the cases of an application that can be rated; with one alone, go there."""
    found = application_or_404(request, public_id, database_now())
    cases = cases_to_rate(found)
    if len(cases) == 1:
        return redirect("applicant:rate", cases[0].public_id)
    context = {"application": found, "cases": cases, "levels": level_links("")}
    return render(request, "applicant/rate_application.html", context)

"""Rate in two taps: choose a level, send. Labels, words and the name are extras."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from portal.applicant.access import application_or_404, case_or_404
from portal.ui.wording import is_chinese
from services.cases.operations.drafts import NotAllowedError
from services.forms.free_text import validate_free_text
from services.ratings.enums import Channel, Level
from services.ratings.labels import levels
from services.ratings.operations.rating import LONGEST_TEXT, RatingError, rate_case
from services.ratings.queries.ratings import cases_to_rate, ratings_of_case, second_is_open
from workflows.queries.calendars import database_now

ICONS = {
    Level.VERY_SATISFIED: "emoji-laughing",
    Level.SATISFIED: "emoji-smile",
    Level.FAIRLY_SATISFIED: "emoji-neutral",
    Level.DISSATISFIED: "emoji-frown",
    Level.VERY_DISSATISFIED: "emoji-angry",
}


class RateForm(forms.Form):
    """A level; labels of that level; words; whether she gives her name."""

    use_required_attribute = False

    level = forms.ChoiceField(choices=Level.choices, widget=forms.HiddenInput)
    labels = forms.TypedMultipleChoiceField(
        label=gettext_lazy("What stood out?"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    text = forms.CharField(
        label=gettext_lazy("Anything else?"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=LONGEST_TEXT,
        validators=[validate_free_text],
        required=False,
    )
    named = forms.BooleanField(label=gettext_lazy("Give my name, so that I can be contacted"), required=False)

    def __init__(self, *args: Any, level: str, with_name: bool = True, **more: Any) -> None:
        """level: whose labels are offered. with_name: whether a name can be given at all."""
        super().__init__(
            *args, initial={"level": level, "named": level in ("dissatisfied", "very_dissatisfied")}, **more
        )
        known = levels()[level].labels.values() if level in Level.values else ()
        self.fields["labels"].choices = [(one.code, one.zh if is_chinese() else one.en) for one in known]  # type: ignore[attr-defined]
        if not with_name:
            del self.fields["named"]


def level_links(chosen: str) -> list[dict[str, object]]:
    """Return the five levels as pages offer them."""
    return [
        {"value": level.value, "word": level.label, "icon_name": ICONS[level], "chosen": level.value == chosen}
        for level in Level
    ]


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
        chosen = form.cleaned_data
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


@require_GET
def rate_application(request: HttpRequest, public_id: str) -> HttpResponse:
    """List the cases of an application that can be rated; with one alone, go there."""
    found = application_or_404(request, public_id, database_now())
    cases = cases_to_rate(found)
    if len(cases) == 1:
        return redirect("applicant:rate", cases[0].public_id)
    context = {"application": found, "cases": cases, "levels": level_links("")}
    return render(request, "applicant/rate_application.html", context)

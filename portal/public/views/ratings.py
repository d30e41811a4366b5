"""What people say of the city's services, for everybody; and the tablet on which a visitor rates."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from portal.ui.wording import is_chinese
from services.forms.free_text import validate_free_text
from services.parties.queries import department_by_code
from services.ratings.enums import Level
from services.ratings.labels import levels
from services.ratings.models import Visit
from services.ratings.operations.rating import LONGEST_TEXT, RatingError, rate_visit
from services.ratings.queries.statistics import SMALLEST_SAMPLE, satisfaction, together
from workflows.queries.calendars import database_now

SPAN = timedelta(days=365)
_ICONS = ("emoji-laughing", "emoji-smile", "emoji-neutral", "emoji-frown", "emoji-angry")


@login_not_required
@require_safe
def summary(request: HttpRequest) -> HttpResponse:
    """Publish satisfaction by department: denominators beside every share, small samples hidden."""
    at = database_now()
    rows = satisfaction(since=at - SPAN, until=at)
    context = {"rows": rows, "all": together(rows, department_by_code("ZWB")), "smallest": SMALLEST_SAMPLE}
    return render(request, "public/ratings.html", context)


class VisitForm(forms.Form):
    """A level, its labels and words; no name is asked on a tablet in a hall."""

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


@login_not_required
@require_http_methods(["GET", "POST"])
def visit(request: HttpRequest, code: str) -> HttpResponse:
    """Rate a visit on the tablet at the window, once."""
    at = database_now()
    found = Visit.objects.filter(code=code, opened_at__gt=at - Visit.LASTS).first()
    if found is None:
        raise Http404
    level = (request.POST if request.method == "POST" else request.GET).get("level", "")
    form = VisitForm(request.POST if request.method == "POST" else None, initial={"level": level})
    known = levels()[level].labels.values() if level in Level.values else ()
    form.fields["labels"].choices = [(one.code, one.zh if is_chinese() else one.en) for one in known]  # type: ignore[attr-defined]
    done, refused = found.ratings.exists(), ""
    if request.method == "POST" and not done and form.is_valid():
        chosen = form.cleaned_data
        try:
            rate_visit(code=code, level=chosen["level"], labels=chosen["labels"], text=chosen["text"], at=at)
            done = True
        except RatingError as error:
            refused = str(error)
    context = {
        "visit": found,
        "form": form,
        "done": done,
        "refused": refused,
        "level": level if level in Level.values else "",
        "levels": [
            {"value": one.value, "word": one.label, "icon_name": icon, "chosen": one.value == level}
            for one, icon in zip(Level, _ICONS, strict=True)
        ],
    }
    return render(request, "public/rate_visit.html", context, status=422 if form.errors or refused else 200)

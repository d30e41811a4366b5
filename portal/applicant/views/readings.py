"""Who read my data: every reading and refused attempt, filters in the address, and the whole as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.http import require_GET

from portal.ui.spreadsheet import safe_cell
from portal.ui.wording import instant_words, is_chinese
from services.access.enums import purpose_word
from services.cases.queries.readings import (
    OFFICE,
    OTHERS,
    REFUSED,
    REGISTER,
    Reading,
    ReadingFilter,
    Subjects,
    readings_of,
    subjects_of,
    whole,
)
from services.exchange.enums import Outcome
from services.exchange.purposes import SourcePurpose
from services.parties.enums import Role
from workflows.queries.calendars import database_now

ROWS = 25
PORTION = 500


class FilterForm(forms.Form):
    """What she wants to see; every field may stay empty."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Show"),
        required=False,
        choices=[
            ("", gettext_lazy("Everything")),
            (OFFICE, gettext_lazy("Departments and windows")),
            (REGISTER, gettext_lazy("Registers that were asked")),
            (OTHERS, gettext_lazy("Others: who acts for you, or has a code of yours")),
            (REFUSED, gettext_lazy("Refused attempts")),
        ],
    )
    application = forms.ChoiceField(label=gettext_lazy("Application"), required=False)
    first = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    last = forms.DateField(
        label=gettext_lazy("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, subjects: Subjects, **kwargs: Any) -> None:
        """Offer her own applications."""
        super().__init__(*args, **kwargs)
        mine = sorted(subjects.applications.values(), key=lambda one: one.changed_at, reverse=True)
        rows = [(one.public_id, one.number or _draft_word(one.created_at)) for one in mine]
        field = self.fields["application"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("All")), *rows]

    def wanted(self) -> ReadingFilter:
        """Return the filter; a field that says nothing sensible says nothing."""
        self.is_valid()
        return ReadingFilter(**{name: self.cleaned_data.get(name) for name in ("first", "last")}, **self._words())

    def _words(self) -> dict[str, str]:
        return {name: str(self.cleaned_data.get(name) or "") for name in ("kind", "application")}


def _draft_word(begun: datetime) -> str:
    return _("Draft of %(time)s") % {"time": instant_words(begun)}


@require_GET
def my_data(request: HttpRequest) -> HttpResponseBase:
    """List who read her data; with `format=csv`, the whole list as a file."""
    subjects = subjects_of(request.user, database_now())
    form = FilterForm(request.GET, subjects=subjects)
    rows = readings_of(request.user, subjects, form.wanted())
    if request.GET.get("format") == "csv":
        return _csv(rows, subjects)
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    readings = [_shown(one) for one in whole(page.object_list, subjects)]
    filtered = any(form.cleaned_data.get(name) for name in form.fields)
    context = {"form": form, "page": page, "readings": readings, "filtered": filtered}
    return render(request, "applicant/my_data.html", context, status=422 if form.errors else 200)


def _shown(one: Reading) -> dict[str, Any]:
    language = "zh-hans" if is_chinese() else "en"
    words: list[str] = []
    for field in one.fields:
        word = field.in_language(language)
        if word not in words:
            words.append(word)
    return {
        "reading": one,
        "who": _who(one, language),
        "fields": words,
        "purpose": _purpose(one),
        "note": _note(one),
    }


def _who(one: Reading, language: str) -> str:
    if one.source is not None:
        return one.source.in_language(language)
    chinese = language == "zh-hans"
    posts = [f"{post.department_zh if chinese else post.department_en} · {_role(post.role)}" for post in one.posts]
    if posts:
        return " / ".join(dict.fromkeys(posts))
    return one.name or _("Somebody without a post at that time")


def _role(role: str) -> str:
    return str(Role(role).label) if role in Role.values else role


def _purpose(one: Reading) -> str:
    if one.source is not None:
        return str(SourcePurpose(one.purpose).label) if one.purpose in SourcePurpose.values else one.purpose
    return purpose_word(one.purpose)


def _note(one: Reading) -> str:
    if not one.allowed:
        return _("Refused")
    if one.outcome and one.outcome != Outcome.FOUND:
        return str(Outcome(one.outcome).label)
    return ""


def _csv(rows: Any, subjects: Subjects) -> StreamingHttpResponse:
    language = "zh-hans" if is_chinese() else "en"
    response = StreamingHttpResponse(_lines(rows, subjects, language), content_type="text/csv; charset=utf-8")
    name = f"my-data-{timezone.localdate(database_now()).isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store, private"
    return response


def _lines(rows: Any, subjects: Subjects, language: str) -> Iterator[str]:
    with override(language):
        heads = [_("When"), _("Who"), _("Whose data"), _("What was read"), _("For what"), _("Number"), _("Note")]
        # Spreadsheets take a file without this mark for one in another encoding.
        yield "\ufeff" + _line(heads)
    begin = 0
    while portion := list(rows[begin : begin + PORTION]):
        with override(language):
            lines = [_line(_cells(_shown(one))) for one in whole(portion, subjects)]
        yield "".join(lines)
        begin += PORTION


def _cells(shown: dict[str, Any]) -> list[str]:
    one: Reading = shown["reading"]
    when = timezone.localtime(one.at).isoformat(timespec="seconds")
    return [when, shown["who"], one.about, "; ".join(shown["fields"]), shown["purpose"], one.number, shown["note"]]


def _line(cells: list[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerow([safe_cell(cell) for cell in cells])
    return stream.getvalue()

"""The once-done list as a page and as a file."""

from __future__ import annotations

from datetime import date

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from portal.public.keeping import kept
from portal.public.once_done import Chosen, Entry, OnceDone, departments_in, once_done
from portal.ui.page_cache import cached_for_visitors
from portal.ui.spreadsheet import csv_response
from portal.ui.templatetags.ui import bilingual
from portal.ui.wording import limit_words
from services.cases.queries.measured import SMALLEST_SAMPLE
from services.catalogue.queries import catalogue_state, edition_and_now
from workflows.queries.calendars import calendar_for

_PER_PAGE = 12


def _list() -> OnceDone:
    """Return the list: its figures end yesterday, so that it holds all day, until the catalogue changes."""
    edition, at = edition_and_now()
    return kept(lambda: once_done(at), edition, "once-done", at.astimezone(calendar_for().zone).date())


@require_safe
@login_not_required
@cached_for_visitors("q", "audience", "department", "visits", "measured", "page", state=catalogue_state)
def once_done_list(request: HttpRequest) -> HttpResponse:
    """Show what is promised in one go, filtered by the address, with what closed cases really needed."""
    found, chosen = _list(), Chosen.from_address(request.GET)
    entries = [entry for entry in found.entries if chosen.passes(entry)]
    context = {
        "page": Paginator(entries, _PER_PAGE).get_page(request.GET.get("page")),
        "total": len(found.entries),
        "with_figures": sum(not entry.measured.hidden for entry in found.entries),
        "period": found.period,
        "chosen": chosen,
        "departments": departments_in(found.entries),
        "smallest": SMALLEST_SAMPLE,
    }
    return render(request, "public/once_done.html", context)


@require_safe
@login_not_required
def once_done_file(request: HttpRequest) -> HttpResponse:
    """Send the list as filtered by the address as CSV, in the page's language."""
    found, chosen = _list(), Chosen.from_address(request.GET)
    head = [
        pgettext("column of a file", "code"),
        pgettext("column of a file", "what"),
        pgettext("column of a file", "department"),
        pgettext("column of a file", "visits promised"),
        pgettext("column of a file", "limit promised"),
        pgettext("column of a file", "cases closed"),
        pgettext("column of a file", "first day"),
        pgettext("column of a file", "last day"),
        pgettext("column of a file", "visits measured, mean"),
        pgettext("column of a file", "visits measured, P90"),
        pgettext("column of a file", "working days measured, P50"),
        pgettext("column of a file", "working days measured, P90"),
    ]
    first, last = found.period.first, found.period.last
    rows = (_row(entry, first, last) for entry in found.entries if chosen.passes(entry))
    return csv_response(f"once-done-{last.isoformat()}", head, rows)


def _row(entry: Entry, first: date, last: date) -> list[object]:
    measured = entry.measured
    return [
        entry.code,
        bilingual(entry.name),
        bilingual(entry.department),
        entry.visits,
        limit_words(*entry.limit) if entry.limit else "",
        measured.cases,
        first.isoformat(),
        last.isoformat(),
        "" if measured.visits_mean is None else round(measured.visits_mean, 2),
        measured.visits_p90,
        measured.days_p50,
        measured.days_p90,
    ]

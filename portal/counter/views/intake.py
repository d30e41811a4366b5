"""The intake list: what waits at the window, and the search for everything that was filed."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from portal.counter.access import clerk_or_404
from portal.counter.rail import frame
from portal.ui.chips import chips
from portal.ui.wording import is_chinese
from services.cases.models import Application
from services.cases.queries.board import shown_name
from services.cases.queries.inboxes import (
    FILTERS,
    applications_found,
    counts,
    filtered,
    steps_in,
    tasks_about_applications,
)
from services.cases.queries.worklists import inbox_of, works
from services.parties.enums import Role
from services.parties.queries import names_of_parties
from workflows.models import Task
from workflows.queries.calendars import database_now

ROWS = 30
FOUND_ROWS = 20


@require_GET
def intake(request: HttpRequest) -> HttpResponse:
    """List open tasks of the window; a search also shows filed applications."""
    at = database_now()
    clerk_or_404(request, at)
    tasks = inbox_of(request.user, at).filter(role=Role.CLERK)
    text = request.GET.get("q", "").strip()
    found = applications_found(request.user, text, at=at) if text else None
    if found is not None:
        tasks = tasks_about_applications(tasks, found)
    show, node, sort = (request.GET.get(name, "") for name in ("show", "step", "sort"))
    numbers = counts(tasks, by=request.user, at=at)
    rows = filtered(tasks, show, node=node, order=sort, by=request.user, at=at)
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    context = {
        **frame(request, count=None if text else numbers["all"]),
        "page": page,
        "works": works(page, at=at),
        "at": at,
        "sort": sort or "due",
        "query": text,
        "narrowed": bool(show or node or text),
        "filters": chips(request, "show", _filters(numbers), show),
        "steps": chips(request, "step", _steps(tasks), node),
        "found": _found(found),
    }
    return render(request, "counter/intake.html", context)


def _filters(numbers: object) -> list[tuple[str, str, int | None]]:
    words = {"all": _("All"), "mine": _("Claimed by me"), "free": _("Not claimed"), "late": _("Past due")}
    return [("" if name == "all" else name, words[name], numbers[name]) for name in FILTERS]  # type: ignore[index]


def _steps(tasks: QuerySet[Task]) -> list[tuple[str, str, int | None]]:
    name = "name_zh" if is_chinese() else "name_en"
    steps = [(str(step["node"]), str(step[name]), int(str(step["number"]))) for step in steps_in(tasks)]
    return [("", _("Every step"), None), *steps] if len(steps) > 1 else []


def _found(found: QuerySet[Application] | None) -> list[tuple[Application, str]]:
    rows = list(found.prefetch_related("cases")[:FOUND_ROWS]) if found is not None else []
    names = names_of_parties(application.party for application in rows)
    return [(application, shown_name(application.party, names)) for application in rows]

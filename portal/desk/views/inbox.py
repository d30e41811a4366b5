"""The inbox of her posts, and the open cases of her department."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from portal.desk.access import reviewer_or_404
from portal.desk.rail import frame
from portal.ui.chips import chips
from portal.ui.wording import is_chinese
from services.cases.enums import CaseState
from services.cases.permissions import DEPARTMENT_ROLES
from services.cases.queries.inboxes import (
    FILTERS,
    applications_found,
    counts,
    filtered,
    steps_in,
    tasks_about_applications,
)
from services.cases.queries.standings import OPEN_STATES
from services.cases.queries.worklists import case_rows, inbox_of, open_cases_of_departments, works
from workflows.models import Task
from workflows.queries.calendars import database_now

ROWS = 30


@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """List the open tasks of all her posts, the most urgent first."""
    at = database_now()
    reviewer_or_404(request, at)
    tasks = inbox_of(request.user, at).filter(role__in=DEPARTMENT_ROLES)
    text = request.GET.get("q", "").strip()
    if text:
        tasks = tasks_about_applications(tasks, applications_found(request.user, text, at=at))
    show, node, sort = (request.GET.get(name, "") for name in ("show", "step", "sort"))
    numbers = counts(tasks, by=request.user, at=at)
    rows = filtered(tasks, show, node=node, order=sort, by=request.user, at=at)
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    words = {"all": _("All"), "mine": _("Claimed by me"), "free": _("Not claimed"), "late": _("Past due")}
    context = {
        **frame(
            request,
            count=None if text else numbers["all"],
            keys=(("n", _("Take the next task")), ("o", _("Open the first task"))),
        ),
        "page": page,
        "works": works(page, at=at),
        "at": at,
        "sort": sort or "due",
        "query": text,
        "narrowed": bool(show or node or text),
        "filters": chips(
            request, "show", [("" if one == "all" else one, words[one], numbers[one]) for one in FILTERS], show
        ),
        "steps": chips(request, "step", _steps(tasks), node),
    }
    return render(request, "desk/inbox.html", context)


def _steps(tasks: QuerySet[Task]) -> list[tuple[str, str, int | None]]:
    name = "name_zh" if is_chinese() else "name_en"
    steps = [(str(step["node"]), str(step[name]), int(str(step["number"]))) for step in steps_in(tasks)]
    return [("", _("Every step"), None), *steps] if len(steps) > 1 else []


@require_GET
def cases(request: HttpRequest) -> HttpResponse:
    """List the open cases of her department, to look something up or to lengthen a limit."""
    at = database_now()
    reviewer_or_404(request, at)
    rows = open_cases_of_departments(request.user, at)
    text, state = request.GET.get("q", "").strip(), request.GET.get("state", "")
    if text:
        found = applications_found(request.user, text, at=at).order_by().values("pk")
        rows = rows.filter(Q(application__in=found))
    if state in OPEN_STATES:
        rows = rows.filter(state=state)
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    states = [("", _("Every state"), None), *((one.value, CaseState(one).label, None) for one in OPEN_STATES)]
    context = {
        **frame(request, keys=(("o", _("Open the first case")),)),
        "page": page,
        "rows": case_rows(page, at=at),
        "query": text,
        "narrowed": bool(text or state),
        "states": chips(request, "state", states, state),
    }
    return render(request, "desk/cases.html", context)

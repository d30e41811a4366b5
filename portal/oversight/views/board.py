"""The time-limit board: numbers first, then departments, then cases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.oversight.access import overseers_only
from portal.oversight.rail import rail
from portal.oversight.wording import post_words
from portal.ui.lights import look_of
from services.cases.models import Standing
from services.cases.queries.board import NO_LIGHT, Board, BoardFilter, board_for, rows_for
from services.cases.queries.standing_lists import SORTS
from services.cases.queries.standings import LIGHT_ORDER
from services.parties.queries import departments

PAGE_SIZE = 50


@require_safe
@overseers_only
def board(request: HttpRequest, *, at: datetime) -> HttpResponse:
    """Show every open case by light; department, service, light, sort and page stand in the address."""
    wanted, sort = _wanted(request.GET), _sort(request.GET)
    found = board_for(request.user, wanted=wanted, sort=sort, at=at)
    page = Paginator(found.standings, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "board": found,
        "wanted": wanted,
        "narrowed": wanted != BoardFilter(),
        "figures": _figures(found, wanted),
        "department_lines": _lines(found, wanted),
        "lights": [light or NO_LIGHT for light in LIGHT_ORDER],
        "columns": _columns(),
        "sort": sort,
        "page": page,
        "rows": _rows(page.object_list, at),
        "rail": rail("board"),
        "keys": [{"key": "f", "word": _("Go to the filters")}, {"key": "n", "word": _("Next page")}],
    }
    return render(request, "oversight/board.html", context)


def _wanted(given: QueryDict) -> BoardFilter:
    light = given.get("light", "")
    return BoardFilter(
        department=given.get("department", ""),
        service=given.get("service", ""),
        light=light if light in LIGHT_ORDER or light == NO_LIGHT else "",
    )


def _sort(given: QueryDict) -> str:
    sort = given.get("sort", "light")
    return sort if sort.removeprefix("-") in SORTS else "light"


def _figures(found: Board, wanted: BoardFilter) -> list[dict[str, Any]]:
    """Return one figure per light: its name in addresses, its number and its share of the open cases."""
    return [
        {
            "light": light or NO_LIGHT,
            "word": look_of(light or NO_LIGHT).word,
            "count": count,
            "share": count / found.open if found.open else None,
            "current": wanted.light == (light or NO_LIGHT),
        }
        for light, count in found.by_light.items()
    ]


def _lines(found: Board, wanted: BoardFilter) -> list[dict[str, Any]]:
    """Return the departments, those with the most pressing cases first."""
    ordered = sorted(found.departments, key=lambda line: [-line.by_light[light] for light in LIGHT_ORDER])
    return [
        {
            "department": line.department,
            "open": line.open,
            "cells": [{"light": light or NO_LIGHT, "count": count} for light, count in line.by_light.items()],
            "current": line.department.code == wanted.department,
        }
        for line in ordered
    ]


def _rows(standings: Sequence[Standing], at: datetime) -> list[dict[str, Any]]:
    names = {department.code: department for department in departments()}
    return [
        {
            "row": row,
            "case": row.case,
            "task": row.task,
            "applicant": row.applicant,
            "holder": post_words(row.task, names, unless=row.case.department.code) if row.task is not None else "",
        }
        for row in rows_for(standings, at=at)
    ]


def _columns() -> list[dict[str, str]]:
    return [
        {"word": _("Light"), "sort": "light", "css": "tight"},
        {"word": _("Due"), "sort": "due", "css": "tight"},
        {"word": _("Number"), "sort": "number"},
        {"word": _("Service")},
        {"word": _("Applicant")},
        {"word": _("Step and who has it")},
        {"word": _("Days"), "sort": "age", "css": "number"},
    ]

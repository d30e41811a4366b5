"""The time-limit board: every open case with its light, the most pressing first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from services.access.masking import mask_name
from services.cases.enums import CaseState
from services.cases.models import Case
from services.cases.permissions import cases_overseen_by
from services.parties.models import Department
from services.parties.queries import names_of_parties
from services.parties.references import PartyRef
from workflows.enums import OPEN_TASK_STATES, ClockKind
from workflows.models import Clock, Task
from workflows.queries.calendars import calendar_for
from workflows.queries.clocks import light_of, running_clocks

if TYPE_CHECKING:
    from portal.accounts.models import User

#: States in which somebody still has to do something.
OPEN_STATES = (CaseState.FILED, CaseState.SUPPLEMENT, CaseState.ACCEPTED)
#: Lights from the most pressing to the least; "" is no clock running, as while the applicant has the ball.
LIGHT_ORDER = ("black", "red", "yellow", "green", "paused", "")
#: The name by which an address asks for cases without a running clock.
NO_LIGHT = "none"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where one open case stands, in short: what the board counts, filters and sorts by.

    department, service: codes. due_on: the promise, or before acceptance the first limit. age_days: calendar days
    since it was filed.
    """

    case_id: int
    number: str
    department: str
    service: str
    light: str
    due_on: date | None
    statutory_due_on: date | None
    provisional: bool
    age_days: int


@dataclass(frozen=True, kw_only=True)
class DepartmentLine:
    """One department's open cases by light."""

    department: Department
    open: int
    by_light: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class ServiceChoice:
    """A service that has open cases, with how many."""

    code: str
    name_zh: str
    name_en: str
    open: int


@dataclass(frozen=True, kw_only=True)
class BoardFilter:
    """What the board is narrowed to: codes and a light's name (NO_LIGHT for none); "" is everything."""

    department: str = ""
    service: str = ""
    light: str = ""

    def narrowed(self, standings: Iterable[Standing]) -> list[Standing]:
        """Return those of department and service, whatever their light."""
        return [
            one for one in standings if self.department in ("", one.department) and self.service in ("", one.service)
        ]

    def lit(self, standings: Iterable[Standing]) -> list[Standing]:
        """Return those with the asked light."""
        wanted = "" if self.light == NO_LIGHT else self.light
        return [one for one in standings if not self.light or one.light == wanted]


@dataclass(frozen=True, kw_only=True)
class Board:
    """The board at an instant.

    by_light: counts within department and service, over all lights. standings: what the filter leaves, sorted.
    departments: one line per department with open cases, whatever the filter. services: those with open cases.
    """

    at: datetime
    by_light: Mapping[str, int]
    standings: Sequence[Standing]
    departments: Sequence[DepartmentLine]
    services: Sequence[ServiceChoice]

    @property
    def open(self) -> int:
        """How many cases are open within department and service."""
        return sum(self.by_light.values())


@dataclass(frozen=True, kw_only=True)
class BoardRow:
    """One row of the board's table. applicant: masked unless it is an organisation."""

    standing: Standing
    case: Case
    task: Task | None
    applicant: str


SORTS: Mapping[str, Callable[[Standing], Any]] = {
    "light": lambda one: (LIGHT_ORDER.index(one.light), one.due_on or date.max),
    "due": lambda one: one.due_on or date.max,
    "age": lambda one: one.age_days,
    "number": lambda one: one.number,
}


def open_cases(user: User, at: datetime) -> QuerySet[Case]:
    """Return the open cases she oversees; nothing for who does not oversee."""
    return cases_overseen_by(user, at).filter(state__in=OPEN_STATES)


def board_for(user: User, *, wanted: BoardFilter, sort: str = "light", at: datetime) -> Board:
    """Return the board: lights are computed, so every open case is looked at, in a constant number of queries.

    sort: a key of SORTS, "-" before it for the other direction; cases that stand equal keep the order of filing.
    """
    everything, services = _standings(user, at)
    chosen = wanted.narrowed(everything)
    lit = sorted(wanted.lit(chosen), key=lambda one: one.case_id)
    lit.sort(key=SORTS[sort.removeprefix("-")], reverse=sort.startswith("-"))
    return Board(
        at=at,
        by_light=_by_light(chosen),
        standings=lit,
        departments=_lines(everything),
        services=services,
    )


def rows_for(standings: Iterable[Standing]) -> list[BoardRow]:
    """Return the full rows of one page of the board, in its order, in a constant number of queries."""
    standings = list(standings)
    related = ("application__bundle", "application__service", "service__item", "department")
    cases = Case.objects.select_related(*related).in_bulk([one.case_id for one in standings])
    keys = [str(one.case_id) for one in standings]
    open_tasks = Task.objects.filter(subject_kind="case", subject_id__in=keys, state__in=OPEN_TASK_STATES)
    tasks = {task.subject_id: task for task in open_tasks.select_related("assignee").order_by("id")}
    names = names_of_parties(case.application.party for case in cases.values())
    return [
        BoardRow(
            standing=one,
            case=cases[one.case_id],
            task=tasks.get(str(one.case_id)),
            applicant=shown_name(cases[one.case_id].application.party, names),
        )
        for one in standings
        if one.case_id in cases
    ]


def shown_name(party: PartyRef, names: Mapping[PartyRef, str]) -> str:
    """Return a party's name as lists show it: a person's masked, an organisation's in full."""
    name = names.get(party, "")
    return mask_name(name) if party.kind == "person" else name


def _standings(user: User, at: datetime) -> tuple[list[Standing], list[ServiceChoice]]:
    rows = list(
        open_cases(user, at)
        .order_by("id")
        .values_list(
            "id",
            "number",
            "department__code",
            "filed_at",
            "service__item__code",
            "service__item__name_zh",
            "service__item__name_en",
        )
    )
    clocks: dict[str, list[Clock]] = defaultdict(list)
    for clock in office_clocks().filter(subject_kind="case"):
        clocks[clock.subject_id].append(clock)
    calendar, today = calendar_for(settings.REGION), timezone.localdate(at)
    standings = []
    for pk, number, department, filed_at, service, _zh, _en in rows:
        mine = clocks.get(str(pk), [])
        shown = shown_clock(mine)
        standings.append(
            Standing(
                case_id=pk,
                number=number,
                department=department,
                service=service,
                light=(light_of(mine, at=at, calendar=calendar) if mine else None) or "",
                due_on=shown.due_on if shown else None,
                statutory_due_on=next((clock.due_on for clock in mine if clock.kind == "statutory"), None),
                provisional=shown.provisional if shown else False,
                age_days=(today - timezone.localdate(filed_at)).days if filed_at else 0,
            )
        )
    counts = Counter(row[4] for row in rows)
    names = {row[4]: (row[5], row[6]) for row in rows}
    choices = [
        ServiceChoice(code=code, name_zh=names[code][0], name_en=names[code][1], open=counts[code])
        for code in sorted(counts)
    ]
    return standings, choices


def office_clocks() -> QuerySet[Clock]:
    """Return the running clocks that bind an office: the applicant's own time lights no light."""
    return running_clocks().exclude(kind=ClockKind.CORRECTION)


def shown_clock(clocks: Sequence[Clock]) -> Clock | None:
    """Return the running clock whose day a list shows: the promise, or before acceptance the first limit."""
    return next((clock for clock in clocks if clock.kind == "promised"), clocks[0] if clocks else None)


def _by_light(standings: Iterable[Standing]) -> dict[str, int]:
    counted = Counter(one.light for one in standings)
    return {light: counted[light] for light in LIGHT_ORDER}


def _lines(standings: Sequence[Standing]) -> list[DepartmentLine]:
    by_department: dict[str, list[Standing]] = defaultdict(list)
    for one in standings:
        by_department[one.department].append(one)
    departments = Department.objects.filter(code__in=by_department)
    return [
        DepartmentLine(
            department=department,
            open=len(by_department[department.code]),
            by_light=_by_light(by_department[department.code]),
        )
        for department in departments
    ]

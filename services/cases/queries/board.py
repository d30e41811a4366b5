"""The time-limit board: every open case with its light, the most pressing first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.utils import timezone

from services.access.masking import mask_name
from services.cases.enums import CLOCKS_WITHOUT_LIGHT
from services.cases.models import Case, Standing
from services.cases.permissions import oversees
from services.cases.queries.standing_lists import StandingList
from services.cases.queries.standings import LIGHT_ORDER, LightCount, added, counts_by_light
from services.catalogue.models import ServiceItem
from services.parties.models import Department
from services.parties.queries import names_of_parties
from services.parties.references import PartyRef
from workflows.enums import OPEN_TASK_STATES, ClockKind
from workflows.models import Clock, Task
from workflows.queries.clocks import running_clocks

if TYPE_CHECKING:
    from portal.accounts.models import User

#: The name by which an address asks for cases without a running clock.
NO_LIGHT = "none"


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

    def fits(self, count: LightCount) -> bool:
        """Return whether a count is of this department and service, whatever its light."""
        return self.department in ("", count.department) and self.service in ("", count.service)

    def rows(self) -> QuerySet[Standing]:
        """Return the open cases of this department and service."""
        named = {name: code for name, code in (("department", self.department), ("service", self.service)) if code}
        return Standing.objects.filter(**named)

    @property
    def lights(self) -> Sequence[str]:
        """The lights that are asked for, the most pressing first."""
        return LIGHT_ORDER if not self.light else ("" if self.light == NO_LIGHT else self.light,)


@dataclass(frozen=True, kw_only=True)
class Board:
    """The board at an instant.

    by_light: counts within department and service, over all lights. standings: what the filter leaves, sorted, read
    page by page. departments: one line per department with open cases, whatever the filter. services: those with
    open cases.
    """

    at: datetime
    by_light: Mapping[str, int]
    standings: StandingList
    departments: Sequence[DepartmentLine]
    services: Sequence[ServiceChoice]

    @property
    def open(self) -> int:
        """How many cases are open within department and service."""
        return sum(self.by_light.values())


@dataclass(frozen=True, kw_only=True)
class BoardRow:
    """One row of the board's table.

    light: "" while no clock binds an office. due_on: the promise, or before acceptance the first limit. age_days:
    calendar days since it was filed. applicant: masked unless it is an organisation.
    """

    case: Case
    light: str
    due_on: date | None
    statutory_due_on: date | None
    provisional: bool
    age_days: int
    task: Task | None
    applicant: str


def board_for(user: User, *, wanted: BoardFilter, sort: str = "light", at: datetime) -> Board:
    """Return the board in a constant number of queries, however many cases are open: counts are read, not cases.

    sort: one of SORTS, "-" before it for the other direction; cases that stand equal keep the order of filing.
    at: now or later. Nothing for who does not oversee.
    """
    counts = counts_by_light(at) if oversees(user, at) else []
    by_light = added([one for one in counts if wanted.fits(one)])
    return Board(
        at=at,
        by_light=by_light,
        standings=StandingList(wanted.rows(), lights=wanted.lights, by_light=by_light, sort=sort, at=at),
        departments=_lines(counts),
        services=_services(counts),
    )


def rows_for(standings: Iterable[Standing], *, at: datetime) -> list[BoardRow]:
    """Return the full rows of one page of the board, in its order, in a constant number of queries."""
    standings = list(standings)
    related = ("application__bundle", "application__service", "service__item", "department")
    cases = Case.objects.select_related(*related).in_bulk([one.case_id for one in standings])
    keys = [str(one.case_id) for one in standings]
    open_tasks = Task.objects.filter(subject_kind="case", subject_id__in=keys, state__in=OPEN_TASK_STATES)
    tasks = {task.subject_id: task for task in open_tasks.select_related("assignee").order_by("id")}
    clocks: dict[str, list[Clock]] = defaultdict(list)
    for clock in office_clocks().filter(subject_kind="case", subject_id__in=keys):
        clocks[clock.subject_id].append(clock)
    names = names_of_parties(case.application.party for case in cases.values())
    return [
        _row(one, cases[one.case_id], clocks[key], tasks.get(key), names, at)
        for one, key in zip(standings, keys, strict=True)
        if one.case_id in cases
    ]


def _row(
    standing: Standing,
    case: Case,
    clocks: Sequence[Clock],
    task: Task | None,
    names: Mapping[PartyRef, str],
    at: datetime,
) -> BoardRow:
    shown = shown_clock(clocks)
    return BoardRow(
        case=case,
        light=standing.light(at),
        due_on=shown.due_on if shown else None,
        statutory_due_on=next((clock.due_on for clock in clocks if clock.kind == ClockKind.STATUTORY), None),
        provisional=shown.provisional if shown else False,
        age_days=(timezone.localdate(at) - timezone.localdate(standing.filed_at)).days,
        task=task,
        applicant=shown_name(case.application.party, names),
    )


def shown_name(party: PartyRef, names: Mapping[PartyRef, str]) -> str:
    """Return a party's name as lists show it: a person's masked, an organisation's in full."""
    name = names.get(party, "")
    return mask_name(name) if party.kind == "person" else name


def office_clocks() -> QuerySet[Clock]:
    """Return the running clocks that bind an office: the applicant's own time lights no light."""
    return running_clocks().exclude(kind__in=CLOCKS_WITHOUT_LIGHT)


def shown_clock(clocks: Sequence[Clock]) -> Clock | None:
    """Return the running clock whose day a list shows: the promise, or before acceptance the first limit."""
    return next((clock for clock in clocks if clock.kind == "promised"), clocks[0] if clocks else None)


def _lines(counts: Sequence[LightCount]) -> list[DepartmentLine]:
    grouped: dict[str, list[LightCount]] = defaultdict(list)
    for one in counts:
        grouped[one.department].append(one)
    return [
        DepartmentLine(
            department=department,
            open=sum(one.open for one in grouped[department.code]),
            by_light=added(grouped[department.code]),
        )
        for department in Department.objects.filter(code__in=grouped)
    ]


def _services(counts: Sequence[LightCount]) -> list[ServiceChoice]:
    number: Counter[str] = Counter()
    for one in counts:
        number[one.service] += one.open
    items = ServiceItem.objects.filter(code__in=number).order_by("code")
    return [
        ServiceChoice(code=code, name_zh=name_zh, name_en=name_en, open=number[code])
        for code, name_zh, name_en in items.values_list("code", "name_zh", "name_en")
    ]

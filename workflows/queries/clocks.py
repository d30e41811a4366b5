"""Questions about clocks: the facts behind a row, its light, and why its date is what it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from workflows.clocks import (
    ClockFacts,
    Due,
    Extension,
    Light,
    Limit,
    Pause,
    Unit,
    WorkingCalendar,
    explain,
    light_warned_at,
    warn_at,
    working_days_left,
    worst,
)
from workflows.clocks.rules import KINDS
from workflows.enums import ClockKind
from workflows.models import Clock
from workflows.queries.calendars import calendar_for, calendar_of_id

SubjectKey = tuple[str, str]


def clocks_with_facts() -> QuerySet[Clock]:
    """Return clocks with the rows their due instant is computed from: three queries, however many clocks."""
    return Clock.objects.select_related("extension").prefetch_related("pauses")


def facts_of(clock: Clock) -> ClockFacts:
    """Return the facts of a clock's row, for the pure functions of `workflows.clocks`."""
    extension = getattr(clock, "extension", None)
    return ClockFacts(
        kind=clock.kind,
        limit=Limit(clock.limit_amount, Unit(clock.limit_unit)),
        started_at=clock.started_at,
        pauses=tuple(
            Pause(from_on=p.from_on, to_on=p.to_on, reason=p.reason, planned_days=p.planned_days)
            for p in clock.pauses.all()
        ),
        extensions=(Extension(extension.amount, extension.authority),) if extension is not None else (),
        stopped_at=clock.stopped_at,
    )


def clocks_of(subject_kind: str, subject_id: str) -> QuerySet[Clock]:
    """Return all clocks of a subject with their facts, in the order in which they were started."""
    return clocks_with_facts().filter(subject_kind=subject_kind, subject_id=subject_id).order_by("started_at", "id")


def running_clock(subject_kind: str, subject_id: str, kind: str) -> Clock | None:
    """Return a subject's running clock of a kind, None when there is none."""
    return clocks_of(subject_kind, subject_id).filter(kind=kind, stopped_at__isnull=True).first()


def running_clocks(department: str | None = None) -> QuerySet[Clock]:
    """Return every running clock with its facts, the most urgent first; paused ones come last."""
    clocks = clocks_with_facts().filter(stopped_at__isnull=True).order_by("due_at", "id")
    return clocks if department is None else clocks.filter(department=department)


@dataclass(frozen=True, kw_only=True)
class ClockView:
    """A clock as a page shows it at an instant.

    watched: the clock the light watches. light: its colour. due: by when. days_left: unpaused working days after
    today, negative once past; None while an open pause leaves the day undecided.
    """

    watched: Clock
    light: Light
    due: Due
    days_left: int | None


def light_of(clocks: Iterable[Clock], *, at: datetime, calendar: WorkingCalendar) -> Light | None:
    """Return the worst light of one subject's clocks at an instant, None when it has no clock.

    The statutory clock blackens the promised one and is not a light of its own unless it stands alone.
    """
    views = clock_views(clocks, at=at, calendar=calendar)
    running = [view for view in views if view.watched.stopped_at is None]
    return worst(view.light for view in running or views)


def clock_views(clocks: Iterable[Clock], *, at: datetime, calendar: WorkingCalendar) -> list[ClockView]:
    """Return the watched clocks of one subject with their lights, the earliest due first, undecided ones last."""
    known = list(clocks)
    statutory = next((c for c in reversed(known) if c.kind == ClockKind.STATUTORY), None)
    promised = any(c.kind == ClockKind.PROMISED for c in known)
    views = []
    for clock in known:
        if promised and clock is statutory:
            continue
        behind = facts_of(statutory) if statutory and _is_behind(clock) else None
        facts = facts_of(clock)
        views.append(
            ClockView(
                watched=clock,
                light=light_warned_at(
                    facts, warning=_warning(clock, facts, calendar), statutory=behind, at=at, calendar=calendar
                ),
                due=Due(clock.due_on, clock.due_at, clock.provisional),
                days_left=working_days_left(facts, calendar, at),
            )
        )
    return sorted(views, key=lambda view: (view.due.due_at is None, view.due.due_at or at))


def _warning(clock: Clock, facts: ClockFacts, calendar: WorkingCalendar) -> datetime | None:
    """Return from when on a clock is yellow; a row from before the column existed does not say."""
    return clock.warn_at if clock.warn_at or clock.rules_number else warn_at(facts, calendar)


def _is_behind(clock: Clock) -> bool:
    """Tell whether the statutory limit stands behind this clock: the promise, or the statutory clock on its own."""
    return clock.kind == ClockKind.PROMISED or KINDS[clock.kind].statutory


def lights_of(
    subject_kind: str, subject_ids: Iterable[str], *, at: datetime, region: str | None = None
) -> dict[str, Light]:
    """Return the light of each subject that has a clock: a constant number of queries for a whole list."""
    grouped: dict[str, list[Clock]] = {}
    clocks = clocks_with_facts().filter(subject_kind=subject_kind, subject_id__in=list(subject_ids))
    for clock in clocks.order_by("started_at", "id"):
        grouped.setdefault(clock.subject_id, []).append(clock)
    calendar = calendar_for(region)
    lights = {subject: light_of(mine, at=at, calendar=calendar) for subject, mine in grouped.items()}
    return {subject: colour for subject, colour in lights.items() if colour is not None}


def views_of(
    subject_kind: str, subject_ids: Iterable[str], *, at: datetime, region: str | None = None
) -> dict[str, list[ClockView]]:
    """Return the running watched clocks of each subject, the most urgent first, in a constant number of queries."""
    grouped: dict[str, list[Clock]] = {}
    wanted = Q(subject_kind=subject_kind, subject_id__in=list(subject_ids), stopped_at__isnull=True)
    for clock in clocks_with_facts().filter(wanted).order_by("started_at", "id"):
        grouped.setdefault(clock.subject_id, []).append(clock)
    calendar = calendar_for(region)
    return {subject: clock_views(mine, at=at, calendar=calendar) for subject, mine in grouped.items()}


def explanation_of(clock: Clock, *, language: str) -> list[str]:
    """Return why a clock's date is what it is, by the calendar it was computed by. language: zh-hans or en."""
    return explain(facts_of(clock), calendar_of_id(clock.calendar_version_id), language)


def days_over_plan(clock: Clock, *, at: datetime) -> int:
    """Return by how many working days a clock's open pause is longer than the applicant was told, 0 when it is not."""
    pause = next((one for one in clock.pauses.all() if one.to_on is None), None)
    if pause is None:
        return 0
    calendar = calendar_for(clock.region)
    today = at.astimezone(calendar.zone).date()
    return max(0, calendar.working_days(pause.from_on, today + timedelta(days=1)) - pause.planned_days)

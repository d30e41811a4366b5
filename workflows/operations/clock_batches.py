"""Start many clocks of one kind together, inside a sweep that holds the locks of their roots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workflows.clocks import ClockFacts, Limit, Unit, due
from workflows.models import Clock, Run
from workflows.operations.history import record_of_roots
from workflows.operations.schedule import Plan
from workflows.queries.calendars import calendar_of, home_region, newest_version
from workflows.queries.thresholds import rules_history


@dataclass(frozen=True, kw_only=True, slots=True)
class NewClock:
    """A clock to be started for a subject that has no clock of this kind running. limit_amount: in limit_unit."""

    root_id: int
    subject_kind: str
    subject_id: str
    kind: str
    department: str
    limit_amount: int
    limit_unit: str
    starts_on_event: str


def start_clocks(wanted: Sequence[NewClock], *, at: datetime) -> list[Clock]:
    """Start clocks at `at` that nobody started by hand, in a constant number of statements; the roots are locked.

    Effects: the clocks, their timers, history, as `start_clock` for each. Raises OutsideCalendarError, and
    IntegrityError for a subject that has a running clock of the kind.
    """
    version, region = newest_version(home_region()), home_region()
    calendar, plan = calendar_of(version), Plan(rules_history(), at)
    clocks = []
    for one in wanted:
        clock = Clock(
            root_id=one.root_id,
            subject_kind=one.subject_kind,
            subject_id=one.subject_id,
            kind=one.kind,
            department=one.department,
            region=region,
            limit_amount=one.limit_amount,
            limit_unit=one.limit_unit,
            starts_on_event=one.starts_on_event,
            started_at=at,
            calendar_version=version,
        )
        # Nothing paused or lengthened it yet: the facts are known without asking for them.
        facts = ClockFacts(kind=one.kind, limit=Limit(one.limit_amount, Unit(one.limit_unit)), started_at=at)
        clock.due_on, clock.due_at, clock.provisional = due(facts, calendar)
        clocks.append((clock, facts))
    Clock.objects.bulk_create(clock for clock, _ in clocks)
    for clock, facts in clocks:
        plan.add(clock, facts, calendar, (), starts=True)
    plan.write_timers()
    started = [clock for clock, _ in clocks]
    Clock.objects.bulk_update(started, ["warn_at", "rules_number"])
    _remember(started, at)
    return started


def _remember(clocks: Sequence[Clock], at: datetime) -> None:
    roots = Run.objects.only("history_length", "history_head").in_bulk({clock.root_id for clock in clocks})
    facts = []
    for clock in clocks:
        detail = {
            "clock": clock.pk,
            "clock_kind": clock.kind,
            "subject": [clock.subject_kind, clock.subject_id],
            "limit": clock.limit_amount,
            "unit": clock.limit_unit,
            "event": clock.starts_on_event,
            "due_on": clock.due_on.isoformat() if clock.due_on else None,
        }
        facts.append((roots[clock.root_id], "clock_started", detail))
    record_of_roots(facts, at=at)

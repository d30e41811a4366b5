"""Timers drawn in a process: when a timer event is due, and until when a task should be done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from workflows.clocks import ClockFacts, Limit, Unit, WorkingCalendar, due
from workflows.engine.advance import EngineError
from workflows.engine.graph import Span, Timer

#: What timer rows of a process are about, and their kinds.
SUBJECT = "node"
EVENT, LIMIT = "event", "limit"


def place_of(run_id: int, node: str, number: int) -> str:
    """Return the subject of the timers of one entry into a node."""
    return f"{run_id}:{node}:{number}"


def due_instant(timer: Timer, at: datetime, calendar: WorkingCalendar) -> datetime:
    """Return when a timer event set at `at` fires. Raises EngineError when its date is none."""
    if timer.span is not None:
        return after(timer.span, at, calendar)
    try:
        instant = datetime.fromisoformat(timer.date)
    except ValueError:
        raise EngineError(f"{timer.date!r} is no instant such as 2026-10-01T09:00:00+08:00.") from None
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=calendar.zone)


def counted_from(timer: Timer, since: datetime) -> dict[str, str]:
    """Return what a timer event's row remembers, so that it is computed anew when the calendar changes."""
    by_calendar = timer.span is not None and timer.span.unit in set(Unit)
    return {"since": since.isoformat()} if by_calendar else {}


def after(span: Span, at: datetime, calendar: WorkingCalendar) -> datetime:
    """Return the end of a span that begins at `at`: seconds to the second, days and hours as the law counts them."""
    if span.unit == "seconds":
        return at.astimezone(UTC) + timedelta(seconds=span.amount)
    facts = ClockFacts(kind="stage", limit=Limit(span.amount, Unit(span.unit)), started_at=at)
    due_at = due(facts, calendar).due_at
    assert due_at is not None  # only a pause leaves it undecided
    return due_at

"""Is every date still what its facts give: each running clock computed again, in batches."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.clocks import WorkingCalendar, due, warn_at
from workflows.queries.calendars import calendar_for
from workflows.queries.clocks import clocks_with_facts, facts_of
from workflows.queries.invariants import Check, asked, counted


def clocks_off() -> Iterator[str]:
    """Name each running clock whose stored dates are not those its facts and the newest calendar give."""
    calendars: dict[str, WorkingCalendar] = {}
    running = clocks_with_facts().filter(stopped_at__isnull=True).order_by("id")
    for clock in running.iterator(chunk_size=5000):
        if clock.region not in calendars:
            calendars[clock.region] = calendar_for(clock.region)
        facts, calendar = facts_of(clock), calendars[clock.region]
        stored = (clock.due_on, clock.due_at, clock.provisional, clock.warn_at)
        if (*due(facts, calendar), warn_at(facts, calendar)) != stored:
            yield f"clock {clock.pk}"


CLOCK_CHECKS: tuple[Check, ...] = (
    Check(
        invariant="I12",
        says="Every running clock's dates are those its facts and the newest calendar give.",
        find=lambda _: counted(clocks_off()),
    ),
    asked(
        "I12",
        "A timer of a clock that does not run any more waits for nothing.",
        """select 'timer ' || timer.id who from workflows_timer timer join workflows_clock clock
        on timer.subject_id = clock.id::text where timer.subject_kind = 'clock' and timer.fired_at is null
        and timer.cancelled_at is null and clock.stopped_at is not null""",
    ),
)

"""Is every date still what its facts give: each running clock computed again, in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workflows.clocks import Light, Threshold, WorkingCalendar, due, instants
from workflows.clocks.thresholds import code_of_light
from workflows.models import CalendarRecomputation, Clock
from workflows.queries.calendars import calendar_for, calendar_of_id
from workflows.queries.clocks import clocks_with_facts, facts_of
from workflows.queries.invariants import Check, asked, counted
from workflows.queries.thresholds import rules_history


def clocks_off() -> Iterator[str]:
    """Name each running clock whose stored dates are not those its facts and the newest calendar give.

    When it turns yellow is what the rules say that it follows, be they older than the newest ones. While a job that
    recomputes clocks is not finished, the dates of the calendar that a clock names are right as well.
    """
    versions = rules_history().versions
    calendars: dict[str, WorkingCalendar] = {}
    waiting = CalendarRecomputation.objects.filter(finished_at__isnull=True).exists()
    running = clocks_with_facts().filter(stopped_at__isnull=True).order_by("id")
    for clock in running.iterator(chunk_size=5000):
        if clock.region not in calendars:
            calendars[clock.region] = calendar_for(clock.region)
        thresholds = versions[clock.rules_number].thresholds
        if _follows(clock, calendars[clock.region], thresholds):
            continue
        if not (waiting and _follows(clock, calendar_of_id(clock.calendar_version_id), thresholds)):
            yield f"clock {clock.pk}"


def _follows(clock: Clock, calendar: WorkingCalendar, thresholds: Sequence[Threshold]) -> bool:
    facts, yellow = facts_of(clock), code_of_light(thresholds, clock.kind, Light.YELLOW)
    stored = (clock.due_on, clock.due_at, clock.provisional, clock.warn_at)
    return (*due(facts, calendar), instants(facts, calendar, thresholds).get(yellow)) == stored


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

"""Is every date still what its facts give: each running clock computed again, in batches."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.clocks import Light, WorkingCalendar, due, instants
from workflows.clocks.thresholds import code_of_light
from workflows.queries.calendars import calendar_for
from workflows.queries.clocks import clocks_with_facts, facts_of
from workflows.queries.invariants import Check, asked, counted
from workflows.queries.thresholds import rules_history


def clocks_off() -> Iterator[str]:
    """Name each running clock whose stored dates are not those its facts and the newest calendar give.

    When it turns yellow is what the rules say that it follows, be they older than the newest ones.
    """
    versions = rules_history().versions
    calendars: dict[str, WorkingCalendar] = {}
    running = clocks_with_facts().filter(stopped_at__isnull=True).order_by("id")
    for clock in running.iterator(chunk_size=5000):
        if clock.region not in calendars:
            calendars[clock.region] = calendar_for(clock.region)
        facts, calendar = facts_of(clock), calendars[clock.region]
        stored = (clock.due_on, clock.due_at, clock.provisional, clock.warn_at)
        thresholds = versions[clock.rules_number].thresholds
        yellow = code_of_light(thresholds, clock.kind, Light.YELLOW)
        warning = instants(facts, calendar, thresholds).get(yellow)
        if (*due(facts, calendar), warning) != stored:
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

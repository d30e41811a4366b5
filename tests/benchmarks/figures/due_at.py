"""What the arithmetic of one due date costs, once the calendar's tables are built."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from statistics import median

from tests.benchmarks.figure import Figure, Size
from workflows.clocks import ClockFacts, Limit, Unit, due, national_calendar

CLOCKS = 20_000
FROM = datetime(2026, 1, 1, tzinfo=UTC)
AMOUNTS = {Unit.WORKING_DAYS: (0, 1, 3, 5, 10, 20), Unit.CALENDAR_DAYS: (1, 7, 15, 30), Unit.WORKING_HOURS: (4, 8, 24)}


def measure(size: Size) -> Figure:
    """Compute the dates of clocks of one unit at a time; the unit of nearly every limit, working days, counts."""
    calendar, dice = national_calendar(), random.Random(1)
    took: dict[str, float] = {}
    for unit, amounts in AMOUNTS.items():
        facts = [
            ClockFacts(
                kind="promised",
                limit=Limit(dice.choice(amounts), unit),
                started_at=FROM + timedelta(minutes=dice.randrange(500_000)),
            )
            for _ in range(CLOCKS)
        ]
        for one in facts:
            due(one, calendar)
        took[unit.value] = median(_per_clock(facts, calendar) for _ in range(size.rounds))
    return Figure(
        name="due_at",
        title="due date of one clock without pauses, after warm-up",
        unit="µs",
        value=took[Unit.WORKING_DAYS.value],
        must=2,
        hope=1.5,
        detail={unit: round(one, 2) for unit, one in took.items()},
    )


def _per_clock(facts: list[ClockFacts], calendar: object) -> float:
    began = time.process_time()
    for one in facts:
        due(one, calendar)  # type: ignore[arg-type]
    return (time.process_time() - began) / len(facts) * 1_000_000

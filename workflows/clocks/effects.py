"""What clocks do to the world, as values: sent once, inside the transaction that made them true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """What follows when a clock reaches a threshold. do: its name in `workflows.consequences`; options: its values."""

    do: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ThresholdReached:
    """A clock reached one of its thresholds, for the first and only time.

    threshold: its code. light: the colour it turns on, "" for a mere reminder. rules: the number of the published
    rules it was judged by, 0 for those the program ships. due_at: the clock's due instant at that moment. late: fired
    more than two minutes after its instant, say after downtime. superseded: a later threshold of the same clock that
    turns on a light is due as well, so that a mail about this one would tell yesterday's news.
    """

    clock_id: int
    root_id: int
    subject_kind: str
    subject_id: str
    clock_kind: str
    department: str
    threshold: str
    light: str
    rules: int
    due_at: datetime
    late: bool
    superseded: bool
    consequences: tuple[Consequence, ...]


@dataclass(frozen=True, kw_only=True)
class ClockDueChanged:
    """A due day moved because the calendar was changed or announced, not because of anybody's act in the case.

    version: number of the calendar's version that moved it.
    """

    clock_id: int
    subject_kind: str
    subject_id: str
    clock_kind: str
    due_on_before: date | None
    due_on_after: date | None
    version: int


@dataclass(frozen=True, kw_only=True)
class ClockPaused:
    """A clock stands still by law; the applicant is told how long in writing (APL art. 45)."""

    clock_id: int
    subject_kind: str
    subject_id: str
    clock_kind: str
    reason: str
    planned_days: int


@dataclass(frozen=True, kw_only=True)
class ClockExtended:
    """A limit was lengthened once; the applicant is told why (APL art. 42)."""

    clock_id: int
    subject_kind: str
    subject_id: str
    clock_kind: str
    amount: int
    due_on: date | None

"""What clocks do to the world, as values: sent once, inside the transaction that made them true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, kw_only=True)
class ClockWarned:
    """A clock reached a light for the first and only time.

    clock_id, subject_kind, subject_id, clock_kind, department: whose clock. level: yellow, red or black.
    due_at: the due instant at that moment. late: fired more than two minutes after its instant, say after downtime.
    """

    clock_id: int
    level: str
    late: bool
    subject_kind: str
    subject_id: str
    clock_kind: str
    department: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class ClockDueChanged:
    """A due day moved because the calendar was changed or announced, not because of anybody's act in the case."""

    clock_id: int
    subject_kind: str
    subject_id: str
    clock_kind: str
    due_on_before: date | None
    due_on_after: date | None


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

"""What a clock knows: the facts its due instant is computed from. Nothing here counts down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple


class Unit(StrEnum):
    """What a limit counts."""

    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    WORKING_HOURS = "working_hours"


@dataclass(frozen=True, slots=True)
class Limit:
    """How long something may take. amount: how many units, 0 = on the spot. Raises ValueError when negative."""

    amount: int
    unit: Unit = Unit.WORKING_DAYS

    def __post_init__(self) -> None:
        """Refuse what is not a limit."""
        if self.amount < 0:
            raise ValueError("A time limit cannot be negative.")
        # plain strings come from forms and tables; counting compares members by identity
        object.__setattr__(self, "unit", Unit(self.unit))


@dataclass(frozen=True, slots=True)
class Pause:
    """Days the law does not count, inclusive on both ends.

    from_on: first day not counted. to_on: last one, None while the pause lasts. reason: code, see `rules.PAUSES`.
    planned_days: how many working days the applicant was told it takes.
    Raises ValueError when it ends before it begins.
    """

    from_on: date
    to_on: date | None = None
    reason: str = ""
    planned_days: int | None = None

    def __post_init__(self) -> None:
        """Refuse a pause that ends before it begins."""
        if self.to_on is not None and self.to_on < self.from_on:
            raise ValueError(f"The pause ends on {self.to_on}, before it begins on {self.from_on}.")


@dataclass(frozen=True, slots=True)
class Extension:
    """A lengthening of the limit. amount: in the limit's own unit. authority: code of who granted it."""

    amount: int
    authority: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFacts:
    """Everything a due instant depends on, besides the calendar.

    kind: what the clock measures, see `rules.KINDS`. started_at: aware instant; its local day is day 0.
    stopped_at: when what was owed was done. Claims, comments and reassignments are not facts.
    """

    kind: str
    limit: Limit
    started_at: datetime
    pauses: tuple[Pause, ...] = ()
    extensions: tuple[Extension, ...] = ()
    stopped_at: datetime | None = None

    @property
    def total(self) -> int:
        """The limit with its extensions, in the limit's unit."""
        if not self.extensions:
            return self.limit.amount
        return self.limit.amount + sum(extension.amount for extension in self.extensions)

    def with_open_pause_ending(self, on: date) -> ClockFacts:
        """Return the same facts as if the pause that still lasts ended on a day, say as planned."""
        return replace(
            self, pauses=tuple(replace(p, to_on=max(on, p.from_on)) if p.to_on is None else p for p in self.pauses)
        )


class Due(NamedTuple):
    """By when.

    due_on: last day, None while an open pause leaves it undecided. due_at: close of business of that day, or for
    working hours the instant they run out. provisional: it rests on days no authority has announced yet.
    """

    due_on: date | None
    due_at: datetime | None
    provisional: bool

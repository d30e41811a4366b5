"""Many clocks at once: what a clock without pauses comes to depends on its limit and its start day, so it is kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from workflows.clocks.calendar import WorkingCalendar
from workflows.clocks.counting import due
from workflows.clocks.facts import ClockFacts, Extension, Limit, Pause, Unit
from workflows.clocks.lights import Light
from workflows.clocks.thresholds import Threshold, code_of_light, instants


class Reckoned(NamedTuple):
    """What is stored of a clock besides its facts.

    due_on, due_at, provisional: as `Due`. warn_at: when it turns yellow. reached: when it reaches each threshold.
    """

    due_on: date | None
    due_at: datetime | None
    provisional: bool
    warn_at: datetime | None
    reached: tuple[tuple[str, datetime], ...]


class Reckoner:
    """Reckons clocks by one calendar and one set of thresholds, each limit and start day once.

    It gives what `due` and `instants` give.
    """

    def __init__(self, calendar: WorkingCalendar, thresholds: Iterable[Threshold]) -> None:
        """Start with nothing kept."""
        self.calendar = calendar
        self.thresholds = tuple(thresholds)
        self._kept: dict[tuple[str, str, int, int], tuple[Reckoned, datetime]] = {}
        self._yellow: dict[str, str] = {}

    def reckon(
        self,
        kind: str,
        unit: str,
        amount: int,
        started_at: datetime,
        *,
        pauses: tuple[Pause, ...] = (),
        extension: int = 0,
    ) -> Reckoned:
        """Return what follows from a clock's columns. amount, extension: in `unit`. Raises OutsideCalendarError."""
        total = amount + extension
        # Hours and the spot depend on the minute, a pause on its days; everything else on the day alone.
        if pauses or total == 0 or unit == "working_hours":
            return self._reckon(kind, unit, amount, started_at, pauses, extension)
        key = (kind, unit, total, started_at.astimezone(self.calendar.zone).toordinal())
        kept = self._kept.get(key)
        if kept is None:
            # Counted from the beginning of the day, no threshold is held back by the start.
            midnight = started_at.astimezone(self.calendar.zone).replace(hour=0, minute=0, second=0, microsecond=0)
            plain = self._reckon(kind, unit, total, midnight, (), 0)
            first = min((at for _, at in plain.reached), default=midnight)
            kept = self._kept[key] = plain, first
        plain, first = kept
        if first < started_at and plain.due_at is not None:
            return self._reckon(kind, unit, total, started_at, (), 0)
        return plain

    def _reckon(
        self, kind: str, unit: str, amount: int, started_at: datetime, pauses: tuple[Pause, ...], extension: int
    ) -> Reckoned:
        extensions = (Extension(extension),) if extension else ()
        facts = ClockFacts(
            kind=kind, limit=Limit(amount, Unit(unit)), started_at=started_at, pauses=pauses, extensions=extensions
        )
        reached = instants(facts, self.calendar, self.thresholds)
        yellow = self._yellow.get(kind)
        if yellow is None:
            yellow = self._yellow[kind] = code_of_light(self.thresholds, kind, Light.YELLOW)
        return Reckoned(*due(facts, self.calendar), reached.get(yellow), tuple(reached.items()))

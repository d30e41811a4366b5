"""The lights of time-limits.md: how much time a case has left, in one colour."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from workflows.clocks.calendar import WorkingCalendar
from workflows.clocks.counting import due, warn_at
from workflows.clocks.facts import ClockFacts, Due


class Light(StrEnum):
    """In time, warned, past the promised limit, past the statutory limit, or paused by law."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    BLACK = "black"
    PAUSED = "paused"


# What presses most comes first.
SEVERITY = (Light.BLACK, Light.RED, Light.YELLOW, Light.GREEN, Light.PAUSED)


def is_overdue(facts: ClockFacts, calendar: WorkingCalendar, at: datetime) -> bool:
    """Tell whether a clock had run out at an instant: still running at its due instant, or stopped after it."""
    due_at = due(facts, calendar).due_at
    if due_at is None:
        return False
    if facts.stopped_at is not None and facts.stopped_at <= at:
        return facts.stopped_at > due_at
    return at >= due_at


def is_paused(facts: ClockFacts, calendar: WorkingCalendar, at: datetime) -> bool:
    """Tell whether the day of an instant is one the law does not count."""
    on = at.astimezone(calendar.zone).date()
    return any(pause.from_on <= on and (pause.to_on is None or on <= pause.to_on) for pause in facts.pauses)


def light(
    watched: ClockFacts, *, statutory: ClockFacts | None = None, at: datetime, calendar: WorkingCalendar
) -> Light:
    """Return the light of a clock at an instant by the rules the program ships; see `light_warned_at`."""
    warning = warn_at(watched, calendar)
    return light_warned_at(watched, warning=warning, statutory=statutory, at=at, calendar=calendar)


def light_warned_at(
    watched: ClockFacts,
    *,
    warning: datetime | None,
    statutory: ClockFacts | None = None,
    at: datetime,
    calendar: WorkingCalendar,
) -> Light:
    """Return the light of a clock at an instant.

    watched: the promised limit, or whatever clock stands alone. warning: from when on it is yellow, None for never.
    statutory: the limit of the law behind it, if any. A stopped clock is judged by when it was stopped: green when
    that was in time.
    """
    if statutory is not None and is_overdue(statutory, calendar, at):
        return Light.BLACK
    if is_overdue(watched, calendar, at):
        return Light.RED
    if watched.stopped_at is not None and watched.stopped_at <= at:
        return Light.GREEN
    if is_paused(watched, calendar, at):
        return Light.PAUSED
    return Light.YELLOW if warning is not None and at >= warning else Light.GREEN


def worst(lights: Iterable[Light]) -> Light | None:
    """Return the light that presses most, None when there is none."""
    return min(lights, key=SEVERITY.index, default=None)


def earliest(dues: Iterable[Due]) -> Due | None:
    """Return the earliest decided due instant: of a joint clock's own limit and each child's, the earlier one wins."""
    decided = [one for one in dues if one.due_at is not None]
    return min(decided, key=lambda one: (one.due_at, one.due_on), default=None)

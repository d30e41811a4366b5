"""When the hall closes next: the notice on the home page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from workflows.clocks import WorkingCalendar

_AHEAD = 60  # days


@dataclass(frozen=True)
class DaysOff:
    """Days off around a public holiday, both inclusive. provisional: the year's notice is not published yet."""

    name_zh: str
    name_en: str
    from_on: date
    to_on: date
    provisional: bool


def next_days_off(calendar: WorkingCalendar, *, at: datetime) -> DaysOff | None:
    """Return the next holiday within two months, today's included; None when there is none."""
    today = at.astimezone(calendar.zone).date()
    start, end = calendar.offset(today), calendar.offset(today + timedelta(days=_AHEAD))
    for first, last in calendar.days_off(start, end):
        named = next((day for o in range(first, last + 1) if (day := calendar.special.get(o)) and day.name_zh), None)
        if named is not None:
            on, until = calendar.day(first), calendar.day(last)
            return DaysOff(named.name_zh, named.name_en, on, until, calendar.is_provisional(named.on))
    return None

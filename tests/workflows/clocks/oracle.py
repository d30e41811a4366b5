"""The counting rules once more, as slowly and plainly as possible: one day, one second after the other.

Written from the rules, not from the code it checks; it only asks the calendar which days count.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from workflows.clocks import ClockFacts, Unit, WorkingCalendar

DAY = timedelta(days=1)
OPEN = ((time(9), time(12)), (time(13), time(17)))


def paused_days(facts: ClockFacts) -> set[date]:
    """Return every paused day, both ends included; facts must hold closed pauses only."""
    days = set()
    for pause in facts.pauses:
        assert pause.to_on is not None
        day = pause.from_on
        while day <= pause.to_on:
            days.add(day)
            day += DAY
    return days


def due_on(facts: ClockFacts, calendar: WorkingCalendar) -> date:
    """Return the due day of a limit in days."""
    paused, day = paused_days(facts), facts.started_at.date()
    amount = facts.limit.amount + sum(extension.amount for extension in facts.extensions)
    if amount == 0:
        if facts.started_at.time() >= time(17):
            day += DAY
    elif facts.limit.unit is Unit.WORKING_DAYS:
        while amount:
            day += DAY
            if calendar.is_working(day) and day not in paused:
                amount -= 1
        return day
    else:
        while amount:
            day += DAY
            if day not in paused:
                amount -= 1
    while not calendar.is_working(day) or day in paused:
        day += DAY
    return day


def due_at_of_hours(facts: ClockFacts, calendar: WorkingCalendar) -> datetime:
    """Return the instant a limit in working hours runs out, minute by minute. The start is on a full minute."""
    paused, now = paused_days(facts), facts.started_at
    left = 60 * (facts.limit.amount + sum(extension.amount for extension in facts.extensions))
    while left:
        day, moment = now.date(), now.time()
        if not calendar.is_working(day) or day in paused or moment >= time(17):
            now = datetime.combine(day + DAY, time(9), tzinfo=now.tzinfo)
            continue
        if any(opens <= moment < closes for opens, closes in OPEN):
            left -= 1
        now += timedelta(minutes=1)
    return now

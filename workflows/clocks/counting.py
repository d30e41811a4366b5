"""By when: the counting rules of docs/time-limits.md, as pure functions of facts and a calendar."""

from __future__ import annotations

from datetime import datetime, timedelta

from workflows.clocks.calendar import WorkingCalendar
from workflows.clocks.facts import ClockFacts, Due, Pause, Unit

UNDECIDED = Due(None, None, False)
ON_THE_SPOT_WARNING = timedelta(hours=1)
# An open pause reaches further than any calendar.
_NEVER = 1 << 40
Span = tuple[int, int]


class _UndecidedError(Exception):
    """An open pause covers the day the limit would end on."""


def due(facts: ClockFacts, calendar: WorkingCalendar) -> Due:
    """Return by when something must be done.

    The start day is day 0 (Civil Code art. 201); paused days, both ends included, are not counted; a limit of 0 ends
    at the close of the start day, or of the next working day when it began after close or on a day off; a limit in
    calendar days that ends on a day off moves to the next working day (art. 203). Raises OutsideCalendarError.
    """
    local = facts.started_at.astimezone(calendar.zone)
    start = local.toordinal() - calendar.first
    if not 0 <= start < calendar.length:
        calendar.offset(local.date())
    total = facts.total
    spans = merged(facts.pauses, calendar.first) if facts.pauses else ()
    try:
        if total == 0:
            counted_from = start if local.time() < calendar.hours.closes else start + 1
            return _closing(calendar, counted_from, _landing(calendar, counted_from, spans))
        if facts.limit.unit is Unit.WORKING_DAYS:
            return _closing(calendar, start + 1, _nth_working_day(calendar, start, total, spans))
        if facts.limit.unit is Unit.CALENDAR_DAYS:
            nominal = nth_calendar_day(start, total, spans)
            return _closing(calendar, nominal, _landing(calendar, nominal, spans))
        return _hours_run_out(calendar, start, calendar.worked_at(start, local.time()), total * 3600, spans)
    except _UndecidedError:
        return UNDECIDED


def _closing(calendar: WorkingCalendar, counted_from: int, day: int) -> Due:
    at = calendar.closing(day)
    unconfirmed = calendar.unconfirmed_before
    return Due(at.date(), at, unconfirmed[day + 1] != unconfirmed[counted_from])


def merged(pauses: tuple[Pause, ...], first: int) -> tuple[Span, ...]:
    """Return pauses as sorted, disjoint ranges of calendar offsets; an open one ends beyond every calendar."""
    spans: list[Span] = []
    for begin, end in sorted(
        (p.from_on.toordinal() - first, _NEVER if p.to_on is None else p.to_on.toordinal() - first) for p in pauses
    ):
        if spans and begin <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((begin, end))
    return tuple(spans)


def _nth_working_day(calendar: WorkingCalendar, start: int, amount: int, spans: tuple[Span, ...]) -> int:
    before = calendar.before
    position = before[start + 1] + amount - 1
    day = calendar.working_day(position)
    for begin, end in spans:
        if begin > day:
            break
        if end == _NEVER:
            raise _UndecidedError
        if end <= start:
            continue
        position += before[min(end + 1, calendar.length)] - before[max(begin, start + 1)]
        day = calendar.working_day(position)
    return day


def nth_calendar_day(start: int, amount: int, spans: tuple[Span, ...]) -> int:
    """Return the offset of the `amount`-th day after `start` that no pause covers, whether a day off or not."""
    day = start + amount
    for begin, end in spans:
        if begin > day:
            break
        if end == _NEVER:
            raise _UndecidedError
        if end > start:
            day += end - max(begin, start + 1) + 1
    return day


def _landing(calendar: WorkingCalendar, day: int, spans: tuple[Span, ...]) -> int:
    """Return the first working day on or after `day` that no pause covers."""
    landed = calendar.working_day_from(day)
    for begin, end in spans:
        if begin > landed:
            break
        if end == _NEVER:
            raise _UndecidedError
        if end >= landed:
            landed = calendar.working_day_from(end + 1)
    return landed


def _hours_run_out(calendar: WorkingCalendar, start: int, worked: int, seconds: int, spans: tuple[Span, ...]) -> Due:
    per_day, before = calendar.hours.seconds_per_day, calendar.before
    target = worked + seconds
    day, at = calendar.instant(target)
    for begin, end in spans:
        if begin > day:
            break
        if end == _NEVER:
            raise _UndecidedError
        if end < start:
            continue
        target += before[min(end + 1, calendar.length)] * per_day - max(before[max(begin, 0)] * per_day, worked)
        day, at = calendar.instant(target)
    unconfirmed = calendar.unconfirmed_before
    return Due(at.date(), at, unconfirmed[day + 1] != unconfirmed[start])


def warn_at(facts: ClockFacts, calendar: WorkingCalendar) -> datetime | None:
    """Return the instant a clock turns yellow unless other rules are published (docs/time-limits.md, "Lights").

    What remains then is at most max(1 working day, 20 % of the limit). None while the due instant is undecided.
    """
    due_at = due(facts, calendar).due_at
    return None if due_at is None else remaining_at(facts, calendar, due_at, percent=20, working_days=1)


def remaining_at(
    facts: ClockFacts, calendar: WorkingCalendar, due_at: datetime, *, percent: int = 0, working_days: int = 0
) -> datetime:
    """Return the instant from which at most max(`working_days`, `percent` of the limit) remain until `due_at`.

    Remaining working days and hours are measured in working time, calendar days in days. On the spot (limit 0): one
    hour before close. Never before the start. percent, working_days: 0 when it is not asked for.
    """
    total, per_day = facts.total, calendar.hours.seconds_per_day
    if total == 0:
        return max(facts.started_at, due_at - ON_THE_SPOT_WARNING)
    spans = tuple(span for span in merged(facts.pauses, calendar.first) if span[1] != _NEVER)
    seconds = working_days * per_day
    if facts.limit.unit is Unit.CALENDAR_DAYS:
        reached = _days_before(calendar, due_at, timedelta(days=total * percent) / 100, spans)
        if seconds:
            reached = min(reached, _working_time_before(calendar, due_at, seconds, spans))
    else:
        whole = total * (per_day if facts.limit.unit is Unit.WORKING_DAYS else 3600)
        reached = _working_time_before(calendar, due_at, max(seconds, whole * percent // 100), spans)
    return max(facts.started_at, reached)


def _working_time_before(
    calendar: WorkingCalendar, due_at: datetime, seconds: int, spans: tuple[Span, ...]
) -> datetime:
    """Return the first instant at which at most `seconds` of unpaused working time remain."""
    per_day, before = calendar.hours.seconds_per_day, calendar.before
    target = calendar.worked(due_at) - seconds
    day, at = calendar.instant(max(target, 1))
    for begin, end in reversed(spans):
        if begin >= calendar.offset(due_at.date()) or end < day:
            continue
        target -= (before[end + 1] - before[max(begin, 0)]) * per_day
        day, at = calendar.instant(max(target, 1))
    return at


def _days_before(calendar: WorkingCalendar, due_at: datetime, length: timedelta, spans: tuple[Span, ...]) -> datetime:
    """Return the instant that lies `length` before `due_at`, leaving out paused days."""
    at = due_at - length
    for begin, end in reversed(spans):
        if begin < due_at.toordinal() - calendar.first and end >= at.toordinal() - calendar.first:
            at -= timedelta(days=end - begin + 1)
    return at


def working_days_left(facts: ClockFacts, calendar: WorkingCalendar, at: datetime) -> int | None:
    """Return how many unpaused working days lie after the day of `at`, up to the last one; negative once past it.

    0 on the last day. None while a pause leaves the due day undecided.
    """
    due_on = due(facts, calendar).due_on
    if due_on is None:
        return None
    today, last = calendar.offset(at.astimezone(calendar.zone).date()), calendar.offset(due_on)
    before = calendar.before
    left = before[last + 1] - before[today + 1]
    for begin, end in merged(facts.pauses, calendar.first):
        begin, end = max(begin, today + 1), min(end, last)
        if begin <= end:
            left -= before[end + 1] - before[begin]
    return left

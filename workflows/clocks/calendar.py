"""A region's working calendar: which days count, and where the n-th of them lies, by two table look-ups."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from zoneinfo import ZoneInfo

SATURDAY = 5


class OutsideCalendarError(Exception):
    """A date lies before the calendar's first year or after its last one."""


class DayKind(StrEnum):
    """Why a day counts or does not."""

    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    SUBSTITUTE = "substitute"
    MAKEUP = "makeup"
    CLOSURE = "closure"


WORKING_KINDS = frozenset({DayKind.WORKDAY, DayKind.MAKEUP})


@dataclass(frozen=True, kw_only=True, slots=True)
class SpecialDay:
    """A day that is not what its weekday says.

    on: the day. kind: why. name_zh, name_en: the holiday it belongs to ("" when unnamed).
    confirmed: False while the authority has not announced it.
    """

    on: date
    kind: DayKind
    name_zh: str = ""
    name_en: str = ""
    confirmed: bool = True


@dataclass(frozen=True, kw_only=True)
class OfficeHours:
    """When the offices of a region are open on a working day.

    spans: half-open local times in order, not overlapping. time_zone: IANA name.
    Raises ValueError when the spans are empty, reversed or overlap.
    """

    spans: tuple[tuple[time, time], ...] = ((time(9), time(12)), (time(13), time(17)))
    time_zone: str = "Asia/Shanghai"

    def __post_init__(self) -> None:
        """Refuse spans that are not a day's timetable."""
        edges = [edge for span in self.spans for edge in span]
        if not edges or any(later <= earlier for earlier, later in pairwise(edges)):
            raise ValueError("Office hours are spans of a day in order, each ending after it begins.")

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone of the offices."""
        return ZoneInfo(self.time_zone)

    @cached_property
    def spans_in_seconds(self) -> tuple[tuple[int, int], ...]:
        """The spans as seconds after midnight."""
        return tuple((_seconds(opens), _seconds(closes)) for opens, closes in self.spans)

    @cached_property
    def seconds_per_day(self) -> int:
        """Working seconds in one working day."""
        return sum(closes - opens for opens, closes in self.spans_in_seconds)

    @property
    def closes(self) -> time:
        """Close of business."""
        return self.spans[-1][1]

    def worked_until(self, moment: time) -> int:
        """Return the whole working seconds of a working day that lie before a local time."""
        now, worked = _seconds(moment), 0
        for opens, closes in self.spans_in_seconds:
            if now <= opens:
                break
            worked += (now if now < closes else closes) - opens
        return worked

    def time_after(self, seconds: int) -> timedelta:
        """Return how long after midnight `seconds` of a working day are worked: 0 < seconds <= seconds_per_day."""
        for opens, closes in self.spans_in_seconds:
            if seconds <= closes - opens:
                return timedelta(seconds=opens + seconds)
            seconds -= closes - opens
        return timedelta(seconds=self.spans_in_seconds[-1][1])


def _seconds(moment: time) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second


class WorkingCalendar:
    """Every day from 1 January `first_year` to 31 December `last_year`, immutable once built.

    Days are addressed by their offset from the first day. `before[i]` is the number of working days in front of
    offset i, `nth[k]` the offset of the k-th working day: so counting working days is one subtraction and finding
    the n-th one is one look-up, however long the limit.

    special: the days that differ from their weekday; where a day is given twice, the later one wins.
    announced_years: years whose notice is published; every other year is provisional.
    """

    def __init__(
        self,
        *,
        first_year: int,
        last_year: int,
        special: Iterable[SpecialDay],
        announced_years: Iterable[int],
        hours: OfficeHours | None = None,
    ) -> None:
        """Build the tables, about a microsecond per day."""
        self.hours = hours or OfficeHours()
        self.zone = self.hours.zone
        self.first = date(first_year, 1, 1).toordinal()
        self.length = date(last_year, 12, 31).toordinal() - self.first + 1
        self.first_year, self.last_year = first_year, last_year
        self.announced_years = frozenset(announced_years)
        known = {day.on.toordinal() - self.first: day for day in special}
        self.special = {offset: day for offset, day in known.items() if 0 <= offset < self.length}
        self.working = bytearray(self.length)
        self.before: list[int] = []
        self.nth: list[int] = []
        self.unconfirmed_before: list[int] = []
        self._fill()
        self._closing: list[datetime | None] = [None] * self.length
        self._midnight: list[datetime | None] = [None] * self.length

    def _fill(self) -> None:
        weekday = date.fromordinal(self.first).weekday()
        working = unconfirmed = 0
        announced = [date.fromordinal(self.first + i).year in self.announced_years for i in range(self.length)]
        for offset in range(self.length):
            self.before.append(working)
            self.unconfirmed_before.append(unconfirmed)
            day = self.special.get(offset)
            counts = day.kind in WORKING_KINDS if day else (weekday + offset) % 7 < SATURDAY
            if counts:
                self.working[offset] = 1
                self.nth.append(offset)
                working += 1
            if not announced[offset] or (day is not None and not day.confirmed):
                unconfirmed += 1
        self.before.append(working)
        self.unconfirmed_before.append(unconfirmed)

    def offset(self, on: date) -> int:
        """Return a day's offset. Raises OutsideCalendarError for a day the calendar does not hold."""
        offset = on.toordinal() - self.first
        if not 0 <= offset < self.length:
            raise OutsideCalendarError(f"The calendar covers {self.first_year} to {self.last_year}, not {on.year}.")
        return offset

    def day(self, offset: int) -> date:
        """Return the day at an offset."""
        return date.fromordinal(self.first + offset)

    def working_day(self, position: int) -> int:
        """Return the offset of the working day that has `position` working days in front of it."""
        try:
            return self.nth[position]
        except IndexError:
            raise OutsideCalendarError(f"The limit ends after {self.last_year}, the calendar's last year.") from None

    def working_day_from(self, offset: int) -> int:
        """Return the offset of the first working day on or after `offset`."""
        return self.working_day(self.before[min(offset, self.length)])

    def closing(self, offset: int) -> datetime:
        """Return the close of business at an offset, in the region's time zone."""
        known = self._closing[offset]
        if known is None:
            known = datetime.combine(self.day(offset), self.hours.closes, tzinfo=self.zone)
            self._closing[offset] = known
        return known

    def is_working(self, on: date) -> bool:
        """Tell whether a day counts as a working day."""
        return bool(self.working[self.offset(on)])

    def is_provisional(self, on: date) -> bool:
        """Tell whether a day's kind is not announced yet."""
        offset = self.offset(on)
        return self.unconfirmed_before[offset + 1] != self.unconfirmed_before[offset]

    def kind(self, on: date) -> DayKind:
        """Return why a day counts or does not."""
        special = self.special.get(self.offset(on))
        if special:
            return special.kind
        return DayKind.WORKDAY if on.weekday() < SATURDAY else DayKind.WEEKEND

    def working_days(self, start_on: date, end_on: date) -> int:
        """Return the number of working days in the half-open period [start_on, end_on); negative when reversed."""
        return self.before[self.offset(end_on)] - self.before[self.offset(start_on)]

    def add_working_days(self, on: date, amount: int) -> date:
        """Return the `amount`-th working day after `on` (day 0), or before it when negative; 0 gives `on` itself."""
        if amount == 0:
            return on
        offset = self.offset(on)
        position = self.before[offset + 1] + amount - 1 if amount > 0 else self.before[offset] + amount
        if position < 0:
            raise OutsideCalendarError(f"The calendar begins with {self.first_year}.")
        return self.day(self.working_day(position))

    def worked(self, at: datetime) -> int:
        """Return the working seconds from the calendar's beginning to an instant: differences are working time."""
        local = at.astimezone(self.zone)
        return self.worked_at(self.offset(local.date()), local.time())

    def worked_at(self, offset: int, moment: time) -> int:
        """Return `worked` at a local time of the day at an offset."""
        seconds = self.before[offset] * self.hours.seconds_per_day
        return seconds + (self.hours.worked_until(moment) if self.working[offset] else 0)

    def instant(self, worked: int) -> tuple[int, datetime]:
        """Return the first instant (day's offset, moment) at which `worked(instant)` reaches a value above zero."""
        per_day = self.hours.seconds_per_day
        # a whole number of days is reached at the close of the last of them, not at the next opening
        full, rest = divmod(worked - 1, per_day)
        offset = self.working_day(full)
        midnight = self._midnight[offset]
        if midnight is None:
            midnight = self._midnight[offset] = datetime.combine(self.day(offset), time(0), tzinfo=self.zone)
        return offset, midnight + self.hours.time_after(rest + 1)

    def days_off(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the ranges (first, last offset) of consecutive days off within the offsets start..end, inclusive."""
        ranges: list[tuple[int, int]] = []
        for offset in range(start, end + 1):
            if self.working[offset]:
                continue
            if ranges and ranges[-1][1] == offset - 1:
                ranges[-1] = (ranges[-1][0], offset)
            else:
                ranges.append((offset, offset))
        return ranges

"""Why the date is what it is, line by line, for citizen, clerk and manager in their language."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from workflows.clocks.calendar import DayKind, WorkingCalendar
from workflows.clocks.counting import due, merged, nth_calendar_day
from workflows.clocks.facts import ClockFacts, Due, Pause, Unit
from workflows.clocks.rules import AUTHORITIES, PAUSES
from workflows.clocks.wording import Wording

_SHOWN_WEEKENDS = 4
Dated = tuple[int, int, str]


def explain(facts: ClockFacts, calendar: WorkingCalendar, language: str) -> list[str]:
    """Return the sentences that lead from the facts to the due day, in order of time.

    language: zh-hans or en. Raises ValueError for another language, OutsideCalendarError as `due` does.
    """
    return _Explanation(facts, calendar, Wording(language)).lines()


class _Explanation:
    """One clock's explanation while it is written."""

    def __init__(self, facts: ClockFacts, calendar: WorkingCalendar, wording: Wording) -> None:
        self.facts, self.calendar, self.wording = facts, calendar, wording
        self.due: Due = due(facts, calendar)
        self.started = facts.started_at.astimezone(calendar.zone)
        self.start = calendar.offset(self.started.date())
        self.spans = merged(facts.pauses, calendar.first)
        self.counts_days = facts.limit.unit is Unit.CALENDAR_DAYS
        self.counts_hours = facts.limit.unit is Unit.WORKING_HOURS and facts.total > 0

    @property
    def last(self) -> int:
        """Offset up to which days are explained: the due day, or the open pause that leaves it undecided."""
        if self.due.due_on is not None:
            return self.calendar.offset(self.due.due_on)
        return max(self.start, *(self._offset(p.from_on) for p in self.facts.pauses if p.to_on is None))

    def lines(self) -> list[str]:
        """Return all sentences."""
        dated = sorted(self._dated(), key=lambda one: one[:2])
        return [*self._beginning(), *(text for _, _, text in dated), *self._end()]

    def _beginning(self) -> Iterator[str]:
        say, limit = self.wording.say, self.facts.limit
        if self.counts_hours:
            at = f"{self.wording.day(self.started.date())} {self.wording.moment(self.started)}"
            yield say("hours_from", at=at, hours=f"{self.calendar.hours.seconds_per_day / 3600:g}")
        elif self.facts.total == 0:
            yield say("on_the_spot")
            if self._starts_closed():
                yield say("after_close", day=self.wording.day(self.started.date()))
            return
        else:
            yield say("start", day=self.wording.day(self.started.date()))
        yield say("limit", limit=self.wording.amount(limit.amount, limit.unit))
        for extension in self.facts.extensions:
            amount = self.wording.amount(extension.amount, limit.unit)
            if extension.authority in AUTHORITIES:
                authority = self.wording.pick(*AUTHORITIES[extension.authority])
                yield say("extension", limit=amount, authority=authority)
            else:
                yield say("extension_plain", limit=amount)

    def _starts_closed(self) -> bool:
        closed = self.started.time() >= self.calendar.hours.closes
        return closed or not self.calendar.working[self.start]

    def _dated(self) -> Iterator[Dated]:
        """Yield sentences about days between start and end: (offset, rank on that day, sentence)."""
        if self.facts.total > 0 and not self.counts_hours:
            first = self._first_counted()
            if first is not None:
                yield first, 0, self.wording.say("day_1", day=self._day(first))
        if not self.counts_days:
            yield from self._off_days()
            yield from self._makeup_days()
        yield from self._pauses()

    def _first_counted(self) -> int | None:
        for offset in range(self.start + 1, self.last + 1):
            if (self.counts_days or self.calendar.working[offset]) and not self._is_paused(offset):
                return offset
        return None

    def _is_paused(self, offset: int) -> bool:
        return any(begin <= offset <= end for begin, end in self.spans)

    def _off_days(self) -> Iterator[Dated]:
        weekends: list[tuple[int, int]] = []
        # on the spot, the start day itself is the one that may not count
        begin = self.start if self.facts.total == 0 else self.start + 1
        for first, last in self.calendar.days_off(begin, self.last):
            specials = [day for o in range(first, last + 1) if (day := self.calendar.special.get(o)) is not None]
            if not specials:
                weekends.append((first, last))
                continue
            names = dict.fromkeys(
                name for day in specials for name in self.wording.pick(day.name_zh, day.name_en).split("; ") if name
            )
            days = self.wording.days(self.calendar.day(first), self.calendar.day(last))
            closed = any(day.kind is DayKind.CLOSURE for day in specials)
            key = ("closure" if closed else "holiday") if names else ("day_off" if first == last else "day_off_range")
            yield first, 1, self.wording.say(key, days=days, name=self.wording.listed(list(names)))
        if weekends:
            yield self.last, 9, self._weekends(weekends)

    def _weekends(self, ranges: list[tuple[int, int]]) -> str:
        shown = [self.wording.days(self.calendar.day(a), self.calendar.day(b)) for a, b in ranges[:_SHOWN_WEEKENDS]]
        count = sum(last - first + 1 for first, last in ranges)
        key = "weekends" if len(ranges) <= _SHOWN_WEEKENDS else "weekends_more"
        return self.wording.say(key, days=self.wording.listed(shown), count=count)

    def _makeup_days(self) -> Iterator[Dated]:
        for offset in range(self.start + 1, self.last + 1):
            day = self.calendar.special.get(offset)
            if day is not None and day.kind is DayKind.MAKEUP and not self._is_paused(offset):
                yield offset, 1, self.wording.say("makeup", day=self._day(offset))

    def _pauses(self) -> Iterator[Dated]:
        for pause in self.facts.pauses:
            begin = self._offset(pause.from_on)
            if begin > self.last:
                continue
            reason = self._reason(pause)
            if pause.to_on is None:
                yield begin, 3, self.wording.say("pause_open", day=self._day(begin), reason=reason)
                continue
            end = self._offset(pause.to_on)
            first = max(begin, self.start if self.counts_hours or self.facts.total == 0 else self.start + 1)
            counted = (
                end - first + 1 if self.counts_days else self.calendar.before[end + 1] - self.calendar.before[first]
            )
            unit = Unit.CALENDAR_DAYS if self.counts_days else Unit.WORKING_DAYS
            days, count = self.wording.days(pause.from_on, pause.to_on), max(counted, 0)
            key, words = "pause_calendar" if self.counts_days else "pause", self.wording.amount(count, unit)
            yield begin, 3, self.wording.say(key, days=days, reason=reason, count=count, count_words=words)

    def _reason(self, pause: Pause) -> str:
        rule = PAUSES.get(pause.reason)
        if rule is not None:
            return self.wording.pick(rule.name_zh, rule.name_en)
        return pause.reason or self.wording.pick("法定原因", "a reason of the law")

    def _end(self) -> Iterator[str]:
        if self.due.due_on is None or self.due.due_at is None:
            yield from self._planned_end()
            return
        day, time = self.wording.day(self.due.due_on), self.wording.moment(self.due.due_at)
        if self.counts_hours:
            yield self.wording.say("due_hours", day=day, time=time)
        elif self.facts.total == 0 or self._moves():
            if self.counts_days and self.facts.total:
                yield self._moved()
            yield self.wording.say("due_plain", day=day, time=time)
        else:
            yield self.wording.say("due", day=day, time=time, number=self.facts.total)
        if self.due.provisional:
            yield self._provisional(self.due.due_on)

    def _moves(self) -> bool:
        return self.counts_days and self._nominal() != self.last

    def _nominal(self) -> int:
        return nth_calendar_day(self.start, self.facts.total, self.spans)

    def _moved(self) -> str:
        return self.wording.say("moved", number=self.facts.total, day=self._day(self._nominal()))

    def _planned_end(self) -> Iterator[str]:
        planned = next((p for p in self.facts.pauses if p.to_on is None and p.planned_days), None)
        if planned is None or planned.planned_days is None:
            return
        ends_on = self.calendar.add_working_days(planned.from_on - timedelta(days=1), planned.planned_days)
        expected = due(self.facts.with_open_pause_ending(ends_on), self.calendar).due_on
        if expected is not None:
            words = self.wording.amount(planned.planned_days, Unit.WORKING_DAYS)
            yield self.wording.say(
                "pause_planned", count=planned.planned_days, count_words=words, day=self.wording.day(expected)
            )

    def _provisional(self, due_on: date) -> str:
        years = range(max(self.started.year, max(self.calendar.announced_years, default=0) + 1), due_on.year + 1)
        unknown = [str(year) for year in years]
        if unknown:
            return self.wording.say("provisional", years=self.wording.listed(unknown))
        return self.wording.say("provisional_days")

    def _offset(self, on: date) -> int:
        """Return a day's offset without asking whether the calendar reaches there: a pause may lie beyond it."""
        return on.toordinal() - self.calendar.first

    def _day(self, offset: int) -> str:
        return self.wording.day(self.calendar.day(offset))

"""Virtual time: whole seconds of the offices' wall clock, and working time between them by table look-ups."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from workflows.clocks import ClockFacts, Limit, OutsideCalendarError, Unit, WorkingCalendar, due
from workflows.engine.graph import Span

DAY = 86_400


class TimeAxis:
    """Instants as seconds since midnight of the calendar's first day, by the wall clock of the offices.

    The same arithmetic as `WorkingCalendar.worked` and `.instant` (tests compare them), on integers: a simulation asks
    a hundred thousand times, and making instants of a time zone is most of what those two do.
    """

    def __init__(self, calendar: WorkingCalendar) -> None:
        """Keep what is asked for again and again."""
        self.calendar = calendar
        self.end = calendar.length * DAY
        self.per_day = calendar.hours.seconds_per_day
        self._spans = calendar.hours.spans_in_seconds
        self._closes = self._spans[-1][1]
        self._due: dict[tuple[Span, int, bool], int] = {}

    def second(self, at: datetime) -> int:
        """Return the second at which an instant lies; parts of a second are cut off."""
        local = at.astimezone(self.calendar.zone)
        return self.calendar.offset(local.date()) * DAY + local.hour * 3600 + local.minute * 60 + local.second

    def instant(self, second: int) -> datetime:
        """Return the instant of a second."""
        midnight = datetime.combine(date.fromordinal(self.calendar.first), datetime.min.time())
        return (midnight + timedelta(seconds=second)).replace(tzinfo=self.calendar.zone)

    def worked(self, second: int) -> int:
        """Return the working seconds from the calendar's beginning until a second: differences are working time."""
        day, moment = divmod(second, DAY)
        calendar = self.calendar
        if not 0 <= day < calendar.length:
            raise OutsideCalendarError(f"The calendar covers {calendar.first_year} to {calendar.last_year}.")
        worked = calendar.before[day] * self.per_day
        if calendar.working[day]:
            for opens, closes in self._spans:
                if moment <= opens:
                    break
                worked += min(moment, closes) - opens
        return worked

    def after(self, second: int, seconds: int) -> int:
        """Return the first second at which `seconds` more are worked; none more: the same second."""
        if seconds <= 0:
            return second
        full, rest = divmod(self.worked(second) + seconds - 1, self.per_day)
        midnight, left = self.calendar.working_day(full) * DAY, rest + 1
        for opens, closes in self._spans:
            if left <= closes - opens:
                return midnight + opens + left
            left -= closes - opens
        return midnight + self._closes

    def end_of(self, span: Span, second: int) -> int:
        """Return the end of a span that begins at a second, as the law counts it (`clocks.due`)."""
        if span.unit == "seconds":
            return second + span.amount
        if span.unit == Unit.WORKING_HOURS:
            return self._counted(span, second)
        # Limits in days depend on the day alone, and on the spot on whether the offices have closed.
        key = (span, second // DAY, second % DAY < self._closes)
        if key not in self._due:
            self._due[key] = self._counted(span, second)
        return self._due[key]

    def _counted(self, span: Span, second: int) -> int:
        limit = Limit(span.amount, Unit(span.unit))
        due_at = due(ClockFacts(kind="stage", limit=limit, started_at=self.instant(second)), self.calendar).due_at
        assert due_at is not None  # only a pause leaves it undecided
        return self.second(due_at)

    def days(self, worked: float) -> float:
        """Return working seconds as working days."""
        return worked / self.per_day

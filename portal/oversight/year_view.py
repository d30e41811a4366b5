"""A year of a calendar as twelve months, told by colour and by word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from workflows.clocks import DayKind, WorkingCalendar
from workflows.enums import CalendarDayKind

#: Under the number of a day, and in the legend: a word for every day that is not what its weekday says.
MARKS: Mapping[DayKind, str | Promise] = {
    DayKind.HOLIDAY: pgettext_lazy("mark of a day in the calendar", "off"),
    DayKind.SUBSTITUTE: pgettext_lazy("mark of a day in the calendar", "off"),
    DayKind.MAKEUP: pgettext_lazy("mark of a day in the calendar", "work"),
    DayKind.CLOSURE: pgettext_lazy("mark of a day in the calendar", "closed"),
    DayKind.WORKDAY: "",
    DayKind.WEEKEND: "",
}
WEEKDAYS = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))


@dataclass(frozen=True, kw_only=True)
class DayCell:
    """One day. kind: names its colour. mark: its word. words: what is said aloud."""

    on: date
    kind: str
    mark: str
    words: str
    today: bool


@dataclass(frozen=True, kw_only=True)
class Month:
    """One month as weeks from Monday to Sunday; None stands for a day of another month."""

    name: str
    weeks: Sequence[Sequence[DayCell | None]]
    working_days: int


def months_of(calendar: WorkingCalendar, year: int, *, today: date) -> list[Month]:
    """Return the twelve months of a year."""
    return [_month(calendar, year, number, today) for number in range(1, 13)]


def _month(calendar: WorkingCalendar, year: int, number: int, today: date) -> Month:
    first = date(year, number, 1)
    after = date(year + number // 12, number % 12 + 1, 1)
    cells: list[DayCell | None] = [None] * first.weekday()
    cells += [_cell(calendar, first + timedelta(days=day), today) for day in range((after - first).days)]
    cells += [None] * (-len(cells) % 7)
    return Month(
        name=date_format(first, "F"),
        weeks=[cells[start : start + 7] for start in range(0, len(cells), 7)],
        working_days=sum(1 for cell in cells if cell is not None and calendar.is_working(cell.on)),
    )


def _cell(calendar: WorkingCalendar, on: date, today: date) -> DayCell:
    kind = calendar.kind(on)
    return DayCell(
        on=on, kind=kind.value, mark=str(MARKS[kind]), words=str(CalendarDayKind(kind).label), today=on == today
    )

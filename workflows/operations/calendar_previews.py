"""What a change of a calendar would do, before it is published: it is made, looked at, and taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction

from workflows.clocks import DayKind, WorkingCalendar
from workflows.enums import CalendarDayKind
from workflows.models import CalendarVersion
from workflows.operations.recomputed_clocks import clocks_that_change
from workflows.queries.calendars import calendar_of
from workflows.queries.recomputations import regions_of_clocks

#: More clocks than these are not counted one by one on a page: every n-th is, and the rest like it.
COUNTED = 100_000


@dataclass(frozen=True, kw_only=True)
class DayChange:
    """A day that another version has as something else. name_zh, name_en: as it is called afterwards."""

    on: date
    before: DayKind
    after: DayKind
    name_zh: str
    name_en: str

    @property
    def before_words(self) -> str:
        """What it is now, in the reader's language."""
        return str(CalendarDayKind(self.before).label)

    @property
    def after_words(self) -> str:
        """What it would be, in the reader's language."""
        return str(CalendarDayKind(self.after).label)


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a change would do. days: those that become something else. confirmed_years: that become final.

    clocks: open clocks whose day would move. exact: whether they were counted, not estimated.
    """

    days: tuple[DayChange, ...]
    confirmed_years: tuple[int, ...]
    clocks: int
    exact: bool


def preview(change: Callable[[], CalendarVersion | None]) -> Preview | None:
    """Return what a change would do, None when nothing. change: an operation of `operations.calendars`.

    Effects: none. Raises what the change raises.
    """
    with transaction.atomic():
        version = change()
        found = None if version is None else _look(version)
        transaction.set_rollback(True)
    return found


def _look(version: CalendarVersion) -> Preview:
    before = version.region.versions.filter(number=version.number - 1).first() or version.parent
    old, new = calendar_of(before), calendar_of(version)
    clocks, exact = _moving(version, _first_and_last(old, new))
    return Preview(
        days=tuple(day_changes(old, new)),
        confirmed_years=tuple(sorted(new.announced_years - old.announced_years)),
        clocks=clocks,
        exact=exact,
    )


def day_changes(old: WorkingCalendar, new: WorkingCalendar) -> list[DayChange]:
    """Return the days that differ between two calendars of the same reach, in order; names alone are no difference."""
    found = []
    for offset in sorted({*old.special, *new.special}):
        on = new.day(offset)
        if old.kind(on) != new.kind(on):
            day = new.special.get(offset)
            names = (day.name_zh, day.name_en) if day else ("", "")
            found.append(DayChange(on=on, before=old.kind(on), after=new.kind(on), name_zh=names[0], name_en=names[1]))
    return found


def _first_and_last(old: WorkingCalendar, new: WorkingCalendar) -> tuple[date, date]:
    """Return the days within which a clock must run to be touched at all."""
    if old.hours != new.hours:
        return new.day(0), new.day(new.length - 1)
    sure = [calendar.unconfirmed_before for calendar in (old, new)]
    differing = [
        offset
        for offset in range(new.length)
        if old.working[offset] != new.working[offset]
        or sure[0][offset + 1] - sure[0][offset] != sure[1][offset + 1] - sure[1][offset]
    ]
    if not differing:
        return new.day(1), new.day(0)
    return new.day(differing[0]), new.day(differing[-1])


_TOUCHED = """from workflows_clock where stopped_at is null and region = any(%(regions)s)
 and (due_on is null or due_on >= %(first)s) and started_at < %(after)s"""


def _moving(version: CalendarVersion, days: tuple[date, date]) -> tuple[int, bool]:
    """Return how many open clocks would move, and whether that was counted."""
    regions, (first, last) = regions_of_clocks(version.region_id), days
    words: dict[str, Any] = {"regions": regions, "first": first, "after": last + timedelta(days=2)}
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) {_TOUCHED}", words)
        (count,) = cursor.fetchone()
        nth = count // COUNTED + 1
        cursor.execute(f"select id {_TOUCHED} and id %% %(nth)s = 0", {**words, "nth": nth})
        keys = [key for (key,) in cursor.fetchall()]
    changed = clocks_that_change(keys, regions)
    moved = sum(one.row.due_on != one.now.due_on for one in changed)
    return moved * nth, nth == 1

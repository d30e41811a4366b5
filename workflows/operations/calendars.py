"""Load, announce and correct a region's working calendar. Every change is a new version and recomputes the clocks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils.translation import gettext as _

from workflows.clocks import DayKind, OfficeHours, SpecialDay
from workflows.clocks.china import ANNOUNCED_YEARS, FIRST_YEAR, SOURCE, USUAL_LAST_YEAR, special_days
from workflows.models import CalendarDay, CalendarVersion
from workflows.operations.clocks import recompute_clocks
from workflows.queries.calendars import newest_version

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

LIBRARY = "holidays "


class CalendarError(Exception):
    """The calendar cannot be changed like this. The message is a sentence for the administrator."""


def load_national_calendar(*, region: str, at: datetime, by: AbstractBaseUser | None = None) -> bool:
    """Fill a region's calendar from the national one; returns whether anything changed. Twice is once.

    Days an administrator entered, and years she announced, stay as they are.
    Effects: calendar days, a new version, running clocks recomputed.
    """
    with transaction.atomic():
        _lock(region)
        newest = newest_version(region)
        wanted = {day.on: day for day in special_days(FIRST_YEAR, USUAL_LAST_YEAR)}
        rows = {row.date: row for row in CalendarDay.objects.filter(region=region)}
        by_hand = {on.year for on, row in rows.items() if not row.source.startswith(LIBRARY) and row.confirmed}
        by_hand -= set(ANNOUNCED_YEARS)
        ours = {on for on, row in rows.items() if row.source.startswith(LIBRARY)}
        fresh = [
            _row(region, day, SOURCE)
            for on, day in wanted.items()
            if on.year not in by_hand and (on not in rows or (on in ours and _differs(rows[on], day)))
        ]
        gone = {on for on in ours if on not in wanted}
        through = max(ANNOUNCED_YEARS[-1], newest.announced_through if newest else 0)
        if newest is not None and not fresh and not gone and through == newest.announced_through:
            return False
        CalendarDay.objects.filter(region=region, date__in=gone).delete()
        _store(fresh)
        _publish(region, newest, through=through, note=SOURCE, by=by, at=at)
    recompute_clocks(region=region, by=by, at=at)
    return True


def announce_year(
    *, region: str, year: int, days: Iterable[SpecialDay], source: str, by: AbstractBaseUser | None, at: datetime
) -> CalendarVersion:
    """Replace a year by what its notice says: from now on its days are confirmed.

    days: holidays, days off in lieu and make-up days of the notice, those in neighbouring years too; weekends need
    not be listed. source: the notice's number or address. Effects: the year's days, a new version, running clocks
    recomputed, with the change on the record. Raises CalendarError when a year in between is not announced.
    """
    listed = list(days)
    with transaction.atomic():
        _lock(region)
        newest = newest_version(region)
        if newest is None:
            raise CalendarError(_("Load the national calendar first."))
        if year > newest.announced_through + 1:
            raise CalendarError(_("Announce the year %(year)s first.") % {"year": newest.announced_through + 1})
        if not any(day.on.year == year for day in listed):
            raise CalendarError(_("The notice lists no day of the year %(year)s.") % {"year": year})
        CalendarDay.objects.filter(region=region, date__year=year).exclude(kind=DayKind.CLOSURE).delete()
        _store([_row(region, day, source, confirmed=True) for day in listed])
        through = max(year, newest.announced_through)
        version = _publish(region, newest, through=through, note=source, by=by, at=at)
    recompute_clocks(region=region, by=by, at=at)
    return version


def enter_calendar_day(
    *, region: str, day: SpecialDay, source: str, by: AbstractBaseUser | None, at: datetime
) -> CalendarVersion:
    """Enter or replace one day, say a closure for snow. source: the decision behind it.

    Effects: the day, a new version, running clocks recomputed. Raises CalendarError while no calendar is loaded.
    """
    with transaction.atomic():
        _lock(region)
        newest = newest_version(region)
        if newest is None:
            raise CalendarError(_("Load the national calendar first."))
        _store([_row(region, day, source)])
        version = _publish(region, newest, through=newest.announced_through, note=source, by=by, at=at)
    recompute_clocks(region=region, by=by, at=at)
    return version


def withdraw_calendar_day(
    *, region: str, on: date, source: str, by: AbstractBaseUser | None, at: datetime
) -> CalendarVersion:
    """Take back what was entered for a day: it is again what its weekday says. Raises CalendarError if nothing was."""
    with transaction.atomic():
        _lock(region)
        newest = newest_version(region)
        deleted, _by_model = CalendarDay.objects.filter(region=region, date=on).delete()
        if newest is None or not deleted:
            raise CalendarError(_("Nothing is entered for this day."))
        version = _publish(region, newest, through=newest.announced_through, note=source, by=by, at=at)
    recompute_clocks(region=region, by=by, at=at)
    return version


def _lock(region: str) -> None:
    """Let one change of a region's calendar wait for the other, also before its first version exists."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"calendar {region}"])


def _row(region: str, day: SpecialDay, source: str, *, confirmed: bool | None = None) -> CalendarDay:
    return CalendarDay(
        region=region,
        date=day.on,
        kind=day.kind,
        name_zh=day.name_zh,
        name_en=day.name_en,
        confirmed=day.confirmed if confirmed is None else confirmed,
        source=source,
    )


def _differs(row: CalendarDay, day: SpecialDay) -> bool:
    stored = (row.kind, row.name_zh, row.name_en, row.confirmed)
    return stored != (day.kind, day.name_zh, day.name_en, day.confirmed)


def _store(rows: list[CalendarDay]) -> None:
    CalendarDay.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["region", "date"],
        update_fields=["kind", "name_zh", "name_en", "confirmed", "source"],
    )


def _publish(
    region: str,
    newest: CalendarVersion | None,
    *,
    through: int,
    note: str,
    by: AbstractBaseUser | None,
    at: datetime,
) -> CalendarVersion:
    hours = OfficeHours()
    return CalendarVersion.objects.create(
        region=region,
        number=newest.number + 1 if newest else 1,
        announced_from=newest.announced_from if newest else ANNOUNCED_YEARS[0],
        announced_through=through,
        office_hours=newest.office_hours
        if newest
        else [[opens.isoformat("minutes"), closes.isoformat("minutes")] for opens, closes in hours.spans],
        time_zone=newest.time_zone if newest else hours.time_zone,
        note=note,
        published_at=at,
        published_by_id=by.pk if by is not None else None,
    )

"""Load, announce and correct working calendars. Every change is a new version; a job recomputes the open clocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from workflows.clocks import DayKind, OfficeHours, SpecialDay
from workflows.clocks.calendar import WORKING_KINDS
from workflows.clocks.china import (
    ANNOUNCED_YEARS,
    FIRST_YEAR,
    NATION,
    SOURCE,
    USUAL_LAST_YEAR,
    lineage,
    special_days,
)
from workflows.models import CalendarDay, CalendarRegion, CalendarVersion
from workflows.operations.calendar_files import CalendarError, Notice
from workflows.operations.recomputation import queue_recomputation
from workflows.queries.calendars import calendar_of, special_day

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

LIBRARY = "holidays "
REGION_NAMES = Path(__file__).parent.parent / "data" / "regions.yaml"


@transaction.atomic
def load_national_calendar(*, region: str, at: datetime, by: AbstractBaseUser | None = None) -> bool:
    """Give a region a calendar: the nation's from the library, and its own and those between, which begin without days.

    Returns whether anything changed; twice is once. Days an administrator entered, and years she announced, stay.
    Effects: regions, the nation's days, new versions, a job that recomputes the open clocks.
    """
    _lock()
    _add_lineage(region)
    versions = [version for version in [_refilled_nation(by=by, at=at)] if version is not None]
    for code in reversed(lineage(region)):
        change = _Change(CalendarRegion.objects.get(pk=code))
        if change.newest is None:
            versions.append(change.publish(note=SOURCE, by=by, at=at))
    if versions:
        queue_recomputation(versions[0], by=by, at=at)
    return bool(versions)


@transaction.atomic
def add_region(
    *, code: str, name_zh: str, name_en: str, parent: str, by: AbstractBaseUser | None, at: datetime
) -> CalendarRegion:
    """Add a region whose calendar begins as its parent's. Raises CalendarError for a code that is taken or no parent.

    Effects: the region, its first version, a job that recomputes the open clocks of this region.
    """
    _lock()
    around = _Change.of(parent)
    if CalendarRegion.objects.filter(pk=code).exists():
        raise CalendarError(_("There is a region %(code)s already.") % {"code": code})
    region = CalendarRegion.objects.create(code=code, name_zh=name_zh, name_en=name_en, parent=around.region)
    queue_recomputation(_Change(region).publish(note=_("New region"), by=by, at=at), by=by, at=at)
    return region


@transaction.atomic
def announce_year(
    *, region: str, year: int, days: Iterable[SpecialDay], source: str, by: AbstractBaseUser | None, at: datetime
) -> CalendarVersion | None:
    """Replace a year by what its notice says: from now on its days are confirmed. None when that changes nothing.

    days: holidays, days off in lieu and make-up days of the notice, those in neighbouring years too; weekends need
    not be listed. A year that is announced already and agrees on every day stays as it is, names and all.
    source: the notice's number or address. Effects: the year's days, new versions here and below, a job that
    recomputes the open clocks. Raises CalendarError when a year in between is not announced.
    """
    _lock()
    change, listed = _Change.of(region), list(days)
    through = change.known.announced_through
    if year > through + 1:
        raise CalendarError(_("Announce the year %(year)s first.") % {"year": through + 1})
    if not any(day.on.year == year for day in listed):
        raise CalendarError(_("The notice lists no day of the year %(year)s.") % {"year": year})
    if year <= through and agrees(change.known, year, listed):
        return None
    last = _last_of_its_own(year, through)
    change.drop(change.days.filter(date__year=year, date__lte=last).exclude(kind=DayKind.CLOSURE))
    change.put(listed, source, confirmed=True)
    version = change.publish(through=max(year, through), note=source, by=by, at=at)
    queue_recomputation(version, by=by, at=at)
    return version


def import_notice(
    *, region: str, notice: Notice, source: str, by: AbstractBaseUser | None, at: datetime
) -> CalendarVersion | None:
    """Take a notice into a calendar: announce its year, or enter its days, as the operations that do so."""
    if notice.year is None:
        return enter_calendar_days(region=region, days=notice.days, source=source, by=by, at=at)
    return announce_year(region=region, year=notice.year, days=notice.days, source=source, by=by, at=at)


@transaction.atomic
def enter_calendar_days(
    *, region: str, days: Sequence[SpecialDay], source: str, by: AbstractBaseUser | None, at: datetime
) -> CalendarVersion | None:
    """Enter or replace single days, say a closure for snow. None when each is entered like this already.

    source: the decision behind them. Effects: the days, new versions here and below, a job that recomputes the open
    clocks. Raises CalendarError while no calendar is loaded.
    """
    _lock()
    change = _Change.of(region)
    standing = {row.date: special_day(row) for row in change.days.filter(date__in=[day.on for day in days])}
    if all(standing.get(day.on) == day for day in days):
        return None
    change.put([day for day in days if standing.get(day.on) != day], source)
    version = change.publish(note=source, by=by, at=at)
    queue_recomputation(version, by=by, at=at)
    return version


def enter_calendar_day(
    *, region: str, day: SpecialDay, source: str, by: AbstractBaseUser | None, at: datetime
) -> CalendarVersion | None:
    """Enter or replace one day, as `enter_calendar_days`."""
    return enter_calendar_days(region=region, days=[day], source=source, by=by, at=at)


@transaction.atomic
def withdraw_calendar_day(
    *, region: str, on: date, source: str, by: AbstractBaseUser | None, at: datetime
) -> CalendarVersion:
    """Take back what a region entered for a day: it is again as its parent has it, or what its weekday says.

    Effects: new versions here and below, a job that recomputes the open clocks.
    Raises CalendarError if the region entered nothing for the day.
    """
    _lock()
    change = _Change.of(region)
    if not change.drop(change.days.filter(date=on)):
        raise CalendarError(_("Nothing is entered for this day."))
    version = change.publish(note=source, by=by, at=at)
    queue_recomputation(version, by=by, at=at)
    return version


@transaction.atomic
def set_office_hours(
    *,
    region: str,
    spans: Sequence[tuple[time, time]] | None,
    note: str,
    by: AbstractBaseUser | None,
    at: datetime,
) -> CalendarVersion:
    """Set when a region's offices are open on a working day; None: as its parent's.

    Effects: new versions here and below, a job that recomputes the open clocks. Raises CalendarError for spans that
    are no timetable, and for None where there is no parent.
    """
    _lock()
    change = _Change.of(region)
    if spans is None and change.region.parent_id is None:
        raise CalendarError(_("A calendar without a parent says when offices are open."))
    try:
        hours = None if spans is None else _written(OfficeHours(spans=tuple(spans)))
    except ValueError:
        raise CalendarError(_("Office hours are spans of a day in order, each ending after it begins.")) from None
    change.hours = hours
    version = change.publish(note=note, by=by, at=at)
    queue_recomputation(version, by=by, at=at)
    return version


def agrees(version: CalendarVersion, year: int, days: Iterable[SpecialDay]) -> bool:
    """Tell whether a calendar works and rests as a notice of an announced year says, closures apart."""
    calendar, listed = calendar_of(version), {day.on: day for day in days}
    if any(calendar.is_provisional(on) for on in listed if on.year == year):
        return False
    if any(calendar.is_working(on) != (day.kind in WORKING_KINDS) for on, day in listed.items()):
        return False
    ordinary = {DayKind.WORKDAY, DayKind.WEEKEND, DayKind.CLOSURE}
    special = (calendar.day(offset) for offset in calendar.special)
    last = _last_of_its_own(year, version.announced_through)
    # A weekend inside a holiday need not be listed: only what differs from its weekday must be.
    return all(
        on in listed or calendar.kind(on) in ordinary or calendar.is_working(on) == (on.weekday() < 5)
        for on in special
        if on.year == year and on <= last
    )


def _last_of_its_own(year: int, through: int) -> date:
    """Return the last day that a year's own notice speaks of: the next one, once published, orders the New Year."""
    return date(year, 12, 31) if year >= through else date(year, 12, 24)


class _Change:
    """One change of one region's calendar, made under the lock: days end and begin, then a version is published."""

    def __init__(self, region: CalendarRegion) -> None:
        self.region = region
        self.newest = CalendarVersion.objects.filter(region=region).order_by("-number").first()
        self.number = self.newest.number + 1 if self.newest else 1
        self.hours = self.newest.office_hours if self.newest else None
        self.days: QuerySet[CalendarDay] = CalendarDay.objects.filter(region=region, until__isnull=True)

    @classmethod
    def of(cls, code: str) -> _Change:
        """Begin a change of a region that has a calendar. Raises CalendarError when it has none."""
        region = CalendarRegion.objects.filter(pk=code).first()
        change = cls(region) if region is not None else None
        if change is None or change.newest is None:
            raise CalendarError(_("Load the national calendar first."))
        return change

    @property
    def known(self) -> CalendarVersion:
        """The version that stands before the change."""
        assert self.newest is not None  # `of` refuses a region without one
        return self.newest

    def drop(self, days: QuerySet[CalendarDay]) -> int:
        """End standing days with the version before this change; returns how many."""
        return days.update(until=self.number)

    def put(self, days: Sequence[SpecialDay], source: str, *, confirmed: bool | None = None) -> None:
        """List days from this change on, in place of what stands for them."""
        last = {day.on: day for day in days}
        self.drop(self.days.filter(date__in=list(last)))
        CalendarDay.objects.bulk_create(
            CalendarDay(
                region=self.region,
                date=day.on,
                kind=day.kind,
                name_zh=day.name_zh,
                name_en=day.name_en,
                confirmed=day.confirmed if confirmed is None else confirmed,
                source=source,
                since=self.number,
            )
            for day in last.values()
        )

    def publish(
        self, *, note: str, by: AbstractBaseUser | None, at: datetime, through: int | None = None
    ) -> CalendarVersion:
        """Publish the version, and one of each region below, which begins with its parent's days."""
        parent = CalendarVersion.objects.filter(region=self.region.parent_id).order_by("-number").first()
        before = self.newest or parent
        years = [through or 0, *(one.announced_through for one in (self.newest, parent) if one is not None)]
        usual = OfficeHours()
        version = CalendarVersion.objects.create(
            region=self.region,
            number=self.number,
            parent=parent,
            announced_from=before.announced_from if before else ANNOUNCED_YEARS[0],
            announced_through=max(years),
            office_hours=self.hours if self.hours is not None or parent else _written(usual),
            time_zone=before.time_zone if before else usual.time_zone,
            note=note[:300],
            published_at=at,
            published_by_id=by.pk if by is not None else None,
        )
        for child in self.region.children.all():
            below = _Change(child)
            if below.newest is not None:
                below.publish(note=note, by=by, at=at)
        return version


def _lock() -> None:
    """Let one change of the calendars wait for the other: a region's change is one of those below it as well."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('working calendars'))")


def _add_lineage(region: str) -> None:
    known = yaml.safe_load(REGION_NAMES.read_text(encoding="utf-8"))
    if region == settings.REGION:
        known.setdefault(region, {"zh": settings.CITY["zh-hans"], "en": settings.CITY["en"]})
    parent = None
    for code in reversed(lineage(region)):
        names = known.get(code, {"zh": code, "en": code})
        parent, _new = CalendarRegion.objects.get_or_create(
            pk=code, defaults={"name_zh": names["zh"], "name_en": names["en"], "parent": parent}
        )


def _refilled_nation(*, by: AbstractBaseUser | None, at: datetime) -> CalendarVersion | None:
    """Make the nation's days those of the library; what was entered by hand, and years announced by it, stay."""
    change = _Change(CalendarRegion.objects.get(pk=NATION))
    wanted = {day.on: day for day in special_days(FIRST_YEAR, USUAL_LAST_YEAR)}
    rows = {row.date: row for row in change.days}
    by_hand = {on.year for on, row in rows.items() if not row.source.startswith(LIBRARY) and row.confirmed}
    by_hand -= set(ANNOUNCED_YEARS)
    ours = {on for on, row in rows.items() if row.source.startswith(LIBRARY)}
    fresh = [
        day
        for on, day in wanted.items()
        if on.year not in by_hand and (on not in rows or (on in ours and special_day(rows[on]) != day))
    ]
    gone = {on for on in ours if on not in wanted}
    through = max(ANNOUNCED_YEARS[-1], change.newest.announced_through if change.newest else 0)
    if change.newest is not None and not fresh and not gone and through == change.newest.announced_through:
        return None
    change.drop(change.days.filter(date__in=gone))
    change.put(fresh, SOURCE)
    return change.publish(through=through, note=SOURCE, by=by, at=at)


def _written(hours: OfficeHours) -> list[list[str]]:
    return [[opens.isoformat("minutes"), closes.isoformat("minutes")] for opens, closes in hours.spans]

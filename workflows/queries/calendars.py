"""Questions about working calendars: regions, versions, and the calendar a version stands for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from functools import lru_cache

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Length

from workflows.clocks import DayKind, OfficeHours, SpecialDay, WorkingCalendar, national_calendar
from workflows.clocks.china import build_calendar, lineage
from workflows.models import CalendarDay, CalendarRegion, CalendarVersion


def database_now() -> datetime:
    """Return PostgreSQL's clock: the one every process shares. Read once, at the edge, and passed down as `at`."""
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        row = cursor.fetchone()
    assert row is not None  # a select without a table has one row
    now: datetime = row[0]
    return now


def home_region() -> str:
    """Return the region this installation serves."""
    region: str = settings.REGION
    return region


def newest_version(region: str) -> CalendarVersion | None:
    """Return the version by which a region counts now: its own newest, or that of the nearest region around it.

    None while no calendar was loaded.
    """
    # A region's code begins with its parent's: the longest is the nearest.
    around = CalendarVersion.objects.filter(region__in=list(lineage(region)))
    return around.order_by(Length("region_id").desc(), "-number").first()


def calendar_of(version: CalendarVersion | None) -> WorkingCalendar:
    """Return the calendar of a version, built once per process; without one, the national calendar."""
    return calendar_of_id(None if version is None else version.pk)


def calendar_of_id(version_id: int | None) -> WorkingCalendar:
    """Return the calendar of the version with this key, as `calendar_of`."""
    return national_calendar() if version_id is None else _built(version_id)


def calendar_for(region: str | None = None) -> WorkingCalendar:
    """Return a region's calendar as it stands now; the home region's when none is named."""
    return calendar_of(newest_version(region or home_region()))


def regions_below(code: str) -> list[CalendarRegion]:
    """Return a region and all that lie in it, each after its parent."""
    children: dict[str | None, list[CalendarRegion]] = {}
    everybody = list(CalendarRegion.objects.order_by("code"))
    for region in everybody:
        children.setdefault(region.parent_id, []).append(region)
    found = [region for region in everybody if region.code == code]
    for region in found:  # grows while it is read
        found.extend(children.get(region.code, ()))
    return found


def own_days(version: CalendarVersion) -> QuerySet[CalendarDay]:
    """Return the days a version's own region listed in it, without those of its parents."""
    standing = Q(until__isnull=True) | Q(until__gt=version.number)
    return CalendarDay.objects.select_related("region").filter(
        standing, region=version.region_id, since__lte=version.number
    )


def chain_of(version: CalendarVersion) -> list[CalendarVersion]:
    """Return a version and those it begins with, the nation's first."""
    chain = [version]
    while (parent := chain[0].parent) is not None:
        chain.insert(0, parent)
    return chain


def days_of(version: CalendarVersion) -> list[CalendarDay]:
    """Return every special day of a version in order of date: where a region lists a day its parent lists, its own.

    What the parent only expects of a year that this region has announced itself does not hold here.
    """
    days = {
        day.date: day
        for one in chain_of(version)
        for day in own_days(one)
        if day.confirmed or not one.announced_through < day.date.year <= version.announced_through
    }
    return [days[on] for on in sorted(days)]


def special_day(day: CalendarDay) -> SpecialDay:
    """Return a stored day as the counting functions take it."""
    return SpecialDay(
        on=day.date, kind=DayKind(day.kind), name_zh=day.name_zh, name_en=day.name_en, confirmed=day.confirmed
    )


def hours_of(version: CalendarVersion) -> OfficeHours:
    """Return when offices are open by a version: its own hours, or those of the nearest region that sets any."""
    spans = next(one.office_hours for one in reversed(chain_of(version)) if one.office_hours is not None)
    times = tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in spans)
    return OfficeHours(spans=times, time_zone=version.time_zone)


def built_from(version: CalendarVersion, special: Iterable[SpecialDay], *, through: int) -> WorkingCalendar:
    """Return a calendar with the hours of a version, but with these days and announced years: to look ahead."""
    announced = range(version.announced_from, through + 1)
    return build_calendar(special=special, announced_years=announced, hours=hours_of(version))


@lru_cache(maxsize=32)
def _built(version_id: int) -> WorkingCalendar:
    version = CalendarVersion.objects.get(pk=version_id)
    return built_from(version, map(special_day, days_of(version)), through=version.announced_through)

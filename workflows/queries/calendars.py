"""Questions about a region's working calendar."""

from __future__ import annotations

from datetime import datetime, time
from functools import lru_cache

from django.conf import settings
from django.db import connection

from workflows.clocks import DayKind, OfficeHours, SpecialDay, WorkingCalendar, national_calendar
from workflows.clocks.china import build_calendar
from workflows.models import CalendarDay, CalendarVersion


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
    """Return the newest version of a region's calendar, None while none was loaded."""
    return CalendarVersion.objects.filter(region=region).order_by("-number").first()


def calendar_of(version: CalendarVersion | None) -> WorkingCalendar:
    """Return the calendar of a version, built once per process; without one, the national calendar."""
    return calendar_of_id(None if version is None else version.pk)


def calendar_of_id(version_id: int | None) -> WorkingCalendar:
    """Return the calendar of the version with this key, as `calendar_of`."""
    return national_calendar() if version_id is None else _built(version_id)


def calendar_for(region: str | None = None) -> WorkingCalendar:
    """Return a region's calendar as it stands now; the home region's when none is named."""
    return calendar_of(newest_version(region or home_region()))


@lru_cache(maxsize=8)
def _built(version_id: int) -> WorkingCalendar:
    version = CalendarVersion.objects.get(pk=version_id)
    spans = tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in version.office_hours)
    return build_calendar(
        special=[
            SpecialDay(
                on=day.date, kind=DayKind(day.kind), name_zh=day.name_zh, name_en=day.name_en, confirmed=day.confirmed
            )
            for day in CalendarDay.objects.filter(region=version.region)
        ],
        announced_years=range(version.announced_from, version.announced_through + 1),
        hours=OfficeHours(spans=spans, time_zone=version.time_zone),
    )

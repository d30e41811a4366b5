"""The calendar in the database: seeded once, announced by notice, corrected by day, each with its consequences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import translation

from tests.factories.clocks import at, running_clock
from workflows.clocks import ClockDueChanged, DayKind, SpecialDay, national_calendar
from workflows.models import (
    CalendarDay,
    CalendarRecomputation,
    CalendarVersion,
    Clock,
    ClockRecomputation,
    HistoryEvent,
    Timer,
)
from workflows.operations.calendars import (
    CalendarError,
    announce_year,
    enter_calendar_day,
    load_national_calendar,
    withdraw_calendar_day,
)
from workflows.operations.clocks import stop_clock
from workflows.operations.recomputation import recompute
from workflows.queries.calendars import calendar_for, home_region, newest_version
from workflows.signals import due_days_moved

pytestmark = pytest.mark.django_db
NOW = at("2026-11-20 10:00")
# A made-up notice: 1 to 3 January off, Monday 4 January off too, made up on Saturday 9 January.
NOTICE_2027 = [
    *(SpecialDay(on=date(2027, 1, day), kind=DayKind.HOLIDAY, name_zh="元旦", name_en="New Year") for day in (1, 2, 3)),
    SpecialDay(on=date(2027, 1, 4), kind=DayKind.SUBSTITUTE),
    SpecialDay(on=date(2027, 1, 9), kind=DayKind.MAKEUP),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Read the messages in English whatever the installation's language."""
    with translation.override("en"):
        yield


@pytest.fixture
def region() -> str:
    load_national_calendar(region=home_region(), at=NOW)
    return home_region()


@pytest.fixture
def moved() -> Iterator[list[ClockDueChanged]]:
    heard: list[ClockDueChanged] = []

    def listen(changes: Sequence[ClockDueChanged], **_: Any) -> None:
        heard.extend(changes)

    due_days_moved.connect(listen)
    yield heard
    due_days_moved.disconnect(listen)


def carried_out() -> CalendarRecomputation:
    """Carry out what waits, and return the last job."""
    recompute(now=lambda: NOW)
    job = CalendarRecomputation.objects.first()
    assert job is not None
    assert job.finished_at == NOW
    return job


def test_loading_twice_is_loading_once(region: str) -> None:
    days = CalendarDay.objects.count()
    assert days > 500
    assert load_national_calendar(region=region, at=NOW) is False
    assert (CalendarDay.objects.count(), CalendarVersion.objects.count()) == (days, 3)
    assert {version.region_id for version in CalendarVersion.objects.all()} == {"CN", "CN-410000", "CN-410100"}
    assert set(CalendarDay.objects.values_list("region", flat=True)) == {"CN"}, "the city begins without days"


def test_the_stored_calendar_equals_the_national_one(region: str) -> None:
    stored, national = calendar_for(region), national_calendar()
    assert stored is not national
    assert stored.working == national.working
    assert stored.unconfirmed_before == national.unconfirmed_before


def test_the_command_says_what_is_there() -> None:
    first, second = StringIO(), StringIO()
    call_command("load_calendar", stdout=first)
    call_command("load_calendar", stdout=second)
    assert "loaded: version 1" in first.getvalue()
    assert "unchanged: version 1" in second.getvalue()
    assert "announced through 2026" in second.getvalue()


def test_an_announced_year_replaces_what_the_library_made_up(region: str, moved: list[ClockDueChanged]) -> None:
    clock = running_clock(started="2026-12-30 10:00", limit_amount=3)
    untouched = running_clock(started="2026-11-18 10:00", subject_id="35")
    finished = running_clock(started="2026-12-30 10:00", limit_amount=3, subject_id="36")
    stop_clock(clock=finished, at=at("2026-12-31 10:00"))
    assert (clock.due_on, clock.provisional) == (date(2027, 1, 5), True)

    announce_year(region=region, year=2027, days=NOTICE_2027, source="国办发明电〔2026〕X号", by=None, at=NOW)
    carried_out()

    clock.refresh_from_db()
    assert (clock.due_on, clock.provisional) == (date(2027, 1, 6), False)
    assert clock.calendar_version == newest_version(region)
    record = ClockRecomputation.objects.get()
    assert (record.clock, record.provisional_before, record.provisional_after) == (clock, True, False)
    assert [(change.due_on_before, change.due_on_after) for change in moved] == [(date(2027, 1, 5), date(2027, 1, 6))]
    assert Timer.objects.get(subject_id=str(clock.pk), kind="red").due_at == at("2027-01-06 17:00")
    assert HistoryEvent.objects.filter(kind="clock_recomputed").get().detail["after"] == "2027-01-06"
    untouched.refresh_from_db()
    assert untouched.due_on == date(2026, 11, 23)
    assert Clock.objects.get(pk=finished.pk).due_on == date(2027, 1, 5), "what is done keeps the date it was promised"
    calendar = calendar_for(region)
    assert calendar.is_working(date(2027, 1, 9))
    assert calendar.is_working(date(2027, 2, 9)), "the library's guess is gone"
    assert not calendar.is_provisional(date(2027, 6, 1))


def test_a_confirmation_that_moves_no_day_is_recorded_but_tells_nobody(
    region: str, moved: list[ClockDueChanged]
) -> None:
    clock = running_clock(started="2026-12-30 10:00", limit_amount=3)
    guessed = [SpecialDay(on=date(2027, 1, 1), kind=DayKind.HOLIDAY, name_zh="元旦", name_en="New Year's Day")]
    announce_year(region=region, year=2027, days=guessed, source="notice", by=None, at=NOW)
    carried_out()
    clock.refresh_from_db()
    assert (clock.due_on, clock.provisional) == (date(2027, 1, 5), False)
    assert ClockRecomputation.objects.count() == 1
    assert moved == []


def test_loading_again_leaves_an_announced_year_alone(region: str) -> None:
    announce_year(region=region, year=2027, days=NOTICE_2027, source="notice", by=None, at=NOW)
    assert load_national_calendar(region=region, at=NOW) is False
    assert CalendarDay.objects.filter(region=region, date__year=2027).count() == len(NOTICE_2027)


def test_years_are_announced_one_after_the_other(region: str) -> None:
    with pytest.raises(CalendarError, match="2027 first"):
        announce_year(region=region, year=2028, days=NOTICE_2027, source="notice", by=None, at=NOW)
    with pytest.raises(CalendarError, match="lists no day of the year 2027"):
        announce_year(region=region, year=2027, days=[], source="notice", by=None, at=NOW)
    with pytest.raises(CalendarError, match="Load the national calendar"):
        announce_year(region="CN-000000", year=2027, days=NOTICE_2027, source="notice", by=None, at=NOW)


def test_a_snow_day_moves_the_clocks_and_taking_it_back_moves_them_back(
    region: str, moved: list[ClockDueChanged]
) -> None:
    clock = running_clock(started="2026-11-20 09:00")
    snow = SpecialDay(on=date(2026, 11, 24), kind=DayKind.CLOSURE, name_zh="暴雪停办", name_en="Closed for snow")
    enter_calendar_day(region=region, day=snow, source="Office order 7", by=None, at=NOW)
    carried_out()
    clock.refresh_from_db()
    assert clock.due_on == date(2026, 11, 26)
    load_national_calendar(region=region, at=NOW)
    assert CalendarDay.objects.get(region=region, date=date(2026, 11, 24)).source == "Office order 7"
    withdraw_calendar_day(region=region, on=date(2026, 11, 24), source="Office order 8", by=None, at=NOW)
    carried_out()
    clock.refresh_from_db()
    assert clock.due_on == date(2026, 11, 25)
    assert len(moved) == 2
    assert newest_version(region).number == 3  # type: ignore[union-attr]
    with pytest.raises(CalendarError, match="Nothing is entered"):
        withdraw_calendar_day(region=region, on=date(2026, 11, 24), source="Office order 9", by=None, at=NOW)


def test_another_regions_calendar_is_its_own(region: str) -> None:
    clock = running_clock(started="2026-11-20 09:00", region="CN-410200")
    snow = SpecialDay(on=date(2026, 11, 24), kind=DayKind.CLOSURE)
    enter_calendar_day(region=region, day=snow, source="Office order 7", by=None, at=NOW)
    carried_out()
    clock.refresh_from_db()
    assert clock.due_on == date(2026, 11, 25)
    with pytest.raises(CalendarError, match="Load the national calendar"):
        enter_calendar_day(region="CN-410200", day=snow, source="x", by=None, at=NOW)


def test_recomputing_what_is_right_writes_nothing(region: str) -> None:
    for number in range(5):
        running_clock(subject_id=str(number))
    carried_out()
    assert not ClockRecomputation.objects.exists()

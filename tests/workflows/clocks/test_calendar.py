"""The calendar: every day against the notices, and its tables against counting by hand."""

from __future__ import annotations

import json
import os
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.clocks import DayKind, OfficeHours, OutsideCalendarError, SpecialDay, WorkingCalendar, national_calendar
from workflows.clocks.china import build_calendar, special_days

NOTICES = (
    Path(os.environ.get("SHARED_DATA", Path(__file__).resolve().parents[3].parent / "shared" / "data"))
    / "calendar"
    / "holiday-cn"
)
FIRST, LAST = date(2007, 1, 1), date(2026, 12, 31)
needs_notices = pytest.mark.skipif(not NOTICES.exists(), reason=f"the notices are not at {NOTICES}: set SHARED_DATA")


def days_between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def announced_days() -> dict[date, bool]:
    """Read the notices: day -> whether it is off. The day may belong to a neighbour of the notice's year."""
    return {
        date.fromisoformat(day["date"]): day["isOffDay"]
        for path in sorted(NOTICES.glob("2*.json"))
        for day in json.loads(path.read_text(encoding="utf-8"))["days"]
    }


@needs_notices
def test_every_day_from_2007_to_2026_is_as_announced() -> None:
    announced, calendar = announced_days(), national_calendar()
    assert len(announced) > 500
    wrong = [
        day for day in days_between(FIRST, LAST) if calendar.is_working(day) == announced.get(day, day.weekday() >= 5)
    ]
    assert wrong == []


@needs_notices
def test_announced_years_are_those_with_a_notice() -> None:
    with_days = {int(path.stem) for path in NOTICES.glob("2*.json") if json.loads(path.read_text())["days"]}
    assert set(national_calendar().announced_years) == with_days


def test_a_year_without_a_notice_is_provisional() -> None:
    calendar = national_calendar()
    assert not calendar.is_provisional(date(2026, 12, 31))
    assert calendar.is_provisional(date(2027, 1, 1))
    assert calendar.is_provisional(date(2027, 6, 16)), "an ordinary working day is not announced either"


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        ("2026-09-30", DayKind.WORKDAY),
        ("2026-10-01", DayKind.HOLIDAY),
        ("2026-10-07", DayKind.SUBSTITUTE),
        ("2026-10-10", DayKind.MAKEUP),
        ("2026-10-11", DayKind.WEEKEND),
    ],
)
def test_each_day_says_why_it_counts_or_not(day: str, kind: DayKind) -> None:
    assert national_calendar().kind(date.fromisoformat(day)) is kind


def test_holidays_are_named_without_the_librarys_remarks() -> None:
    named = {day.on: day for day in special_days(2026, 2026)}
    assert (named[date(2026, 10, 5)].name_zh, named[date(2026, 10, 5)].name_en) == ("国庆节", "National Day")
    assert named[date(2026, 10, 6)].name_zh == ""


@given(st.dates(date(2007, 1, 1), date(2026, 6, 1)), st.integers(1, 400))
def test_the_nth_working_day_is_found_as_by_counting(start: date, amount: int) -> None:
    calendar = national_calendar()
    day, left = start, amount
    while left:
        day += timedelta(days=1)
        left -= calendar.is_working(day)
    assert calendar.add_working_days(start, amount) == day
    assert calendar.working_days(start + timedelta(days=1), day + timedelta(days=1)) == amount


@given(st.dates(date(2008, 6, 1), date(2026, 12, 31)), st.integers(1, 60))
def test_counting_backwards_undoes_counting_forwards(start: date, amount: int) -> None:
    calendar = national_calendar()
    if calendar.is_working(start):
        assert calendar.add_working_days(calendar.add_working_days(start, -amount), amount) == start


def test_days_outside_the_calendar_are_an_error_not_a_guess() -> None:
    calendar = national_calendar()
    for day in (date(1989, 12, 31), date(2037, 1, 1)):
        with pytest.raises(OutsideCalendarError, match="1990 to 2036"):
            calendar.is_working(day)
    with pytest.raises(OutsideCalendarError, match="after 2036"):
        calendar.add_working_days(date(2036, 12, 1), 40)
    with pytest.raises(OutsideCalendarError, match="begins with 1990"):
        calendar.add_working_days(date(1990, 1, 3), -40)


def test_no_day_added_is_the_same_day_even_a_day_off() -> None:
    assert national_calendar().add_working_days(date(2026, 10, 1), 0) == date(2026, 10, 1)


def test_an_administrators_day_wins_over_the_librarys() -> None:
    closed = SpecialDay(on=date(2026, 3, 3), kind=DayKind.CLOSURE, name_zh="暴雪停办", name_en="Closed for snow")
    opened = SpecialDay(on=date(2026, 3, 7), kind=DayKind.MAKEUP)
    calendar = build_calendar(special=[*special_days(1990, 2036), closed, opened])
    assert not calendar.is_working(date(2026, 3, 3))
    assert calendar.is_working(date(2026, 3, 7))
    assert national_calendar().is_working(date(2026, 3, 3))


def test_one_unconfirmed_day_makes_only_itself_provisional() -> None:
    doubtful = SpecialDay(on=date(2026, 3, 3), kind=DayKind.CLOSURE, confirmed=False)
    calendar = build_calendar(special=[doubtful])
    assert calendar.is_provisional(date(2026, 3, 3))
    assert not calendar.is_provisional(date(2026, 3, 4))


@pytest.mark.parametrize(
    "spans", [(), ((time(12), time(9)),), ((time(9), time(12)), (time(11), time(17))), ((time(9), time(9)),)]
)
def test_office_hours_that_are_no_timetable_are_refused(spans: tuple[tuple[time, time], ...]) -> None:
    with pytest.raises(ValueError, match="spans of a day in order"):
        OfficeHours(spans=spans)


@given(st.integers(1, 40 * 25200))
def test_working_time_and_instants_undo_each_other(worked: int) -> None:
    calendar = national_calendar()
    base = calendar.before[calendar.offset(date(2026, 9, 1))] * calendar.hours.seconds_per_day
    offset, at = calendar.instant(base + worked)
    assert calendar.worked(at) == base + worked
    assert calendar.working[offset]
    assert calendar.worked(at - timedelta(seconds=1)) == base + worked - 1, "no earlier instant has as much"


def test_ranges_of_days_off_are_whole() -> None:
    calendar = national_calendar()
    ranges = calendar.days_off(calendar.offset(date(2026, 9, 26)), calendar.offset(date(2026, 10, 18)))
    assert [(calendar.day(a).isoformat(), calendar.day(b).isoformat()) for a, b in ranges] == [
        ("2026-09-26", "2026-09-27"),
        ("2026-10-01", "2026-10-07"),
        ("2026-10-11", "2026-10-11"),
        ("2026-10-17", "2026-10-18"),
    ]


def test_a_calendar_of_one_year_ends_with_it() -> None:
    calendar = WorkingCalendar(first_year=2026, last_year=2026, special=[], announced_years=[2026])
    assert calendar.length == 365
    assert sum(calendar.working) == len(calendar.nth) == calendar.before[-1] == 261

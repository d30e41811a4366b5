"""The notice of the next holiday."""

from __future__ import annotations

import datetime as dt

from portal.public.days_off import next_days_off
from workflows.clocks import national_calendar


def _at(year: int, month: int, day: int) -> dt.datetime:
    return dt.datetime(year, month, day, 2, tzinfo=dt.UTC)


def test_national_day_2026() -> None:
    found = next_days_off(national_calendar(), at=_at(2026, 9, 28))
    assert found is not None
    assert (found.from_on, found.to_on, found.provisional) == (dt.date(2026, 10, 1), dt.date(2026, 10, 7), False)
    assert "国庆" in found.name_zh


def test_weekends_are_no_news() -> None:
    assert next_days_off(national_calendar(), at=_at(2026, 7, 1)) is None


def test_an_unannounced_year_is_provisional() -> None:
    found = next_days_off(national_calendar(), at=_at(2027, 12, 20))
    assert found is not None
    assert found.provisional

"""The last day of an appeal: the days of the law, moved off weekends and public holidays."""

from __future__ import annotations

from datetime import date

import pytest

from services.cases.queries.remedies import LITIGATION_MONTHS, last_day, months_later
from workflows.clocks import national_calendar

CALENDAR = national_calendar(2027)


@pytest.mark.parametrize(
    ("counted", "on"),
    [
        (date(2026, 9, 30), date(2026, 9, 30)),  # the day before the holiday
        (date(2026, 10, 1), date(2026, 10, 8)),  # the whole of National Day
        (date(2026, 10, 10), date(2026, 10, 10)),  # a Saturday that is worked
        (date(2026, 10, 17), date(2026, 10, 19)),  # an ordinary Saturday
        (date(2026, 2, 14), date(2026, 2, 14)),  # a Saturday that is worked before the Spring Festival
        (date(2026, 2, 15), date(2026, 2, 24)),  # the first day of the Spring Festival's nine
    ],
)
def test_a_last_day_that_is_a_day_off_moves_to_the_next_working_day(counted: date, on: date) -> None:
    found = last_day(counted, CALENDAR)
    assert (found.counted, found.on, found.moved, found.provisional) == (counted, on, on != counted, False)


def test_what_is_not_announced_says_so() -> None:
    found = last_day(months_later(date(2026, 11, 1), LITIGATION_MONTHS), CALENDAR)  # 1 May 2027, a Saturday
    assert found.counted == date(2027, 5, 1)
    assert found.on > date(2027, 5, 1)
    assert found.provisional
    beyond = last_day(date(2031, 1, 4), CALENDAR)
    assert (beyond.on, beyond.provisional) == (date(2031, 1, 4), True), "after the calendar's last year"

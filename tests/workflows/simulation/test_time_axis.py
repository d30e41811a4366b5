"""Virtual time is the calendar's own arithmetic on integers."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.clocks import at
from tests.workflows.simulation.probes import AXIS, HOUR, second
from workflows.clocks import ClockFacts, Limit, OutsideCalendarError, Unit, due
from workflows.engine.graph import Span

seconds = st.integers(second("2024-12-01 00:00"), second("2027-02-01 00:00"))


@given(seconds)
def test_working_time_is_counted_as_the_calendar_counts_it(one: int) -> None:
    instant = AXIS.instant(one)
    assert AXIS.second(instant) == one
    assert AXIS.worked(one) == AXIS.calendar.worked(instant)


@given(seconds, st.integers(1, 60 * 7 * HOUR))
def test_work_ends_where_the_calendar_says(one: int, amount: int) -> None:
    expected = AXIS.calendar.instant(AXIS.calendar.worked(AXIS.instant(one)) + amount)[1]
    assert AXIS.instant(AXIS.after(one, amount)) == expected
    assert AXIS.worked(AXIS.after(one, amount)) - AXIS.worked(one) == amount


@given(seconds, st.sampled_from(list(Unit)), st.integers(0, 40))
def test_a_span_ends_where_the_law_says(one: int, unit: Unit, amount: int) -> None:
    facts = ClockFacts(kind="stage", limit=Limit(amount, unit), started_at=AXIS.instant(one))
    expected = due(facts, AXIS.calendar).due_at
    assert AXIS.instant(AXIS.end_of(Span(amount=amount, unit=unit.value), one)) == expected
    # Told again, from the same day: remembered.
    assert AXIS.instant(AXIS.end_of(Span(amount=amount, unit=unit.value), one)) == expected


def test_no_work_ends_at_once_also_at_night_and_seconds_go_by_the_wall() -> None:
    night = second("2026-03-07 23:00")
    assert AXIS.after(night, 0) == night
    assert AXIS.end_of(Span(amount=90, unit="seconds"), night) == night + 90


def test_before_and_after_the_calendar_there_is_no_time() -> None:
    first = datetime(AXIS.calendar.first_year, 1, 1, tzinfo=AXIS.calendar.zone)
    with pytest.raises(OutsideCalendarError):
        AXIS.second(first - timedelta(days=1))
    with pytest.raises(OutsideCalendarError):
        AXIS.worked(AXIS.end)
    with pytest.raises(OutsideCalendarError):
        AXIS.after(AXIS.second(at("2036-12-31 16:00")), 2 * HOUR)

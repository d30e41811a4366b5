"""The colours, at the instants at which they change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.factories.clocks import at
from workflows.clocks import (
    ClockFacts,
    Due,
    Light,
    Limit,
    Pause,
    due,
    earliest,
    light,
    national_calendar,
    warn_at,
    worst,
)

CALENDAR = national_calendar()
PROMISED = ClockFacts(kind="promised", limit=Limit(3), started_at=at("2026-11-02 10:00"))
STATUTORY = replace(PROMISED, kind="statutory", limit=Limit(20))
PAUSED = replace(PROMISED, pauses=(Pause(date(2026, 11, 4), None, "testing"),))


@pytest.mark.parametrize(
    ("now", "colour"),
    [
        ("2026-11-02 10:00", Light.GREEN),
        ("2026-11-04 16:59:59", Light.GREEN),
        ("2026-11-04 17:00", Light.YELLOW),
        ("2026-11-05 16:59:59", Light.YELLOW),
        ("2026-11-05 17:00", Light.RED),
        ("2026-11-30 16:59:59", Light.RED),
        ("2026-11-30 17:00", Light.BLACK),
    ],
)
def test_the_light_changes_exactly_at_its_instant(now: str, colour: Light) -> None:
    assert light(PROMISED, statutory=STATUTORY, at=at(now), calendar=CALENDAR) is colour


def test_without_a_statutory_limit_nothing_is_black() -> None:
    assert light(PROMISED, at=at("2030-01-01 10:00"), calendar=CALENDAR) is Light.RED


@pytest.mark.parametrize(
    ("stopped", "colour"),
    [("2026-11-05 16:00", Light.GREEN), ("2026-11-05 17:00", Light.GREEN), ("2026-11-05 17:01", Light.RED)],
)
def test_what_was_done_in_time_stays_green_for_ever(stopped: str, colour: Light) -> None:
    done = replace(PROMISED, stopped_at=at(stopped))
    assert (
        light(done, statutory=replace(STATUTORY, stopped_at=at(stopped)), at=at("2027-05-01 10:00"), calendar=CALENDAR)
        is colour
    )


def test_before_it_was_stopped_it_was_running() -> None:
    done = replace(PROMISED, stopped_at=at("2026-11-06 10:00"))
    assert light(done, at=at("2026-11-04 18:00"), calendar=CALENDAR) is Light.YELLOW


@pytest.mark.parametrize(
    ("now", "colour"),
    [("2026-11-03 23:59", Light.GREEN), ("2026-11-04 00:00", Light.PAUSED), ("2026-12-24 12:00", Light.PAUSED)],
)
def test_an_open_pause_is_grey_from_its_first_day(now: str, colour: Light) -> None:
    assert light(PAUSED, at=at(now), calendar=CALENDAR) is colour


def test_after_a_pause_the_light_counts_again() -> None:
    over = replace(PROMISED, pauses=(Pause(date(2026, 11, 4), date(2026, 11, 5)),))
    assert light(over, at=at("2026-11-05 12:00"), calendar=CALENDAR) is Light.PAUSED
    assert light(over, at=at("2026-11-06 12:00"), calendar=CALENDAR) is Light.GREEN
    assert due(over, CALENDAR).due_on == date(2026, 11, 9)


def test_a_pause_that_begins_after_the_end_excuses_nothing() -> None:
    late = replace(PROMISED, pauses=(Pause(date(2026, 11, 6)),))
    assert light(late, at=at("2026-11-06 12:00"), calendar=CALENDAR) is Light.RED


def test_the_light_and_the_timer_agree_to_the_second() -> None:
    warning = warn_at(PROMISED, CALENDAR)
    assert warning is not None
    assert light(PROMISED, at=warning, calendar=CALENDAR) is Light.YELLOW
    assert light(PROMISED, at=warning - timedelta(seconds=1), calendar=CALENDAR) is Light.GREEN


def test_the_worst_light_presses_most() -> None:
    assert worst([Light.GREEN, Light.PAUSED, Light.RED]) is Light.RED
    assert worst([]) is None


def test_of_a_joint_limit_and_its_children_the_earlier_wins() -> None:
    first, second = due(PROMISED, CALENDAR), due(STATUTORY, CALENDAR)
    assert earliest([second, Due(None, None, False), first]) == first
    assert earliest([Due(None, None, False)]) is None

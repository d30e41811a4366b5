"""What pages ask about clocks, in a constant number of queries."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.factories.clocks import RunFactory, at, running_clock
from workflows.clocks import Light
from workflows.operations.clocks import extend_clock, pause_clock, stop_clock
from workflows.queries.calendars import calendar_for, database_now
from workflows.queries.clocks import (
    clock_views,
    clocks_of,
    explanation_of,
    light_of,
    lights_of,
    running_clocks,
    views_of,
)
from workflows.queries.clocks import (
    running_clock as find_running,
)

pytestmark = pytest.mark.django_db


def test_the_databases_clock_is_aware_and_now() -> None:
    assert abs(database_now() - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("now", "colour"),
    [
        ("2026-11-03 10:00", Light.GREEN),
        ("2026-11-05 10:00", Light.YELLOW),
        ("2026-11-06 10:00", Light.RED),
        ("2026-12-01 10:00", Light.BLACK),
    ],
)
def test_a_case_has_one_light_from_promise_and_statute(now: str, colour: Light) -> None:
    root = RunFactory.create()
    running_clock(root, started="2026-11-02 10:00")
    running_clock(root, kind="statutory", limit_amount=20, started="2026-11-02 10:00")
    clocks = list(clocks_of("probe", "34"))
    assert light_of(clocks, at=at(now), calendar=calendar_for()) is colour
    [view] = clock_views(clocks, at=at(now), calendar=calendar_for())
    assert view.watched.kind == "promised"


def test_a_statutory_clock_alone_is_shown_and_turns_black() -> None:
    running_clock(kind="statutory", limit_amount=20, started="2026-11-02 10:00")
    lights = lights_of("probe", ["34", "35"], at=at("2026-12-01 10:00"))
    assert lights == {"34": Light.BLACK}


def test_a_finished_case_keeps_the_light_it_ended_with() -> None:
    clock = running_clock(started="2026-11-02 10:00")
    stop_clock(clock=clock, at=at("2026-11-09 10:00"))
    assert lights_of("probe", ["34"], at=at("2026-12-01 10:00")) == {"34": Light.RED}
    assert find_running("probe", "34", "promised") is None


def test_without_a_clock_there_is_no_light() -> None:
    assert light_of([], at=at("2026-11-02 10:00"), calendar=calendar_for()) is None


def test_a_view_says_how_many_working_days_are_left() -> None:
    clock = running_clock(started="2026-11-02 10:00")
    [view] = views_of("probe", ["34"], at=at("2026-11-03 10:00"))["34"]
    assert (view.days_left, view.due.due_on, view.light) == (2, date(2026, 11, 5), Light.GREEN)
    pause_clock(
        clock=clock, reason="hearing", from_on=date(2026, 11, 3), planned_days=2, by=None, at=at("2026-11-03 11:00")
    )
    [view] = views_of("probe", ["34"], at=at("2026-11-03 12:00"))["34"]
    assert (view.days_left, view.due.due_on, view.light) == (None, None, Light.PAUSED)


def test_running_clocks_come_by_urgency_and_department() -> None:
    later = running_clock(started="2026-11-03 10:00", subject_id="1")
    sooner = running_clock(started="2026-11-02 10:00", subject_id="2", department="XF")
    assert list(running_clocks()) == [sooner, later]
    assert list(running_clocks("SCJG")) == [later]


def test_the_explanation_knows_pauses_and_extensions() -> None:
    clock = running_clock(kind="statutory", limit_amount=20, started="2026-11-02 10:00")
    clock = extend_clock(
        clock=clock,
        amount=10,
        authority="head_of_department",
        reason="Complex site",
        by=None,
        at=at("2026-11-03 10:00"),
    )
    lines = explanation_of(clock, language="en")
    assert "Extended by 10 working days, granted by the head of the department" in lines
    assert lines[-1] == "Due Mon 14 Dec 2026 (day 30) at 17:00, close of business"


@pytest.mark.parametrize("rows", [1, 30])
def test_lights_of_a_list_cost_the_same_however_long(rows: int, django_assert_num_queries: Any) -> None:
    for number in range(rows):
        running_clock(subject_id=str(number))
    subjects = [str(number) for number in range(rows)]
    calendar_for()
    with django_assert_num_queries(3):
        assert len(lights_of("probe", subjects, at=at("2026-09-30 10:00"))) == rows
    with django_assert_num_queries(3):
        assert len(views_of("probe", subjects, at=at("2026-09-30 10:00"))) == rows

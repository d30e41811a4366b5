"""Rules about dates: what is closed when, named in words, at every edge."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.calendar_rules import KINDS, closed_time, problems_of
from services.catalogue.queries import current_version, stop_reasons
from tests.factories.catalogue import load_shipped_catalogue

WINTER = {"kind": "closed_season", "first": "11-15", "last": "03-15", "begins": "from", "ends": "until"}
SUMMER = {"kind": "closed_season", "first": "06-01", "last": "08-31", "begins": "from", "ends": "until"}
LEAP = {"kind": "closed_season", "first": "02-29", "last": "02-29", "begins": "from", "ends": "until"}
NEW_ROAD = {"kind": "years_after", "years": 5, "since": "built", "begins": "from"}
DATES = frozenset({"from", "until", "built"})


@pytest.mark.parametrize(
    ("rule", "begins", "ends", "free"),
    [
        (WINTER, "2026-11-14", "2026-11-14", None),
        (WINTER, "2026-11-15", "2026-11-15", "2027-03-16"),
        (WINTER, "2027-03-15", "2027-03-15", "2027-03-16"),
        (WINTER, "2027-03-16", "2027-11-14", None),
        (WINTER, "2027-03-10", "2027-04-01", "2027-03-16"),  # begins inside
        (WINTER, "2026-10-01", "2026-11-20", "2027-03-16"),  # ends inside
        (WINTER, "2026-10-01", "2027-04-01", "2027-03-16"),  # spans it
        (WINTER, "2026-11-20", "2026-10-01", "2027-03-16"),  # the two days in the wrong order
        (WINTER, "0001-01-01", "0001-01-02", None),  # the season before the first year is none
        (WINTER, "9999-12-31", "9999-12-31", None),
        (SUMMER, "2026-05-31", "2026-05-31", None),
        (SUMMER, "2026-08-31", "2026-09-30", "2026-09-01"),
        (LEAP, "2027-02-28", "2027-02-28", "2027-03-01"),  # no 29 February: the month's last day
    ],
)
def test_a_closed_season(rule: dict[str, str], begins: str, ends: str, free: str | None) -> None:
    closed = closed_time(rule, {"from": begins, "until": ends})
    assert (closed.dates["free_from"].isoformat() if closed else None) == free


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 900))
def test_winter_work_is_found_day_by_day(begins: date, length: int) -> None:
    days = [begins + timedelta(days=number) for number in range(length + 1)]
    inside = any((day.month, day.day) >= (11, 15) or (day.month, day.day) <= (3, 15) for day in days)
    closed = closed_time(WINTER, {"from": begins.isoformat(), "until": days[-1].isoformat()})
    assert (closed is not None) == inside


@pytest.mark.parametrize(
    ("built", "begins", "free"),
    [
        ("2021-05-20", "2026-05-19", "2026-05-20"),
        ("2021-05-20", "2026-05-20", None),
        ("2021-05-20", "2021-05-19", None),
        ("2024-02-29", "2029-02-27", "2029-02-28"),
        ("2024-02-29", "2029-02-28", None),
        ("9998-01-01", "9999-01-01", None),
    ],
)
def test_protected_years(built: str, begins: str, free: str | None) -> None:
    closed = closed_time(NEW_ROAD, {"built": built, "from": begins})
    assert (closed.dates["free_from"].isoformat() if closed else None) == free


@pytest.mark.parametrize("answers", [{}, {"from": "2026-12-01"}, {"from": "soon", "until": "later"}, {"from": None}])
def test_without_dates_nothing_is_closed(answers: dict[str, str]) -> None:
    assert closed_time(WINTER, answers) is None


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        (WINTER, ""),
        (NEW_ROAD, ""),
        ({"kind": "moon"}, "is one of"),
        ({**WINTER, "extra": 1}, "says exactly"),
        ({**WINTER, "first": "15-11"}, "day of the year"),
        ({**WINTER, "begins": "nobody"}, "No question nobody"),
        ({**NEW_ROAD, "years": 0}, "whole number"),
    ],
)
def test_what_is_wrong_is_said(rule: dict[str, object], wrong: str) -> None:
    assert any(wrong in problem for problem in problems_of(rule, DATES, ("{free_from}",))) == bool(wrong)
    assert list(problems_of(WINTER, DATES, ("{tomorrow}",)))
    assert set(KINDS) == {"closed_season", "years_after"}


@pytest.mark.django_db
def test_digging_up_a_road_in_winter_is_stopped_with_the_dates() -> None:
    load_shipped_catalogue()
    version = current_version("road-occupation")
    answers = {"road_work": "dig", "road_emergency": False, "road_from": "2026-12-01", "road_until": "2026-12-20"}

    (winter,) = stop_reasons(version, {**answers, "road_built_on": "2010-01-01"})
    assert "2026年11月15日至2027年3月15日" in winter.message_zh
    assert "2027年3月16日" in winter.message_zh
    assert "16 March 2027" in winter.message_en

    spring = {**answers, "road_from": "2027-04-01", "road_until": "2027-04-20"}
    (young,) = stop_reasons(current_version("road-occupation"), {**spring, "road_built_on": "2023-08-01"})
    assert "2028年8月1日" in young.message_zh
    assert "1 August 2028" in young.message_en

    assert stop_reasons(version, {**spring, "road_built_on": "2010-01-01"}) == []
    assert stop_reasons(version, {**answers, "road_emergency": True}) == []
    assert stop_reasons(version, {**answers, "road_work": "occupy"}) == []

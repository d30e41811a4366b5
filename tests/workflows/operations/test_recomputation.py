"""The job that recomputes open clocks: what it writes, what it leaves alone, and that it may die anywhere."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction

from tests.factories.clocks import RunFactory, at, running_clock
from workflows.clocks import SHIPPED, DayKind, SpecialDay, due, instants
from workflows.models import (
    CalendarDay,
    CalendarRecomputation,
    CalendarVersion,
    Clock,
    ClockRecomputation,
    HistoryEvent,
    RecomputationSlice,
    Run,
    Timer,
)
from workflows.operations import recomputation
from workflows.operations.calendars import (
    add_region,
    announce_year,
    enter_calendar_day,
    load_national_calendar,
    set_office_hours,
    withdraw_calendar_day,
)
from workflows.operations.clocks import extend_clock, pause_clock, stop_clock
from workflows.operations.history import first_broken_row
from workflows.operations.locking import lock_root
from workflows.operations.recomputation import recompute
from workflows.queries.calendars import _built, calendar_for, calendar_of, home_region
from workflows.queries.clock_invariants import clocks_off
from workflows.queries.clocks import clocks_with_facts, explanation_of, facts_of
from workflows.queries.recomputations import progress_of
from workflows.signals import due_days_moved

NOW = at("2026-12-20 10:00")
DISTRICT, CITY, NATION = "CN-410102", "CN-410100", "CN"
NEW_YEAR = [SpecialDay(on=date(2027, 1, day), kind=DayKind.HOLIDAY, name_zh="元旦") for day in (1, 4, 5)]


@pytest.fixture
def _loaded(db: None) -> None:
    load_national_calendar(region=home_region(), at=NOW)
    carried_out()


def carried_out() -> CalendarRecomputation:
    recompute(now=lambda: NOW)
    job = CalendarRecomputation.objects.first()
    assert job is not None
    assert job.finished_at is not None
    return job


def announced() -> None:
    announce_year(region=NATION, year=2027, days=NEW_YEAR, source="notice", by=None, at=NOW)


def snow(on: date, region: str = CITY) -> None:
    closed = SpecialDay(on=on, kind=DayKind.CLOSURE, name_zh="暴雪", name_en="Snow")
    enter_calendar_day(region=region, day=closed, source="snow", by=None, at=NOW)


@pytest.mark.usefixtures("_loaded")
def test_every_version_can_be_built_again_as_it_was() -> None:
    add_region(code=DISTRICT, name_zh="中原区", name_en="Zhongyuan", parent=CITY, by=None, at=NOW)
    steps: list[Callable[[], Any]] = [
        lambda: snow(date(2026, 12, 22)),
        announced,
        lambda: snow(date(2027, 1, 6), DISTRICT),
        lambda: withdraw_calendar_day(region=CITY, on=date(2026, 12, 22), source="thaw", by=None, at=NOW),
        lambda: set_office_hours(region=CITY, spans=[(time(8), time(16))], note="x", by=None, at=NOW),
        lambda: snow(date(2027, 1, 6), NATION),
        lambda: withdraw_calendar_day(region=DISTRICT, on=date(2027, 1, 6), source="thaw", by=None, at=NOW),
    ]
    seen: dict[int, tuple[Any, ...]] = {}

    def state(version: CalendarVersion) -> tuple[Any, ...]:
        _built.cache_clear()  # built from the rows, not remembered
        calendar = calendar_of(version)
        special = tuple(calendar.special.items())
        return bytes(calendar.working), tuple(calendar.unconfirmed_before), calendar.hours, special

    for step in steps:
        step()
        for version in CalendarVersion.objects.exclude(pk__in=seen):
            seen[version.pk] = state(version)
    assert len(set(seen.values())) >= 8
    for version in CalendarVersion.objects.all():
        assert state(version) == seen[version.pk]
    assert CalendarVersion.objects.filter(region=DISTRICT).count() == 8, "a parent's version makes one below"


@pytest.mark.usefixtures("_loaded")
def test_a_district_begins_with_its_citys_days_and_a_province_knows_none_of_them() -> None:
    add_region(code=DISTRICT, name_zh="中原区", name_en="Zhongyuan", parent=CITY, by=None, at=NOW)
    snow(date(2026, 12, 22))
    own = SpecialDay(on=date(2026, 12, 22), kind=DayKind.WORKDAY)
    assert calendar_for(DISTRICT).kind(date(2026, 12, 22)) is DayKind.CLOSURE
    enter_calendar_day(region=DISTRICT, day=own, source="open", by=None, at=NOW)
    assert calendar_for(DISTRICT).is_working(date(2026, 12, 22)), "its own day comes before its parent's"
    assert not calendar_for(CITY).is_working(date(2026, 12, 22))
    assert calendar_for("CN-410000").is_working(date(2026, 12, 22))
    assert not calendar_for("CN-410199").is_working(date(2026, 12, 22)), "no calendar of its own: as the city's"


@pytest.mark.usefixtures("_loaded")
def test_the_explanation_stays_that_of_the_calendar_a_clock_was_computed_by() -> None:
    clock = running_clock(started="2026-12-30 10:00")
    before = explanation_of(clock, language="en")
    stop_clock(clock=clock, at=at("2026-12-31 10:00"))
    announced()
    carried_out()
    assert explanation_of(Clock.objects.get(pk=clock.pk), language="en") == before
    fresh = running_clock(started="2026-12-30 10:00", subject_id="2")
    assert explanation_of(fresh, language="en") != before


def many_clocks(count: int) -> None:
    """Start clocks of all sorts around the turn of the year: paused, extended, overdue, on the spot."""
    dice = random.Random(20261220)
    for number in range(count):
        started = NOW - timedelta(days=dice.randrange(20), minutes=dice.randrange(600))
        clock = running_clock(
            subject_id=str(number),
            kind=dice.choice(["promised", "statutory", "correction", "stage"]),
            region=dice.choice([CITY, CITY, DISTRICT, "CN-530000"]),
            limit_amount=dice.choice([0, 3, 10, 10, 20]),
            limit_unit=dice.choice(["working_days", "working_days", "calendar_days", "working_hours"]),
            started=started.strftime("%Y-%m-%d %H:%M"),
        )
        if dice.random() < 0.2 and (clock.due_at is None or clock.due_at > NOW):
            pause_clock(clock=clock, reason="testing", from_on=NOW.date(), planned_days=5, by=None, at=NOW)
        elif dice.random() < 0.2 and clock.extension_amount and clock.due_at and clock.due_at > NOW:
            authority = clock.extension_authority
            extend_clock(clock=clock, amount=5, authority=authority, reason="x", by=None, at=NOW)


def stored() -> dict[int, Any]:
    """What stands in the rows: the columns that follow from the facts, and the timers that wait."""
    waiting: dict[str, dict[str, datetime]] = {}
    for timer in Timer.objects.filter(subject_kind="clock", fired_at__isnull=True, cancelled_at__isnull=True):
        waiting.setdefault(timer.subject_id, {})[timer.kind] = timer.due_at
    return {
        clock.pk: (clock.due_on, clock.due_at, clock.provisional, waiting.get(str(clock.pk), {}))
        for clock in Clock.objects.filter(stopped_at__isnull=True)
    }


def anew() -> dict[int, Any]:
    """What the facts give by the calendars as they stand now."""
    found = {}
    for clock in clocks_with_facts().filter(stopped_at__isnull=True):
        facts, calendar = facts_of(clock), calendar_for(clock.region)
        found[clock.pk] = (*due(facts, calendar), instants(facts, calendar, SHIPPED))
    return found


@pytest.mark.usefixtures("_loaded")
def test_recomputing_is_computing_anew() -> None:
    add_region(code=DISTRICT, name_zh="中原区", name_en="Zhongyuan", parent=CITY, by=None, at=NOW)
    many_clocks(60)
    before = stored()
    announced()
    snow(date(2026, 12, 23))
    snow(date(2026, 12, 24), DISTRICT)
    assert stored() == before, "nothing moves before the job does it"
    assert not list(clocks_off()), "while the job waits, the older dates are right"
    carried_out()
    assert stored() == anew()
    changed = [key for key, row in stored().items() if row[:3] != before[key][:3]]
    assert len(changed) > 5
    assert set(ClockRecomputation.objects.values_list("clock", flat=True)) >= set(changed)
    assert HistoryEvent.objects.filter(kind="clock_recomputed").count() == ClockRecomputation.objects.count()
    assert not list(clocks_off())
    assert all(first_broken_row(run) is None for run in Run.objects.filter(root=None))


@pytest.mark.usefixtures("_loaded")
def test_the_job_says_what_it_found_and_twice_is_once() -> None:
    final = running_clock(started="2026-12-24 10:00", limit_amount=6)
    moved = running_clock(started="2026-12-30 10:00", subject_id="2")
    running_clock(started="2026-12-01 10:00", subject_id="3")
    announced()
    found = progress_of(carried_out())
    assert (found.looked_at, found.changed, found.moved, found.confirmed) == (3, 2, 2, 2)
    assert found.share == 1
    for clock in (final, moved):
        clock.refresh_from_db()
        assert clock.provisional is False
    rows = ClockRecomputation.objects.count(), HistoryEvent.objects.count()
    snow(date(2026, 2, 3))  # long ago: moves nothing
    again = progress_of(carried_out())
    assert (again.looked_at, again.changed) == (3, 0)
    assert (ClockRecomputation.objects.count(), HistoryEvent.objects.count()) == rows


@pytest.fixture
def _slices_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recomputation, "SLICE", 2)
    monkeypatch.setattr(recomputation, "BREATH", 0.01)


@pytest.fixture
def dies_at() -> Iterator[list[int]]:
    """Let the step die that moves a certain clock, as if the process were killed before it committed."""
    doomed: list[int] = []

    def die(changes: Any, **_: Any) -> None:
        if doomed and doomed[0] in {change.clock_id for change in changes}:
            raise SystemExit

    due_days_moved.connect(die)
    yield doomed
    due_days_moved.disconnect(die)


@pytest.mark.usefixtures("_loaded", "_slices_of_two")
def test_killed_in_the_middle_the_next_one_goes_on(dies_at: list[int]) -> None:
    clocks = [running_clock(started="2026-12-30 10:00", subject_id=str(number)) for number in range(6)]
    announced()
    dies_at.append(clocks[3].pk)
    with pytest.raises(SystemExit):
        recompute(now=lambda: NOW)
    halfway = ClockRecomputation.objects.count()
    assert halfway == 2, "whole slices, and nothing of the one that died"
    dies_at.clear()
    found = progress_of(carried_out())
    assert (found.looked_at, found.moved) == (6, 6)
    assert ClockRecomputation.objects.count() == 6
    assert stored() == anew()


@pytest.mark.usefixtures("_loaded", "_slices_of_two")
def test_a_clock_that_stopped_meanwhile_keeps_its_date() -> None:
    clocks = [running_clock(started="2026-12-30 10:00", subject_id=str(number)) for number in range(4)]
    announced()
    for _ in range(3):  # begun, cut, and the first slice
        recomputation._advance(CalendarRecomputation.objects.get(finished_at=None), NOW)
    stop_clock(clock=clocks[3], at=at("2026-12-31 10:00"))
    carried_out()
    kept = Clock.objects.get(pk=clocks[3].pk)
    assert kept.due_on == clocks[3].due_on
    assert ClockRecomputation.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_what_somebody_holds_is_passed_over_and_done_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recomputation, "BREATH", 0.01)
    load_national_calendar(region=home_region(), at=NOW)
    carried_out()
    held, free = (running_clock(started="2026-12-30 10:00", subject_id=str(number)) for number in range(2))
    locked, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            lock_root(held.root_id)
            locked.set()
            let_go.wait(30)
            stop_clock(clock=held, at=at("2026-12-31 10:00"))
        connections.close_all()

    announced()
    for _ in range(2):  # begun, cut
        recomputation._advance(CalendarRecomputation.objects.get(finished_at=None), NOW)
    somebody = threading.Thread(target=hold)
    somebody.start()
    assert locked.wait(30)
    recompute(now=lambda: NOW)
    part = RecomputationSlice.objects.get(about="clock", done_at=None)
    free.refresh_from_db()
    let_go.set()
    somebody.join()
    assert part.left == [held.pk]
    assert free.due_on == date(2027, 1, 7)
    carried_out()
    assert Clock.objects.get(pk=held.pk).due_on == held.due_on, "it was finished first, and keeps its date"


@pytest.mark.django_db(transaction=True)
def test_nothing_is_looked_at_while_somebody_may_write_a_date_of_the_old_calendar(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recomputation, "BREATH", 0.01)
    load_national_calendar(region=home_region(), at=NOW)
    carried_out()
    began, let_go = threading.Event(), threading.Event()
    run = RunFactory.create()  # here: while a process is published, nobody else publishes a calendar

    def start_late() -> None:
        with transaction.atomic():
            clock = running_clock(run, started="2026-12-30 10:00")  # by the old calendar
            assert clock.due_on == date(2027, 1, 5)
            began.set()
            let_go.wait(30)
        connections.close_all()

    somebody = threading.Thread(target=start_late)
    somebody.start()
    assert began.wait(30)
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        (now,) = cursor.fetchone()
    announce_year(region=NATION, year=2027, days=NEW_YEAR, source="notice", by=None, at=now)
    recompute(now=lambda: now)
    cut_early = RecomputationSlice.objects.filter(job__finished_at=None).exists()
    let_go.set()
    somebody.join()
    assert not cut_early
    recompute(now=lambda: now)
    assert Clock.objects.get().due_on == date(2027, 1, 7)


@pytest.mark.usefixtures("_loaded")
def test_days_that_are_replaced_stay_readable() -> None:
    announced()
    ended = CalendarDay.objects.filter(region=NATION, until__isnull=False)
    assert ended.exists()
    assert all(day.until is not None and day.until > day.since for day in ended)

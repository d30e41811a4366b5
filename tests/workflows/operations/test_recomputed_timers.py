"""What a drawing sets in working days follows the calendar: limits of tasks and timer events."""

from __future__ import annotations

from datetime import date

import pytest

from tests.factories.clocks import at
from tests.factories.processes import boundary, graph, user_task
from tests.factories.runs import start, task
from workflows.clocks import DayKind, SpecialDay
from workflows.engine.graph import Span
from workflows.models import CalendarRecomputation, HistoryEvent, Run, Timer
from workflows.operations.calendars import enter_calendar_day, load_national_calendar
from workflows.operations.history import first_broken_row
from workflows.operations.recomputation import recompute
from workflows.queries.calendars import home_region
from workflows.queries.recomputations import progress_of

pytestmark = pytest.mark.django_db
NOW = at("2026-11-02 10:00")
WORKING, SECONDS = Span(amount=3, unit="working_days"), Span(amount=400_000, unit="seconds")
DRAWN = graph(
    [
        user_task("work", limit=WORKING),
        boundary("remind", "work", span=WORKING, interrupting=False),
        boundary("beep", "work", span=SECONDS, interrupting=False),
        user_task("note"),
    ],
    "start > work > end",
    "remind > note > end",
    "beep > note",
    key="drawn",
)


def test_a_closure_moves_limits_and_timer_events_that_count_working_days() -> None:
    load_national_calendar(region=home_region(), at=NOW)
    recompute(now=lambda: NOW)
    run = start(DRAWN, moment=NOW)
    before = {timer.payload["node"]: timer.due_at for timer in Timer.objects.all()}
    assert before["work"] == before["remind"] == task(run, "work").due_at == at("2026-11-05 17:00")

    snow = SpecialDay(on=date(2026, 11, 4), kind=DayKind.CLOSURE)
    enter_calendar_day(region=home_region(), day=snow, source="snow", by=None, at=NOW)
    recompute(now=lambda: NOW)

    after = {timer.payload["node"]: timer.due_at for timer in Timer.objects.all()}
    assert after == {"work": at("2026-11-06 17:00"), "remind": at("2026-11-06 17:00"), "beep": before["beep"]}
    assert task(run, "work").due_at == at("2026-11-06 17:00")
    told = HistoryEvent.objects.filter(kind="timer_recomputed")
    assert sorted(event.detail["node"] for event in told) == ["remind", "work"]
    assert first_broken_row(Run.objects.get(pk=run.pk)) is None
    job = CalendarRecomputation.objects.first()
    assert job is not None
    found = progress_of(job)
    assert (found.looked_at, found.changed, found.moved) == (3, 2, 2)


def test_a_task_that_is_done_is_left_alone() -> None:
    load_national_calendar(region=home_region(), at=NOW)
    start(DRAWN, moment=NOW)
    Timer.objects.update(fired_at=at("2026-12-05 17:00"))
    enter_calendar_day(
        region=home_region(), day=SpecialDay(on=date(2026, 11, 4), kind=DayKind.CLOSURE), source="x", by=None, at=NOW
    )
    recompute(now=lambda: NOW)
    assert not HistoryEvent.objects.filter(kind="timer_recomputed").exists()

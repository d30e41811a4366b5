"""Timers on the border of a task: set from the task's opening, cancelled with it, handed to the run when due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.factories.clocks import RunFactory, at
from workflows.engine.graph import Span
from workflows.models import Timer
from workflows.operations.boundary_timers import Wanted, cancel_timers, set_timers
from workflows.operations.timers import sweep_timers

pytestmark = pytest.mark.django_db
OPENED = at("2026-09-29 10:00")


@pytest.mark.parametrize(
    ("span", "due_at"),
    [
        (Span(amount=90, unit="seconds"), OPENED + timedelta(seconds=90)),
        (Span(amount=3, unit="working_days"), at("2026-10-09 17:00")),
        (Span(amount=5, unit="calendar_days"), at("2026-10-08 17:00")),
        (Span(amount=7, unit="working_hours"), at("2026-09-30 10:00")),
    ],
)
def test_a_boundary_timer_counts_from_the_opening(span: Span, due_at: object) -> None:
    root = RunFactory.create()
    set_timers(root=root, wanted=[Wanted(run_id=root.pk, node="late", round=1, span=span)], at=OPENED)
    assert Timer.objects.get().due_at == due_at


def test_nothing_wanted_is_nothing_set() -> None:
    set_timers(root=RunFactory.create(), wanted=[], at=OPENED)
    assert not Timer.objects.exists()


def test_a_closed_task_takes_its_timers_along() -> None:
    root, span = RunFactory.create(), Span(amount=1, unit="seconds")
    wanted = [Wanted(run_id=root.pk, node=node, round=1, span=span) for node in ("late", "later", "other")]
    set_timers(root=root, wanted=wanted, at=OPENED)
    cancel_timers(run=root, host=("late", "later"), at=OPENED)
    cancel_timers(run=root, host=(), at=OPENED)
    assert [timer.subject_id for timer in Timer.objects.filter(cancelled_at=None)] == [f"{root.pk}:other"]


def test_a_due_boundary_timer_is_handed_to_its_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fired: list[Any] = []
    monkeypatch.setattr("workflows.operations.runs.fire_boundary_timer", lambda **words: fired.append(words))
    root = RunFactory.create()
    set_timers(
        root=root, wanted=[Wanted(run_id=root.pk, node="late", round=2, span=Span(amount=5, unit="seconds"))], at=OPENED
    )
    now = OPENED + timedelta(seconds=5)
    assert sweep_timers(at=now) == 1
    assert sweep_timers(at=now) == 0
    assert fired == [{"run_id": root.pk, "node": "late", "round": 2, "at": now}]

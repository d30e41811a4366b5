"""The Celery entries do one thing each, by PostgreSQL's clock, and may run twice."""

from __future__ import annotations

import pytest

from tests.factories.clocks import running_clock
from workflows.models import Timer
from workflows.tasks import run_due_jobs_task, sweep_timers_task


@pytest.mark.django_db(transaction=True)
def test_the_sweep_fires_what_is_due_and_twice_is_once() -> None:
    clock = running_clock(started="2025-01-24 10:00")
    sweep_timers_task()
    first = list(Timer.objects.filter(subject_id=str(clock.pk)).order_by("id").values_list("kind", "fired_at"))
    assert [kind for kind, fired_at in first if fired_at] == ["yellow", "red"]
    sweep_timers_task()
    assert list(Timer.objects.order_by("id").values_list("kind", "fired_at")) == first


@pytest.mark.django_db(transaction=True)
def test_no_job_is_no_work() -> None:
    run_due_jobs_task()


def test_the_names_are_those_beat_and_hints_use() -> None:
    assert sweep_timers_task.name == "workflows.tasks.sweep_timers_task"
    assert run_due_jobs_task.name == "workflows.tasks.run_due_jobs_task"

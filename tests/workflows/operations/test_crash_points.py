"""FT2: the process dies at each named place of a step; doing it again leaves what doing it once would have left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from portal.management.invariants import check_invariants
from tests.factories.accounts import UserFactory
from tests.factories.processes import graph, parallel, service_task, user_task
from tests.factories.runs import NOW, start, task
from workflows.actions import ActionContext, ActionResult, _registry, register
from workflows.crash_points import CRASH_POINTS
from workflows.enums import JobState, RunState, TaskState
from workflows.models import HistoryEvent, Job, Run
from workflows.operations.jobs import run_due_jobs
from workflows.operations.tasks import complete_task

pytestmark = pytest.mark.django_db(transaction=True)

#: Two branches, a join, and a worker's step behind it.
THEN_WORK = graph(
    (parallel("split"), parallel("join"), user_task("left"), user_task("right"), service_task("act")),
    "start > split > left > join > act > end",
    "split > right > join",
    key="then-work",
)
DOES = """
import django, sys
django.setup()
from datetime import datetime
from django.contrib.auth import get_user_model
from workflows.actions import ActionResult, register
from workflows.operations.jobs import run_due_jobs
from workflows.operations.tasks import complete_task
register("probe.act")(lambda context: ActionResult())
what, number, user, at = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), datetime.fromisoformat(sys.argv[4])
if what == "complete":
    complete_task(task_id=number, outcome="", by=get_user_model().objects.get(pk=user), at=at)
else:
    run_due_jobs(at=at)
"""
#: Where it dies -> what it was doing, and whether that stands afterwards.
PLACES = {
    "step_before_commit": ("complete", False),
    "join_before_write": ("complete", False),
    "after_commit_before_wake": ("complete", True),
    "job_before_commit": ("work", False),
}


@pytest.fixture
def action() -> Iterator[list[ActionContext]]:
    """Register what the worker does; returns how it was called."""
    calls: list[ActionContext] = []

    @register("probe.act")
    def act(context: ActionContext) -> ActionResult:
        calls.append(context)
        return ActionResult()

    yield calls
    _registry.pop("probe.act")


def test_every_place_is_tried() -> None:
    assert PLACES.keys() == set(CRASH_POINTS)


@pytest.mark.parametrize("place", CRASH_POINTS)
def test_killed_at_a_named_place_nothing_is_lost_and_nothing_doubled(place: str, action: list[ActionContext]) -> None:
    what, stands = PLACES[place]
    user, calls = UserFactory.create(), action
    run = start(THEN_WORK)
    complete_task(task_id=task(run, "left").pk, outcome="", by=user, at=NOW)
    if what == "work":
        complete_task(task_id=task(run, "right").pk, outcome="", by=user, at=NOW)
    _killed_at(place, what, task(run, "right").pk, user.pk)

    done = task(run, "right").state == TaskState.DONE
    assert done is (stands or what == "work")
    assert HistoryEvent.objects.filter(root=run, kind="joined").count() == int(done)
    assert not Job.objects.filter(root=run, state=JobState.DONE).exists()

    complete_task(task_id=task(run, "right").pk, outcome="", by=user, at=NOW)  # she presses the button again
    assert run_due_jobs(at=NOW + timedelta(seconds=1)) == 1  # the sweep needs no hint
    assert run_due_jobs(at=NOW + timedelta(seconds=1)) == 0
    assert len(calls) == 1
    assert Run.objects.get(pk=run.pk).state == RunState.ENDED
    kinds = list(HistoryEvent.objects.filter(root=run).values_list("kind", flat=True))
    assert (kinds.count("joined"), kinds.count("task_done"), kinds.count("job_done")) == (1, 2, 1)
    assert not [one.check.says for one in check_invariants()[1] if one.broken.count]


def _killed_at(place: str, what: str, task_id: int, user_id: int) -> None:
    database = settings.DATABASES["default"]
    url = f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{connection.settings_dict['NAME']}"
    words = [what, str(task_id), str(user_id), NOW.isoformat()]
    child = subprocess.run(
        [sys.executable, "-c", DOES, *words],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "CRASH_AT": place, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "portal.settings.test"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr

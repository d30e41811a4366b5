"""The seeded past has ratings, of which few are bad and wait for a call."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from portal.demo import rating
from services.cases.operations.steps import complete_step
from services.ratings.models import Handling, Rating
from tests.factories.applications import filed_application, open_task, user
from tests.factories.city import load_city
from tests.services.cases.conftest import MORNING
from workflows.operations.jobs import run_due_jobs

pytestmark = pytest.mark.django_db


def test_some_closed_cases_are_rated(monkeypatch: pytest.MonkeyPatch) -> None:
    load_city(at=MORNING)
    for _ in range(4):
        case = filed_application(
            service="dog-registration", situation={"dog_restricted": False}, at=MORNING
        ).cases.get()
        complete_step(task_id=open_task(case, "decide").pk, outcome="grant", by=user("clerk"), at=MORNING)
    for second in range(4):
        run_due_jobs(at=MORNING + timedelta(seconds=second))
    monkeypatch.setattr(rating, "RATED", 1.0)
    monkeypatch.setattr(rating, "WEIGHTS", (0, 0, 0, 0, 1))
    assert rating.rate_closed_cases(until=MORNING + timedelta(days=2), rng=random.Random(1)) == 4
    assert Rating.objects.filter(rated_by__isnull=True).count() == 2
    assert Handling.objects.count() == rating.NAMED

"""The seeded past has orders that were answered and judged, and cards that were appealed against."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from portal.demo.supervising import answer_orders, appeal_against_cards
from services.cases.operations.steps import complete_step
from services.supervision.models import Card, CardAppeal, SupervisionOrder
from tests.factories.applications import filed_application, open_task, user
from tests.factories.city import load_city
from tests.services.cases.conftest import MORNING
from workflows.operations.timers import sweep_timers

pytestmark = pytest.mark.django_db


def test_heads_reply_managers_judge_and_departments_appeal() -> None:
    load_city(at=MORNING)
    for _ in range(3):
        case = filed_application(service="sign-filing", at=MORNING).cases.get()
        complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=MORNING)
    rng = random.Random(3)
    for day in range(1, 25):
        at = MORNING + timedelta(days=day)
        sweep_timers(at=at)
        answer_orders(at=at, rng=rng)
    assert {"closed"} <= set(SupervisionOrder.objects.values_list("state", flat=True))
    appeal_against_cards(at=at, rng=rng)
    assert Card.objects.filter(revoked_at__isnull=False).count() == 1
    assert CardAppeal.objects.filter(granted=False).count() == 1
    assert CardAppeal.objects.filter(decided_at__isnull=True).exists()

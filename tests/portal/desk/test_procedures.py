"""The law's procedures on the page about a case: a hearing, a public notice, the check after a permit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from services.cases.operations.steps import complete_step
from tests.factories.applications import filed_application, open_task, user
from tests.factories.city import load_city
from workflows.models import Clock
from workflows.queries.calendars import calendar_for, database_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def at(db: None):
    now = database_now() - timedelta(hours=2)
    load_city(at=now - timedelta(days=30))
    return now


def desk(name: str) -> Client:
    client = Client(headers={"accept-language": "en"})
    person = user(name)
    person.language = "en"
    person.save()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_hearing_is_offered_asked_for_and_called(at):
    case = filed_application(service="sign-filing", at=at).cases.get()
    complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=at)
    handler, page = desk("city-handler"), reverse("desk:case", args=[case.public_id])
    address = reverse("desk:hearing", args=[case.public_id])
    assert desk("food-handler").post(address, {"hearing-act": "offer"}).status_code == 404
    assert handler.post(address, {"hearing-act": "offer"}).status_code == 302
    assert handler.post(address, {"hearing-act": "request", "hearing-requested_by": " "}).status_code == 422
    assert handler.post(address, {"hearing-act": "request", "hearing-requested_by": "李雯"}).status_code == 302
    assert Clock.objects.get(kind="promised", subject_id=str(case.pk)).pauses.filter(to_on=None).exists()
    today = timezone.localdate()
    tomorrow = {"hearing-act": "call", "hearing-held_on": today + timedelta(days=1), "hearing-place": "三楼"}
    assert handler.post(address, tomorrow).status_code == 422
    day = calendar_for().add_working_days(today, 8)
    assert handler.post(address, {**tomorrow, "hearing-held_on": day}).status_code == 302
    assert "三楼" in handler.get(page).content.decode()
    assert handler.post(address, {"hearing-act": "close"}).status_code == 422
    # No rule of this service asks for a public notice, and no check is due before a permit.
    notice = reverse("desk:public_notice", args=[case.public_id])
    assert handler.post(notice, {"publicity-act": "begin", "publicity-place": "公示栏"}).status_code == 422
    check = reverse("desk:site_check", args=[case.public_id])
    officials = {"check-first": "张三", "check-second": "李四"}
    assert handler.post(check, {"check-act": "passed", **officials}).status_code == 422


def test_the_check_after_a_decision_by_promise(at):
    case = filed_application(service="fire-safety-promise", at=at).cases.get()
    complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=at)
    complete_step(task_id=open_task(case, "approve").pk, outcome="grant", by=user("fire-approver"), at=at)
    handler, address = desk("fire-handler"), reverse("desk:site_check", args=[case.public_id])
    assert "Check after the permit" in handler.get(reverse("desk:case", args=[case.public_id])).content.decode()
    given = {"check-first": "张三", "check-second": "李四"}
    assert handler.post(address, {"check-act": "failed", **given}).status_code == 422
    assert handler.post(address, {"check-act": "failed", "check-findings": "通道被占用。", **given}).status_code == 302
    assert Clock.objects.get(kind="post_permit_check", subject_id=str(case.pk)).stopped_at is not None

"""A task completed over HTTP at the desk: with few statements, and refused exactly as its page refuses."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from services.cases.models import Case, Opinion
from services.cases.operations.steps import complete_step
from services.notifications.models import Notice
from tests.factories.applications import RESTAURANT, filed_application, open_task, user
from tests.factories.city import load_city
from workflows.operations.tasks import claim_task, release_task
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def city(db: None):
    at = database_now() - timedelta(hours=3)
    load_city(at=at - timedelta(days=30))
    return at


def desk(name: str) -> Client:
    client = Client(headers={"accept-language": "en"})
    person = user(name)
    person.language = "en"
    person.save()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def words(page) -> str:
    return page.content.decode()


def address_of(case: Case, node: str) -> str:
    return reverse("desk:task", args=[open_task(case, node).pk])


def licence_accepted(at) -> Case:
    application = filed_application(bundle="open-restaurant", situation=RESTAURANT, at=at)
    case = application.cases.get(part="business-licence")
    complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=at)
    return case


def test_a_task_is_completed_with_few_statements(city):
    """All are counted, those around the transaction too; between requests one more looks after the connection."""
    cases = [licence_accepted(city) for _ in range(2)]
    handler = desk("food-handler")
    first, second = (address_of(case, "handle") for case in cases)
    given = {"outcome": "recommend_grant", "reasons": "材料齐全。"}
    handler.post(reverse("desk:claim", args=[open_task(cases[1], "handle").pk]))
    handler.post(first, given)  # what is read once per process, and what the session notes once a minute
    with CaptureQueriesContext(connection) as captured:
        answer = handler.post(second, given)
    assert answer.url == reverse("desk:inbox")
    assert len(captured) <= 11, [query["sql"] for query in captured]
    task, following = open_task(cases[1], "handle"), open_task(cases[1], "check")
    assert (task.outcome, task.closed_by, task.opinion.reasons) == (
        "recommend_grant",
        user("food-handler"),
        "材料齐全。",
    )
    assert following.due_at == task.due_at is not None
    assert Notice.objects.filter(subject_id=following.pk, recipient=user("food-checker"), channel="inbox").exists()


def test_a_post_is_refused_as_the_page_is(city):
    """What is not hers does not exist, what is finished says so, and what is held or on paper keeps what was typed."""
    case = licence_accepted(city)
    address, task = address_of(case, "handle"), open_task(case, "handle")
    given = {"outcome": "recommend_grant", "reasons": "材料齐全。"}
    for name in ("owner", "fire-handler", "food-checker", "clerk"):
        assert desk(name).post(address, given).status_code == 404
    nowhere = reverse("desk:task", args=[task.pk + 999])
    at_the_window = address_of(filed_application(service="sign-filing", at=city).cases.get(), "intake")
    handler, clerk = desk("food-handler"), desk("clerk")
    assert [handler.post(nowhere, given).status_code, clerk.post(at_the_window, given).status_code] == [404, 404]
    filing = filed_application(service="prepackaged-food-filing", at=city).cases.get()  # decided at the window alone
    assert clerk.post(address_of(filing, "decide"), {"outcome": "grant"}).status_code == 404

    claim_task(task_id=task.pk, by=user("food-head"), at=database_now())
    held = handler.post(address, given)
    assert held.status_code == 422
    assert "has claimed this task" in words(held)
    assert "材料齐全。" in words(held)
    assert handler.post(address, {**given, "outcome": "agree"}).status_code == 422
    assert handler.post(address, {**given, "reasons": "长" * 4001}).status_code == 422
    release_task(task_id=task.pk, by=user("food-head"), at=database_now())
    assert Opinion.objects.filter(task=task).count() == 0

    assert handler.post(address, given).url == reverse("desk:inbox")
    for repeated in (given, {**given, "outcome": "recommend_refuse"}):
        again = handler.post(address, repeated)
        assert again.url == reverse("desk:case", args=[case.public_id])
    assert "This task is finished" in words(handler.get(again.url))
    assert Opinion.objects.filter(task=task).count() == 1
    assert desk("owner").post(address, given).status_code == 404

"""Accepted on a promise at the window, handed in by the applicant: documents that may follow."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from portal.demo.samples import sample_picture
from services.cases.enums import CaseState
from tests.factories.applications import filed_application, open_task, user
from tests.factories.city import load_city
from workflows.models import Clock
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db


def signed_in(name: str) -> Client:
    client = Client(headers={"accept-language": "en"})
    person = user(name)
    person.language = "en"
    person.save()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_from_the_promise_to_the_last_document() -> None:
    at = database_now() - timedelta(hours=2)
    load_city(at=at - timedelta(days=30))
    application = filed_application(
        service="food-licence", situation={"food_items": ["hot"]}, at=at, deferrable=False, by="owner2"
    )
    case = application.cases.get()
    clerk, owner = signed_in("clerk"), signed_in("owner2")
    address = reverse("counter:task", args=[open_task(case, "intake").pk])
    assert "Accept now, some documents follow" in clerk.get(address).content.decode()
    assert clerk.post(address, {"outcome": "accept_deferred", "all_fine": "on"}).status_code == 422
    given = {"outcome": "accept_deferred", "all_fine": "on", "promise": "本人承诺补交。", "promised_by": "李雯"}
    assert clerk.post(address, given).status_code == 302
    case.refresh_from_db()
    assert case.state == CaseState.ACCEPTED
    mine = reverse("applicant:deferred", args=[case.public_id])
    assert mine in owner.get(reverse("applicant:application", args=[application.public_id])).content.decode()
    assert signed_in("owner").get(mine).status_code == 404
    assert owner.post(mine).status_code == 200  # nothing is there yet
    for code in case.deferral.materials:
        file = io.BytesIO(sample_picture(code))
        file.name = "sketch.png"
        assert owner.post(mine, {"material": code, "file": file}).status_code == 302
    assert owner.post(mine).status_code == 302
    assert Clock.objects.get(kind="deferred_documents", subject_id=str(case.pk)).stopped_at is not None
    assert "Handed in" in owner.get(mine).content.decode()

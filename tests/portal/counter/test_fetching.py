"""At the window: registers are read with the consent of whoever stands there, recorded and logged like on line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.demo.registry import Fault, Registry
from services.cases.enums import Channel
from services.cases.models import Application, SourceReading
from services.cases.operations.answering import answer_supplement
from services.cases.operations.asking import Missing, ask_supplement
from services.cases.operations.drafts import NotAllowedError, start_draft
from services.cases.operations.steps import complete_step
from services.catalogue.queries import current_version
from services.documents.queries import uploads_of
from services.exchange.models import SharingConsent, SourceCall
from services.exchange.sources import source_of
from services.parties.queries import person_of
from tests.factories.applications import filed_application, open_task, user
from tests.factories.registers import running_registers
from tests.services.cases.conftest import _loaded, city  # noqa: F401 - fixtures
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.usefixtures("city")


@pytest.fixture
def registry(settings: Any) -> Iterator[Registry]:
    with running_registers(settings) as server:
        yield server


@pytest.fixture
def clerk() -> Client:
    client = Client()
    client.force_login(user("clerk"), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_documents_of_a_case_being_checked(registry: Registry, clerk: Client) -> None:
    at = database_now() - timedelta(hours=1)
    given = {"organisation.uscc": "91410100MA0000074E"}
    application = filed_application(service="sign-filing", at=at, by="owner2", given=given)
    case = application.cases.get()
    task = open_task(case, "intake")
    address, page = reverse("counter:fetch", args=[task.pk]), reverse("counter:task", args=[task.pk])
    assert address in clerk.get(page).content.decode()
    assert "确认申请人在窗口" in clerk.post(address, follow=True).content.decode()
    assert not SharingConsent.objects.exists()
    assert not registry.calls, "nobody is asked before she agreed"

    registry.faults.append(Fault(kind="status", value=500))
    assert clerk.post(address, {"present": "yes"}, follow=True).status_code == 200, "a broken register never blocks"
    assert SourceReading.objects.latest("pk").outcome == "unavailable"
    shown = clerk.post(address, {"present": "yes"}, follow=True).content.decode()
    file = uploads_of("application", application.pk, material_code="business-licence-copy").get()
    assert file.origin["source"] == "business-registry"
    assert file.original_name in shown
    consent = SharingConsent.objects.get()
    assert (consent.at_window, consent.given_by, consent.purpose) == (True, user("clerk"), "document")
    call = SourceCall.objects.latest("pk")
    assert (call.asked_by, call.subject_id, call.purpose) == (user("clerk"), str(application.pk), "document")
    owner = Client()
    owner.force_login(user("owner2"), backend="django.contrib.auth.backends.ModelBackend")
    read = owner.get(reverse("applicant:my_data")).content.decode()
    assert source_of("business-registry").name_zh in read, "she sees who asked which register for what"

    complete_step(task_id=task.pk, outcome="accept", by=user("clerk"), at=database_now())
    calls = SourceCall.objects.count()
    clerk.post(address, {"present": "yes"}, follow=True)
    assert SourceCall.objects.count() == calls, "afterwards the deciding department fetches"


def test_a_walk_in_is_filled_in_with_her_consent(registry: Registry, clerk: Client) -> None:
    at, owner = database_now(), user("owner")
    draft = start_draft(
        offer=current_version("dog-registration"), party=person_of(owner).ref, by=user("clerk"), at=at,
        channel=Channel.COUNTER, situation={"dog_restricted": "no"},
    )  # fmt: skip
    address = reverse("applicant:prefill", args=[draft.public_id])
    assert 'name="present"' in clerk.get(address).content.decode()
    chosen = {"agree": ["household-registry:prefill", "household-registry:document"]}
    assert "确认申请人在窗口" in clerk.post(address, chosen, follow=True).content.decode()
    assert not registry.calls
    clerk.post(address, {**chosen, "present": "yes"})
    draft.refresh_from_db()
    assert draft.answers["person.name"] == "李雯"
    assert uploads_of("application", draft.pk, material_code="identity-card").exists()
    assert set(SharingConsent.objects.values_list("at_window", "given_by")) == {(True, user("clerk").pk)}


def test_a_notice_about_a_walk_in_is_answered_at_the_window() -> None:
    at = database_now() - timedelta(hours=1)
    application = filed_application(service="sign-filing", at=at)
    Application.objects.filter(pk=application.pk).update(channel=Channel.COUNTER, filed_by=user("clerk"))
    case = application.cases.get()
    missing = [Missing(kind="element", code="sign.text", reason="请与执照一致。")]
    ask_supplement(task_id=open_task(case, "intake").pk, missing=missing, by=user("clerk"), at=at)
    client = Client()
    client.force_login(user("clerk"), backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("counter:application", args=[application.public_id])).content.decode()
    address = reverse("applicant:supplement", args=[case.public_id])
    assert address in page
    assert client.get(address).status_code == 200
    given = {"sign.text": "老街坊（演示）"}
    with pytest.raises(NotAllowedError):
        answer_supplement(case_id=case.pk, answers=given, by=user("city-handler"), at=database_now())
    answer_supplement(case_id=case.pk, answers=given, by=user("clerk"), at=database_now())
    application.refresh_from_db()
    assert application.answers["sign.text"] == "老街坊（演示）"
    assert application.origins["sign.text"]["by"] == "clerk", "the file says who entered it"

"""The page that fetches what the government already knows, and the pages that show what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.demo.registry import Fault, Registry
from services.cases.models import Application
from services.cases.operations.drafts import save_draft, start_draft
from services.catalogue.queries import current_bundle_version
from services.exchange.models import SharingConsent
from services.parties.queries import person_of
from tests import naughty
from tests.factories.applications import user
from tests.factories.city import load_city
from tests.factories.registers import running_registers
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db

SITUATION = {"contract_registered": False, "house_use": "residential", "has_mortgage": False, "transfer_utilities": []}
TITLE = "豫（2023）郑州市不动产权第0000002号"


@pytest.fixture
def registry(settings: Any) -> Iterator[Registry]:
    with running_registers(settings) as server:
        yield server


@pytest.fixture
def owner() -> Client:
    load_city(at=database_now())
    client = Client()
    client.force_login(user("owner"))
    return client


def house() -> Application:
    at, person = database_now(), user("owner")
    draft = start_draft(
        offer=current_bundle_version("house-transfer"),
        party=person_of(person).ref,
        by=person,
        at=at,
        situation=SITUATION,
    )
    answers = {"property.certificate_number": TITLE, "property.area": 90}
    return save_draft(application_id=draft.pk, answers=answers, by=person, at=at)


def test_fetch_decide_fail_and_go_on_by_hand(
    owner: Client, registry: Registry, django_assert_max_num_queries: Any
) -> None:
    draft = house()
    address = reverse("applicant:prefill", args=[draft.public_id])
    with django_assert_max_num_queries(60):
        page = owner.get(address).content.decode()
    assert "政府已掌握的信息" in page
    assert "410***********0085" in page
    assert "410105190306120085" not in page
    assert page.count('name="agree"') == 5
    assert "checked" not in page, "no consent is given beforehand (PIPL art. 14)"
    assert not SharingConsent.objects.exists()

    registry.faults.append(Fault(kind="status", value=500, source="household-registry"))
    chosen = ["property-registry:prefill", "household-registry:prefill", "property-registry:document"]
    page = owner.post(address, {"agree": chosen, "fetch": "yes"}, follow=True).content.decode()
    assert "89.60" in page or "89.6" in page
    assert "暂时没有应答" in page
    assert 'value="household-registry:prefill">再次调取' in page
    section = owner.get(reverse("applicant:section", args=[draft.public_id, "applicant"])).content.decode()
    assert "未能从“户籍人口信息”调取，请填写：姓名" in section
    documents = owner.get(reverse("applicant:documents", args=[draft.public_id])).content.decode()
    assert "已调取：不动产登记信息" in documents
    assert "可以调取：户籍人口信息" in documents

    page = owner.post(address, {"again": "household-registry:prefill"}, follow=True).content.decode()
    assert "再次调取" not in page
    page = owner.post(address, {"take": "property.area", "use": "yes"}, follow=True).content.decode()
    assert "已替换1项" in page
    draft.refresh_from_db()
    assert (draft.answers["property.area"], draft.answers["person.name"]) == (89.6, "李雯")
    review = owner.get(reverse("applicant:review", args=[draft.public_id])).content.decode()
    assert "取自“<span data-verbatim>不动产登记信息</span>”" in review, "what is reviewed says where it comes from"
    page = owner.post(address, {"withdraw": "property-registry:prefill"}, follow=True).content.decode()
    assert "已撤回同意" in page
    assert SharingConsent.objects.filter(withdrawn_at=None).count() == 2

    calls, agreed = len(registry.calls), SharingConsent.objects.count()
    for text in naughty.strings(200)[::17]:
        for field in ("agree", "again", "withdraw"):
            assert owner.post(address, {field: text}).status_code == 302
        assert owner.post(address, {"use": "yes", "take": text}).status_code == 302
    assert (len(registry.calls), SharingConsent.objects.count()) == (calls, agreed), (
        "nothing of it is a register's name"
    )

"""Fees on the applicant's, the department's and the managers' pages."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from portal.demo.payment_gateway import Fault
from services.payments.models import Attempt, FeeDue, PaymentFact
from tests.factories.applications import filed_application, user
from tests.factories.payments import make_difference
from tests.services.cases.conftest import _loaded, city  # noqa: F401 - fixtures
from tests.services.payments import conftest as paying
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.usefixtures("city")
service = paying.service  # the fixture


def signed_in(name: str, language: str = "en") -> Client:
    client, person = Client(headers={"accept-language": language}), user(name)
    person.language = language
    person.save()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def house_fee() -> FeeDue:
    at = database_now() - timedelta(hours=1)
    case = paying.house(at=at)
    paying.accept(case, at)
    return FeeDue.objects.get(case=case)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_fee_is_explained_paid_and_the_browser_is_not_believed(service, language: str) -> None:
    due, owner = house_fee(), signed_in("owner", language)
    page, back = (reverse(f"applicant:{name}", args=[due.public_id]) for name in ("payment", "payment_return"))
    shown = owner.get(page).content.decode()
    for words in ("80", due.basis_zh if language == "zh-hans" else due.basis_en, due.case.number):
        assert words in shown
    assert page in owner.get(reverse("applicant:application", args=[due.case.application.public_id])).content.decode()
    assert page in owner.get(reverse("applicant:payments")).content.decode()
    assert signed_in("owner2").get(page).status_code == 404
    there = owner.post(reverse("applicant:pay", args=[due.public_id])).headers["location"]
    assert there.startswith(service.url)
    assert owner.post(reverse("applicant:pay", args=[due.public_id])).headers["location"] == there
    owner.get(back + "?state=paid&amount=8000")
    assert not PaymentFact.objects.filter(kind="paid").exists()
    service.faults.append(Fault(kind="silence", value=0))  # its message never comes
    assert httpx.post(there, data={"do": "pay"}).headers["location"] == f"http://testserver{back}"
    assert owner.get(back).status_code == 302
    assert PaymentFact.objects.filter(kind="paid").count() == 1
    assert owner.get(page).context["letters"][-1]["title"]
    assert owner.post(reverse("applicant:pay", args=[due.public_id])).headers["location"] == page


def test_a_payment_service_that_is_down_or_not_there_loses_nothing(service, settings) -> None:
    due, owner = house_fee(), signed_in("owner")
    page = reverse("applicant:payment", args=[due.public_id])
    service.faults.append(Fault(kind="status", value=503))
    assert (
        "Nothing was charged"
        in owner.post(reverse("applicant:pay", args=[due.public_id]), follow=True).content.decode()
    )
    assert Attempt.objects.count() == 1
    assert owner.post(reverse("applicant:pay", args=[due.public_id])).headers["location"].startswith(service.url)
    settings.PAYMENT_GATEWAY_URL = ""
    assert "come back later" in owner.get(page).content.decode()


def test_the_department_sets_and_reduces_and_a_manager_sees_to_differences() -> None:
    at = database_now() - timedelta(hours=1)
    case = filed_application(service="air-defence-review", situation={"shelter": "pay"}, at=at).cases.get()
    paying.accept(case, at)
    due, approver = FeeDue.objects.get(), signed_in("airdefence-approver")
    assert case.number in approver.get(reverse("desk:fees")).content.decode()
    address = reverse("desk:assess_fee", args=[due.public_id])
    for wrong in ("", "abc", "0", "1.005", "\0"):
        approver.post(address, {"yuan": wrong})
        assert FeeDue.objects.get().full_fen is None
    approver.post(address, {"yuan": "12,345.60"})
    assert FeeDue.objects.get().full_fen == 1_234_560
    assert "12,345.60" in approver.get(reverse("desk:fees")).content.decode()
    approver.post(reverse("desk:reduce_fee", args=[due.public_id]), {"reduction": "schools"})
    assert FeeDue.objects.get().amount_fen == 617_280
    row, manager = make_difference(), signed_in("manager")
    settle = reverse("oversight:settle_difference", args=[row.pk])
    for wrong in (" ", "a\0b"):
        manager.post(settle, {"note": wrong})
        row.refresh_from_db()
        assert row.settled_at is None
    assert "X-1" in manager.get(reverse("oversight:payments")).content.decode()
    manager.post(settle, {"note": "测试订单"})
    row.refresh_from_db()
    assert row.note == "测试订单"
    assert signed_in("auditor").post(settle, {"note": "x"}).status_code == 403

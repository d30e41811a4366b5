"""The same message twenty times at once, over HTTP, pays once."""

from __future__ import annotations

import time

import httpx
import pytest
from django.urls import reverse

from portal.demo.payment_gateway import STORM, Fault
from services.documents.models import Paper
from services.payments.enums import FactKind
from services.payments.gateway import gateway
from services.payments.models import FeeDue, GatewayMessage, PaymentFact
from services.payments.operations.paying import start_payment
from tests.factories.applications import user
from tests.factories.city import load_city
from tests.services.payments.conftest import accept, house
from workflows.queries.calendars import database_now


@pytest.mark.django_db(transaction=True)
def test_twenty_messages_at_once_pay_once(live_server, service) -> None:
    at = database_now()
    load_city(at=at)
    accept(house(at=at), at)
    due = FeeDue.objects.get()
    attempt = start_payment(due_id=due.pk, by=user("owner"), at=at)
    message = live_server.url + reverse("api:payment_message")
    back = live_server.url + reverse("applicant:payment_return", args=[due.public_id])
    page = gateway().create(
        number=attempt.number, amount_fen=8_000, title="登记费", return_url=back, notify_url=message
    )
    assert "演示" in httpx.get(page).text
    service.faults.append(Fault(kind="storm", value=0))
    assert httpx.post(page, data={"do": "pay"}).headers["location"] == back
    end = time.monotonic() + 60
    while len(service.answers) < STORM and time.monotonic() < end:
        time.sleep(0.05)
    assert service.answers == [200] * STORM
    assert PaymentFact.objects.filter(due=due, kind=FactKind.PAID).count() == 1
    assert Paper.objects.filter(kind="fee_receipt").count() == 1
    assert GatewayMessage.objects.filter(refused="", repeated=False).count() == 1
    assert GatewayMessage.objects.filter(refused="", repeated=True).count() == STORM - 1

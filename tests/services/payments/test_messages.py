"""What claims to come from the payment service: taken once, or refused and written down."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
from django.test import Client

from services.payments.gateway import signature
from services.payments.models import FeeDue, GatewayMessage, PaymentFact
from services.payments.operations.paying import start_payment
from tests.factories.applications import user
from tests.services.payments.conftest import KEY, accept, house
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.usefixtures("city")


def send(content, *, stamp: int | None = None, key: str = KEY, body: bytes | None = None):
    body = json.dumps(content).encode() if body is None else body
    when = str(int(time.time()) if stamp is None else stamp)
    headers = {"X-Timestamp": when, "X-Signature": signature(key, when, body)}
    return Client().post("/api/payments/", body, content_type="application/json", headers=headers)


def test_a_message_is_taken_once_and_everything_false_is_refused_and_written_down(settings) -> None:
    settings.PAYMENT_GATEWAY_KEY = KEY
    at = database_now()
    case = house(at=at - timedelta(hours=2))
    accept(case, at - timedelta(hours=1))
    attempt = start_payment(due_id=FeeDue.objects.get().pk, by=user("owner"), at=at)
    good = {"order": attempt.number, "amount_fen": 8_000, "currency": "CNY", "state": "paid", "gateway_number": "G-7"}
    now = int(time.time())
    refused = [
        (send(good, key="another key"), 401, "signature"),
        (send(good, stamp=now - 3600), 401, "timestamp"),
        (send(good, stamp=now + 3600), 401, "timestamp"),
        (send({**good, "amount_fen": 7_999}), 400, "amount"),
        (send({**good, "amount_fen": "8000"}), 400, "malformed"),
        (send({**good, "amount_fen": True}), 400, "malformed"),
        (send({**good, "currency": "USD"}), 400, "currency"),
        (send({**good, "order": "JF-2026-999999-1"}), 404, "unknown"),
        (send({**good, "state": "refunded"}), 400, "malformed"),
        (send(None, body=b"{"), 400, "malformed"),
        (send(None, body=b"[" * 9_000), 400, "malformed"),
        (send(None, body=b'{"amount_fen": NaN}'), 400, "malformed"),
        (send([1]), 400, "malformed"),
        (send({**good, "order": "a\0b"}), 400, "malformed"),
        (send({**good, "gateway_number": "\ud83d"}), 400, "malformed"),
    ]
    for answer, status, why in refused:
        assert (answer.status_code, answer.json()["error"]) == (status, why)
    assert not PaymentFact.objects.filter(kind="paid").exists()
    logged = GatewayMessage.objects.order_by("id").values_list("refused", flat=True)
    assert list(logged) == [why for _answer, _status, why in refused]
    assert send(None, body=b"x" * 20_000).status_code == 413

    assert send(good).json() == {"taken": True, "repeated": False}
    for _again in range(2):
        assert send(good).json() == {"taken": True, "repeated": True}
    assert PaymentFact.objects.filter(kind="paid").count() == 1


def test_who_sends_very_many_false_messages_fills_no_table(settings, monkeypatch) -> None:
    settings.PAYMENT_GATEWAY_KEY = KEY
    monkeypatch.setattr("services.payments.operations.messages.MOST_REFUSED", 3)
    assert {send({}, key="another key").status_code for _ in range(5)} == {401}
    assert GatewayMessage.objects.count() == 3


def test_without_a_key_nothing_is_taken(settings) -> None:
    settings.PAYMENT_GATEWAY_KEY = ""
    assert send({}, key="").status_code == 401

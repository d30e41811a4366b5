"""What the payment service sends on its own: checked, written down, and taken once."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime, timedelta

import structlog
from django.conf import settings

from services.payments.enums import Refusal
from services.payments.gateway import GatewayAnswerError, Order, order_from, signature
from services.payments.models import Attempt, GatewayMessage
from services.payments.operations.paying import OtherMoneyError, note_order

log = structlog.get_logger(__name__)
#: A message older than this, or that far in the future, is refused: who copied one cannot send it tomorrow.
FRESH = timedelta(minutes=5)


#: Refused messages written down within an hour. Anybody can send some; they are in the log all the same.
MOST_REFUSED = 1_000


class MessageRefusedError(Exception):
    """The message is not taken. why: a Refusal."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(str(why))
        self.why = why


def take_message(*, body: bytes, timestamp: str, signed: str, at: datetime) -> bool:
    """Take a message of the payment service; returns whether it told something new. The same again changes nothing.

    body: as it came; timestamp, signed: the headers X-Timestamp and X-Signature. Effects: one row about the message,
    taken or refused; what `note_order` does. Raises MessageRefusedError.
    """
    digest = hashlib.sha256(body).hexdigest()
    order = ""
    try:
        _check(body, timestamp, signed, at)
        told = _read(body)
        order = told.number
        noted = _note(told, at)
    except MessageRefusedError as refusal:
        if _room_for_refused(at):
            GatewayMessage.objects.create(received_at=at, order=order, digest=digest, refused=refusal.why)
        log.warning("payment_message_refused", why=str(refusal.why), order=order)
        raise
    GatewayMessage.objects.create(received_at=at, order=order, digest=digest, repeated=not noted)
    return noted


def _room_for_refused(at: datetime) -> bool:
    refused = GatewayMessage.objects.filter(received_at__gt=at - timedelta(hours=1)).exclude(refused="")
    return refused.order_by()[:MOST_REFUSED].count() < MOST_REFUSED


def _check(body: bytes, timestamp: str, signed: str, at: datetime) -> None:
    key = settings.PAYMENT_GATEWAY_KEY
    if not key or not hmac.compare_digest(signature(key, timestamp, body).encode(), signed.encode()):
        raise MessageRefusedError(Refusal.SIGNATURE)
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise MessageRefusedError(Refusal.TIMESTAMP)
    if abs(at.timestamp() - int(timestamp)) > FRESH.total_seconds():
        raise MessageRefusedError(Refusal.TIMESTAMP)


def _read(body: bytes) -> Order:
    try:
        told = order_from(json.loads(body))
    except (ValueError, RecursionError, GatewayAnswerError) as error:
        raise MessageRefusedError(Refusal.MALFORMED) from error
    if told.state not in ("paid", "failed"):
        raise MessageRefusedError(Refusal.MALFORMED)
    return told


def _note(told: Order, at: datetime) -> bool:
    try:
        return note_order(told, at=at, source="message").new
    except Attempt.DoesNotExist as error:
        raise MessageRefusedError(Refusal.UNKNOWN) from error
    except OtherMoneyError as error:
        raise MessageRefusedError(Refusal(error.field)) from error

"""The payment service over HTTP: orders, questions about them, the list of a day, refunds. One adapter of several.

Every request carries `X-Timestamp` (Unix seconds) and `X-Signature`: `sha256=` and the HMAC-SHA-256 (hex) of the
timestamp, a full stop and the body, with `settings.PAYMENT_GATEWAY_KEY`. What the service sends back on its own is
signed alike. Amounts are whole fen.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import httpx
from django.conf import settings
from django.utils.module_loading import import_string

CURRENCY = "CNY"
#: Seconds a person waits for the payment service, and to reach it at all.
TIMEOUT = httpx.Timeout(6, connect=2)
#: What the service says of an order.
STATES = frozenset({"open", "paid", "failed", "unknown", "refunded"})
#: Longest answer read, in bytes.
LONGEST_ANSWER = 4 * 1024 * 1024


class GatewayDownError(Exception):
    """The payment service is not set up, did not answer, or answered what cannot be read."""


class GatewayAnswerError(GatewayDownError):
    """It answered, but refused, or said what cannot be: the trouble of this one order, so others may be asked about."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the payment service knows of an order. state: one of STATES."""

    number: str
    state: str
    amount_fen: int
    currency: str
    gateway_number: str


class PaymentGateway(Protocol):
    """What an adapter to a payment service does. Every call may be repeated: numbers make it once."""

    def create(self, *, number: str, amount_fen: int, title: str, return_url: str, notify_url: str) -> str:
        """Open an order, or find it, and return the address where a person pays it. Raises GatewayDownError."""

    def order(self, number: str) -> Order:
        """Return what is known of an order. Raises GatewayDownError."""

    def orders_paid_on(self, day: date) -> list[Order]:
        """Return every order that was paid on a local day. Raises GatewayDownError."""

    def orders_refunded_on(self, day: date) -> list[Order]:
        """Return every order whose money was given back on a local day, by whom ever. Raises GatewayDownError."""

    def refund(self, *, number: str, amount_fen: int) -> str:
        """Give the money of an order back and return the refund's number. Raises GatewayDownError."""


def signature(key: str, timestamp: str, body: bytes) -> str:
    """Return the value of `X-Signature` for a body sent at a Unix timestamp."""
    return "sha256=" + hmac.new(key.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


class HttpGateway:
    """The adapter to a service that speaks as this module says; the demo's does."""

    def create(self, *, number: str, amount_fen: int, title: str, return_url: str, notify_url: str) -> str:
        """See PaymentGateway."""
        body = {"order": number, "amount_fen": amount_fen, "currency": CURRENCY, "title": title}
        answer = self._post("/orders", {**body, "return_url": return_url, "notify_url": notify_url})
        address = str(answer.get("pay_url", ""))
        if not address.startswith(f"{settings.PAYMENT_GATEWAY_PAGES}/"):
            raise GatewayAnswerError("The payment service named an address that is not its own.")
        return address

    def order(self, number: str) -> Order:
        """See PaymentGateway."""
        return order_from(self._post("/orders/state", {"order": number}))

    def orders_paid_on(self, day: date) -> list[Order]:
        """See PaymentGateway."""
        return self._orders("/orders/day", day)

    def orders_refunded_on(self, day: date) -> list[Order]:
        """See PaymentGateway."""
        return self._orders("/refunds/day", day)

    def _orders(self, path: str, day: date) -> list[Order]:
        rows = self._post(path, {"day": day.isoformat()}).get("orders")
        if not isinstance(rows, list):
            raise GatewayAnswerError("The list of the day cannot be read.")
        return [order_from(row) for row in rows]

    def refund(self, *, number: str, amount_fen: int) -> str:
        """See PaymentGateway."""
        answer = self._post("/refunds", {"order": number, "amount_fen": amount_fen, "currency": CURRENCY})
        if answer.get("state") != "refunded" or not answer.get("refund_number"):
            raise GatewayAnswerError("The payment service has not given it back.")
        return str(answer["refund_number"])[:80]

    def _post(self, path: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
        if not settings.PAYMENT_GATEWAY_URL:
            raise GatewayDownError("No payment service is set up.")
        body, timestamp = json.dumps(content, ensure_ascii=False).encode(), str(int(time.time()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Timestamp": timestamp,
            "X-Signature": signature(settings.PAYMENT_GATEWAY_KEY, timestamp, body),
        }
        try:
            # The environment's proxies are for the outside.
            with httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False) as client:
                reply = client.post(settings.PAYMENT_GATEWAY_URL + path, content=body, headers=headers)
                reply.raise_for_status()
                answer = json.loads(reply.content[:LONGEST_ANSWER])
        except httpx.HTTPStatusError as error:
            refused = error.response.is_client_error
            raise (GatewayAnswerError if refused else GatewayDownError)(str(error.response.status_code)) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise GatewayDownError(type(error).__name__) from error
        except (ValueError, RecursionError) as error:
            raise GatewayAnswerError(type(error).__name__) from error
        if not isinstance(answer, Mapping):
            raise GatewayAnswerError("The answer cannot be read.")
        return answer


def gateway() -> PaymentGateway:
    """Return the adapter that the settings name."""
    made: PaymentGateway = import_string(settings.PAYMENT_GATEWAY)()
    return made


def order_from(row: Any) -> Order:
    """Return an order as the service words it. Raises GatewayAnswerError for anything that is none."""
    try:
        amount, words = row["amount_fen"], [str(row[name]) for name in ("order", "currency", "gateway_number")]
        if not isinstance(amount, int) or isinstance(amount, bool) or row["state"] not in STATES:
            raise GatewayAnswerError("An order cannot be read.")
        if not all(word.isprintable() for word in words):  # nor would the database keep a NUL or half a character
            raise GatewayAnswerError("An order cannot be read.")
    except (KeyError, TypeError) as error:
        raise GatewayAnswerError("An order cannot be read.") from error
    number, currency, gateway_number = words
    return Order(
        number=number[:60],
        state=str(row["state"]),
        amount_fen=amount,
        currency=currency[:10],
        gateway_number=gateway_number[:80],
    )

"""Text messages through an HTTP gateway.

One POST of `{"client_id", "to", "text"}` to `settings.SMS_GATEWAY_URL`, signed with `settings.SMS_GATEWAY_KEY`:
`X-Signature: sha256=` and the HMAC-SHA-256 (hex) of `X-Timestamp`, a full stop and the body. A gateway drops a second
message with the same `client_id`; with one that does not, a crash at the wrong instant sends a text message twice.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time

import httpx
from django.conf import settings

from services.notifications.channels.envelope import Envelope
from services.notifications.channels.errors import ChannelDownError, PermanentError, TemporaryError

TIMEOUT = httpx.Timeout(10, connect=3)  # seconds
NOT_ALLOWED = (401, 403, 404, 405)
TRY_LATER = (408, 409, 425, 429)


class SmsSender:
    """Sends over one HTTP connection, opened when first used."""

    def __init__(self) -> None:
        """Connect to nothing yet."""
        self._client: httpx.Client | None = None

    def send(self, envelope: Envelope) -> None:
        """Hand one text message to the gateway. Raises SendError when it did not take it."""
        if not settings.SMS_GATEWAY_URL:
            raise ChannelDownError("NoGateway")
        message = {"client_id": str(envelope.key), "to": envelope.to, "text": envelope.message.sms}
        body = json.dumps(message, ensure_ascii=False).encode()
        if self._client is None:
            self._client = httpx.Client(timeout=TIMEOUT)
        try:
            reply = self._client.post(settings.SMS_GATEWAY_URL, content=body, headers=_headers(body))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
            raise ChannelDownError(type(error).__name__) from error
        except httpx.HTTPError as error:  # it may have arrived: the next attempt carries the same client_id
            raise TemporaryError(type(error).__name__) from error
        _check(reply.status_code)

    def close(self) -> None:
        """Hang up."""
        client, self._client = self._client, None
        if client is not None:
            client.close()


def signature(key: str, timestamp: str, body: bytes) -> str:
    """Return the value of `X-Signature` for a body sent at a Unix timestamp."""
    return "sha256=" + hmac.new(key.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def _headers(body: bytes) -> dict[str, str]:
    timestamp = str(int(time.time()))
    return {
        "Content-Type": "application/json; charset=utf-8",
        "X-Timestamp": timestamp,
        "X-Signature": signature(settings.SMS_GATEWAY_KEY, timestamp, body),
    }


def _check(status: int) -> None:
    reason = f"HTTP {status}"
    if status < 300:
        return
    if status in NOT_ALLOWED or status < 400:  # a redirect or a wrong key is a matter of settings, not of this message
        raise ChannelDownError(reason)
    if status in TRY_LATER or status >= 500:
        raise TemporaryError(reason)
    raise PermanentError(reason)

"""Calls of programs over HTTPS. docs/notices.md tells a receiver how to check one.

One POST of JSON without a name or a text. `One-Stop-Id` is the same at every attempt. `One-Stop-Signature` is
`v1=` and the HMAC-SHA-256 (hex) of `One-Stop-Timestamp`, a full stop and the body, once per secret in force.

The address is a stranger's: its host is resolved here, must not lie in our own network, and the call goes to the very
address that was looked at. Redirects are not followed.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import ipaddress
import json
import socket
import time
from urllib.parse import urljoin, urlsplit

import httpx
from django.conf import settings

from services.notifications.channels.envelope import Endpoint, Envelope
from services.notifications.channels.errors import PermanentError, TemporaryError

TIMEOUT = httpx.Timeout(5, connect=3)  # seconds


class UnsafeAddressError(ValueError):
    """A program's address is not HTTPS, or lies in our own network."""


class WebhookSender:
    """Calls one program after the other, each over a connection of its own."""

    def send(self, envelope: Envelope) -> None:
        """Tell a program. Raises SendError when it did not take it; one that is away stops no other."""
        if envelope.endpoint is None:
            raise PermanentError("NoEndpoint")
        body = body_of(envelope)
        try:
            reply = _post(envelope.endpoint, body, headers_of(envelope, body, at=int(time.time())))
        except UnsafeAddressError as error:
            raise TemporaryError("UnsafeAddress") from error
        except (httpx.HTTPError, OSError) as error:
            raise TemporaryError(type(error).__name__) from error
        if reply >= 300:
            raise TemporaryError(f"HTTP {reply}")

    def close(self) -> None:
        """Nothing is kept open."""


def body_of(envelope: Envelope) -> bytes:
    """Return what a program is told: ids, a number, where it goes on."""
    link = urljoin(settings.SITE_URL, envelope.link) if envelope.link else ""
    return json.dumps({"id": str(envelope.key), **envelope.facts, "link": link}, ensure_ascii=False).encode()


def headers_of(envelope: Envelope, body: bytes, *, at: int) -> dict[str, str]:
    """Return the headers of a call at a Unix timestamp."""
    secrets = envelope.endpoint.secrets if envelope.endpoint else ()
    return {
        "Content-Type": "application/json; charset=utf-8",
        "One-Stop-Id": str(envelope.key),
        "One-Stop-Timestamp": str(at),
        "One-Stop-Signature": ",".join(f"v1={signature(secret, str(at), body)}" for secret in secrets),
    }


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the HMAC-SHA-256 (hex) of timestamp, full stop and body."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def safe_address(url: str) -> tuple[str, str]:
    """Return the host of a program's address and the IP address that may be called.

    Raises:
        UnsafeAddressError: not HTTPS, or a host of our own network; settings.WEBHOOK_PRIVATE_ALLOWED lifts both.
        OSError: the host cannot be found.
    """
    parts = urlsplit(url)
    allowed = settings.WEBHOOK_PRIVATE_ALLOWED
    schemes = ("https", "http") if allowed else ("https",)
    if parts.hostname is None or parts.username or parts.scheme not in schemes:
        raise UnsafeAddressError(url)
    addresses = _addresses(parts.hostname, parts.port or 443)
    if not allowed and not all(_is_public(address) for address in addresses):
        raise UnsafeAddressError(url)
    return parts.hostname, addresses[0]


def _addresses(host: str, port: int) -> list[str]:
    with contextlib.suppress(ValueError):
        return [str(ipaddress.ip_address(host))]
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _is_public(address: str) -> bool:
    number = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(number, "ipv4_mapped", None) or getattr(number, "sixtofour", None)
    return (inner or number).is_global and not number.is_multicast and not number.is_reserved


def _post(endpoint: Endpoint, body: bytes, headers: dict[str, str]) -> int:
    host, address = safe_address(endpoint.url)
    url = httpx.URL(endpoint.url)
    named = host if url.port is None else f"{host}:{url.port}"
    with httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False) as client:
        request = client.build_request(
            "POST",
            url.copy_with(host=address),
            content=body,
            headers={**headers, "Host": named},
            extensions={"sni_hostname": host},
        )
        reply = client.send(request, stream=True)  # the answer's body is a stranger's and of no use
        reply.close()
        return reply.status_code

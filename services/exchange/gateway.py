"""One HTTP question to the data-sharing gateway. Keys travel in the body: addresses end up in logs."""

from __future__ import annotations

import json
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings

from services.exchange.enums import CallError
from services.exchange.sources import Source

ANSWER_BYTES = 256 * 1024
VALUE_LENGTH = 2000


class GatewayError(Exception):
    """The source did not answer. kind: a CallError."""

    def __init__(self, kind: CallError) -> None:
        super().__init__(kind.value)
        self.kind = kind


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a source said. fields: only the described ones, in the register's own words; empty if nothing was found."""

    found: bool
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)


def fetch(source: Source, *, key: str, key_element: str, purpose: str) -> Reply:
    """Ask a source about one key.

    key_element: which of the source's keys it is. Only the gateway's own host is ever asked (SSRF): the description
    gives a path, never an address, redirects are not followed.
    Raises GatewayError: not configured, not reached, too slow, refused, or not an answer.
    """
    address = _address(source)
    content = _post(address, source, {"key": key, "key_element": key_element, "purpose": purpose})
    try:
        answer = json.loads(content, parse_constant=_refuse_constant)
        found = answer["found"]
        entry = answer["data"] if found else {}
        if not isinstance(found, bool) or not isinstance(entry, Mapping):
            raise GatewayError(CallError.MALFORMED)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise GatewayError(CallError.MALFORMED) from error
    described = source.elements_for(key_element)
    fields = {name: entry[name] for name in described if name in entry and _is_plain(entry[name])}
    return Reply(found=found, fields=fields)


def _is_plain(value: object) -> bool:
    """Return whether a value can be stored and shown: one word, number or yes/no, of characters that are some."""
    if isinstance(value, str):
        return len(value) <= VALUE_LENGTH and not any(unicodedata.category(one) in ("Cc", "Cs") for one in value)
    return value is None or isinstance(value, bool | int | float)


def _address(source: Source) -> str:
    base = str(getattr(settings, "SOURCES_URL", "")).rstrip("/")
    if not base:
        raise GatewayError(CallError.NOT_CONFIGURED)
    address = base + source.path
    if urlsplit(address)[:2] != urlsplit(base)[:2]:
        raise GatewayError(CallError.NOT_CONFIGURED)
    return address


def _post(address: str, source: Source, body: Mapping[str, str]) -> bytes:
    limits = httpx.Timeout(source.read_seconds, connect=source.connect_seconds)
    token = getattr(settings, "SOURCES_TOKEN", "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    until = time.monotonic() + source.total_seconds
    try:
        # The environment's proxies are for the outside; this gateway is the city's own.
        with (
            httpx.Client(timeout=limits, headers=headers, trust_env=False, follow_redirects=False) as client,
            client.stream("POST", address, json=body) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise GatewayError(CallError.REFUSED)
            return _limited(response, until)
    except httpx.TimeoutException as error:
        raise GatewayError(CallError.TIMED_OUT) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise GatewayError(CallError.NOT_REACHED) from error


def _limited(response: httpx.Response, until: float) -> bytes:
    content = b""
    for portion in response.iter_bytes():
        content += portion
        if len(content) > ANSWER_BYTES:
            raise GatewayError(CallError.MALFORMED)
        if time.monotonic() > until:
            raise GatewayError(CallError.TIMED_OUT)
    return content


def _refuse_constant(word: str) -> None:
    raise ValueError(word)

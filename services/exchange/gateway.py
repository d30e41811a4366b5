"""One HTTP question to the data-sharing gateway. Keys travel in the body: addresses end up in logs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from django.conf import settings

from services.exchange.enums import CallError
from services.exchange.sources import Source

ANSWER_BYTES = 256 * 1024


class GatewayError(Exception):
    """The source did not answer. kind: a CallError."""

    def __init__(self, kind: CallError) -> None:
        super().__init__(kind.value)
        self.kind = kind


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a source said. data: only the described fields, under their data elements; empty when nothing was found."""

    found: bool
    data: Mapping[str, Any]


def fetch(source: Source, *, key: str, purpose: str) -> Reply:
    """Ask a source about one key.

    Raises GatewayError: not configured, not reached, too slow, refused, or not an answer.
    """
    address = str(getattr(settings, "SOURCES_URL", "")).rstrip("/")
    if not address:
        raise GatewayError(CallError.NOT_CONFIGURED)
    content = _post(address + source.path, source, {"key": key, "purpose": purpose})
    try:
        answer = json.loads(content, parse_constant=_refuse_constant)
        found = answer["found"]
        entry = answer["data"] if found else {}
        if not isinstance(found, bool) or not isinstance(entry, Mapping):
            raise GatewayError(CallError.MALFORMED)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise GatewayError(CallError.MALFORMED) from error
    return Reply(found=found, data={source.elements[name]: entry[name] for name in source.elements if name in entry})


def _post(address: str, source: Source, body: Mapping[str, str]) -> bytes:
    limits = httpx.Timeout(source.read_seconds, connect=source.connect_seconds)
    token = getattr(settings, "SOURCES_TOKEN", "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        # The environment's proxies are for the outside; this gateway is the city's own.
        with (
            httpx.Client(timeout=limits, headers=headers, trust_env=False, follow_redirects=False) as client,
            client.stream("POST", address, json=body) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise GatewayError(CallError.REFUSED)
            return _limited(response)
    except httpx.TimeoutException as error:
        raise GatewayError(CallError.TIMED_OUT) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise GatewayError(CallError.NOT_REACHED) from error


def _limited(response: httpx.Response) -> bytes:
    content = b""
    for portion in response.iter_bytes():
        content += portion
        if len(content) > ANSWER_BYTES:
            raise GatewayError(CallError.MALFORMED)
    return content


def _refuse_constant(word: str) -> None:
    raise ValueError(word)

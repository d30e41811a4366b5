"""`Idempotency-Key`: a request sent twice has one effect and one answer (IETF draft httpapi-idempotency-key-header-07).

The key's row is written in the transaction of the effect, so that neither stands without the other. A second request
waits for the first and is then answered with what was stored. A request that failed had no effect and leaves no row.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import OperationalError, transaction
from django.http import HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.models import IdempotencyKey
from portal.api.operations import claim_key, store_answer
from portal.api.problems import Conflict, Unprocessable
from workflows.queries.calendars import database_now

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_KEY = re.compile(r'"?([\x21\x23-\x5b\x5d-\x7e]{1,128})"?')

Handler = Callable[..., Response]


def idempotent(handler: Handler) -> Handler:
    """Answer a repeated request as the first one was, and run the handler once, inside one transaction."""

    @wraps(handler)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key, fingerprint = _key_of(request), _fingerprint(request)
        with transaction.atomic():
            row, new = _claimed(request, key, fingerprint)
            if not new:
                return _replay(row, fingerprint)
            response = handler(view, request, *args, **kwargs)
            body = JSONRenderer().render(response.data).decode() if response.data is not None else ""
            store_answer(row=row, status=response.status_code, body=body)
            return response

    once.idempotent = True  # type: ignore[attr-defined]  # read by the schema
    return once  # type: ignore[return-value]  # a replay is a plain response


def _key_of(request: Request) -> str:
    given = request.headers.get(HEADER, "")
    if not given:
        raise ParseError(_("Send the header Idempotency-Key with a value of your own choice."), code="key_missing")
    match = _KEY.fullmatch(given)
    if match is None:
        raise ParseError(_("An Idempotency-Key has 1 to 128 printable characters."), code="key_malformed")
    return match.group(1)


def _fingerprint(request: Request) -> str:
    """Return the SHA-256 of what was asked: method, address and the body without the accidents of its spelling."""
    body = json.dumps(request.data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{request.method} {request.path}\n{body}".encode("utf-8", "surrogatepass")).hexdigest()


def _claimed(request: Request, key: str, fingerprint: str) -> tuple[IdempotencyKey, bool]:
    try:
        return claim_key(
            user=request.user,
            route=request.resolver_match.route,
            key=key,
            fingerprint=fingerprint,
            at=database_now(),
        )
    except OperationalError as error:
        raise Conflict(_("A request with this key is still running."), code="key_in_use") from error


def _replay(row: IdempotencyKey, fingerprint: str) -> HttpResponse:
    if row.fingerprint != fingerprint:
        raise Unprocessable(_("This key was used for another request."), code="key_reused")
    if row.status is None:
        raise Conflict(_("A request with this key is still running."), code="key_in_use")
    response = HttpResponse(row.body, status=row.status, content_type="application/json")
    response.headers[REPLAYED] = "true"
    return response

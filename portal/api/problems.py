"""Every error as application/problem+json (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.signals import got_request_exception
from django.db import DataError, OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from psycopg.errors import DeadlockDetected, LockNotAvailable
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class Conflict(exceptions.APIException):
    """What was asked does not fit how things stand now."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class Unprocessable(exceptions.APIException):
    """The body is well formed but cannot be meant."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "unprocessable"


class Busy(exceptions.APIException):
    """Somebody else works on the same case this moment."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "busy"
    wait = 3  # seconds; sent as Retry-After


def answer(error: Exception, context: Mapping[str, Any]) -> Response:
    """Return the problem for whatever a view raised; what nobody foresaw is logged and told without detail."""
    known = _known(error)
    if known is None:
        request = context["request"]._request
        log.error("unforeseen error in the API", exc_info=error)
        got_request_exception.send(sender=None, request=request)
        return problem(context, HTTPStatus.INTERNAL_SERVER_ERROR, "error", _("Something failed on our side."))
    plain = exception_handler(known, dict(context))
    headers = {
        name: plain.headers[name]
        for name in ("WWW-Authenticate", "Retry-After")
        if plain is not None and plain.has_header(name)
    }
    if isinstance(known, exceptions.ValidationError):
        detail, errors = _("Some fields are not as they must be."), list(_flat(known.get_full_details()))
        response = problem(context, HTTPStatus(known.status_code), "invalid", detail, errors=errors)
    else:
        code = known.get_codes() if isinstance(known.get_codes(), str) else known.default_code
        response = problem(context, HTTPStatus(known.status_code), str(code), str(known.detail))
    for name, value in headers.items():
        response.headers[name] = value
    return response


def problem(
    context: Mapping[str, Any],
    of: HTTPStatus,
    code: str,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
) -> Response:
    """Return one problem: `code` is stable and for programs, `detail` is for people and in their language."""
    request = context["request"]
    body: dict[str, Any] = {
        "type": f"urn:one-stop:problem:{code}",
        "title": of.phrase,
        "status": of.value,
        "code": code,
        "detail": detail,
        "instance": request.path,
        "request_id": getattr(request._request, "request_id", ""),
    }
    if errors is not None:
        body["errors"] = errors
    return Response(body, status=of.value, content_type=MEDIA_TYPE)


def _known(error: Exception) -> exceptions.APIException | None:
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, DataError) and "NUL" in str(error):  # in an address: PostgreSQL keeps none, so nothing has it
        return exceptions.NotFound()
    if isinstance(error, OperationalError) and isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
        return Busy(_("Somebody else works on this case at this moment. Try again in a few seconds."))
    return None


def _flat(details: Any, place: str = "") -> Iterator[dict[str, str]]:
    """Return field, code and message of every error, nested places joined by dots."""
    if isinstance(details, list):
        for number, one in enumerate(details):
            leaf = isinstance(one, dict) and set(one) == {"message", "code"}
            yield from _flat(one, place if leaf else f"{place}.{number}".lstrip("."))
    elif isinstance(details, dict) and set(details) == {"message", "code"} and not isinstance(details["code"], dict):
        yield {"field": place, "code": str(details["code"]), "message": str(details["message"])}
    elif isinstance(details, dict):
        for name, one in details.items():
            yield from _flat(one, place if name == "non_field_errors" else f"{place}.{name}".lstrip("."))

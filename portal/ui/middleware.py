"""Middleware that knows no domain: request numbers, headers, the reader's language, sign-in inside htmx."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import translation

from portal.ui.early import EarlyPage
from portal.ui.errors import bad_request

_log = structlog.get_logger("portal.request")
_GIVEN_NUMBER = re.compile(r"[A-Za-z0-9_-]{8,64}")
Next = Callable[[HttpRequest], HttpResponseBase]


class RequestLogMiddleware:
    """Give every request a number, return it as X-Request-ID and write one log line per request.

    A number from the proxy before us is kept when it looks like one. The line names the route, never the query
    string or the form, as those hold what people typed.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        given = request.headers.get("X-Request-ID", "")
        number = given if _GIVEN_NUMBER.fullmatch(given) else secrets.token_urlsafe(12)
        request.request_id = number  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=number)
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            response.headers["X-Request-ID"] = number
            if isinstance(response, EarlyPage):
                bind = partial(structlog.contextvars.bind_contextvars, request_id=number)
                response.logged(begin=bind, finish=partial(_finished, request, response.status_code, started))
            elif not request.path.startswith("/healthz/"):
                _write_line(request, response.status_code, started)
            return response
        finally:
            structlog.contextvars.clear_contextvars()


def _known_user(request: HttpRequest) -> Any:
    """Return the user if anybody asked for her already; never ask the database here, it may be what failed."""
    return getattr(request, "_cached_user", None)


def _write_line(request: HttpRequest, status: int, started: float) -> None:
    match = request.resolver_match
    user = _known_user(request)
    _log.info(
        "request",
        method=request.method,
        route=match.route if match else "(none)",
        status=status,
        milliseconds=round((time.perf_counter() - started) * 1000),
        user_id=user.pk if user is not None else None,
    )


def _finished(request: HttpRequest, status: int, started: float) -> None:
    """Write the line of a page that was sent in two parts, once the second is made."""
    _write_line(request, status, started)
    structlog.contextvars.clear_contextvars()


class SecurityHeadersMiddleware:
    """Send Permissions-Policy, and forbid caches to keep what a signed-in person saw."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        user = _known_user(request)
        if user is not None and user.is_authenticated:
            response.headers.setdefault("Cache-Control", "no-store, private")
        return response


class UnstorableTextMiddleware:
    """Answer 400 to a request with a NUL where a row is looked up: PostgreSQL has no text that holds one.

    Fields of forms refuse it themselves, with words; this is for ids and codes that no page of ours sends like that.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Answer 400 if this is what the database complained about."""
        return bad_request(request) if isinstance(exception, DataError) and "NUL" in str(exception) else None


class ProfileLanguageMiddleware:
    """Show a signed-in person the language of her profile; visitors keep that of their cookie or browser."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        language = getattr(request.user, "language", None) if request.user.is_authenticated else None
        if language and language in dict(settings.LANGUAGES):
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language()
        return self.get_response(request)


class HtmxLoginRequiredMiddleware(LoginRequiredMiddleware):
    """Every page asks for a sign-in unless its view says otherwise; a fragment sends the whole page to sign-in."""

    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseBase:
        """Redirect to the sign-in page; for htmx by its own header, else the page would be put into the fragment."""
        response: HttpResponseBase = super().handle_no_permission(request, view_func)
        if request.headers.get("HX-Request") != "true" or not response.has_header("Location"):
            return response
        return HttpResponse(status=401, headers={"HX-Redirect": response.headers["Location"]})

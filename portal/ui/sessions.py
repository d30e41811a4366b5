"""How long a sign-in lasts: 30 minutes without a click, 12 hours in all for staff, 24 for citizens (ASVS 5.0, V7.3)."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase

STARTED, SEEN, AUDIENCE = "started", "seen", "audience"
LEFT_BY = "left_by"  # in a visitor's session: key of the user who was signed in here before
STAFF = "staff"
_WRITE_EVERY_SECONDS = 60  # so that reading a page does not write a session row each time


class SessionLimitsMiddleware:
    """End a session that was idle or old for too long; the request goes on as a visitor's.

    The session's `audience` is set at sign-in; without it only administrators count as staff.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        was = request.user.pk if request.user.is_authenticated else None
        if was is not None:
            self._check(request, now=time.time(), was=was)
        response = self.get_response(request)
        if was is not None and not request.user.is_authenticated:
            request.session[LEFT_BY] = was
        return response

    def _check(self, request: HttpRequest, *, now: float, was: int) -> None:
        session = request.session
        staff = session.get(AUDIENCE) == STAFF or getattr(request.user, "is_staff", False)
        limit = settings.SESSION_LIMIT_STAFF if staff else settings.SESSION_LIMIT_CITIZEN
        started, seen = session.setdefault(STARTED, now), session.setdefault(SEEN, now)
        if now - seen > settings.SESSION_IDLE_LIMIT.total_seconds() or now - started > limit.total_seconds():
            logout(request)
            request.session[LEFT_BY] = was
        elif now - seen > _WRITE_EVERY_SECONDS:
            session[SEEN] = now

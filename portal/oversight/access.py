"""The door's lock: managers and auditors only."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from services.cases.permissions import oversees
from workflows.queries.calendars import database_now


def overseers_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refuse everybody who does not oversee, and hand the view the instant as `at`."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        at = database_now()
        if not oversees(request.user, at):
            raise PermissionDenied
        return view(request, *args, at=at, **kwargs)

    return guarded

"""The door's lock: managers and auditors; to the calendars administrators too, who alone change them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from services.access.enums import Purpose
from services.cases.operations.refused import note_refused_case
from services.cases.permissions import oversees
from services.parties.permissions import can_keep_calendars
from workflows.queries.calendars import database_now


def overseers_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refuse everybody who does not oversee, and hand the view the instant as `at`."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        at = database_now()
        if not oversees(request.user, at):
            if "public_id" in kwargs:
                note_refused_case(public_id=kwargs["public_id"], by=request.user, purpose=Purpose.SUPERVISION, at=at)
            raise PermissionDenied
        return view(request, *args, at=at, **kwargs)

    return guarded


def calendar_readers_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let in who oversees and who keeps the calendars; hand the view the instant, and whether she keeps them."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        at = database_now()
        keeps = can_keep_calendars(request.user, at)
        if not keeps and not oversees(request.user, at):
            raise PermissionDenied
        return view(request, *args, at=at, keeps=keeps, **kwargs)

    return guarded


def calendar_keepers_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refuse everybody who does not keep the calendars, and hand the view the instant as `at`."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        at = database_now()
        if not can_keep_calendars(request.user, at):
            raise PermissionDenied
        return view(request, *args, at=at, **kwargs)

    return guarded

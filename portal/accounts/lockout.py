"""Whom a failed sign-in counts against, and that tries are counted one after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.http import HttpRequest

from portal.ui.network import address_of
from services.access.operations import one_after_another

Checked = TypeVar("Checked")


def name_tried(request: HttpRequest, credentials: Mapping[str, str] | None = None) -> str:
    """Return the name or address somebody tried to sign in with, for django-axes.

    Our form calls the field `login`, the check of the password `username` or `email`; all must count together.
    """
    given = credentials or {}
    name = given.get("username") or given.get("email") or request.POST.get("login") or request.POST.get("username")
    return (name or "").strip().lower()


def sign_in_of(request: HttpRequest) -> tuple[str, str, str, str]:
    """Name what failed sign-ins are counted together by, as AXES_LOCKOUT_PARAMETERS says."""
    return "sign-in", address_of(request), request.headers.get("User-Agent", ""), name_tried(request)


def in_turn(check: Callable[[], Checked], *about: object) -> Checked:
    """Check a password or code after those before it were counted. What a refusal wrote down stays.

    Two requests at once would both see one try left, and both take it. about: as `one_after_another`.
    """
    with one_after_another(*about):
        try:
            return check()
        except ValidationError as error:
            refused = error
    raise refused

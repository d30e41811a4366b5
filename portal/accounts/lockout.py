"""Whom a failed sign-in counts against."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest


def name_tried(request: HttpRequest, credentials: Mapping[str, str] | None = None) -> str:
    """Return the name or address somebody tried to sign in with, for django-axes.

    Our form calls the field `login`, the check of the password `username` or `email`; all must count together.
    """
    given = credentials or {}
    name = given.get("username") or given.get("email") or request.POST.get("login") or request.POST.get("username")
    return (name or "").strip().lower()

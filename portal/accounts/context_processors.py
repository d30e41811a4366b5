"""What the header shows to somebody who signed in: her doors and how many messages wait."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.landing import DOORS
from portal.accounts.models import User
from services.notifications import queries as notifications
from services.parties.queries import posts_of

_WORDS = {
    "counter:intake": _("Window"),
    "desk:inbox": _("My tasks"),
    "oversight:board": _("Time-limit board"),
    "studio:home": _("Service design"),
    "oversight:calendars": _("Calendars"),
    "admin:index": _("Administration"),
}


def doors(request: HttpRequest) -> dict[str, Any]:
    """Return `nav_items` and `unread_count`; each is asked for at most once, and only by pages that show it."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_authenticated:
        return {"nav_items": [], "unread_count": 0}

    @cache
    def nav_items() -> list[dict[str, object]]:
        return _doors_of(user, request.path)

    @cache
    def unread_count() -> int:
        return notifications.unread_count(user)

    return {"nav_items": nav_items, "unread_count": unread_count}


def _doors_of(user: User, path: str) -> list[dict[str, object]]:
    roles = {post.role for post in posts_of(user, timezone.now())}
    items: list[dict[str, object]] = []
    for needed, name in DOORS:
        if not roles & needed:
            continue
        try:
            url = reverse(name)
        except NoReverseMatch:  # a door that this installation does not have
            continue
        items.append({"url": url, "word": _WORDS[name], "current": path == url})
    return items

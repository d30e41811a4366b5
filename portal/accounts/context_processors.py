"""What the header shows to somebody who signed in: her doors and how many messages wait."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.landing import DOORS
from portal.accounts.models import User
from services.notifications.queries import MANY_UNREAD, UNREAD
from services.parties.queries import POSTS, posts_in
from services.parties.references import Post
from workflows.queries.together import Asked, answers

_WORDS = {
    "counter:intake": _("Window"),
    "desk:inbox": _("My tasks"),
    "oversight:board": _("Time-limit board"),
    "studio:home": _("Service design"),
    "oversight:calendars": _("Calendars"),
    "admin:index": _("Administration"),
}

_ANSWERED = "doors_answered"


def doors(request: HttpRequest) -> dict[str, Any]:
    """Return `nav_items` and `unread_count`; both are asked for together, once, and only by pages that show them."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_authenticated:
        return {"nav_items": [], "unread_count": 0}

    @cache
    def asked() -> tuple[frozenset[Post], int]:
        posts, [[unread]] = getattr(request, _ANSWERED, None) or answers(*doors_asked(request))
        return posts_in(posts) if user.is_active else frozenset(), unread

    @cache
    def nav_items() -> list[dict[str, object]]:
        return _doors_of(asked()[0], request.path)

    def unread_count() -> int | str:
        unread = asked()[1]
        return f"{MANY_UNREAD - 1}+" if unread >= MANY_UNREAD else unread

    return {"nav_items": nav_items, "unread_count": unread_count}


def doors_asked(request: HttpRequest) -> tuple[Asked[Any], ...]:
    """Return what `doors` asks about somebody who signed in, for a page that asks it along with its own questions."""
    return POSTS.about(request.user.pk, timezone.now()), UNREAD.about(user=request.user.pk)


def doors_answered(request: HttpRequest, rows: Sequence[list[Any]]) -> None:
    """Keep the answers to `doors_asked` with the request."""
    setattr(request, _ANSWERED, rows)


def _doors_of(posts: Collection[Post], path: str) -> list[dict[str, object]]:
    roles = {post.role for post in posts}
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

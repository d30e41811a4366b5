"""What follows a sign-in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from portal.accounts.landing import is_staff
from portal.accounts.models import User
from portal.ui.context_processors import LARGE_TEXT_COOKIE
from portal.ui.sessions import AUDIENCE, STAFF


@receiver(user_logged_in)
def mark_staff_session(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    """Let sessions of people with a post end as staff sessions do."""
    if is_staff(user, timezone.now()):
        request.session[AUDIENCE] = STAFF


@receiver(user_logged_in)
def keep_large_text(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    """Take along what she chose before she signed in; a machine that never heard of it does not switch it off."""
    if request.COOKIES.get(LARGE_TEXT_COOKIE) == "on" and not user.large_text:
        user.large_text = True
        user.save(update_fields=["large_text"])

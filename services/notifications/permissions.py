"""Who may read a notice, and who may mend those that could not be sent."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from services.notifications.enums import Channel
from services.notifications.models import Notice
from services.parties.enums import Role
from services.parties.queries import posts_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from portal.accounts.models import User


def can_read_notice(user: User | AnonymousUser, notice: Notice) -> bool:
    """Only the recipient reads a message, and only in her inbox."""
    return bool(user.is_active) and notice.channel == Channel.INBOX and notice.recipient_id == user.pk


def can_mend_notices(user: User | AnonymousUser, at: datetime) -> bool:
    """Managers and administrators send again or cancel what could not be sent; they do not see its text."""
    if user.is_active and user.is_superuser:
        return True
    return any(post.role in (Role.MANAGER, Role.ADMIN) for post in posts_of(user, at))

"""What is done with notices: read, and mend those that got stuck. `owing.py` owes them, `dispatch.py` sends them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from services.notifications.dispatch import Dispatched, dispatch_notices
from services.notifications.enums import Channel, NoticeStatus
from services.notifications.models import Notice
from services.notifications.owing import DISPATCH_TASK, owe_notices, owe_to_address
from services.notifications.preferences import Preferences
from workflows.wake import wake

if TYPE_CHECKING:
    from portal.accounts.models import User

__all__ = [
    "DISPATCH_TASK",
    "Dispatched",
    "NoticeStateError",
    "cancel_notice",
    "change_settings",
    "dispatch_notices",
    "mark_read",
    "owe_notices",
    "owe_to_address",
    "retry_notice",
]


class NoticeStateError(Exception):
    """The notice cannot be retried or cancelled as it stands; the message says why, for the person who tried."""


def mark_read(*, by: User, at: datetime, public_ids: Iterable[str] | None = None) -> int:
    """Note that somebody has read messages of her own inbox: the named ones, or all of them.

    Ids of other people's messages, and words that are no ids, are passed over. Returns how many were unread before.
    """
    unread = Notice.objects.filter(channel=Channel.INBOX, recipient=by, read_at__isnull=True)
    if public_ids is not None:
        wanted = set(public_ids)
        unread = unread.filter(
            pk__in=[notice.pk for notice in unread.only("provider_key") if notice.public_id in wanted]
        )
    return unread.update(read_at=at)


@transaction.atomic
def retry_notice(*, notice: Notice, by: User, at: datetime) -> Notice:
    """Send a notice that was given up, or waits for its next attempt, at once and with a full set of attempts.

    It goes to the address the person has now. Effects: the notice is queued; a wake-up after the commit.

    Raises:
        NoticeStateError: the notice is on its way, sent or cancelled.
    """
    notice = Notice.objects.select_for_update().get(pk=notice.pk)
    if notice.status not in (NoticeStatus.DEAD, NoticeStatus.RETRY):
        raise NoticeStateError(_("Only a message that failed can be sent again."))
    notice.status, notice.attempts, notice.next_attempt_at = NoticeStatus.QUEUED, 0, at
    notice.handled_by, notice.handled_at = by, at
    notice.save(update_fields=["status", "attempts", "next_attempt_at", "handled_by", "handled_at"])
    wake(DISPATCH_TASK)
    return notice


@transaction.atomic
def cancel_notice(*, notice: Notice, by: User, at: datetime) -> Notice:
    """Give up a notice that was not sent.

    Raises:
        NoticeStateError: the notice is on its way, sent or cancelled already.
    """
    notice = Notice.objects.select_for_update().get(pk=notice.pk)
    if notice.status not in (NoticeStatus.DEAD, NoticeStatus.RETRY, NoticeStatus.QUEUED, NoticeStatus.GATHERED):
        raise NoticeStateError(_("Only a message that still waits can be cancelled."))
    notice.status, notice.next_attempt_at = NoticeStatus.CANCELLED, None
    notice.handled_by, notice.handled_at = by, at
    notice.save(update_fields=["status", "next_attempt_at", "handled_by", "handled_at"])
    return notice


@transaction.atomic
def change_settings(*, user: User, language: str, preferences: Preferences) -> None:
    """Store how she wants to be told, and in which language. What is owed already goes out as it was owed.

    Whether her program is told follows from its endpoint and is left as it is.
    """
    row = get_user_model().objects.select_for_update(no_key=True).get(pk=user.pk)
    webhook = Preferences.read(row.notice_settings).webhook
    row.language, row.notice_settings = language, replace(preferences, webhook=webhook).stored()
    row.save(update_fields=["language", "notice_settings"])
    user.language, user.notice_settings = row.language, row.notice_settings

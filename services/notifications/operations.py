"""What is done with notices: owe, read, and mend those that got stuck. Sending stands in `dispatch.py`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from services.notifications.dispatch import Dispatched, dispatch_notices
from services.notifications.drafts import DraftError, NoticeDraft
from services.notifications.enums import Channel, NoticeStatus
from services.notifications.messages import MessageError, message_kind, needed_params
from services.notifications.models import Notice
from services.notifications.queries import Contact, channels_in_use, contact_of, contacts_of
from workflows.wake import wake

if TYPE_CHECKING:
    from portal.accounts.models import User

__all__ = [
    "Dispatched",
    "NoticeStateError",
    "cancel_notice",
    "dispatch_notices",
    "mark_read",
    "owe_notices",
    "retry_notice",
]

DISPATCH_TASK = "services.notifications.tasks.dispatch_notices_task"


class NoticeStateError(Exception):
    """The notice cannot be retried or cancelled as it stands; the message says why, for the person who tried."""


def owe_notices(drafts: Iterable[NoticeDraft], *, at: datetime, recipients: Iterable[User] = ()) -> None:
    """Write down what is owed to whom, in the caller's transaction; owing the same again changes nothing.

    Each draft becomes one row per channel that its kind has, the installation uses and the person can be reached on.
    The inbox row is delivered by being written: exactly once. The others wait for `dispatch_notices`.
    recipients: those whom the caller has read, with their `person`; only the others are read here.

    Effects: notices, all or none; a wake-up for the dispatcher after the commit.

    Raises:
        DraftError: a draft has an unknown kind or recipient, lacks a value its texts need, or links off the site.
    """
    drafts, contacts = list(drafts), {user.pk: contact_of(user) for user in recipients}
    if unread := {draft.recipient_user_id for draft in drafts} - contacts.keys():
        contacts |= contacts_of(unread)
    rows = [row for draft in drafts for row in _rows(draft, contacts, at)]
    # One order for everybody: two transactions that owe the same notices wait for each other instead of deadlocking.
    rows.sort(key=lambda row: row.dedup_key)
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    if any(row.channel != Channel.INBOX for row in rows):
        wake(DISPATCH_TASK)


def _rows(draft: NoticeDraft, contacts: dict[int, Contact], at: datetime) -> list[Notice]:
    contact = contacts.get(draft.recipient_user_id)
    if contact is None:
        raise DraftError(f"{draft.kind}: there is no user {draft.recipient_user_id}.")
    if draft.link and (not draft.link.startswith("/") or draft.link[1:2] in ("/", "\\")):
        raise DraftError(f"{draft.kind}: the link must be a path of this site.")
    try:
        params, channels = needed_params(draft.kind, draft.params), message_kind(draft.kind).channels
    except MessageError as error:
        raise DraftError(str(error)) from error
    wanted = [name for name in channels if draft.channels is None or name in (*draft.channels, Channel.INBOX)]
    usable = [name for name in wanted if name in channels_in_use() and _reachable(name, contact)]
    return [_row(draft, name, params, contact.language, at) for name in usable]


def _reachable(channel: str, contact: Contact) -> bool:
    return channel == Channel.INBOX or bool(contact.address(channel))


def _row(draft: NoticeDraft, channel: str, params: dict[str, str], language: str, at: datetime) -> Notice:
    here = channel == Channel.INBOX
    return Notice(
        subject_kind=draft.subject_kind,
        subject_id=draft.subject_id,
        kind=draft.kind,
        round=draft.round,
        channel=channel,
        recipient_id=draft.recipient_user_id,
        language=language,
        params=params,
        link=draft.link,
        status=NoticeStatus.SENT if here else NoticeStatus.QUEUED,
        next_attempt_at=None if here else at,
        sent_at=at if here else None,
        created_at=at,
    )


def mark_read(*, by: User, at: datetime, public_ids: Iterable[str] | None = None) -> int:
    """Note that somebody has read messages of her own inbox: the named ones, or all of them.

    Ids of other people's messages are passed over. Returns how many were unread before.
    """
    unread = Notice.objects.filter(channel=Channel.INBOX, recipient=by, read_at__isnull=True)
    if public_ids is not None:
        unread = unread.filter(public_id__in=list(public_ids))
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
    if notice.status not in (NoticeStatus.DEAD, NoticeStatus.RETRY, NoticeStatus.QUEUED):
        raise NoticeStateError(_("Only a message that still waits can be cancelled."))
    notice.status, notice.next_attempt_at = NoticeStatus.CANCELLED, None
    notice.handled_by, notice.handled_at = by, at
    notice.save(update_fields=["status", "next_attempt_at", "handled_by", "handled_at"])
    return notice

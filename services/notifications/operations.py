"""What is done with notices: owe, send, read, and help those that got stuck."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from django.db import transaction

from services.notifications.drafts import DraftError, NoticeDraft
from services.notifications.enums import Channel, NoticeStatus
from services.notifications.messages import MessageError, message_kind, needed_params
from services.notifications.models import Notice
from services.notifications.queries import Contact, channels_in_use, contacts_of
from workflows import wake

DISPATCH_TASK = "services.notifications.tasks.dispatch_notices_task"


@transaction.atomic
def owe_notices(drafts: Iterable[NoticeDraft], *, at: datetime) -> None:
    """Write down what is owed to whom, in the caller's transaction; owing the same again changes nothing.

    Each draft becomes one row per channel that its kind has, the installation uses and the person can be reached on.
    The inbox row is delivered by being written: exactly once. The others wait for `dispatch_notices`.

    Effects: notices; a wake-up for the dispatcher after the commit.

    Raises:
        DraftError: a draft has an unknown kind or recipient, lacks a value its texts need, or links off the site.
    """
    drafts = list(drafts)
    contacts = contacts_of(draft.recipient_user_id for draft in drafts)
    rows = [row for draft in drafts for row in _rows(draft, contacts, at)]
    # One order for everybody: two transactions that owe the same notices wait for each other instead of deadlocking.
    rows.sort(key=lambda row: row.dedup_key)
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    if any(row.channel != Channel.INBOX for row in rows):
        # A hint only: the row is what counts, and beat finds it without the hint.
        transaction.on_commit(partial(_wake_dispatcher), robust=True)


def _wake_dispatcher() -> None:
    wake.wake(DISPATCH_TASK)


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
    usable = [name for name in channels if name in channels_in_use() and _reachable(name, contact)]
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
        dedup_key=draft.dedup_key(channel),
        status=NoticeStatus.SENT if here else NoticeStatus.QUEUED,
        next_attempt_at=None if here else at,
        sent_at=at if here else None,
        created_at=at,
    )

"""Write down what is owed. One statement writes any number of notices: the first morning after a holiday owes many."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone

from services.notifications.drafts import DraftError, NoticeDraft, dedup_key
from services.notifications.enums import Channel, NoticeStatus
from services.notifications.messages import MessageError, MessageKind, message_kind, needed_params
from services.notifications.models import AddressCorrection, Notice
from services.notifications.preferences import Preferences
from services.notifications.queries import Contact, channels_in_use, contact_of, contacts_of, notices_of
from workflows.wake import wake

if TYPE_CHECKING:
    from portal.accounts.models import User

#: Values that were packed already, by kind and identity of the draft's values: those live as long as the drafts do.
Packed = dict[tuple[str, int], tuple[bytes, MessageKind]]
DISPATCH_TASK = "services.notifications.tasks.dispatch_notices_task"

# Rows travel as one JSON text: a model object per row would cost ten times as much as the row itself.
INSERT = """
insert into notifications_notice (
    subject_kind, subject_id, kind, round, channel, recipient_id, language, params, link, status, attempts,
    next_attempt_at, lease_by, provider_key, last_error, created_at, sent_at
)
select subject_kind, subject_id, kind, round, channel, recipient_id, language, decode(params, 'base64'), link,
    status, 0, due, '', gen_random_uuid(), '', %(at)s, case status when 'sent' then %(at)s end
from json_to_recordset(%(rows)s::json) as owed (
    subject_kind text, subject_id text, kind text, round int, channel text, recipient_id bigint, language text,
    params text, link text, status text, due timestamptz
)
on conflict do nothing
"""


def owe_notices(drafts: Iterable[NoticeDraft], *, at: datetime, recipients: Iterable[User] = ()) -> None:
    """Write down what is owed to whom, in the caller's transaction; owing the same again changes nothing.

    Each draft becomes one row per channel that its kind has, the installation uses and the person can be reached on and
    has not switched off. The inbox row is delivered by being written: exactly once. The others wait for
    `dispatch_notices`, a text message till her quiet hours end, a mail she wants gathered till the next digest.
    recipients: those whom the caller has read, with their `person`; only the others are read here.

    Effects: notices, all or none; a wake-up for the dispatcher after the commit.

    Raises:
        DraftError: a draft has an unknown kind or recipient, lacks a value its texts need, or links off the site.
    """
    drafts, contacts = list(drafts), {user.pk: contact_of(user) for user in recipients}
    if unread := {draft.recipient_user_id for draft in drafts} - contacts.keys():
        contacts |= contacts_of(unread)
    used = channels_in_use()
    packed: Packed = {}
    rows = [row for draft in drafts for row in _rows(draft, contacts, used, packed, at)]
    if not rows:
        return
    # One order for everybody: two transactions that owe the same notices wait for each other instead of deadlocking.
    rows.sort(key=lambda row: row[0])
    with connection.cursor() as cursor:
        cursor.execute(INSERT, {"rows": json.dumps([row for _, row in rows]), "at": at})
    if any(row["status"] == NoticeStatus.QUEUED for _, row in rows):
        wake(DISPATCH_TASK)


def owe_to_address(draft: NoticeDraft, *, channel: Channel, address: str, at: datetime) -> bool:
    """Owe one message to somebody of whom only an address is known; owing the same again changes nothing.

    draft: its recipient is whoever asked for the message: in her language, and not in her quiet hours.
    address: a mobile number or an e-mail address, checked by the caller; kept encrypted.
    Returns whether it will be sent: False where this installation has no such channel. Effects: a notice with its
    address, a wake-up after the commit. Raises DraftError as `owe_notices` does.
    """
    values, kind = _packed(draft, {})
    if channel not in channels_in_use() or channel not in kind.channels:
        return False
    contact = contacts_of([draft.recipient_user_id])[draft.recipient_user_id]
    _key, row = _row(draft, channel, values, contact.language)
    status, due = _when(kind, channel, replace(contact.preferences, digest_at=()), at)
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT, {"rows": json.dumps([{**row, "status": status, "due": due and due.isoformat()}]), "at": at}
        )
    same = notices_of(draft.subject_kind, draft.subject_id).filter(kind=draft.kind, round=draft.round, channel=channel)
    notice = same.get(recipient_id=draft.recipient_user_id)
    if not notice.corrections.exists():
        AddressCorrection.objects.create(
            notice=notice, address=address, reason="", by_id=draft.recipient_user_id, at=at
        )
    wake(DISPATCH_TASK)
    return True


def _rows(
    draft: NoticeDraft, contacts: dict[int, Contact], used: frozenset[str], packed: Packed, at: datetime
) -> Iterable[tuple[str, dict[str, Any]]]:
    contact = contacts.get(draft.recipient_user_id)
    if contact is None:
        raise DraftError(f"{draft.kind}: there is no user {draft.recipient_user_id}.")
    if draft.link and (not draft.link.startswith("/") or draft.link[1:2] in ("/", "\\")):
        raise DraftError(f"{draft.kind}: the link must be a path of this site.")
    values, kind = _packed(draft, packed)
    for channel in contact.preferences.channels_for(kind):
        wanted = draft.channels is None or channel in (*draft.channels, Channel.INBOX)
        if wanted and channel in used and _reachable(channel, contact):
            status, due = _when(kind, channel, contact.preferences, at)
            key, row = _row(draft, channel, values, contact.language)
            yield key, {**row, "status": status, "due": due and due.isoformat()}


def _packed(draft: NoticeDraft, packed: Packed) -> tuple[bytes, MessageKind]:
    """Return a draft's values as they are encrypted, and its kind; people told the same share the work."""
    key = (draft.kind, id(draft.params))
    if key not in packed:
        try:
            params, kind = needed_params(draft.kind, draft.params), message_kind(draft.kind)
        except MessageError as error:
            raise DraftError(str(error)) from error
        packed[key] = Notice.params.field.encode_value(params), kind
    return packed[key]


def _when(kind: MessageKind, channel: str, preferences: Preferences, at: datetime) -> tuple[str, datetime | None]:
    """Return with which status a notice begins, and from when it may be sent."""
    zone = timezone.get_default_timezone()
    if channel == Channel.INBOX:
        return NoticeStatus.SENT, None
    if channel == Channel.EMAIL and preferences.gathers(kind):
        return NoticeStatus.GATHERED, preferences.next_digest(at, zone)
    return NoticeStatus.QUEUED, preferences.loud_from(kind, at, zone) if channel == Channel.SMS else at


def _reachable(channel: str, contact: Contact) -> bool:
    # An endpoint that was switched off is no longer among the preferences.
    return channel in (Channel.INBOX, Channel.WEBHOOK) or bool(contact.address(channel))


def _row(draft: NoticeDraft, channel: str, values: bytes, language: str) -> tuple[str, dict[str, Any]]:
    """Return the row, and the key by which it exists once."""
    to = draft.recipient_user_id
    key = dedup_key(draft.subject_kind, draft.subject_id, draft.kind, draft.round, channel, to)
    return key, {
        "subject_kind": draft.subject_kind,
        "subject_id": draft.subject_id,
        "kind": draft.kind,
        "round": draft.round,
        "channel": channel,
        "recipient_id": to,
        "language": language,
        "params": base64.b64encode(Notice.params.field.seal_encoded(values, row=key)).decode(),
        "link": draft.link,
    }

"""How far the messages got that carry the link of an invitation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.cases.models import SignerInvitation
from services.notifications.enums import NoticeStatus
from services.notifications.queries import notices_of

#: The kind of the message with the link, of `services/notifications/data/messages.yaml`.
LETTER = "sign_by_link"


@dataclass(frozen=True, kw_only=True)
class InvitationLetter:
    """One message with the link. round: 0 for the first sending. sent_at: when the mail or text service took it."""

    channel: str
    round: int
    owed_at: datetime
    sent_at: datetime | None
    failed: bool


def letters_of(invitation: SignerInvitation) -> Sequence[InvitationLetter]:
    """Return the messages that were sent, or will be, with the link of an invitation, oldest first."""
    return [
        InvitationLetter(
            channel=notice.channel,
            round=notice.round,
            owed_at=notice.created_at,
            sent_at=notice.sent_at,
            failed=notice.status in (NoticeStatus.DEAD, NoticeStatus.CANCELLED),
        )
        for notice in notices_of("invitation", invitation.pk).filter(kind=LETTER)
    ]


def last_letters(letters: Sequence[InvitationLetter]) -> list[InvitationLetter]:
    """Return the last message per channel: where the sending stands now."""
    return list({letter.channel: letter for letter in letters}.values())

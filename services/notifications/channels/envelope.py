"""What a sender needs to send one message."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.notifications.messages import Message


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """One message with its address.

    key: goes with every attempt, so that a receiver can drop a repetition.
    link: path on this site, or "".
    """

    key: UUID
    to: str
    language: str
    message: Message
    link: str

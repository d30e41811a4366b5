"""What a sender needs to send one message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from services.notifications.messages import Message


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a program listens. secrets: each signs; there are two while one replaces the other."""

    url: str
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        """Show no secret."""
        return "Endpoint(…)"


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """One message with its address.

    key: goes with every attempt, so that a receiver can drop a repetition.
    link: path on this site, or "".
    facts: what a program is told instead of the text: no name, no address.
    """

    key: UUID
    to: str
    language: str
    message: Message
    link: str
    facts: Mapping[str, str] = field(default_factory=dict)
    endpoint: Endpoint | None = None

"""What a caller owes somebody, before it becomes rows of the outbox."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID


def dedup_key(subject_kind: str, subject_id: str, kind: str, round: int, channel: str, recipient_id: int) -> str:
    """Return the key (sha256, hex) by which a message exists once per channel, however often it is owed."""
    parts = f"{subject_kind}|{subject_id}|{kind}|{round}|{channel}|{recipient_id}"
    return hashlib.sha256(parts.encode()).hexdigest()


def once_about(subject_kind: str, subject_id: str) -> tuple[UUID, UUID]:
    """Return between which two values of the outbox's index everything about a subject lies, both included."""
    subject = hashlib.md5(f"{subject_kind}|{subject_id}".encode(), usedforsecurity=False).hexdigest()[:12]
    return UUID(subject + "0" * 20), UUID(subject + "f" * 20)


class DraftError(Exception):
    """A draft cannot become a notice: unknown kind, missing value, or a link that leads off the site."""


@dataclass(frozen=True, kw_only=True)
class NoticeDraft:
    """One message to one person about one event.

    subject_kind, subject_id: what it is about, for example ("case", "34").
    kind: a kind of `data/messages.yaml`.
    round: 0 unless the same event may happen to the same subject again (the second supplement is round 2).
    params: values of the kind's placeholders. A value that differs by language is given as `service_zh` and
        `service_en`, one that does not as `case`; dates as ISO dates. Values the kind does not use are dropped.
    link: path on this site where the matter goes on, beginning with "/".
    channels: the channels the kind's are narrowed to, None for all of them; the inbox is never left out.
    """

    subject_kind: str
    subject_id: str
    kind: str
    round: int = 0
    recipient_user_id: int
    params: Mapping[str, str] = field(default_factory=dict)
    link: str = ""
    channels: tuple[str, ...] | None = None

"""Agree that a register is read for a purpose, and take it back."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from services.exchange.consents import consent_text, consent_version
from services.exchange.models import SharingConsent
from services.exchange.sources import source_of

if TYPE_CHECKING:
    from portal.accounts.models import User


@transaction.atomic
def give_consent(
    *,
    source: str,
    purpose: str,
    subject_kind: str,
    subject_id: str | int,
    by: User,
    at: datetime,
    at_window: bool = False,
) -> SharingConsent:
    """Store that she agreed to a register being read for a purpose, in the text she saw (PIPL arts. 14, 23, 29).

    at_window: she stands at a window and `by` is the clerk who records it. Agreeing again to the same text changes
    nothing; to a newer text is a new consent. Whether she may agree for this subject was decided by the caller.
    Raises UnknownSourceError, KeyError for a purpose without a text.
    """
    text = consent_text(source_of(source), purpose)
    consent, _made = SharingConsent.objects.get_or_create(
        source=source,
        purpose=purpose,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
        version=consent_version(),
        withdrawn_at=None,
        defaults={
            "text_hash": hashlib.sha256(f"{text.zh}\n{text.en}".encode()).hexdigest(),
            "given_by": by,
            "given_at": at,
            "at_window": at_window,
        },
    )
    return consent


@transaction.atomic
def withdraw_consent(
    *, source: str, purpose: str, subject_kind: str, subject_id: str | int, by: User, at: datetime
) -> int:
    """Take consents back (PIPL art. 15): nothing more is read; what was read stays what it was. Returns how many."""
    return SharingConsent.objects.filter(
        source=source,
        purpose=purpose,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
        withdrawn_at=None,
    ).update(withdrawn_at=at, withdrawn_by=by)

"""Questions about the data exchange."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from django.db.models import QuerySet

from services.access.encryption import blind_indexes
from services.exchange.consents import consent_version
from services.exchange.models import SharingConsent, SourceCall, SourceHealth
from services.exchange.sources import source_of


def calls_for(subject_kind: str, subject_id: str | int) -> QuerySet[SourceCall]:
    """Return what was asked for a subject, newest first: shown to the applicant as "who looked at my data"."""
    calls = SourceCall.objects.filter(subject_kind=subject_kind, subject_id=str(subject_id))
    return calls.select_related("asked_by")


def calls_about(source: str, key: str) -> QuerySet[SourceCall]:
    """Return every question about one key, newest first, without ever storing the key itself."""
    indexes = [index for element in source_of(source).keys for index in key_indexes(element, key)]
    return SourceCall.objects.filter(source=source, key_index__in=indexes)


def key_indexes(element: str, key: str) -> list[bytes]:
    """Return the blind indexes of a key of this data element, under every live key of encryption."""
    return blind_indexes(unicodedata.normalize("NFKC", key).strip().upper(), field=f"source_key|{element}")


def resting_sources(at: datetime) -> QuerySet[SourceHealth]:
    """Return the registers that are not asked at this instant because they failed repeatedly."""
    return SourceHealth.objects.filter(rests_until__gt=at).order_by("source")


def consents_of(subject_kind: str, subject_id: str | int) -> QuerySet[SharingConsent]:
    """Return the consents of a subject that are in force: to the text of today and not taken back."""
    return SharingConsent.objects.filter(
        subject_kind=subject_kind, subject_id=str(subject_id), version=consent_version(), withdrawn_at=None
    )


def consents_ever_of(subject_kind: str, subject_id: str | int) -> QuerySet[SharingConsent]:
    """Return every consent of a subject, also those taken back, oldest first."""
    return SharingConsent.objects.filter(subject_kind=subject_kind, subject_id=str(subject_id))

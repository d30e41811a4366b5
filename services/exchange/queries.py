"""Questions about the data exchange."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from services.access.encryption import blind_indexes
from services.exchange.models import SourceCall, SourceHealth
from services.exchange.sources import source_of


def calls_for(subject_kind: str, subject_id: str | int) -> QuerySet[SourceCall]:
    """Return what was asked for a subject, newest first: shown to the applicant as "who looked at my data"."""
    calls = SourceCall.objects.filter(subject_kind=subject_kind, subject_id=str(subject_id))
    return calls.select_related("asked_by")


def calls_about(source: str, key: str) -> QuerySet[SourceCall]:
    """Return every question about one key, newest first, without ever storing the key itself."""
    indexes = blind_indexes(key.strip().upper(), field=f"source_key|{source_of(source).key}")
    return SourceCall.objects.filter(source=source, key_index__in=indexes)


def resting_sources(at: datetime) -> QuerySet[SourceHealth]:
    """Return the registers that are not asked at this instant because they failed repeatedly."""
    return SourceHealth.objects.filter(rests_until__gt=at).order_by("source")

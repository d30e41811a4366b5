"""Questions to the access log."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from services.access.models import AccessLog

if TYPE_CHECKING:
    from portal.accounts.models import User


def accesses_to(subject_kind: str, subject_id: str | int) -> QuerySet[AccessLog]:
    """Return every reading of a subject's data and every refused attempt, newest first."""
    return AccessLog.objects.filter(subject_kind=subject_kind, subject_id=str(subject_id)).select_related("reader")


def accesses_by(reader: User) -> QuerySet[AccessLog]:
    """Return what a reader looked at, newest first."""
    return AccessLog.objects.filter(reader=reader)


def count_of_accesses(*, reader: User, purpose: str, since: datetime) -> int:
    """Return how often a reader read for this purpose, or tried to, from `since` on; limits look-ups."""
    return AccessLog.objects.filter(reader=reader, purpose=purpose, at__gte=since).count()

"""How the machinery does: how long ago what got through, and which cases stand still."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Min, QuerySet

from workflows.models import Progress, Standstill, Timer

#: The row that travels by beat, broker and worker each minute, and that of the sweeps without a broker.
CANARY, SWEEPD = "canary", "sweepd"


def age_of(name: str, at: datetime) -> timedelta | None:
    """Return how long ago something got through, None when it never did."""
    found = Progress.objects.filter(name=name).first()
    return None if found is None else max(at - found.at, timedelta())


def standing_still() -> QuerySet[Standstill]:
    """Return the cases that stand still now, those found first."""
    return Standstill.objects.filter(ended_at__isnull=True).order_by("found_at", "id")


def latest_timer(at: datetime) -> timedelta:
    """Return by how much the most overdue timer is late; nothing when none is."""
    waiting = Timer.objects.filter(fired_at__isnull=True, cancelled_at__isnull=True, due_at__lte=at)
    earliest: datetime | None = waiting.aggregate(earliest=Min("due_at"))["earliest"]
    return timedelta() if earliest is None else at - earliest

"""What a rule touches."""

from __future__ import annotations

from collections.abc import Collection

from workflows.models import Clock


def clocks_touched(kinds: Collection[str]) -> int:
    """Return how many running clocks are of these kinds."""
    return Clock.objects.filter(stopped_at__isnull=True, kind__in=list(kinds)).count()

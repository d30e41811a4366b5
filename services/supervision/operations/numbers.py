"""Numbers of supervision orders (监察编号), without gaps within a year."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from services.cases.models import NumberSeries


def take_numbers(count: int, at: datetime) -> list[str]:
    """Return the year's next numbers, such as JC-2026-00001; locks the series until the transaction ends."""
    year = timezone.localtime(at).year
    series, _ = NumberSeries.objects.get_or_create(key=f"supervision:{year}")
    series = NumberSeries.objects.select_for_update().get(pk=series.pk)
    first, series.last = series.last + 1, series.last + count
    series.save(update_fields=["last"])
    return [f"JC-{year}-{number:05d}" for number in range(first, series.last + 1)]

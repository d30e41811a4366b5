"""Numbers of applications, without gaps."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from services.cases.models import NumberSeries


@transaction.atomic
def next_application_number(at: datetime) -> str:
    """Return the next number of the day, such as YJS-20261122-00001; locks the series until the transaction ends."""
    day = timezone.localtime(at).strftime("%Y%m%d")
    series, _ = NumberSeries.objects.get_or_create(key=f"application:{day}")
    series = NumberSeries.objects.select_for_update().get(pk=series.pk)
    series.last += 1
    series.save(update_fields=["last"])
    return f"YJS-{day}-{series.last:05d}"

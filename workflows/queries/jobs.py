"""Questions about service tasks."""

from __future__ import annotations

from django.db.models import QuerySet

from workflows.enums import JobState
from workflows.models import Job


def incidents() -> QuerySet[Job]:
    """Return the service tasks that were given up and wait for a manager, with their runs, oldest first."""
    return Job.objects.filter(state=JobState.INCIDENT).select_related("run").order_by("queued_at", "id")

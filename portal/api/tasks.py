"""Celery entry of the API: a hint without data, safe to run twice."""

from __future__ import annotations

from celery import shared_task

from portal.api.operations import forget_old
from workflows.queries.calendars import database_now


@shared_task(name="portal.api.tasks.forget_old_task")
def forget_old_task() -> None:
    """Forget answers and tokens that are too old."""
    forget_old(at=database_now())

"""Celery entries of the data exchange."""

from __future__ import annotations

from celery import shared_task

from services.exchange.operations import forget_old_answers
from workflows.queries.calendars import database_now


@shared_task
def forget_old_answers_task() -> int:
    """Delete kept answers that are too old; return how many."""
    return forget_old_answers(at=database_now())

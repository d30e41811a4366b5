"""Celery entry: wake up, one operation."""

from __future__ import annotations

from celery import shared_task

from services.cases.operations.board import fold_board
from workflows.queries.calendars import database_now


@shared_task(name="services.cases.tasks.fold_board_task")
def fold_board_task() -> None:
    """Add up what was appended to the board's counts."""
    fold_board(at=database_now())

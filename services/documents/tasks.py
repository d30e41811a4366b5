"""Celery entries of the documents. A message is only a hint: the rows say what is owed."""

from __future__ import annotations

from celery import shared_task

from services.documents.operations import render_papers
from workflows.queries.calendars import database_now


@shared_task
def render_papers_task() -> int:
    """Render the files of issued papers; return how many."""
    return render_papers(at=database_now())

"""Celery entries of the documents. A message is only a hint: the rows say what is owed."""

from __future__ import annotations

from celery import shared_task

from services.documents.operations import forget_partials, render_papers, scan_uploads
from workflows.queries.calendars import database_now


@shared_task
def render_papers_task() -> int:
    """Render the files of issued papers; return how many."""
    return render_papers(at=database_now())


@shared_task
def scan_uploads_task() -> int:
    """Have the virus scanner look at the uploads that wait for it; return how many got a verdict."""
    return scan_uploads(at=database_now())


@shared_task
def forget_partials_task() -> int:
    """Delete files that arrived in part and were not gone on with; return how many."""
    return forget_partials(at=database_now())

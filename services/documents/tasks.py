"""Celery entries of the documents. A message is only a hint: the rows say what is owed."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from services.documents.operations import render_papers


@shared_task
def render_papers_task() -> int:
    """Render the files of issued papers; return how many."""
    return render_papers(at=timezone.now())

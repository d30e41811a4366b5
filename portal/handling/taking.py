"""Take a task into one's hands and give it back: the same at the window and in a department."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest

from services.cases.operations.refusals import REFUSALS, sentence_for
from workflows.models import Task
from workflows.operations.tasks import claim_task, release_task


def take(request: HttpRequest, task: Task, at: datetime) -> None:
    """Take an open task she may see; what refuses it is said on the next page."""
    try:
        claim_task(task_id=task.pk, by=request.user, at=at)
    except REFUSALS as error:
        messages.error(request, sentence_for(error))


def give_back(request: HttpRequest, task: Task, at: datetime) -> None:
    """Give one's own task back to its post; somebody else's stays where it is."""
    if task.assignee_id != request.user.pk:
        return
    try:
        release_task(task_id=task.pk, by=request.user, at=at)
    except REFUSALS as error:
        messages.error(request, sentence_for(error))

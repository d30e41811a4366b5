"""Questions about tasks and history."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.db.models import F, Q, QuerySet

from workflows.enums import OPEN_TASK_STATES
from workflows.models import HistoryEvent, Task


def open_tasks() -> QuerySet[Task]:
    """Return every open task, the most urgent first; tasks without a due instant come last, oldest first."""
    return Task.objects.filter(state__in=OPEN_TASK_STATES).order_by(F("due_at").asc(nulls_last=True), "id")


def tasks_of_posts(posts: Iterable[tuple[str, str]]) -> QuerySet[Task]:
    """Return the open tasks of these posts (department code, role), the most urgent first."""
    mine = [Q(department=department, role=role) for department, role in posts]
    return open_tasks().filter(reduce(or_, mine)) if mine else open_tasks().none()


def tasks_about(subject_kind: str, subject_id: str) -> QuerySet[Task]:
    """Return all tasks about one subject in the order in which they were opened."""
    return Task.objects.filter(subject_kind=subject_kind, subject_id=subject_id).order_by("opened_at", "id")


def history_of(root_id: int) -> QuerySet[HistoryEvent]:
    """Return the history below one root run, oldest first."""
    return HistoryEvent.objects.filter(root_id=root_id).order_by("seq")

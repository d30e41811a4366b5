"""The share of a step in its case's limit (stage clock), where the service version gives shares: one clock per task."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from services.cases.models import Case
from workflows.enums import ClockKind
from workflows.models import Clock, Run, Task
from workflows.operations.clocks import start_clock, stop_clock


def start_stage_clock(task: Task, case: Case, *, root: Run, at: datetime) -> Clock | None:
    """Start the share of a step that has just opened, if its service gives it one; the task is due by it at the latest.

    Inside the step that opened it: root is the caller's locked row.
    """
    share = case.service.rules.stages.get(task.node)
    if share is None:
        return None
    amount, unit = share.counted_from(timezone.localdate(at))
    clock = start_clock(
        root=root,
        subject_kind="task",
        subject_id=str(task.pk),
        kind=ClockKind.STAGE,
        department=task.department,
        limit_amount=amount,
        limit_unit=unit,
        started_at=at,
        starts_on_event="step",
        by=None,
        at=at,
    )
    if clock.due_at is not None and (task.due_at is None or clock.due_at < task.due_at):
        task.due_at = clock.due_at
        Task.objects.filter(pk=task.pk).update(due_at=task.due_at)
    return clock


def stop_stage_clocks(tasks: Sequence[Task], *, at: datetime) -> None:
    """Stop the shares of steps that ended or were taken away."""
    keys = [str(task.pk) for task in tasks]
    for clock in Clock.objects.filter(subject_kind="task", subject_id__in=keys, stopped_at__isnull=True):
        stop_clock(clock=clock, at=at)

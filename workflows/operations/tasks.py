"""Claim, return and complete tasks. Who may do so is asked by the services above; here everything is checked that
must hold whoever acts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from workflows.enums import OPEN_TASK_STATES, TaskState
from workflows.models import Task
from workflows.operations.locking import lock_root
from workflows.operations.transition import Transition, task_done

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


class TaskHeldError(Exception):
    """Somebody else has claimed the task. `holder` is that user."""

    def __init__(self, holder: AbstractBaseUser) -> None:
        super().__init__("Somebody else is handling this task.")
        self.holder = holder


class TaskClosedError(Exception):
    """The task was completed or taken away meanwhile."""


class UnknownOutcomeError(ValueError):
    """The task cannot be completed with this outcome."""


def _locked(task_id: int) -> Task:
    root = lock_root(Task.objects.values_list("root_id", flat=True).get(pk=task_id))
    task = Task.objects.select_related("run__definition", "assignee").get(pk=task_id)
    task.root = root
    if task.run_id == root.pk:
        task.run = root
    return task


@transaction.atomic
def claim_task(*, task_id: int, by: AbstractBaseUser, at: datetime) -> Task:
    """Take a task into one's own hands; claiming one's own task again changes nothing.

    Raises TaskHeldError if somebody else holds it and TaskClosedError if it is closed.
    """
    task = _locked(task_id)
    if task.state not in OPEN_TASK_STATES:
        raise TaskClosedError("This task was closed meanwhile.")
    if task.assignee is not None and task.assignee_id != by.pk:
        raise TaskHeldError(task.assignee)
    if task.assignee_id is None:
        task.state, task.assignee, task.claimed_at = TaskState.CLAIMED, by, at  # type: ignore[assignment]
        task.save(update_fields=["state", "assignee", "claimed_at"])
        step = Transition(task.root, by=by, at=at)
        step.note(task.run, "task_claimed", node=task.node, round=task.round)
        step.commit()
    return task


@transaction.atomic
def release_task(*, task_id: int, by: AbstractBaseUser, at: datetime) -> Task:
    """Give a claimed task back to its post, so that a colleague can take it."""
    task = _locked(task_id)
    if task.state not in OPEN_TASK_STATES:
        raise TaskClosedError("This task was closed meanwhile.")
    if task.assignee_id is not None:
        task.state, task.assignee, task.claimed_at = TaskState.READY, None, None
        task.save(update_fields=["state", "assignee", "claimed_at"])
        step = Transition(task.root, by=by, at=at)
        step.note(task.run, "task_released", node=task.node, round=task.round)
        step.commit()
    return task


@transaction.atomic
def complete_task(*, task_id: int, outcome: str, by: AbstractBaseUser, at: datetime) -> Task:
    """Complete a task with one of its outcomes and move the run on.

    The same person completing it again with the same outcome changes nothing. Effects: the task is closed; what
    follows is opened, queued, called or joined in the same transaction; `effects_committed` is sent once.
    Raises UnknownOutcomeError, TaskHeldError, TaskClosedError.
    """
    task = _locked(task_id)
    if task.state == TaskState.DONE and task.closed_by_id == by.pk and task.outcome == outcome:
        return task
    if task.state not in OPEN_TASK_STATES:
        raise TaskClosedError("This task was closed meanwhile.")
    if task.assignee is not None and task.assignee_id != by.pk:
        raise TaskHeldError(task.assignee)
    if task.outcomes and outcome not in task.outcomes:
        raise UnknownOutcomeError(f"{outcome!r} is none of {', '.join(task.outcomes)}.")
    task.outcome, task.assignee = outcome, by  # type: ignore[assignment]
    step = Transition(task.root, by=by, at=at)
    task_done(step, task)
    step.commit()
    return task

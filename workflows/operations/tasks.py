"""Claim, hand over, return and complete tasks. Who may do so is asked by the services above; here everything is
checked that must hold whoever acts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from workflows.engine.events import Returned
from workflows.enums import OPEN_TASK_STATES, RunState, TaskState
from workflows.models import Task
from workflows.operations.locking import LockedTask, lock_task, try_lock_root
from workflows.operations.transition import Transition, finish_task
from workflows.queries.calendars import calendar_of_id
from workflows.queries.definitions import graph_of
from workflows.queries.tasks import tasks_of_posts

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

#: Whoever asks for the next task tries as many of the most urgent ones as colleagues may be taking at this instant.
NEXT_CANDIDATES = 50


class TaskHeldError(Exception):
    """Somebody else has claimed the task. `holder` is that user."""

    def __init__(self, holder: AbstractBaseUser) -> None:
        super().__init__("Somebody else is handling this task.")
        self.holder = holder


class TaskClosedError(Exception):
    """The task was completed or taken away meanwhile."""


class RunSuspendedError(TaskClosedError):
    """The case is suspended: nothing moves until it is resumed."""


class UnknownOutcomeError(ValueError):
    """The task cannot be completed with this outcome."""


class NotReturnableError(ValueError):
    """The process does not allow this task to be sent back to that step."""


def check_open(task: Task, by: AbstractBaseUser | None) -> None:
    """Refuse a locked task that is closed, stands still, or is held by somebody else than `by` (None: by anybody)."""
    if task.state not in OPEN_TASK_STATES:
        raise TaskClosedError("This task was closed meanwhile.")
    if RunState.SUSPENDED in (task.root.state, task.run.state):
        raise RunSuspendedError("This case is suspended.")
    if by is not None and task.assignee_id not in (None, by.pk):
        assert task.assignee is not None
        raise TaskHeldError(task.assignee)


@transaction.atomic
def claim_task(*, task_id: int, by: AbstractBaseUser, at: datetime) -> Task:
    """Take a task into one's own hands; claiming one's own task again changes nothing.

    Raises TaskHeldError if somebody else holds it, TaskClosedError if it is closed, RunSuspendedError.
    """
    task = lock_task(task_id).task
    check_open(task, by)
    return task if task.assignee_id is not None else _hand(task, by, "task_claimed", by=by, at=at)


def claim_next_task(*, posts: Iterable[tuple[str, str]], by: AbstractBaseUser, at: datetime) -> Task | None:
    """Take the most urgent free task of these posts (department, role), if any.

    Cases that somebody works on at this instant are passed over, and waited for only when nothing else is free.
    """
    free = tasks_of_posts(posts).filter(state=TaskState.READY, run__state=RunState.ACTIVE, root__state=RunState.ACTIVE)
    candidates = list(free.values_list("id", "root_id")[:NEXT_CANDIDATES])
    for wait in (False, True):
        for task_id, root_id in candidates:
            if (task := _claim_if_free(task_id, root_id, wait=wait, by=by, at=at)) is not None:
                return task
    return None


@transaction.atomic
def _claim_if_free(task_id: int, root_id: int, *, wait: bool, by: AbstractBaseUser, at: datetime) -> Task | None:
    if not wait and try_lock_root(root_id) is None:
        return None
    task = lock_task(task_id).task
    if task.state != TaskState.READY or RunState.SUSPENDED in (task.root.state, task.run.state):
        return None
    return _hand(task, by, "task_claimed", by=by, at=at)


@transaction.atomic
def reassign_task(*, task_id: int, to: AbstractBaseUser, by: AbstractBaseUser, at: datetime) -> Task:
    """Give a task into somebody's hands, whoever held it; to the one who holds it already changes nothing.

    Raises TaskClosedError, RunSuspendedError.
    """
    task = lock_task(task_id).task
    check_open(task, None)
    return task if task.assignee_id == to.pk else _hand(task, to, "task_reassigned", by=by, at=at)


@transaction.atomic
def release_task(*, task_id: int, by: AbstractBaseUser, at: datetime) -> Task:
    """Give a claimed task back to its post, so that a colleague can take it. Raises TaskClosedError."""
    task = lock_task(task_id).task
    check_open(task, None)
    return task if task.assignee_id is None else _hand(task, None, "task_released", by=by, at=at)


def _hand(task: Task, to: AbstractBaseUser | None, fact: str, *, by: AbstractBaseUser, at: datetime) -> Task:
    """Move a locked task from hand to hand; the update itself asks once more that nobody came between."""
    held = {"assignee_id": task.assignee_id} if task.assignee_id is not None else {"assignee__isnull": True}
    new = {"state": TaskState.CLAIMED if to else TaskState.READY, "assignee": to, "claimed_at": at if to else None}
    if not Task.objects.filter(pk=task.pk, state__in=OPEN_TASK_STATES, **held).update(**new):
        raise TaskClosedError("This task changed hands meanwhile.")
    task.state, task.assignee, task.claimed_at = new["state"], to, new["claimed_at"]  # type: ignore[assignment]
    step = Transition(task.root, by=by, at=at)
    moved = {"to": to.pk} if fact == "task_reassigned" and to else {}
    step.note(task.run, fact, node=task.node, round=task.round, **moved)
    step.commit()
    return task


@transaction.atomic
def complete_task(*, task_id: int, outcome: str, by: AbstractBaseUser, at: datetime) -> Task:
    """Complete a task with one of its outcomes and move the run on.

    The same person completing it again with the same outcome changes nothing. Effects: the task is closed; what
    follows is opened, queued, called or joined in the same transaction; `effects_committed` is sent once.
    Raises UnknownOutcomeError, TaskHeldError, TaskClosedError, RunSuspendedError.
    """
    return complete_locked_task(lock_task(task_id), outcome=outcome, by=by, at=at)


def complete_locked_task(locked: LockedTask, *, outcome: str, by: AbstractBaseUser, at: datetime) -> Task:
    """Complete a task that the caller has locked in its transaction, as `complete_task`.

    What was read with the lock must still hold: a clock of the same root that was started, paused or stopped since
    has moved the history on, and the task must be locked anew.
    """
    task = locked.task
    if task.state == TaskState.DONE and task.closed_by_id == by.pk and task.outcome == outcome:
        return task
    check_open(task, by)
    if task.outcomes and outcome not in task.outcomes:
        raise UnknownOutcomeError(f"{outcome!r} is none of {', '.join(task.outcomes)}.")
    task.outcome, task.assignee = outcome, by  # type: ignore[assignment]
    step = Transition(task.root, by=by, at=at, calendar=calendar_of_id(locked.calendar))
    finish_task(step, task)
    step.commit()
    return task


def complete_task_by_rule(locked: LockedTask, *, outcome: str, rule: str, at: datetime) -> Task:
    """End an open, locked task that nobody ended in time, as a rule of law says; whoever held it, nobody closed it.

    rule: what says so, for the history. A case that a manager holds is not exempt: the law's limits go on.
    Effects: as `complete_task`, by nobody. Raises TaskClosedError, UnknownOutcomeError.
    """
    task = locked.task
    if task.state not in OPEN_TASK_STATES:
        raise TaskClosedError("This task was closed meanwhile.")
    if task.outcomes and outcome not in task.outcomes:
        raise UnknownOutcomeError(f"{outcome!r} is none of {', '.join(task.outcomes)}.")
    task.outcome, task.assignee = outcome, None
    step = Transition(task.root, by=None, at=at, calendar=calendar_of_id(locked.calendar))
    finish_task(step, task, rule=rule)
    step.commit()
    return task


@transaction.atomic
def return_task(*, task_id: int, to_node: str, by: AbstractBaseUser, at: datetime) -> Task:
    """Send a task back to an earlier step that the process allows it: `os:returns` of its drawing.

    Effects: the task is closed as returned, the earlier step opens in a new round, other branches go on untouched.
    The same person returning it again to the same step changes nothing.
    Raises NotReturnableError, TaskHeldError, TaskClosedError, RunSuspendedError.
    """
    task = lock_task(task_id).task
    outcome = f"returned:{to_node}"[:40]
    if task.state == TaskState.DONE and task.closed_by_id == by.pk and task.outcome == outcome:
        return task
    check_open(task, by)
    graph = graph_of(task.run.definition_id)
    ways = [flow for flow in graph.nodes[task.node].returns if graph.flows[flow].target == to_node]
    if not ways:
        raise NotReturnableError(f"This task cannot be sent back to {to_node}.")
    task.outcome, task.assignee, task.closed_by = outcome, by, by  # type: ignore[assignment]
    step = Transition(task.root, by=by, at=at)
    step.close_task(task, TaskState.DONE)
    step.note(task.run, "task_returned", node=task.node, round=task.round, to=to_node)
    step.push(task.run, Returned(node=task.node, round=task.round, flow=ways[0]))
    step.commit()
    return task

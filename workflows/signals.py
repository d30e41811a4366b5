"""What happened, told synchronously inside the transaction that made it happen.

A receiver that raises undoes the whole step: a notice that cannot be stored and the step it tells of stand or fall
together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.dispatch import Signal

if TYPE_CHECKING:
    from workflows.models import Job, Run, Task

#: Sent once per transaction. Arguments: root (Run), effects (tuple of the values below), by (user or None), at.
effects_committed = Signal()


#: Sent once for many cases whose due days moved because a calendar changed, their root runs locked.
#: Arguments: changes (sequence of `clocks.ClockDueChanged`), at, and for limits drawn in a process subjects: pairs of
#: kind and id of what the tasks are about whose own limit moved.
due_days_moved = Signal()


@dataclass(frozen=True, kw_only=True)
class RunStarted:
    """A run began; a child run was called by its parent."""

    run: Run


@dataclass(frozen=True, kw_only=True)
class RunFinished:
    """A run ended, with `run.outcome`. error: the code of the error that ended it, when nothing listened for it."""

    run: Run
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class TaskReady:
    """A task waits for its post."""

    task: Task


@dataclass(frozen=True, kw_only=True)
class TaskDone:
    """A task was completed with `task.outcome`."""

    task: Task


@dataclass(frozen=True, kw_only=True)
class TaskTakenAway:
    """A task is no longer needed."""

    task: Task


@dataclass(frozen=True, kw_only=True)
class TaskOverdue:
    """A task was not done within its own limit."""

    task: Task


@dataclass(frozen=True, kw_only=True)
class JobGaveUp:
    """A service task failed for the last time and waits for a manager."""

    job: Job

"""A task under its root's lock: the case it is about, and what decides whether somebody may end it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from services.cases.models import Case
from services.cases.permissions import can_work_on, cases_for_step
from workflows.enums import OPEN_TASK_STATES
from workflows.models import Run, Task
from workflows.operations.locking import LockedTask, lock_task
from workflows.operations.tasks import TaskClosedError

if TYPE_CHECKING:
    from portal.accounts.models import User


@dataclass(frozen=True, kw_only=True)
class Step:
    """A locked task that somebody wants to end. case: None when it is about an application as a whole.

    in_post: it is a task of her post, not the applicant's. has_other_part: she acted on the case in another of the
    three deciding roles.
    """

    locked: LockedTask
    case: Case | None
    in_post: bool
    has_other_part: bool

    @property
    def task(self) -> Task:
        """The task as it stands now."""
        return self.locked.task


def begin_step(task_id: int, *, by: User, at: datetime) -> Step:
    """Lock a task's root and return everything that ending it relies on; for a case with two statements in all.

    Raises Task.DoesNotExist.
    """
    locked = lock_task(task_id)
    task = locked.task
    staff = task.role != "applicant"
    if task.subject_kind != "case":
        return Step(locked=locked, case=None, in_post=staff and can_work_on(by, task, at), has_other_part=False)
    case = _read(cases_for_step(by, task, at), task)
    in_post, other = bool(case.in_post), bool(case.has_other_part)  # type: ignore[attr-defined]
    return Step(locked=locked, case=case, in_post=staff and in_post, has_other_part=other)


def locked_task(task_id: int) -> tuple[Run, Task, Case | None]:
    """Lock a task's root and return root, task and the case it is about, as they are now."""
    locked = lock_task(task_id)
    task = locked.task
    return locked.root, task, _read(Case.objects.all(), task) if task.subject_kind == "case" else None


def lock_again(step: Step) -> LockedTask:
    """Read a step's root, run and task anew: clocks that started or stopped since have moved the history's head."""
    locked = lock_task(step.task.pk)
    if step.case is not None:
        _join(step.case, locked.task)
    return locked


def closed_before(task: Task, outcome: str, *, by: User) -> bool:
    """Return whether she closed a task with this very outcome before. Raises TaskClosedError if it ended otherwise."""
    if task.state in OPEN_TASK_STATES:
        return False
    if task.closed_by_id == by.pk and task.outcome == outcome:
        return True
    raise TaskClosedError("This task was closed meanwhile.")


def _read(cases: QuerySet[Case], task: Task) -> Case:
    case = cases.select_related("application__bundle", "service__item", "department").get(pk=int(task.subject_id))
    _join(case, task)
    return case


def _join(case: Case, task: Task) -> None:
    """Let run and case know each other, so that whoever is told of the step does not read the case again."""
    if case.run_id == task.run_id:
        case.run = task.run

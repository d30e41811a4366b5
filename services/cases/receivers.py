"""What the cases do when the workflows tell what happened, inside the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

from services.cases.enums import CLOSED_CASE_STATES, UNANSWERED_NODE, CaseState
from services.cases.models import Case
from services.cases.operations.endings import close_application
from services.cases.operations.limits import copy_due_to_tasks, stop_clocks
from services.cases.operations.projection import UNTIL_DECISION, project
from services.cases.operations.stages import start_stage_clock, stop_stage_clocks
from services.cases.operations.telling import (
    tell_applicants,
    tell_applicants_of_case,
    tell_of_moved_dates,
    tell_post,
)
from services.cases.permissions import application_about
from services.catalogue.enums import RegionSetting
from workflows.clocks.effects import ClockDueChanged
from workflows.enums import ClockKind
from workflows.models import Run, Task
from workflows.signals import RunFinished, RunStarted, TaskDone, TaskReady, TaskTakenAway

if TYPE_CHECKING:
    from portal.accounts.models import User

#: What a run of ours is about; whoever else runs processes tells of them in a receiver of its own.
OURS = frozenset({"application", "case"})
#: The limits whose end an applicant was told: hers to answer by, and the office's to decide and to deliver by.
APPLICANTS_DATES = frozenset({ClockKind.CORRECTION, ClockKind.PROMISED, ClockKind.DELIVERY})
#: The applicant's task that waits for the premises; the supplement's notice is sent where the notice is written.
PREMISES_NODE = "premises_ready"


def follow(sender: object, *, root: Run, effects: Sequence[Any], by: User | None, at: datetime, **_: Any) -> None:
    """React to one committed step of a run: file, tell, close. The root's row is locked by the sender."""
    ready: list[Task] = []
    over: list[Task] = []
    for effect in effects:
        match effect:
            case RunStarted(run=run) if run.subject_kind == "case":
                _file(run, root=root, by=by, at=at)
            case RunFinished(run=run) if run.subject_kind == "case":
                _finish(run, root=root, by=by, at=at)
            case TaskReady(task=task) if task.subject_kind in OURS:
                ready.append(task)
            case TaskDone(task=task) | TaskTakenAway(task=task) if _has_stages(task):
                over.append(task)
    if over:
        stop_stage_clocks(over, at=at)
    if ready:
        _tell_ready(ready, root=root, at=at)


def _has_stages(task: Task) -> bool:
    return task.subject_kind == "case" and bool(_case_of(task).service.rules.stages)


def move_dates(
    sender: object,
    *,
    changes: Sequence[ClockDueChanged],
    at: datetime,
    subjects: Sequence[tuple[str, str]] = (),
    **_: Any,
) -> None:
    """Copy the new dates to the open tasks of many cases, and tell their applicants what was promised and moved."""
    moved = {(change.subject_kind, change.subject_id) for change in changes} | set(subjects)
    copy_due_to_tasks(*_cases_about(moved))
    told = [change for change in changes if change.subject_kind == "case" and change.clock_kind in APPLICANTS_DATES]
    cases = {str(case.pk): case for case in _cases({change.subject_id for change in told})}
    tell_of_moved_dates([(cases[change.subject_id], change) for change in told], at=at)


def _cases_about(subjects: Collection[tuple[str, str]]) -> list[int]:
    """Return the cases whose tasks are due by limits of these subjects: a case's, an application's, a task's."""
    keys: dict[str, list[int]] = {}
    for kind, subject_id in subjects:
        if kind in ("case", "application", "task"):
            keys.setdefault(kind, []).append(int(subject_id))
    tasks = Task.objects.filter(pk__in=keys.get("task", ()), subject_kind="case")
    joint = Case.objects.filter(application__in=keys.get("application", ()))
    of_tasks = map(int, tasks.values_list("subject_id", flat=True)) if "task" in keys else ()
    of_applications = joint.values_list("pk", flat=True) if "application" in keys else ()
    return sorted({*keys.get("case", ()), *of_tasks, *of_applications})


def _cases(subject_ids: Collection[str]) -> QuerySet[Case]:
    rows = Case.objects.select_related("application__bundle", "application__service", "service__item", "department")
    return rows.filter(pk__in=[int(key) for key in subject_ids])


def _case(subject_id: str) -> Case:
    return _cases([subject_id]).get()


def _case_of(task: Task) -> Case:
    """Return a task's case: the one that the operation read with the task's run, or as it stands now."""
    run = task.run
    if not Run.case.is_cached(run):
        return _case(task.subject_id)
    return run.case


def _file(run: Run, *, root: Run, by: User | None, at: datetime) -> None:
    case = _case(run.subject_id)
    case.run = run
    project(case, CaseState.FILED, root=root, by=by, at=at)
    tell_applicants_of_case(case, "case_filed", at=at)


def _finish(run: Run, *, root: Run, by: User | None, at: datetime) -> None:
    case = _case(run.subject_id)
    if run.outcome == "withdrawn" and case.state not in CLOSED_CASE_STATES:
        project(case, CaseState.WITHDRAWN, root=root, by=by, at=at)
    # What was decided and waits at the hand-out window keeps the limit within which it must be delivered.
    waits = case.issued_at is not None and case.delivered_at is None
    stop_clocks(case, kinds=UNTIL_DECISION if waits else None, at=at, by=by)
    if case.closed_at is None:
        case.closed_at = at
        case.save(update_fields=["closed_at"])
    if run.parent_id is None:  # applied for alone: its end is the application's end
        close_application(case.application, at=at)


def _tell_ready(tasks: Sequence[Task], *, root: Run, at: datetime) -> None:
    waiting = []
    for task in tasks:
        case = _case_of(task) if task.subject_kind == "case" else None
        application = case.application if case else application_about(task.subject_kind, task.subject_id)
        if case is not None and case.service.rules.stages:
            start_stage_clock(task, case, root=root, at=at)
        if case is not None and task.node == UNANSWERED_NODE:
            _time_is_over(case, at=at)
        if task.role != "applicant":
            waiting.append((task, case, application))
        elif task.node == PREMISES_NODE:
            tell_applicants(application, "premises_needed", at=at)
    tell_post(waiting, at=at)


def _time_is_over(case: Case, *, at: datetime) -> None:
    """Stop the applicant's time as the window takes over, unless a rule of the region ends the case by itself."""
    if case.service.rules.setting(RegionSetting.OVERDUE_CORRECTION_WITHDRAWN) is None:
        stop_clocks(case, kinds=(ClockKind.CORRECTION,), at=at)
        copy_due_to_tasks(case.pk)

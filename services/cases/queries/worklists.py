"""The lists staff work from: their posts' tasks with case, light and applicant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q, QuerySet

from services.cases.enums import CLOSED_CASE_STATES
from services.cases.models import Application, Case
from services.cases.permissions import cases_visible_to
from services.cases.queries.board import office_clocks, shown_name
from services.cases.queries.joint_limits import binding_clock, joint_clocks_of
from services.cases.queries.standings import OPEN_STATES
from services.parties.queries import names_of_parties, posts_of
from workflows.clocks import WorkingCalendar
from workflows.enums import OPEN_TASK_STATES
from workflows.models import Clock, Task
from workflows.queries.calendars import calendar_for
from workflows.queries.clocks import light_of
from workflows.queries.tasks import tasks_of_posts

if TYPE_CHECKING:
    from portal.accounts.models import User


@dataclass(frozen=True, kw_only=True)
class Work:
    """One row of a work list: a task with the case it is about, how pressing it is, and who applied, masked."""

    task: Task
    case: Case | None
    application: Application
    applicant: str
    light: str
    due_on: date | None


@dataclass(frozen=True, kw_only=True)
class OpenCase:
    """One row of a department's open cases: how pressing it is, who has it now, and who applied, masked."""

    case: Case
    task: Task | None
    applicant: str
    light: str
    due_on: date | None


def inbox_of(user: User, at: datetime) -> QuerySet[Task]:
    """Return the open tasks of all posts she holds, the most urgent first."""
    posts = [(post.department, post.role) for post in posts_of(user, at)]
    return tasks_of_posts(posts).select_related("assignee", "run")


def tasks_within_posts_of(user: User, at: datetime) -> QuerySet[Task]:
    """Return every task of all posts she holds, closed ones too, the latest opened first."""
    mine = Q(pk__in=())
    for post in posts_of(user, at):
        mine |= Q(department=post.department, role=post.role)
    return Task.objects.filter(mine).select_related("assignee", "run").order_by("-opened_at", "-id")


def works(tasks: Iterable[Task], *, at: datetime) -> list[Work]:
    """Return rows for a page of tasks, in their order, in a constant number of queries."""
    tasks = list(tasks)
    cases = _cases().in_bulk([int(task.subject_id) for task in tasks if task.subject_kind == "case"])
    applications = Application.objects.select_related("bundle", "service").in_bulk(
        [int(task.subject_id) for task in tasks if task.subject_kind == "application"]
    )
    clocks, calendar = _clocks_by_case(cases.values()), calendar_for(settings.REGION)
    rows = []
    for task in tasks:
        case = cases.get(int(task.subject_id)) if task.subject_kind == "case" else None
        rows.append((task, case, case.application if case is not None else applications[int(task.subject_id)]))
    names = names_of_parties(application.party for _, _, application in rows)
    return [
        Work(
            task=task,
            case=case,
            application=application,
            applicant=shown_name(application.party, names),
            light=_light(clocks[case.pk], at, calendar) if case is not None else "",
            due_on=_due_on(clocks[case.pk]) if case is not None else None,
        )
        for task, case, application in rows
    ]


def open_cases_of_departments(user: User, at: datetime) -> QuerySet[Case]:
    """Return the open cases she may see as staff, the longest waiting first."""
    visible = cases_visible_to(user, at).filter(state__in=OPEN_STATES)
    return visible.select_related(
        "application__bundle", "application__service", "service__item", "department"
    ).order_by("filed_at", "id")


def case_rows(cases: Iterable[Case], *, at: datetime) -> list[OpenCase]:
    """Return rows for a page of open cases, in their order, in a constant number of queries."""
    cases = list(cases)
    clocks, calendar = _clocks_by_case(cases), calendar_for(settings.REGION)
    keys = [str(case.pk) for case in cases]
    open_tasks = Task.objects.filter(subject_kind="case", subject_id__in=keys, state__in=OPEN_TASK_STATES)
    tasks = {task.subject_id: task for task in open_tasks.select_related("assignee").order_by("id")}
    names = names_of_parties(case.application.party for case in cases)
    return [
        OpenCase(
            case=case,
            task=tasks.get(str(case.pk)),
            applicant=shown_name(case.application.party, names),
            light=_light(clocks[case.pk], at, calendar),
            due_on=_due_on(clocks[case.pk]),
        )
        for case in cases
    ]


def _cases() -> QuerySet[Case]:
    return Case.objects.select_related("application__bundle", "application__service", "service__item", "department")


def _clocks_by_case(cases: Iterable[Case]) -> Mapping[int, list[Clock]]:
    found: dict[int, list[Clock]] = defaultdict(list)
    cases = list(cases)
    rows = office_clocks().filter(subject_kind="case", subject_id__in=[str(case.pk) for case in cases])
    for clock in rows:
        found[int(clock.subject_id)].append(clock)
    joint = joint_clocks_of(case.application for case in cases)
    for case in cases:
        if case.application_id in joint and case.state not in CLOSED_CASE_STATES:
            found[case.pk].append(joint[case.application_id])
    return found


def _light(clocks: Sequence[Clock], at: datetime, calendar: WorkingCalendar) -> str:
    """Return the most pressing light of a case's running clocks."""
    return (light_of(clocks, at=at, calendar=calendar) if clocks else None) or ""


def _due_on(clocks: Sequence[Clock]) -> date | None:
    """Return the day the promise or an earlier joint limit ends, or before acceptance the day the first limit ends."""
    shown = binding_clock(clocks)
    return shown.due_on if shown else None

"""One timeline per application: which departments work now, who has the ball, by when, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db.models import JSONField, Q, QuerySet, prefetch_related_objects
from django.db.models.functions import Cast

from services.cases.enums import CLOCKS_OF_RATINGS, CLOCKS_WITHOUT_LIGHT, CLOSED_CASE_STATES, CaseState
from services.cases.models import Application, Case, Hold, Opinion
from services.cases.queries.joint_limits import binding_clock, joint_clocks_of
from services.cases.queries.kept import (
    RARE,
    cases_alone,
    kept_calendar,
    kept_parts,
    rare_facts_in,
    some_rare_facts,
    with_kept_calendar,
    with_kept_services,
)
from services.cases.queries.subjects import tasks_about
from services.documents.models import Paper
from services.documents.queries import papers_of_subjects
from workflows.clocks import WorkingCalendar
from workflows.engine.graph import Node
from workflows.enums import OPEN_TASK_STATES, ClockKind, JobState
from workflows.models import Clock, HistoryEvent, Job, Run, Task
from workflows.queries.clocks import light_of
from workflows.queries.definitions import graph_of
from workflows.queries.together import Asked, Question, answers, without


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One case in the timeline: a department's branch.

    tasks: its steps so far, in order. clock: the limit to show: the promise once it runs, else what runs now.
    light: green … paused, "" when nothing runs. waits_zh, waits_en: why it is not filed yet, or why it ended.
    clocks: all its limits so far, with their pauses and extensions. decided_by: the opinion that decided it.
    """

    case: Case
    tasks: Sequence[Task]
    clock: Clock | None
    light: str
    papers: Sequence[Paper]
    waits_zh: str
    waits_en: str
    clocks: Sequence[Clock] = ()
    decided_by: Opinion | None = None

    @property
    def due_on(self) -> date | None:
        """The day the shown limit ends."""
        return self.clock.due_on if self.clock else None

    @property
    def open_task(self) -> Task | None:
        """The step that waits for somebody now."""
        return next((task for task in self.tasks if task.state in OPEN_TASK_STATES), None)

    @property
    def with_applicant(self) -> bool:
        """Whether the applicant has the ball."""
        task = self.open_task
        return task is not None and task.role == "applicant"

    @property
    def closed(self) -> bool:
        """Whether nothing more happens in this branch."""
        return self.case.state in CLOSED_CASE_STATES


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """An application's lanes, its own open tasks (e.g. premises ready) and its papers.

    hold: since when and why a manager lets it stand still, None while it moves. all_own_tasks, holds, calendar: what
    else tells where the time went (`services.cases.queries.time_spent`). rare: see `services.cases.queries.kept`.
    """

    application: Application
    hold: Hold | None
    lanes: Sequence[Lane]
    own_tasks: Sequence[Task]
    papers: Sequence[Paper]
    all_own_tasks: Sequence[Task]
    holds: Sequence[Hold]
    calendar: WorkingCalendar
    rare: Collection[str]


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """What a timeline is made of, read. clocks: of the cases; joint: the running limit of the whole bundle."""

    rare: Collection[str]
    cases: Sequence[Case]
    tasks: Sequence[Task]
    clocks: Sequence[Clock]
    joint: Clock | None


def timeline_of(application: Application, *, at: datetime) -> Timeline:
    """Return everything an application's page shows, in a constant number of queries."""
    cases = _cases_of(application)
    rows = _Rows(
        rare=RARE,
        cases=cases,
        tasks=_tasks_of(application),
        clocks=_clocks_of([str(case.pk) for case in cases]),
        joint=joint_clocks_of([application]).get(application.pk),
    )
    return _drawn_up(application, rows, at, "")


def timeline_and(
    application: Application, *beside: Asked[Any], at: datetime, edition: str
) -> tuple[Timeline, list[list[Any]]]:
    """Return an application's timeline and the answers to what is asked beside it: one trip to the database.

    edition: of the catalogue, asked in this request; what the process keeps under it is not read again, nor what there
    is nothing of, and who works on a task and the cases' runs are not read either. Rare facts are one query each.
    """
    root = application.run_id or 0  # of no run
    asked = (
        some_rare_facts(application),
        cases_alone(application),
        _TASKS.about(application.pk, root),
        _CLOCKS.about(root),
    )
    some, cases, tasks, clocks, *others = answers(*asked, *beside)
    rare = rare_facts_in(some)
    _explain_clocks(clocks, rare, edition)
    rows = _Rows(
        rare=rare,
        cases=with_kept_services(cases, application, edition),
        tasks=tasks,
        clocks=[clock for clock in clocks if clock.subject_kind == "case"],
        joint=next((clock for clock in clocks if clock.kind == ClockKind.JOINT and clock.stopped_at is None), None),
    )
    return _drawn_up(application, rows, at, edition), others


def _drawn_up(application: Application, rows: _Rows, at: datetime, edition: str) -> Timeline:
    tasks = _by_subject(rows.tasks)
    own = tasks["application", str(application.pk)]
    holds = list(application.holds.order_by("held_at", "id")) if "holds" in rows.rare else []
    papers = _papers_of(application, rows)
    calendar = kept_calendar(edition, settings.REGION)
    return Timeline(
        application=application,
        hold=next((one for one in holds if one.released_at is None), None),
        lanes=_lanes_of(application, rows, tasks, papers, at, calendar, edition),
        own_tasks=[task for task in own if task.state in OPEN_TASK_STATES],
        papers=papers["application", str(application.pk)],
        all_own_tasks=own,
        holds=holds,
        calendar=calendar,
        rare=rows.rare,
    )


def _cases_of(application: Application) -> list[Case]:
    rows = application.cases.select_related("service__item", "department", "application", "run")
    return list(rows.order_by("position"))


def _tasks_of(application: Application) -> Sequence[Task]:
    if application.run_id is None:
        return []
    return list(tasks_about(application.pk, application.run_id).select_related("assignee"))


def _clocks_of(cases: Sequence[str]) -> Sequence[Clock]:
    """Return the limits of cases, with everything that explains them."""
    rows = _clocks(Clock.objects.filter(subject_kind="case", subject_id__in=cases))
    more = ("pauses", "recomputations")
    return list(rows.select_related("extension", "calendar_version__region").prefetch_related(*more))


def _clocks(rows: QuerySet[Clock]) -> QuerySet[Clock]:
    return rows.exclude(kind__in=CLOCKS_OF_RATINGS).order_by("started_at", "id")


_TASKS: Question[Task] = Question(tasks_about)
_CLOCKS: Question[Clock] = Question(lambda root: _clocks(Clock.objects.filter(root_id=root)))


def _explain_clocks(clocks: Sequence[Clock], rare: Collection[str], edition: str) -> None:
    """Give limits that were read alone what explains them."""
    more = ("pauses", "recomputations", "extension")
    with_kept_calendar(clocks, edition)
    without(clocks, *(name for name in more if name not in rare))
    if wanted := [name for name in more if name in rare]:
        prefetch_related_objects(clocks, *wanted)


def _by_subject(tasks: Iterable[Task]) -> dict[tuple[str, str], list[Task]]:
    found: dict[tuple[str, str], list[Task]] = defaultdict(list)
    for task in tasks:
        found[task.subject_kind, task.subject_id].append(task)
    return found


def _papers_of(application: Application, rows: _Rows) -> dict[tuple[str, str], list[Paper]]:
    found: dict[tuple[str, str], list[Paper]] = defaultdict(list)
    if "papers" in rows.rare:
        subjects = [("application", str(application.pk)), *(("case", str(case.pk)) for case in rows.cases)]
        for paper in papers_of_subjects(subjects):
            found[paper.subject_kind, paper.subject_id].append(paper)
    return found


def _lanes_of(
    application: Application,
    rows: _Rows,
    tasks: Mapping[tuple[str, str], list[Task]],
    papers: Mapping[tuple[str, str], list[Paper]],
    at: datetime,
    calendar: WorkingCalendar,
    edition: str,
) -> list[Lane]:
    decided, waits = decisions_of(rows.cases), _reasons_to_wait(application, edition)
    clocks: dict[str, list[Clock]] = defaultdict(list)
    for clock in rows.clocks:
        clocks[clock.subject_id].append(clock)
    lanes = []
    for case in rows.cases:
        subject = "case", str(case.pk)
        limits = clocks[str(case.pk)]
        if rows.joint is not None and case.filed_at is not None and case.state not in CLOSED_CASE_STATES:
            limits = [*limits, rows.joint]
        lane = _lane(case, tasks.get(subject, []), limits, papers.get(subject, []), waits, at, calendar)
        lanes.append(replace(lane, decided_by=decided.get(case.pk)))
    return lanes


def _lane(
    case: Case,
    tasks: Sequence[Task],
    clocks: Sequence[Clock],
    papers: Sequence[Paper],
    waits: dict[str, tuple[str, str]],
    at: datetime,
    calendar: WorkingCalendar,
) -> Lane:
    reason = (case.end_reason_zh, case.end_reason_en)
    if case.state == CaseState.PLANNED:
        reason = waits.get(case.part, ("", ""))
    running = [clock for clock in clocks if clock.stopped_at is None]
    promised = [clock for clock in clocks if clock.kind == ClockKind.PROMISED]
    if promised and ClockKind.JOINT in {clock.kind for clock in running}:
        promised = [binding_clock(running) or promised[-1]]
    shown = promised or running
    binding = [clock for clock in running if clock.kind not in CLOCKS_WITHOUT_LIGHT]
    light = light_of(binding, at=at, calendar=calendar) if binding else None
    return Lane(
        case=case,
        tasks=tasks,
        clock=shown[-1] if shown else None,
        light=light or "",
        papers=papers,
        waits_zh=reason[0],
        waits_en=reason[1],
        clocks=clocks,
    )


def decisions_of(cases: Sequence[Case]) -> dict[int, Opinion]:
    """Return the opinion that granted or refused each case, by the case's key: the latest counts."""
    decided = [case.pk for case in cases if case.decided_at is not None]
    if not decided:
        return {}
    rows = Opinion.objects.filter(case__in=decided, outcome__in=("grant", "refuse")).order_by("given_at", "id")
    return {opinion.case_id: opinion for opinion in rows}


def _reasons_to_wait(application: Application, edition: str) -> dict[str, tuple[str, str]]:
    if application.bundle_id is None:
        return {}
    rows = kept_parts(edition, application.bundle_id)
    return {part.key: (part.until_then_zh, part.until_then_en) for part in rows}


#: What happens to the whole application and so to each of its cases.
OF_THE_WHOLE = (
    "run_suspended",
    "run_resumed",
    "job_gave_up",
    "job_retried",
    "job_skipped",
    "signed",
    "application_filed",
    "withdrawn",
    "consent_withdrawn",
)


def history_of_case(case: Case) -> Sequence[HistoryEvent]:
    """Return the history rows of a case's own run, of its clocks, and of what happened to the whole, oldest first."""
    if case.run is None:
        return []
    root_id = case.run.root_key
    own = Q(run_id=case.run_id) | Q(facts__subject=["case", str(case.pk)])
    whole = Q(run_id=root_id, kind__in=OF_THE_WHOLE)
    # The index begins with the root: everything else is looked for among its rows.
    rows = HistoryEvent.objects.alias(facts=Cast("detail", JSONField())).filter(own | whole, root_id=root_id)
    return list(rows.select_related("by").order_by("seq"))


def skipped_jobs_of(case: Case) -> Sequence[Job]:
    """Return the automatic steps of a case, and of its whole application, that a manager skipped, in order."""
    if case.run is None:
        return []
    runs = {case.run.pk, case.run.root_key}
    rows = Job.objects.filter(root_id=case.run.root_key, run_id__in=runs, state=JobState.SKIPPED)
    return list(rows.select_related("run").order_by("closed_at", "id"))


def steps_drawn_for(case: Case) -> Mapping[str, Node]:
    """Return the steps of the drawings a case and its application run by, by their id; the case's own come first."""
    if case.run is None:
        return {}
    runs = Run.objects.filter(pk__in={case.run.pk, case.run.root_key}).order_by("id")
    drawn = {pk: graph_of(definition_id).nodes for pk, definition_id in runs.values_list("id", "definition_id")}
    return {**drawn.get(case.run.root_key, {}), **drawn[case.run.pk]}


def steps_back_of(task: Task) -> Sequence[Node]:
    """Return the earlier steps to which the drawing lets a task be sent back, in its order."""
    graph = graph_of(task.run.definition_id)
    return [graph.nodes[graph.flows[flow].target] for flow in graph.nodes[task.node].returns]

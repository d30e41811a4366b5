"""One timeline per application: which departments work now, who has the ball, by when, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.conf import settings
from django.db.models import JSONField, Prefetch, Q
from django.db.models.functions import Cast

from services.cases.enums import CLOCKS_OF_RATINGS, CLOCKS_WITHOUT_LIGHT, CLOSED_CASE_STATES, CaseState
from services.cases.models import Application, Case, Hold, Opinion
from services.cases.queries.joint_limits import binding_clock, joint_clocks_of
from services.cases.queries.kept import RARE, cases_with_kept, kept_calendar, kept_parts, rare_facts_of
from services.documents.models import Paper
from services.documents.queries import papers_of_subjects
from workflows.clocks import WorkingCalendar
from workflows.engine.graph import Node
from workflows.enums import OPEN_TASK_STATES, ClockKind, JobState
from workflows.models import Clock, ClockPause, ClockRecomputation, HistoryEvent, Job, Run, Task
from workflows.queries.clocks import light_of
from workflows.queries.definitions import graph_of


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


def timeline_of(application: Application, *, at: datetime, edition: str = "") -> Timeline:
    """Return everything an application's page shows, in a constant number of queries.

    edition: of the catalogue, asked in this request; what the process keeps under it is not read again, nor what there
    is nothing of, and who works on a task and the cases' runs are not read either. "": everything is read.
    """
    rare = rare_facts_of(application) if edition else RARE
    cases = cases_with_kept(application, edition) if edition else _cases_of(application)
    ids = [str(case.pk) for case in cases]
    tasks = _tasks_of(application, whose=not edition)
    clocks = _clocks_of(ids, rare)
    joint = joint_clocks_of([application]).get(application.pk)
    for case in cases:
        if joint is not None and case.filed_at is not None and case.state not in CLOSED_CASE_STATES:
            clocks[str(case.pk)].append(joint)
    papers: dict[tuple[str, str], list[Paper]] = defaultdict(list)
    if "papers" in rare:
        for paper in papers_of_subjects([("application", str(application.pk)), *(("case", key) for key in ids)]):
            papers[paper.subject_kind, paper.subject_id].append(paper)
    decided = decisions_of(cases)
    waits, calendar = _reasons_to_wait(application, edition), kept_calendar(edition, settings.REGION)
    holds = list(application.holds.order_by("held_at", "id")) if "holds" in rare else []
    own = tasks["application", str(application.pk)]
    return Timeline(
        application=application,
        hold=next((one for one in holds if one.released_at is None), None),
        lanes=[
            replace(
                _lane(case, tasks["case", key], clocks[key], papers["case", key], waits, at, calendar),
                decided_by=decided.get(case.pk),
            )
            for case, key in zip(cases, ids, strict=True)
        ],
        own_tasks=[task for task in own if task.state in OPEN_TASK_STATES],
        papers=papers["application", str(application.pk)],
        all_own_tasks=own,
        holds=holds,
        calendar=calendar,
        rare=rare,
    )


def _cases_of(application: Application) -> list[Case]:
    rows = application.cases.select_related("service__item", "department", "application", "run")
    return list(rows.order_by("position"))


def _tasks_of(application: Application, *, whose: bool) -> dict[tuple[str, str], list[Task]]:
    tasks: dict[tuple[str, str], list[Task]] = defaultdict(list)
    if application.run_id is not None:
        rows = Task.objects.filter(root_id=application.run_id).order_by("opened_at", "id")
        for task in rows.select_related("assignee") if whose else rows:
            tasks[task.subject_kind, task.subject_id].append(task)
    return tasks


def _clocks_of(cases: Sequence[str], rare: Collection[str]) -> dict[str, list[Clock]]:
    """Return the limits of cases, with everything that explains them."""
    rows = Clock.objects.filter(subject_kind="case", subject_id__in=cases).exclude(kind__in=CLOCKS_OF_RATINGS)
    rows = rows.select_related("extension", "calendar_version__region").order_by("started_at", "id")
    more = {"pauses": ClockPause.objects.all(), "recomputations": ClockRecomputation.objects.all()}
    wanted = [Prefetch(name, found if name in rare else found.none()) for name, found in more.items()]
    clocks: dict[str, list[Clock]] = defaultdict(list)
    for clock in rows.prefetch_related(*wanted):
        clocks[clock.subject_id].append(clock)
    return clocks


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

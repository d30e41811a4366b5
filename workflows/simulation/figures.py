"""What a simulation says in figures: days per step and in total, load per department, the ways that cases went."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from workflows.engine.graph import NodeKind
from workflows.simulation.assumptions import APPLICANT_ROLE
from workflows.simulation.chance import nearest_rank
from workflows.simulation.course import Course, Outcome, Step, Visit
from workflows.simulation.time_axis import TimeAxis

TOP = 10
HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class Days:
    """Working days, percentiles by nearest rank; None where there is nothing to measure."""

    p50: float | None
    p90: float | None
    mean: float | None


@dataclass(frozen=True, kw_only=True)
class StepFigures:
    """One step over all cases.

    count: how often it was done; taken_away: how often it was not, because something ended it. days: from opening to
    end; waiting: of that, until somebody took it up. late: share of those done after its limit, None without limit.
    """

    step: str
    name_zh: str
    name_en: str
    kind: str
    department: str
    count: int
    taken_away: int
    days: Days
    waiting: Days
    limit: str
    late: float | None


@dataclass(frozen=True, kw_only=True)
class Load:
    """What comes to a department. hours: working hours that its tasks lay with it; handled_hours: of those, in hand.

    people, utilisation: only where a number of people was given; the share of their office hours from the first
    case's beginning to the last one's end.
    """

    department: str
    tasks: int
    hours: float
    handled_hours: float
    people: int | None = None
    utilisation: float | None = None


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A way that cases went: steps done, with answers. Branches that ran beside each other are in one order of many."""

    path: tuple[str, ...]
    cases: int
    days: Days


@dataclass(frozen=True, kw_only=True)
class Figures:
    """All of it. stuck: why cases did not end, and how many."""

    cases: int
    ended: int
    total: Days
    outcomes: dict[str, int]
    stuck: dict[str, int]
    steps: tuple[StepFigures, ...]
    load: tuple[Load, ...]
    variants: tuple[Variant, ...]
    ways: int

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def figures_of(outcome: Outcome, axis: TimeAxis, people: dict[str, int] | None = None) -> Figures:
    """Return the figures of a simulation. people: how many were given, by post."""
    courses = outcome.courses
    ended = [course for course in courses if course.ended is not None]
    visits: dict[str, list[Visit]] = defaultdict(list)
    for course in courses:
        for visit in course.visits:
            visits[visit.step].append(visit)
    ways = _by_way(ended)
    return Figures(
        cases=len(courses),
        ended=len(ended),
        total=days_of((_worked(course, axis) for course in ended), axis),
        outcomes=_ranked(course.outcome for course in ended),
        stuck=_ranked(course.stuck for course in courses if course.stuck),
        steps=tuple(
            _step(step, visits[step.name], axis) for step in sorted(outcome.steps.values(), key=lambda one: one.place)
        ),
        load=_load(courses, axis, outcome.busy, people or {}),
        variants=tuple(_variant(way, axis) for way in ways[:TOP]),
        ways=len(ways),
    )


def days_of(worked: Iterable[int], axis: TimeAxis) -> Days:
    """Return the percentiles of working seconds, in days."""
    ordered = sorted(worked)
    if not ordered:
        return Days(p50=None, p90=None, mean=None)
    shown = (nearest_rank(ordered, 50), nearest_rank(ordered, 90), sum(ordered) / len(ordered))
    p50, p90, mean = (round(axis.days(one), 3) for one in shown)
    return Days(p50=p50, p90=p90, mean=mean)


def _worked(course: Course, axis: TimeAxis) -> int:
    assert course.ended is not None
    return axis.worked(course.ended) - axis.worked(course.began)


def _ranked(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items(), key=lambda one: (-one[1], one[0])))


def _step(step: Step, visits: Sequence[Visit], axis: TimeAxis) -> StepFigures:
    node = step.node
    done = [visit for visit in visits if not visit.taken_away]
    limited = [visit for visit in done if visit.due is not None]
    late = sum((visit.closed or 0) > (visit.due or 0) for visit in limited)
    taken = [visit for visit in done if visit.taken_up is not None]
    departments = _ranked(visit.department for visit in visits if visit.department)
    return StepFigures(
        step=step.name,
        name_zh=node.name_zh,
        name_en=node.name_en,
        kind=node.kind.value,
        department=APPLICANT_ROLE if node.role == APPLICANT_ROLE else ", ".join(departments),
        count=len(done),
        taken_away=len(visits) - len(done),
        days=days_of((axis.worked(visit.closed or 0) - axis.worked(visit.opened) for visit in done), axis),
        waiting=days_of((axis.worked(visit.taken_up or 0) - axis.worked(visit.opened) for visit in taken), axis),
        limit=f"{node.limit.amount} {node.limit.unit}" if node.limit is not None else "",
        late=round(late / len(limited), 4) if limited else None,
    )


def _load(courses: Sequence[Course], axis: TimeAxis, busy: Any, people: dict[str, int]) -> tuple[Load, ...]:
    tasks, hours, handled = Counter[str](), Counter[str](), Counter[str]()
    last = 0
    for course in courses:
        for visit in course.visits:
            last = max(last, visit.closed or 0)
            if visit.node.kind is NodeKind.USER_TASK and visit.role != APPLICANT_ROLE:
                tasks[visit.department] += 1
                hours[visit.department] += axis.worked(visit.closed or visit.opened) - axis.worked(visit.opened)
                handled[visit.department] += visit.handled
    first = min((course.began for course in courses), default=0)
    open_hours = axis.worked(last) - axis.worked(first) if last else 0
    loads = []
    for department in sorted(tasks, key=lambda one: (-hours[one], one)):
        # A post of its own (`department/role`) has people of its own, who are the department's all the same.
        posts = [post for post in people if post.split("/")[0] == department]
        number = sum(people[post] for post in posts)
        worked = sum(busy[post] for post in posts)
        loads.append(
            Load(
                department=department,
                tasks=tasks[department],
                hours=round(hours[department] / HOUR, 1),
                handled_hours=round(handled[department] / HOUR, 1),
                people=number or None,
                utilisation=round(worked / (number * open_hours), 4) if number and open_hours else None,
            )
        )
    return tuple(loads)


def _by_way(ended: Sequence[Course]) -> list[list[Course]]:
    """Return the cases by the way they went, the most frequent way first."""
    found: dict[tuple[tuple[str, str], ...], list[Course]] = defaultdict(list)
    for course in ended:
        found[course.way].append(course)
    return sorted(found.values(), key=lambda courses: (-len(courses), courses[0].path))


def _variant(courses: Sequence[Course], axis: TimeAxis) -> Variant:
    return Variant(
        path=courses[0].path, cases=len(courses), days=days_of((_worked(each, axis) for each in courses), axis)
    )

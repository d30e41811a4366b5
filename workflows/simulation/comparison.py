"""What would change: two versions of a process that met the same cases with the same luck, side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from workflows.simulation.course import Course, Outcome
from workflows.simulation.figures import TOP, Days, Figures, Load, StepFigures

EXAMPLES = 5


@dataclass(frozen=True, kw_only=True)
class Change:
    """A figure before and after; None where the version has nothing to measure. by: after less before."""

    p50_before: float | None
    p50_after: float | None
    p50_by: float | None
    p90_before: float | None
    p90_after: float | None
    p90_by: float | None


@dataclass(frozen=True, kw_only=True)
class LoadChange:
    """What comes to a department, before and after."""

    department: str
    tasks_before: int
    tasks_after: int
    hours_before: float
    hours_after: float
    hours_by: float


@dataclass(frozen=True, kw_only=True)
class OtherWay:
    """Cases that go one way before and another after; None: they do not end. examples: names of some of them."""

    before: tuple[str, ...] | None
    after: tuple[str, ...] | None
    cases: int
    examples: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Differences:
    """What is different after. steps: by name, those new or gone too. changed_cases: how many go another way."""

    total: Change
    steps: Mapping[str, Change]
    load: tuple[LoadChange, ...]
    changed_cases: int
    ways: tuple[OtherWay, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def differences(before: tuple[Outcome, Figures], after: tuple[Outcome, Figures]) -> Differences:
    """Compare two simulations of the same cases, in the same order."""
    steps_before = {step.step: step for step in before[1].steps}
    steps_after = {step.step: step for step in after[1].steps}
    ways = _other_ways(before[0].courses, after[0].courses)
    return Differences(
        total=_change(before[1].total, after[1].total),
        steps={
            name: _change(_days(steps_before.get(name)), _days(steps_after.get(name)))
            for name in (*steps_before, *(name for name in steps_after if name not in steps_before))
        },
        load=_loads(before[1].load, after[1].load),
        changed_cases=sum(way.cases for way in ways),
        ways=ways[:TOP],
    )


def _days(step: StepFigures | None) -> Days:
    return step.days if step is not None else Days(p50=None, p90=None, mean=None)


def _change(before: Days, after: Days) -> Change:
    return Change(
        p50_before=before.p50,
        p50_after=after.p50,
        p50_by=_by(before.p50, after.p50),
        p90_before=before.p90,
        p90_after=after.p90,
        p90_by=_by(before.p90, after.p90),
    )


def _by(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else round(after - before, 3) + 0.0


def _loads(before: Sequence[Load], after: Sequence[Load]) -> tuple[LoadChange, ...]:
    old, new = ({load.department: load for load in loads} for loads in (before, after))
    nothing = Load(department="", tasks=0, hours=0.0, handled_hours=0.0)
    changes = []
    for department in (*old, *(each for each in new if each not in old)):
        one, other = old.get(department, nothing), new.get(department, nothing)
        changes.append(
            LoadChange(
                department=department,
                tasks_before=one.tasks,
                tasks_after=other.tasks,
                hours_before=one.hours,
                hours_after=other.hours,
                hours_by=round(other.hours - one.hours, 1) + 0.0,
            )
        )
    return tuple(changes)


def _other_ways(before: Sequence[Course], after: Sequence[Course]) -> tuple[OtherWay, ...]:
    """Return which cases go another way, the most frequent change first."""
    found: dict[Any, list[tuple[Course, Course]]] = defaultdict(list)
    for one, other in zip(before, after, strict=True):
        old, new = _way(one), _way(other)
        if old != new:
            found[old, new].append((one, other))
    ways = sorted(found.values(), key=lambda pairs: (-len(pairs), pairs[0][0].path, pairs[0][1].path))
    return tuple(
        OtherWay(
            before=pairs[0][0].path if pairs[0][0].ended is not None else None,
            after=pairs[0][1].path if pairs[0][1].ended is not None else None,
            cases=len(pairs),
            examples=tuple(one.name for one, _ in pairs[:EXAMPLES]),
        )
        for pairs in ways
    )


def _way(course: Course) -> Any:
    return course.way if course.ended is not None else None

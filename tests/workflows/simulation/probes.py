"""Scenarios in a few words: a graph, cases at instants, minutes for each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.factories.clocks import at
from workflows.clocks import national_calendar
from workflows.engine.graph import Graph
from workflows.simulation import ComingCase, Course, Outcome, Scenario, TimeAxis, read_assumptions, simulate

AXIS = TimeAxis(national_calendar())
MONDAY = "2026-03-02 09:00"
HOUR = 3600


def second(text: str) -> int:
    return AXIS.second(at(text))


def cases(*begins: str, data: Mapping[str, Any] | None = None) -> tuple[ComingCase, ...]:
    return tuple(
        ComingCase(name=str(number), begins=second(one), data=data or {}) for number, one in enumerate(begins, start=1)
    )


def scenario(
    drawn: Graph, steps: Mapping[str, Any], coming: Sequence[ComingCase] | None = None, **more: Any
) -> Scenario:
    """Return a scenario. steps: minutes by step, or all that is assumed about it."""
    assumed = {name: words if isinstance(words, dict) else {"minutes": words} for name, words in steps.items()}
    staff, arrivals = more.pop("staff", None), more.pop("arrivals", None)
    assumptions = read_assumptions({"steps": assumed, "staff": staff, "arrivals": arrivals})
    return Scenario(graph=drawn, axis=AXIS, cases=tuple(coming or cases(MONDAY)), assumptions=assumptions, **more)


def run(drawn: Graph, steps: Mapping[str, Any], coming: Sequence[ComingCase] | None = None, **more: Any) -> Outcome:
    return simulate(scenario(drawn, steps, coming, **more))


def end(course: Course) -> str:
    assert course.ended is not None, course.stuck
    return AXIS.instant(course.ended).strftime("%Y-%m-%d %H:%M")


def spans(course: Course, step: str) -> list[tuple[str, str]]:
    """Return when a step opened and ended, each time."""
    return [
        (AXIS.instant(visit.opened).strftime("%d %H:%M"), AXIS.instant(visit.closed or 0).strftime("%d %H:%M"))
        for visit in course.visits
        if visit.step == step
    ]

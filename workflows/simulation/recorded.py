"""Closed cases as they were: what each step took and what it answered, in order, to be lived through again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workflows.simulation.time_axis import TimeAxis

#: Facts of history that open a step, and whether it takes time by the wall clock, else working time. Those of a called
#: process (`child_…`) are told in its caller's history too.
OPENING = {"task_opened": False, "child_started": False, "job_queued": True, "listening": True}
#: Facts that say that somebody takes the work of a step into her hands.
TAKEN_UP = frozenset({"task_claimed", "task_reassigned"})
#: Facts that end a step by itself. Whatever else ends it takes it away.
ENDING = frozenset(
    {"task_done", "task_returned", "child_ended", "job_done", "job_skipped", "message_received", "signal_received"}
)
#: Facts that move a run: a run that ends without one was ended from outside.
MOVING = ENDING | {"timer_fired", "run_started"}
RETURNED, FAILED = "returned:", "error:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One fact of a run's history. second: on the time axis. outcome: the answer, `returned:<node>`, `error:<code>`."""

    second: int
    kind: str
    node: str = ""
    round: int = 0
    outcome: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """One step of one case.

    seconds: from opening to end, of working time, or by the wall clock where `by_the_wall`; for a step that was taken
    away (not `done`): how long it had been open by then. handled: working seconds since somebody took it up. tail:
    seconds out of hours between the last second worked and the end. order: of what ends in one second, what was first.
    """

    seconds: int
    handled: int
    tail: int = 0
    outcome: str = ""
    done: bool = True
    by_the_wall: bool = False
    order: int = 0


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One closed run.

    steps: by node, in the order in which they opened. called: the runs that call activities started, by node, in
    order. learned: what jobs and messages added to the data. ended_from_outside: after how many working seconds, and
    with which outcome; None if it came to its own end.
    """

    name: str
    process: str
    begins: int
    data: Mapping[str, Any] = field(default_factory=dict)
    learned: Mapping[str, Any] = field(default_factory=dict)
    steps: Mapping[str, tuple[Observation, ...]] = field(default_factory=dict)
    called: Mapping[str, tuple[Recording, ...]] = field(default_factory=dict)
    ended_from_outside: Observation | None = None

    def with_called(self) -> Iterable[Recording]:
        """Yield this recording and all below it."""
        yield self
        for each in self.called.values():
            for recording in each:
                yield from recording.with_called()


def steps_of(facts: Iterable[Fact], axis: TimeAxis, *, until: int) -> dict[str, tuple[Observation, ...]]:
    """Return the steps of a run's history. facts: oldest first. until: when the run ended."""
    opened: dict[tuple[str, int], Fact] = {}
    taken: dict[tuple[str, int], int] = {}
    ended: dict[tuple[str, int], tuple[int, Fact]] = {}
    for order, fact in enumerate(facts):
        place = (fact.node, fact.round)
        if fact.kind in OPENING:
            opened[place] = fact
        elif fact.kind in TAKEN_UP:
            taken.setdefault(place, fact.second)
        elif fact.kind in ENDING or fact.kind == "activity_cancelled":
            ended.setdefault(place, (order, fact))
    steps: dict[str, list[Observation]] = defaultdict(list)
    for place, opening in opened.items():
        order, end = ended.get(place, (0, Fact(second=until, kind="run_ended")))
        observed = _observed(opening, taken.get(place, opening.second), end, axis)
        steps[opening.node].append(replace(observed, order=order))
    return {node: tuple(each) for node, each in steps.items()}


def _observed(opening: Fact, taken_at: int, end: Fact, axis: TimeAxis) -> Observation:
    worked = axis.worked(end.second) - axis.worked(opening.second)
    by_the_wall = OPENING.get(opening.kind, False)
    return Observation(
        seconds=end.second - opening.second if by_the_wall else worked,
        handled=0 if by_the_wall else axis.worked(end.second) - axis.worked(taken_at),
        tail=0 if by_the_wall else end.second - axis.after(opening.second, worked),
        outcome=end.outcome,
        done=end.kind in ENDING,
        by_the_wall=by_the_wall,
    )


def end_from_outside(facts: Iterable[Fact], axis: TimeAxis, begins: int) -> Observation | None:
    """Return when and with what outcome a run was ended that nothing of its own ended. facts: in order of recording.

    All that one step of the engine writes has one instant, what moved it first: a run that came to its own end has a
    fact before its end, of the same instant, that moved it.
    """
    known = list(facts)
    place = next((place for place, fact in enumerate(known) if fact.kind == "run_ended"), None)
    if place is None:
        return None
    end = known[place]
    if any(fact.second == end.second and fact.kind in MOVING for fact in known[:place]):
        return None
    return _observed(Fact(second=begins, kind="run_started"), begins, end, axis)

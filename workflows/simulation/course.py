"""What is simulated, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.engine.graph import Graph, Node
from workflows.simulation.assumptions import Assumptions
from workflows.simulation.recorded import Recording
from workflows.simulation.time_axis import TimeAxis


def nothing_called(key: str) -> Graph | None:
    """Answer that no process is known that a call activity could start."""
    return None


@dataclass(frozen=True, kw_only=True)
class ComingCase:
    """A case that will be filed. name: the same in both versions that are compared; its luck hangs on it.

    begins: on the time axis. recording: the closed case that it lives through again, None for a made-up one.
    """

    name: str
    begins: int
    data: Mapping[str, Any] = field(default_factory=dict)
    recording: Recording | None = None


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A process and the world it meets. called: finds the process of a call activity. history: what others took."""

    graph: Graph
    axis: TimeAxis
    cases: tuple[ComingCase, ...]
    assumptions: Assumptions = field(default_factory=Assumptions)
    history: tuple[Recording, ...] = ()
    called: Callable[[str], Graph | None] = nothing_called
    seed: int = 1


@dataclass(slots=True, eq=False, kw_only=True)
class Visit:
    """One step of one case. step: its node, below the call activities that led there (`food_licence/intake`).

    after: the step whose end opened it, `&` for a join. opened, taken_up, closed: on the time axis. due: by when the
    step's limit wants it done. handled: working seconds that somebody spends on it. ended_as: its place among all ends.
    """

    step: str
    node: Node
    opened: int
    after: str
    department: str = ""
    role: str = ""
    due: int | None = None
    taken_up: int | None = None
    closed: int | None = None
    handled: int = 0
    outcome: str = ""
    taken_away: bool = False
    ended_as: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it still waits."""
        return self.closed is None


@dataclass(slots=True, kw_only=True)
class Course:
    """What became of one case. ended: None while it is not. stuck: why it never will, "" if it ended."""

    name: str
    began: int
    ended: int | None = None
    outcome: str = ""
    stuck: str = ""
    visits: list[Visit] = field(default_factory=list)

    @property
    def path(self) -> tuple[str, ...]:
        """The steps that were done and their answers, in the order in which they ended."""
        return tuple(_told(visit) for visit in self._done())

    @property
    def way(self) -> tuple[tuple[str, str], ...]:
        """The path as it is compared: each step with the one that led to it, so that no race of branches shows."""
        return tuple(sorted((visit.after, _told(visit)) for visit in self._done()))

    def _done(self) -> list[Visit]:
        done = [visit for visit in self.visits if visit.closed is not None and not visit.taken_away]
        return sorted(done, key=lambda visit: visit.ended_as)


def _told(visit: Visit) -> str:
    return f"{visit.step}={visit.outcome}" if visit.outcome else visit.step


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step that some case came to. place: where it stands in the drawing, below its calls."""

    name: str
    node: Node
    place: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """All that came of a scenario. busy: working seconds of the people of each post that was given a number."""

    courses: tuple[Course, ...]
    steps: Mapping[str, Step]
    busy: Mapping[str, int]

"""A case while it runs: its processes, what waits in them, and what was sent inside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workflows.engine.events import Subscribed
from workflows.engine.graph import Graph, NodeKind, Trigger
from workflows.engine.state import State
from workflows.simulation.chance import mixed, number_of
from workflows.simulation.course import Course, Visit
from workflows.simulation.recorded import Observation, Recording

Place = tuple[str, int]


class RunningCase:
    """One case. events: how many it had. sent: messages that nobody in it waited for yet."""

    __slots__ = ("course", "events", "runs", "sent")

    def __init__(self, course: Course) -> None:
        """Begin with nothing running."""
        self.course = course
        self.events = 0
        self.runs: list[Run] = []
        self.sent: list[tuple[str, str]] = []

    @property
    def is_over(self) -> bool:
        """Whether it ended or never will."""
        return self.course.ended is not None or bool(self.course.stuck)

    def listeners(self, trigger: Trigger, name: str, key: str) -> Iterator[tuple[Run, Place]]:
        """Yield who in this case waits for a message or signal."""
        for run in self.runs:
            for place, waits in run.listening.items():
                if (waits.trigger, waits.name) == (trigger, name) and waits.key in ("", key):
                    yield run, place

    def waits_for(self) -> str:
        """Return what the first thing is that waits in it."""
        for run in self.runs:
            for (node, _), visit in run.open.items():
                waits = run.listening.get((node, _))
                about = f"{waits.trigger} {waits.name}" if waits is not None else "its end"
                return f"{visit.step} waits for {about}, which never comes."
        return "Nothing waits in it, and it has not ended."


class Run:
    """One process of a case.

    above: the run and the place of the call activity that started it. prefix: of the names of its steps. luck: what
    its steps' luck is made from. open: steps that wait. timers: those set, with how often they fired. listening: what
    waits for a message or signal.
    """

    __slots__ = (
        "above", "case", "depth", "graph", "listening", "luck", "open", "opened", "prefix", "recording", "state",
        "timers",
    )  # fmt: skip

    def __init__(
        self,
        case: RunningCase,
        graph: Graph,
        data: Mapping[str, Any],
        *,
        luck: int,
        recording: Recording | None = None,
        above: tuple[Run, Place] | None = None,
    ) -> None:
        """Stand before the beginning."""
        self.case, self.graph, self.luck, self.above, self.recording = case, graph, luck, above, recording
        self.state = State(data=with_what_is_read(graph, data))
        self.prefix: str = f"{above[0].prefix}{above[1][0]}/" if above is not None else ""
        self.depth: int = above[0].depth + 1 if above is not None else 0
        self.open: dict[Place, Visit] = {}
        self.opened: dict[str, int] = {}
        self.timers: set[tuple[str, int, int]] = set()
        self.listening: dict[Place, Subscribed] = {}
        case.runs.append(self)

    def next_of(self, node: str) -> tuple[int, int]:
        """Count an opening of a node; return how many there were before, and the luck of this one."""
        before = self.opened.get(node, 0)
        self.opened[node] = before + 1
        return before, mixed(self.luck, number_of(node), before)

    def recorded(self, node: str, number: int) -> Observation | None:
        """Return what happened when a node opened for this time in the case that is lived through again."""
        steps = self.recording.steps.get(node, ()) if self.recording is not None else ()
        return steps[number] if number < len(steps) else None

    def recorded_call(self, node: str, number: int) -> Recording | None:
        """Return the run that a call activity started when it opened for this time, as it was recorded."""
        called = self.recording.called.get(node, ()) if self.recording is not None else ()
        return called[number] if number < len(called) else None


def with_what_is_read(graph: Graph, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return data in which every department and message key that the drawing reads has a value.

    What a made-up case lacks stands for itself (`$department`), so that its tasks are counted under that name.
    """
    whole: dict[str, Any] = dict(data)
    for node in graph.nodes.values():
        if node.kind is NodeKind.USER_TASK and node.department.startswith("$"):
            _fill(whole, node.department[1:].split("."), node.department)
        if node.correlation:
            _fill(whole, node.correlation.split("."), f"${node.correlation}")
    return whole


def _fill(data: dict[str, Any], path: list[str], value: str) -> None:
    name, *below = path
    if below:
        inside = data.get(name)
        if inside is None or isinstance(inside, Mapping):
            data[name] = dict(inside or {})
            _fill(data[name], below, value)
    elif data.get(name) in (None, ""):
        data[name] = value

"""What people, workers and senders do: how long each step takes and what it answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from workflows.engine.graph import Graph, Node, NodeKind
from workflows.simulation.assumptions import Assumptions, usual_duration, usual_outcomes
from workflows.simulation.chance import Duration, Lottery, Seen, mixed, share
from workflows.simulation.recorded import FAILED, RETURNED, Observation, Recording

#: Which luck a number is about.
_OUTCOME, _DURATION, _CHANCE = 1, 2, 3


class Answer(NamedTuple):
    """What a step will take and say. Fields as of `Observation`; `comes`: whether it ends by itself at all."""

    seconds: int
    handled: int
    tail: int
    outcome: str
    by_the_wall: bool
    comes: bool = True
    order: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Habit:
    """How a step usually goes. times: by answer. stated_*: said by the designer, who outvotes what was recorded."""

    outcomes: Lottery
    times: Mapping[str, Duration]
    other: Duration
    handled: Mapping[int, int]
    by_the_wall: bool
    chance: float
    stated_time: bool
    stated_outcome: bool


class World:
    """Answers for every step: as stated, else as recorded of this very case, else as seen in others, else as usual."""

    def __init__(self, *, per_day: int, assumptions: Assumptions, history: Iterable[Recording] = ()) -> None:
        """per_day: working seconds in a working day. history: the closed cases that others are like."""
        self.assumptions = assumptions
        self._per_day = per_day
        self._habits: dict[tuple[str, str], _Habit] = {}
        self._seen: dict[tuple[str, str], list[Observation]] = defaultdict(list)
        for case in history:
            for run in case.with_called():
                for node, observations in run.steps.items():
                    self._seen[run.process, node] += observations

    def answer(self, graph: Graph, node: Node, recorded: Observation | None, luck: int) -> Answer:
        """Return what a step does. recorded: the same step of the case that is lived through again."""
        habit = self._habits.get((graph.key, node.id)) or self._habit(graph, node)
        outcome = habit.outcomes.drawn(share(mixed(luck, _OUTCOME)))
        mine = recorded if recorded is not None and recorded.done else None
        if mine is not None and not habit.stated_outcome and _allowed(graph, node, mine.outcome):
            outcome = mine.outcome
        if mine is not None and not habit.stated_time:
            return Answer(mine.seconds, mine.handled, mine.tail, outcome, mine.by_the_wall, order=mine.order)
        seconds = habit.times.get(outcome, habit.other).at(share(mixed(luck, _DURATION)))
        if recorded is not None and not recorded.done and not habit.stated_time:
            # It was taken away before it was done: it takes longer than that.
            seconds = max(seconds, recorded.seconds + 1)
        handled = habit.handled.get(seconds, seconds)
        comes = habit.chance >= 1 or share(mixed(luck, _CHANCE)) < habit.chance
        return Answer(seconds, handled, 0, outcome, habit.by_the_wall, comes)

    def _habit(self, graph: Graph, node: Node) -> _Habit:
        stated = self.assumptions.about(graph.key, node.id)
        seen = self._seen.get((graph.key, node.id), [])
        done = [one for one in seen if one.done and _allowed(graph, node, one.outcome)]
        usual = _seen(done) or usual_duration(node, self._per_day)
        drawn = stated.outcomes.only(partial(_allowed, graph, node)) if stated.outcomes is not None else None
        by_answer = {answer: [one for one in done if one.outcome == answer] for answer in _in_order(done, node)}
        habit = _Habit(
            outcomes=drawn
            or (Lottery.of((each, len(ones)) for each, ones in by_answer.items()) if done else None)
            or usual_outcomes(graph, node),
            times={} if stated.duration else {answer: _seen(ones) or usual for answer, ones in by_answer.items()},
            other=stated.duration or usual,
            handled={} if stated.duration else {one.seconds: one.handled for one in done if not one.by_the_wall},
            by_the_wall=node.kind not in (NodeKind.USER_TASK, NodeKind.CALL_ACTIVITY),
            chance=stated.chance if stated.chance is not None else _chance(node, seen),
            stated_time=stated.duration is not None,
            stated_outcome=drawn is not None,
        )
        self._habits[graph.key, node.id] = habit
        return habit


def misfits(assumptions: Assumptions, graphs: Iterable[Graph]) -> list[str]:
    """Return what is stated about steps and answers that none of these drawings has: slips of the pen."""
    drawings, strange = list(graphs), []
    for name, stated in assumptions.steps.items():
        process, _, step = name.rpartition("/")
        # A called process may not be among them: what is stated about it is believed.
        if process and process not in {graph.key for graph in drawings}:
            continue
        found = [(graph, graph.nodes[step]) for graph in drawings if step in graph.nodes]
        if not found:
            strange.append(f"there is no step {step}")
        for answer in stated.outcomes.answers if found and stated.outcomes is not None else ():
            if not any(_allowed(graph, node, answer) for graph, node in found):
                strange.append(f"{step} never ends with {answer}")
    return strange


def _in_order(done: Sequence[Observation], node: Node) -> list[str]:
    """Return the answers that were seen: those of the drawing in its order, so that luck falls on the same ones."""
    found = {one.outcome for one in done}
    return [*(answer for answer in node.outcomes if answer in found), *sorted(found - set(node.outcomes))]


def _seen(done: Sequence[Observation]) -> Duration | None:
    return Seen(tuple(sorted(one.seconds for one in done))) if done else None


def _chance(node: Node, seen: Sequence[Observation]) -> float:
    """Return how often a listener hears something: what a token waits for always comes, the rest as often as seen."""
    if node.kind not in (NodeKind.BOUNDARY, NodeKind.START):
        return 1.0
    return sum(one.done for one in seen) / len(seen) if seen else 0.0


def _allowed(graph: Graph, node: Node, outcome: str) -> bool:
    """Tell whether a drawing lets a step end like this; an older version may have had other answers."""
    if outcome.startswith(RETURNED):
        return way_back(graph, node, outcome) is not None
    return not node.outcomes or outcome in node.outcomes or outcome.startswith(FAILED)


def way_back(graph: Graph, node: Node, outcome: str) -> str | None:
    """Return the flow on which a task is sent back, None when the drawing has no such way."""
    target = outcome.removeprefix(RETURNED)
    return next((flow for flow in node.returns if graph.flows[flow].target == target), None)

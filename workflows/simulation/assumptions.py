"""What a designer states about the world outside the drawing, and what is assumed where nobody states anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.engine.graph import AUTOMATIC, Graph, Node, NodeKind
from workflows.simulation.chance import Duration, Fixed, Lottery, Spread

MINUTE = 60
#: How often the first of a task's answers is given; the others share the rest. Drawings name the good one first.
FIRST = 0.8
#: 10th, 50th and 90th percentile of a step's time as shares of its limit: nearly one in ten is late, as in real logs.
OF_LIMIT = (0.2, 0.5, 0.9)
#: The same in working days where no limit is drawn: for an office, for the applicant, for a process that is not known.
OFFICE, APPLICANT, CALLED = (0.25, 1.0, 2.0), (1.0, 3.0, 10.0), (2.0, 5.0, 10.0)
#: On the spot (a limit of 0): minutes.
ON_THE_SPOT = (5.0, 15.0, 60.0)
#: By the wall clock: a worker's job takes seconds, a message from outside a day.
JOB, MESSAGE = Fixed(5), Fixed(86_400)
#: Who is asked outside the offices: never queues, counts for no department.
APPLICANT_ROLE = "applicant"
_TOP, _OF_STEP = frozenset({"steps", "staff", "arrivals"}), frozenset({"minutes", "outcomes", "chance"})


class AssumptionError(ValueError):
    """What was stated cannot be understood. The message is a sentence for whoever stated it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stated:
    """What is stated about one step; None where nothing is.

    minutes: of working time for a task, by the wall clock for a job or a message. outcomes: how often each answer.
    chance: of an event on a border: how often it comes at all.
    """

    duration: Duration | None = None
    outcomes: Lottery | None = None
    chance: float | None = None


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """What is stated. steps: by node, or by `process/node` for one process only. staff: people by department, or by
    `department/role`; whoever is not listed is without limit. arrivals: cases per working day."""

    steps: Mapping[str, Stated] = field(default_factory=dict)
    staff: Mapping[str, int] = field(default_factory=dict)
    arrivals: float | None = None

    def about(self, process: str, node: str) -> Stated:
        """Return what is stated about a node of a process."""
        return self.steps.get(f"{process}/{node}") or self.steps.get(node) or _NOTHING


_NOTHING = Stated()


def read_assumptions(stated: Any) -> Assumptions:
    """Return what a JSON or YAML document states. Raises AssumptionError."""
    whole = _mapping(stated, "The assumptions", _TOP)
    steps = {name: _step(name, words) for name, words in _mapping(whole.get("steps"), "steps").items()}
    staff = _mapping(whole.get("staff"), "staff")
    for post, people in staff.items():
        if not isinstance(people, int) or isinstance(people, bool) or people < 1:
            raise AssumptionError(f"staff of {post}: {people!r} is no number of people from 1 up.")
    arrivals = whole.get("arrivals")
    if arrivals is not None and not _number(arrivals):
        raise AssumptionError(f"arrivals: {arrivals!r} is no number of cases per working day above 0.")
    return Assumptions(steps=steps, staff=staff, arrivals=arrivals)


def _step(name: str, words: Any) -> Stated:
    told = _mapping(words, f"The step {name}", _OF_STEP)
    chance = told.get("chance")
    if chance is not None and not (chance == 0 or (_number(chance) and chance <= 1)):
        raise AssumptionError(f"chance of {name}: {chance!r} is no share from 0 to 1.")
    outcomes = _mapping(told.get("outcomes"), f"outcomes of {name}")
    for outcome, weight in outcomes.items():
        if weight != 0 and not _number(weight):
            raise AssumptionError(f"outcomes of {name}: {weight!r} for {outcome} is no share.")
    if outcomes and not any(outcomes.values()):
        raise AssumptionError(f"outcomes of {name}: none of them ever comes.")
    minutes = told.get("minutes")
    return Stated(
        duration=None if minutes is None else _duration(name, minutes),
        outcomes=Lottery.of(outcomes.items()) if outcomes else None,
        chance=chance,
    )


def _duration(name: str, minutes: Any) -> Duration:
    if minutes == 0 or _number(minutes):
        return Fixed(round(minutes * MINUTE))
    if isinstance(minutes, list) and len(minutes) == 3 and all(map(_number, minutes)):
        try:
            return Spread(*(one * MINUTE for one in minutes))
        except ValueError as error:
            raise AssumptionError(f"minutes of {name}: {error}.") from None
    raise AssumptionError(f"minutes of {name}: {minutes!r} is neither a number nor a list of three: p10, p50, p90.")


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e9


def _mapping(value: Any, what: str, known: frozenset[str] = frozenset()) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise AssumptionError(f"{what}: a mapping of names is expected.")
    if known and (strange := sorted(value.keys() - known)):
        raise AssumptionError(f"{what}: {', '.join(strange)} is not known; known are {', '.join(sorted(known))}.")
    return value


def usual_duration(node: Node, per_day: int) -> Duration:
    """Return how long a step takes of which nothing is known. per_day: working seconds in a working day."""
    if node.kind in AUTOMATIC or node.kind in (NodeKind.THROW, NodeKind.END):
        return JOB
    if node.kind not in (NodeKind.USER_TASK, NodeKind.CALL_ACTIVITY):
        return MESSAGE
    if node.kind is NodeKind.CALL_ACTIVITY:
        return Spread(*(days * per_day for days in CALLED))
    if node.limit is None:
        return Spread(*(days * per_day for days in (APPLICANT if node.role == APPLICANT_ROLE else OFFICE)))
    if node.limit.amount == 0:
        return Spread(*(minutes * MINUTE for minutes in ON_THE_SPOT))
    # A week of calendar days holds five working days.
    unit = {"working_hours": 3600, "calendar_days": per_day * 5 / 7, "seconds": 1}.get(node.limit.unit, per_day)
    return Spread(*(portion * node.limit.amount * unit for portion in OF_LIMIT))


def usual_outcomes(graph: Graph, node: Node) -> Lottery:
    """Return how often each answer of a step is given of which nothing is known."""
    answers = node.outcomes or _asked_for(graph).get(node.id, ())
    if not answers:
        return Lottery.of([("", 1)])
    if not node.outcomes:
        answers = (*answers, "")  # what no condition asks for: the default flow
    rest = (1 - FIRST) / max(len(answers) - 1, 1)
    return Lottery.of([(answers[0], FIRST if len(answers) > 1 else 1), *((answer, rest) for answer in answers[1:])])


_ASKED = re.compile(r"""\boutcome\.(\w+)\s*==\s*(?:'([^']*)'|"([^"]*)")""")


def _asked_for(graph: Graph) -> dict[str, tuple[str, ...]]:
    """Return the answers that conditions ask for, by node, in drawing order: jobs and calls declare none."""
    found: dict[str, dict[str, None]] = {}
    for flow in graph.flows.values():
        for node, single, double in _ASKED.findall(flow.condition or ""):
            found.setdefault(node, {})[single or double] = None
    return {node: tuple(answers) for node, answers in found.items()}

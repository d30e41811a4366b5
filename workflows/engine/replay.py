"""Would a run stand where it stands if it had begun with another drawing? Its story is told to both, event by event.

Nothing is guessed. The old drawing must explain where the run stands; the new one must open the same work after each
event as the old one did, send the same messages, and wait for the same things in the end. Where it does not, the run
does not fit, and the first event that shows it is named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workflows.engine import events
from workflows.engine.advance import EngineError, advance
from workflows.engine.events import Effect, Event
from workflows.engine.graph import Graph, NodeKind, Timer
from workflows.engine.state import Activity, State
from workflows.expressions import ExpressionError

#: Effects that are work outside: rows that exist once the step is stored.
_Work = events.TaskOpened | events.JobQueued | events.ChildCalled
_OPENS = {events.TaskOpened: "open the task", events.JobQueued: "queue the job", events.ChildCalled: "call the process"}
#: Of open work, what its row says and a new drawing therefore may not change.
_FIXED = ("kind", "department", "role", "action", "decision", "called", "part")


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """One event of a run's story. what: the fact that tells of it. since: what a repeated timer counts on from."""

    what: str
    event: Event
    at: datetime
    since: datetime | None = None

    def __str__(self) -> str:
        node = getattr(self.event, "node", "")
        return f"{self.what} {node}#{getattr(self.event, 'round', 1)}" if node else self.what


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why a run does not fit. element: the id of a node, "" for none in particular."""

    element: str
    message: str

    def __str__(self) -> str:
        return f"{self.element or '-'}: {self.message}"


@dataclass(frozen=True, kw_only=True, slots=True)
class SetTimer:
    """A timer that runs. since: the instant from which it counts."""

    timer: Timer
    fired: int
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Fit:
    """What the new drawing makes of a story. reasons: why it does not fit; without any, `state` may be adopted.

    timers, waits: what the state's events wait for, as the new drawing says; timers_before: as the old one does.
    """

    state: State
    reasons: tuple[Reason, ...] = ()
    timers: Mapping[Activity, SetTimer] = field(default_factory=dict)
    timers_before: Mapping[Activity, SetTimer] = field(default_factory=dict)
    waits: Mapping[Activity, events.Subscribed] = field(default_factory=dict)


class _Told:
    """A drawing that is told a story."""

    def __init__(self, graph: Graph, data: Mapping[str, Any]) -> None:
        self.graph = graph
        self.state = State(data=data)
        self.timers: dict[Activity, SetTimer] = {}
        self.waits: dict[Activity, events.Subscribed] = {}
        self.work: dict[Activity, _Work] = {}
        self.opened: set[tuple[str, str, int]] = set()
        self.cancelled: set[Activity] = set()
        self.sent: Counter[tuple[str, str]] = Counter()
        self.moved = False

    def hear(self, happening: Happening) -> None:
        """Apply one event and keep what followed from it."""
        before = self.state
        self.state, effects = advance(self.graph, before, happening.event)
        self.moved = self.state != before
        self.opened, self.cancelled, self.sent = set(), set(), Counter()
        for effect in effects:
            self._keep(effect, happening)

    def _keep(self, effect: Effect, happening: Happening) -> None:
        match effect:
            case events.TaskOpened() | events.JobQueued() | events.ChildCalled():
                self.work[effect.node, effect.round] = effect
                self.opened.add((_OPENS[type(effect)], effect.node, effect.round))
            case events.ActivityCancelled():
                self.cancelled.add((effect.node, effect.round))
            case events.Thrown():
                self.sent[str(effect.trigger), effect.name] += 1
            case events.TimerSet():
                since = happening.since if effect.fired and happening.since else happening.at
                one = (effect.node, effect.round)
                self.timers[one] = SetTimer(timer=effect.timer, fired=effect.fired, since=since)
            case events.Subscribed():
                self.waits[effect.node, effect.round] = effect

    def listening(self) -> set[Activity]:
        """Return what waits or listens at the end."""
        return {*self.state.waiting, *self.state.armed}


def fit(old: Graph, new: Graph, *, data: Mapping[str, Any], story: Sequence[Happening], stands: State) -> Fit:
    """Tell a run's story to the drawing it runs on and to another one. stands: where the run really stands.

    data: what the run was started with. Raises nothing: whatever goes wrong is a reason.
    """
    one, other = _Told(old, data), _Told(new, data)
    reasons: list[Reason] = []
    for happening in story:
        reasons = _tell(one, other, happening)
        if reasons:
            break
    else:
        reasons = _unexplained(one.state, stands) or [*_open_differently(one, other)]
    here, there = other.listening(), one.listening()
    return Fit(
        state=other.state,
        reasons=tuple(reasons),
        timers={place: timer for place, timer in other.timers.items() if place in here},
        timers_before={place: timer for place, timer in one.timers.items() if place in there},
        waits={place: wait for place, wait in other.waits.items() if place in here},
    )


def _tell(one: _Told, other: _Told, happening: Happening) -> list[Reason]:
    element = getattr(happening.event, "node", "")
    try:
        one.hear(happening)
    except (EngineError, ExpressionError) as error:
        message = f"at {happening}: the history cannot be followed on the version it ran on: {error}"
        return [Reason(element=element, message=message)]
    if reason := _unknown_answer(one.graph, other.graph, happening):
        return [reason]
    waited = _places(other.state)
    try:
        other.hear(happening)
    except (EngineError, ExpressionError) as error:
        return [Reason(element=element, message=f"at {happening}: the new version would have failed: {error}")]
    if one.moved and not other.moved:
        message = f"at {happening}: the new version would not have been waiting there, but at {waited}"
        return [Reason(element=element, message=message)]
    return [*_otherwise(one, other, happening)]


def _places(state: State) -> str:
    return ", ".join(f"{node}#{number}" for node, number in sorted(state.waiting)) or "nothing"


def _unknown_answer(old: Graph, new: Graph, happening: Happening) -> Reason | None:
    """Return why the new drawing could not have got this answer: it does not allow it, and the old one did."""
    event = happening.event
    if not isinstance(event, events.Completed) or event.node not in new.nodes:
        return None
    before, after = old.nodes[event.node], new.nodes[event.node]
    if after.kind is not NodeKind.USER_TASK or not after.outcomes or event.outcome in after.outcomes:
        return None
    if before.outcomes and event.outcome not in before.outcomes:
        return None
    return Reason(
        element=event.node, message=f"at {happening}: the new version does not know the answer {event.outcome!r}"
    )


def _otherwise(one: _Told, other: _Told, happening: Happening) -> Iterator[Reason]:
    """Yield what the new drawing would have done at an event and the old one did not, and the reverse."""
    for words, node, number in sorted(other.opened - one.opened):
        yield Reason(element=node, message=f"at {happening}: the new version would {words} {node}#{number} as well")
    for words, node, number in sorted(one.opened - other.opened):
        yield Reason(element=node, message=f"at {happening}: the new version would not {words} {node}#{number}")
    for node, number in sorted(other.cancelled ^ one.cancelled):
        would = "would" if (node, number) in other.cancelled else "would not"
        yield Reason(element=node, message=f"at {happening}: the new version {would} take away {node}#{number}")
    for trigger, name in sorted((other.sent - one.sent) | (one.sent - other.sent)):
        would = "would" if other.sent[trigger, name] > one.sent[trigger, name] else "would not"
        yield Reason(element="", message=f"at {happening}: the new version {would} send the {trigger} {name!r}")
    if other.state.ended and not one.state.ended:
        yield Reason(element="", message=f"at {happening}: the new version would have ended the run")


def _unexplained(told: State, stands: State) -> list[Reason]:
    if told == stands:
        return []
    names = sorted(name for name in {*told.data, *stands.data} if told.data.get(name) != stands.data.get(name))
    what = f"how it learned {', '.join(names)}" if names else "where the run stands"
    return [Reason(element="", message=f"the history does not tell {what}")]


def _open_differently(one: _Told, other: _Told) -> Iterator[Reason]:
    """Yield the differences between what is open now in both drawings."""
    for node, number in sorted(one.state.waiting.keys() ^ other.state.waiting.keys()):
        would = "would not be" if (node, number) in one.state.waiting else "would be"
        yield Reason(element=node, message=f"{node}#{number} {would} open in the new version")
    for node, number in sorted(one.state.waiting.keys() & other.state.waiting.keys()):
        before, after = one.graph.nodes[node], other.graph.nodes[node]
        for name in _FIXED:
            # What the data filled in (`$name`, an instance's item) is in the effect; the drawing tells the rest.
            was = getattr(one.work.get((node, number)), name, getattr(before, name))
            would_be = getattr(other.work.get((node, number)), name, getattr(after, name))
            if was != would_be:
                message = (
                    f"{node}#{number} is open, and its {name} was {was or 'nothing'}, would be {would_be or 'nothing'}"
                )
                yield Reason(element=node, message=message)

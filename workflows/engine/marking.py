"""The marking while it moves: a `State` that may be written, and the effects that has. Lives for one step."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from typing import Any

from workflows.engine.choices import key_of, timer_of
from workflows.engine.events import ActivityCancelled, Disarmed, Effect, Subscribed, Thrown, TimerSet
from workflows.engine.graph import AUTOMATIC, Graph, Node, NodeKind, Trigger
from workflows.engine.state import ROOT, Activity, State

#: Listeners that something outside the engine has to watch.
_WATCHED = frozenset({Trigger.TIMER, Trigger.MESSAGE, Trigger.SIGNAL})
#: Elements that send something: a worker does, by their action, else the engine itself.
_SENDING = frozenset({NodeKind.SEND_TASK, NodeKind.THROW, NodeKind.END})
_CARRIED_OUT = (AUTOMATIC - _SENDING) | {NodeKind.USER_TASK, NodeKind.CALL_ACTIVITY}
#: What activities answered: an instance covers the run's answers one by one, other values as a whole.
_ANSWERS = frozenset({"outcome", "outcomes"})


def is_carried_out(node: Node) -> bool:
    """Tell whether a token that rests at a node is a row outside: a task, a job, a child run."""
    return bool(node.action) if node.kind in _SENDING else node.kind in _CARRIED_OUT


def is_watched(node: Node) -> bool:
    """Tell whether what a node waits or listens for comes from outside."""
    return node.trigger in _WATCHED or node.kind is NodeKind.RECEIVE_TASK


class Marking:
    """Tokens, scopes and listeners of one run.

    moving: tokens on their way, each with the node it comes to, on which flow ("" where a scope begins) and in which
    scope. over: activities that are over as soon as they begin.
    """

    def __init__(self, graph: Graph, state: State) -> None:
        self.graph = graph
        self.waiting = dict(state.waiting)
        self.scopes = dict(state.scopes)
        self.armed = dict(state.armed)
        self.arrived = dict(state.arrived)
        self.rounds = dict(state.rounds)
        self.local = dict(state.local)
        self.data: Mapping[str, Any] = state.data
        self.outcome = state.outcome
        self.ended = state.ended
        self.effects: list[Effect] = []
        self.moving: deque[tuple[Node, str, Activity]] = deque()
        self.over: deque[Activity] = deque()

    def state(self) -> State:
        """Return the marking as a frozen value."""
        return State(
            waiting=self.waiting,
            scopes=self.scopes,
            armed=self.armed,
            arrived=self.arrived,
            rounds={} if self.ended else self.rounds,
            local=self.local,
            data=self.data,
            outcome=self.outcome,
            ended=self.ended,
        )

    @property
    def empty(self) -> bool:
        """Whether no token is left."""
        return not (self.waiting or self.scopes or self.arrived or self.moving)

    def enter(self, node: Node) -> Activity:
        """Count an entry into a node and return it."""
        number = self.rounds[node.id] = self.rounds.get(node.id, 0) + 1
        return node.id, number

    def scope_of(self, one: Activity) -> Activity:
        """Return the scope in which an activity waits or a scope lies."""
        return self.waiting[one] if one in self.waiting else self.scopes[one].within

    def seen_from(self, place: Activity) -> Mapping[str, Any]:
        """Return the data that conditions read at a place: the run's, covered by what the instances around it add."""
        if not self.local:
            return self.data
        around: list[Mapping[str, Any]] = []
        while place != ROOT:
            around.append(self.local.get(place, {}))
            place = self.scope_of(place)
        seen = dict(self.data)
        for values in reversed(around):
            for name, value in values.items():
                seen[name] = {**seen.get(name, {}), **value} if name in _ANSWERS else value
        return seen

    def learn(self, values: Mapping[str, Any]) -> None:
        """Let values join the run's data."""
        if values:
            self.data = {**self.data, **values}

    def answer(self, name: str, node: str, value: Any, scope: Activity) -> None:
        """Remember what an activity in a scope answered, readable by conditions as `<name>.<node>`.

        The instances around it remember it too: what the same activity answers in another one is not theirs.
        """
        self.data = {**self.data, name: {**self.data.get(name, {}), node: value}}
        while scope != ROOT and self.local:
            if (own := self.local.get(scope)) is not None:
                self.local[scope] = {**own, name: {**own.get(name, {}), node: value}}
            scope = self.scope_of(scope)

    def arm(self, host: Activity, *, border: bool = True, inside: bool = True) -> None:
        """Let the events of a host listen: those on its border or behind its gateway, those of the scope inside it."""
        for node in self.graph.listeners.get(host[0], ()):
            if inside if node.kind is NodeKind.START else border:
                self.armed[node.id, host[1]] = 0
                self.watch(node, host[1], host)

    def watch(self, node: Node, number: int, place: Activity, fired: int = 0) -> None:
        """Ask the outside for what a node waits or listens for. place: where its values are read."""
        trigger = Trigger.MESSAGE if node.kind is NodeKind.RECEIVE_TASK else node.trigger
        if trigger is Trigger.TIMER:
            timer = timer_of(node, self.seen_from(place))
            self.effects.append(TimerSet(node=node.id, round=number, timer=timer, fired=fired))
        elif is_watched(node):
            key = key_of(node, self.seen_from(place))
            self.effects.append(Subscribed(node=node.id, round=number, trigger=trigger, name=node.reference, key=key))

    def throw(self, node: Node, scope: Activity) -> None:
        """Send the message or signal of an event or a send task."""
        trigger = Trigger.MESSAGE if node.kind is NodeKind.SEND_TASK else node.trigger
        key = key_of(node, self.seen_from(scope))
        self.effects.append(Thrown(node=node.id, trigger=trigger, name=node.reference, key=key))

    def disarm(self, host: Activity) -> None:
        """Let no event of a host listen any more."""
        for node in self.graph.listeners.get(host[0], ()):
            self.silence((node.id, host[1]))

    def silence(self, listener: Activity) -> None:
        """Let one event not listen any more."""
        if self.armed.pop(listener, None) is not None:
            self._unwatch(listener)

    def close(self, one: Activity) -> Activity:
        """Take an activity or an empty scope away because it is over; return the scope it was in."""
        scope = self.scope_of(one)
        self.waiting.pop(one, None)
        self.scopes.pop(one, None)
        self.local.pop(one, None)
        self.disarm(one)
        return scope

    def cancel(self, one: Activity) -> None:
        """Take an activity or a scope away, with everything in it, although it is not over."""
        if one in self.scopes:
            self.clear(one)
        elif is_carried_out(self.graph.nodes[one[0]]):
            self.effects.append(ActivityCancelled(node=one[0], round=one[1]))
        else:
            self._unwatch(one)
        self.close(one)

    def clear(self, scope: Activity) -> None:
        """Cancel everything inside a scope; the scope itself stays."""
        rooms = self._rooms_in(scope)
        for one in sorted(self.waiting):
            if self.waiting[one] in rooms:
                self.cancel(one)
        for one in sorted(rooms - {scope}):
            self.close(one)
        self.arrived = {place: count for place, count in self.arrived.items() if place[0] not in rooms}
        self.moving = deque(token for token in self.moving if token[2] not in rooms)

    def _rooms_in(self, scope: Activity) -> set[Activity]:
        inner: dict[Activity, list[Activity]] = defaultdict(list)
        for one, room in self.scopes.items():
            inner[room.within].append(one)
        found = [scope]
        for one in found:  # which grows on the way
            found += inner[one]
        return set(found)

    def tokens_in(self, scope: Activity) -> Iterator[tuple[str, ...]]:
        """Yield for each token of a scope the flows it lies on or may leave by; branches beside a host are not its."""
        for inner, flow in self.arrived:
            if inner == scope:
                yield (flow,)
        for one, around in self.waiting.items():
            if around == scope:
                yield tuple(self.graph.ways_on(one[0]))
        for one, room in self.scopes.items():
            if room.within == scope and self.graph.nodes[one[0]].kind is not NodeKind.BOUNDARY:
                yield tuple(self.graph.ways_on(one[0]))

    def empty_scopes(self) -> list[Activity]:
        """Return the scopes in which no token is left."""
        if not self.scopes:
            return []
        held = {*self.waiting.values(), *(scope for scope, _ in self.arrived)}
        held.update(scope.within for scope in self.scopes.values())
        return sorted(self.scopes.keys() - held)

    def _unwatch(self, one: Activity) -> None:
        if is_watched(self.graph.nodes[one[0]]):
            self.effects.append(Disarmed(node=one[0], round=one[1]))

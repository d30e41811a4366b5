"""A naive proof to hold the real one to: every state of every scope within scope, every step tried, nothing reduced.

Written from the rules of BPMN 2.0 clause 13, sharing no code with the proof. A state is a tree: the places that hold
a token, and for each sub-process that runs the state of its inside. Whether a state is stuck is asked of the whole
tree. What runs beside its host has a tree of its own; that it may get stuck, or end the scope around it, is one more
thing that may happen there. For small graphs only.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

from workflows.engine.graph import ACTIVITIES, AUTOMATIC, Graph, Node, NodeKind, Trigger

#: (scope, where it began, places with a token, (place, state) of each sub-process that runs)
State = tuple[str, str, frozenset[str], frozenset[Any]]

BEGIN, STUCK = "(begin)", "(stuck)"


class TooLargeError(Exception):
    """The naive way has met its end."""


@dataclass(frozen=True)
class Step:
    """One thing that may happen. after: the state then, or "done", or the id of what catches it further out, or None
    for an error that nobody catches."""

    label: tuple[str, ...]
    after: Any
    unsafe: bool = False


class Naive:
    def __init__(self, graph: Graph, *, flow_only: bool = False, limit: int = 1_500) -> None:
        self.graph, self.flow_only, self.limit = graph, flow_only, limit
        #: Scopes that may get stuck by what runs beside their tokens.
        self.stuck: set[str] = set()
        #: What a scope beside its host threw out of it: (scope, what catches it).
        self.thrown: set[tuple[str, str | None]] = set()
        #: How what an event sets off beside its host may end the scope of both: (event, "done" or what catches it).
        self.clearing: set[tuple[str, str | None]] = set()
        self._settle()
        while not self.hanging <= self.stuck:
            self.stuck |= self.hanging
            self._settle()

    def _settle(self) -> None:
        while True:
            before = len(self.thrown), len(self.clearing)
            self._explore()
            if (len(self.thrown), len(self.clearing)) == before:
                break

    # --- exploring

    def _explore(self) -> None:
        self.fired: set[str] = set()
        self.seen: set[State] = set()
        self.rooms: set[State] = set()
        self.steps = cache(self._steps)
        self.spawned: deque[State] = deque(self._beginnings(""))
        while self.spawned:
            room = self.spawned.popleft()
            if room not in self.rooms:
                self.rooms.add(room)
                self._walk(room)
        self._judge()

    def _walk(self, room: State) -> None:
        todo = [room]
        while todo:
            state = todo.pop()
            if state in self.seen:
                continue
            self.seen.add(state)
            if len(self.seen) > self.limit:
                raise TooLargeError
            for step in self.steps(state):
                if isinstance(step.after, tuple) and not step.unsafe:
                    todo.append(step.after)
                    if step.after[0] != state[0] and step.label:
                        self.clearing.add((state[1], step.after[1]))
                elif step.after == "done" and step.label and self._is_border(state[1]):
                    self.clearing.add((state[1], "done"))
                elif step.after != "done" and not step.unsafe:
                    self.thrown.add((state[0], step.after))
                    self.clearing.add((state[1], step.after))

    def _all_states(self) -> set[State]:
        found: set[State] = set()
        todo = list(self.seen)
        while todo:
            state = todo.pop()
            if state not in found:
                found.add(state)
                todo += [inner for _, inner in state[3]]
        return found

    def _judge(self) -> None:
        self.kinds: set[str] = set()
        self.hanging: set[str] = set()
        unsafe = {state[:2] for state in self._all_states() if any(step.unsafe for step in self.steps(state))}
        if unsafe:
            self.kinds.add("lack_of_synchronisation")
        elif self.fired != set(self.graph.nodes):
            self.kinds.add("dead_element")
        dead = [state for state in self.seen if state[2] and not self.steps(state)]
        caught = [state for state in self._unable(dead) if state[:2] not in unsafe]
        for kind, states in (("deadlock", dead), ("no_option_to_complete", caught)):
            found = {self._owner(state) for state in states} - {None}
            self.kinds |= {kind} if "" in found else set()
            self.hanging |= {scope for scope in found if scope}

    def _unable(self, others: list[State]) -> list[State]:
        """Return the states seen from which neither the end nor one of the others can be reached."""
        before: dict[State, list[State]] = defaultdict(list)
        fine = [*others, *(state for state in self.seen if self._may_end(state))]
        for state in self.seen:
            for step in self.steps(state):
                if isinstance(step.after, tuple):
                    before[step.after].append(state)
        able: set[State] = set()
        while fine:
            state = fine.pop()
            if state not in able:
                able.add(state)
                fine += before[state]
        return [state for state in self.seen if state not in able]

    def _may_end(self, state: State) -> bool:
        return not state[2] or any(not isinstance(step.after, tuple) for step in self.steps(state))

    def _owner(self, state: State) -> str | None:
        """Return the scope that cannot complete when a state is stuck, None if something in it may always end it."""
        scope, beginning = state[:2]
        if not scope or not self.graph.nodes[scope].by_event or self._is_border(beginning):
            return scope
        around = self.graph.nodes[scope].scope
        if any(start.interrupting for start in self.graph.starts(scope)):
            return around
        return None if self._escapes(around) else around

    def _escapes(self, scope: str) -> bool:
        todo = [step.after for step in self._rescues((scope, BEGIN, frozenset(), frozenset()))]
        seen = set()
        while todo:
            after = todo.pop()
            if not isinstance(after, tuple) or self._may_end(after):
                return True
            if after not in seen:
                seen.add(after)
                todo += [step.after for step in self.steps(after)]
        return False

    # --- steps

    def _beginnings(self, scope: str) -> list[State]:
        starts = self.graph.starts(scope)
        if starts and starts[0].kind is not NodeKind.START:
            return [(scope, BEGIN, frozenset(node.id for node in starts), frozenset())]
        begun = [(scope, node.id, frozenset({node.id}), frozenset[Any]()) for node in starts]
        return begun or [(scope, BEGIN, frozenset(), frozenset())]

    def _steps(self, state: State) -> list[Step]:
        scope, beginning, places, running = state
        if beginning == STUCK:
            return []
        found = list(self._rescues(state))
        inside = dict(running)
        for place in places:
            node = self.graph.nodes[self.graph.flows[place].target if place in self.graph.flows else place]
            if place in inside:
                for inner in self.steps(inside[place]):
                    found += self._from_inside(state, place, node, inner)
                found += self._borders(state, place, node, running=True)
            else:
                found += self._at(state, place, node)
        for join in self.graph.inside.get(scope, ()):
            if len(join.incoming) > 1 and join.kind in (NodeKind.PARALLEL, NodeKind.INCLUSIVE):
                filled = places & set(join.incoming)
                if self._joins(join, filled, places):
                    found += self._put(state, filled, join, (join.id,))
        return found

    def _at(self, state: State, place: str, node: Node) -> Iterator[Step]:
        """Yield what happens to a token at a node that needs no other."""
        kind = node.kind
        if len(node.incoming) > 1 and kind in (NodeKind.PARALLEL, NodeKind.INCLUSIVE):
            return
        if kind is NodeKind.SUB_PROCESS:
            self.fired.add(node.id)
            for begun in [*self._beginnings(node.id), *self._stuck_states(node.id)]:
                yield Step((node.id,), (*state[:3], state[3] | {(place, begun)}))
            yield from self._from_beside(state, place, node)
            yield from self._clearing(state, node)
            return
        if kind is NodeKind.EVENT_BASED:
            for flow in node.outgoing:
                event = self.graph.nodes[self.graph.flows[flow].target]
                yield from self._put(state, {place}, event, (node.id, event.id))
            return
        if kind is NodeKind.END and node.trigger is Trigger.TERMINATE:
            self.fired.add(node.id)
            yield Step((node.id,), "done")
            return
        thrown = node.trigger in (Trigger.ERROR, Trigger.ESCALATION) and kind in (NodeKind.END, NodeKind.THROW)
        catchers = self._nearest(node, node.trigger) if thrown else []
        if thrown and (node.trigger is Trigger.ERROR or any(catcher.interrupting for catcher in catchers)):
            self.fired.add(node.id)
            for catcher in catchers or [None]:
                yield self._out(state, (node.id,), catcher)
            return
        yield from self._put(state, {place}, node, (node.id,))
        for flow in node.returns:
            yield self._land(state, {place}, {flow}, (node.id,))
        yield from self._borders(state, place, node)
        for trigger in (Trigger.ERROR, Trigger.ESCALATION):
            for catcher in self._any(node, trigger):
                if catcher.host != node.id and catcher.interrupting:
                    yield self._out(state, (node.id,), catcher)

    def _stuck_states(self, scope: str) -> list[State]:
        return [(scope, STUCK, frozenset({STUCK}), frozenset())] if scope in self.stuck else []

    def _clearing(self, state: State, node: Node, *, free: bool = False) -> Iterator[Step]:
        """Yield how what events on a border set off may end the scope around. free: only those that come unthrown."""
        for name, after in self.clearing:
            event = self.graph.nodes.get(name)
            if event is None or event.kind is not NodeKind.BOUNDARY or event.host != node.id or event.interrupting:
                continue
            if not free or event.trigger not in (Trigger.ERROR, Trigger.ESCALATION):
                yield self._cleared(state, (node.id, event.id), after)

    def _cleared(self, state: State, label: tuple[str, ...], after: str | None) -> Step:
        if after == "done":
            return Step(label, "done")
        return self._out(state, label, self.graph.nodes[after] if after else None)

    def _borders(self, state: State, place: str, node: Node, *, running: bool = False) -> Iterator[Step]:
        """Yield what the events on an activity's border may do without anything inside throwing."""
        for event in self.graph.nodes.values():
            if event.kind is NodeKind.BOUNDARY and event.host == node.id:
                free = event.trigger not in (Trigger.ERROR, Trigger.ESCALATION)
                if free or event in self._any(node, event.trigger):
                    if event.interrupting:
                        yield from self._put(state, {place}, event, (node.id, event.id))
                    else:
                        self._spawn(state[0], event.id)
        yield from self._clearing(state, node, free=running)

    def _from_inside(self, state: State, place: str, node: Node, inner: Step) -> Iterator[Step]:
        """Yield what a step inside a sub-process is for the scope around it."""
        rest = frozenset(pair for pair in state[3] if pair[0] != place)
        if inner.unsafe:
            return
        label, left = inner.label, (*state[:3], rest)
        if inner.after == "done":
            yield from self._put(left, {place}, node, label)
        elif isinstance(inner.after, tuple):
            if inner.after[2]:
                yield Step(label, (*state[:3], rest | {(place, inner.after)}))
            else:
                yield from self._put(left, {place}, node, label)
        elif inner.after is not None and self.graph.nodes[inner.after].host == node.id and self._is_border(inner.after):
            event = self.graph.nodes[inner.after]
            yield from self._put(left, {place}, event, (*label, event.id))
        else:
            catcher = self.graph.nodes[inner.after] if inner.after else None
            yield self._out(left, label, catcher)

    def _from_beside(self, state: State, place: str, node: Node) -> Iterator[Step]:
        """Yield what a scope that runs beside the inside of a sub-process throws out of it."""
        left = (*state[:3], frozenset(pair for pair in state[3] if pair[0] != place))
        for scope, name in self.thrown:
            catcher = self.graph.nodes[name] if name else None
            if not self._within(scope, node.id) or (catcher and self._within(catcher.host, node.id, catcher)):
                continue
            if catcher and catcher.host == node.id:
                yield from self._put(left, {place}, catcher, (node.id, catcher.id))
            else:
                yield self._out(left, (node.id,), catcher)

    def _within(self, scope: str, around: str, catcher: Node | None = None) -> bool:
        """Tell whether a scope lies in another, or is it; of what catches on a border, what it is the border of."""
        if catcher is not None and catcher.kind is NodeKind.BOUNDARY and scope == around:
            return False
        while scope and scope != around:
            scope = self.graph.nodes[scope].scope
        return scope == around

    def _is_border(self, name: str) -> bool:
        return name in self.graph.nodes and self.graph.nodes[name].kind is NodeKind.BOUNDARY

    def _out(self, state: State, label: tuple[str, ...], catcher: Node | None) -> Step:
        """Return the step that ends a scope for an event: one in it takes over, or one further out."""
        if catcher is not None and catcher.kind is NodeKind.START and catcher.host == state[0]:
            return Step(label, self._taken_over(catcher))
        return Step(label, catcher.id if catcher else None)

    def _taken_over(self, start: Node) -> State:
        self.fired.add(start.scope)
        return (start.scope, start.id, frozenset({start.id}), frozenset())

    def _rescues(self, state: State) -> Iterator[Step]:
        """Yield what event sub-processes may do at any time."""
        for start in self._event_starts(state[0]):
            if start.trigger not in (Trigger.ERROR, Trigger.ESCALATION):
                if start.interrupting:
                    for taken_over in [self._taken_over(start), *self._stuck_states(start.scope)]:
                        yield Step((), taken_over)
                else:
                    self.fired.add(start.scope)
                    self._spawn(start.scope, start.id)
                    for name, after in self.clearing:
                        if name == start.id:
                            yield self._cleared(state, (), after)

    def _event_starts(self, scope: str) -> list[Node]:
        return [
            node
            for node in self.graph.nodes.values()
            if node.kind is NodeKind.START
            and node.scope
            and self.graph.nodes[node.scope].by_event
            and self.graph.nodes[node.scope].scope == scope
        ]

    def _spawn(self, scope: str, place: str) -> None:
        self.spawned += [(scope, place, frozenset({place}), frozenset())]
        if not self._is_border(place):
            self.spawned += self._stuck_states(scope)

    def _put(self, state: State, taken: Any, node: Node, label: tuple[str, ...]) -> Iterator[Step]:
        self.fired.update(label)
        if node.trigger is Trigger.ESCALATION and node.kind in (NodeKind.END, NodeKind.THROW):
            for catcher in self._nearest(node, Trigger.ESCALATION):
                self.fired.add(catcher.scope) if catcher.kind is NodeKind.START else None
                self._spawn(catcher.scope, catcher.id)
        if node.kind in (NodeKind.CALL_ACTIVITY, *ACTIVITIES):
            for catcher in self._any(node, Trigger.ESCALATION):
                if not catcher.interrupting and catcher.host != node.id:
                    self.fired.add(catcher.scope) if catcher.kind is NodeKind.START else None
                    self._spawn(catcher.scope, catcher.id)
        for put in self._ways(node):
            yield self._land(state, taken, put, label)

    def _land(self, state: State, taken: Any, put: Any, label: tuple[str, ...]) -> Step:
        self.fired.update(label)
        left = state[2] - set(taken)
        after = (state[0], state[1], left | set(put), state[3])
        return Step(label, after, unsafe=bool(left & set(put)))

    def _ways(self, node: Node) -> list[set[str]]:
        flows = [self.graph.flows[flow] for flow in node.outgoing]
        names = [flow.id for flow in flows]
        if node.kind is NodeKind.EXCLUSIVE:
            return [{name} for name in names] or [set()]
        if node.kind is NodeKind.PARALLEL:
            return [set(names)]
        asked = [flow.id for flow in flows if flow.condition and flow.id != node.default]
        others = {flow.id for flow in flows if not flow.condition and flow.id != node.default}
        if node.kind is NodeKind.INCLUSIVE and not asked and len(names) > 1:
            asked, others = [name for name in names if name != node.default], set()
        some = [set(chosen) | others for size in range(1, len(asked) + 1) for chosen in combinations(asked, size)]
        alone = others or ({node.default} if node.default else set())
        return [*some, alone] if alone or not asked else some

    def _joins(self, join: Node, filled: set[str], places: frozenset[str]) -> bool:
        entries = set(join.incoming)
        if join.kind is NodeKind.PARALLEL:
            return filled == entries
        for place in places - entries:
            ahead = self._ahead(place, join.id) & entries
            if ahead - filled and not ahead & filled:
                return False
        return bool(filled)

    def _ahead(self, place: str, join: str) -> set[str]:
        """Return every flow to which a token may come without passing a join."""
        seen: set[str] = set()
        todo = [place]
        while todo:
            at = todo.pop()
            if at in seen:
                continue
            seen.add(at)
            name = self.graph.flows[at].target if at in self.graph.flows else at
            if name != join:
                todo += [*self.graph.nodes[name].outgoing, *self.graph.nodes[name].returns]
                for event in self.graph.nodes.values():
                    if event.kind is NodeKind.BOUNDARY and event.host == name and event.interrupting:
                        todo += event.outgoing
        return seen

    # --- who catches

    def _levels(self, node: Node) -> Iterator[list[Node]]:
        borders = [event for event in self.graph.nodes.values() if event.kind is NodeKind.BOUNDARY]
        yield [event for event in borders if event.host == node.id]
        scope, from_event = node.scope, False
        while True:
            if not from_event:
                yield self._event_starts(scope)
            if not scope:
                return
            yield [event for event in borders if event.host == scope]
            from_event = self.graph.nodes[scope].by_event
            scope = self.graph.nodes[scope].scope

    def _nearest(self, node: Node, trigger: Trigger) -> list[Node]:
        for level in self._levels(node):
            fitting = [one for one in level if one.trigger is trigger and one.reference in ("", node.reference)]
            if fitting:
                return [one for one in fitting if one.reference][:1] or fitting[:1]
        return []

    def _any(self, node: Node, trigger: Trigger) -> list[Node]:
        """Return who may catch what a node throws of which the drawing does not say the code."""
        able = node.kind is NodeKind.CALL_ACTIVITY or (trigger is Trigger.ERROR and node.kind in AUTOMATIC)
        empty = node.id not in self.graph.inside
        if not able and not (self.flow_only and node.kind in ACTIVITIES and empty):
            return []
        found: list[Node] = []
        for level in self._levels(node):
            fitting = [one for one in level if one.trigger is trigger]
            found += fitting
            if any(not one.reference for one in fitting):
                break
        return found

    # --- traces, of graphs without sub-processes

    def shortest(self, kind: str) -> int | None:
        """Return the length of the shortest trace to a fault; only of graphs without sub-processes."""
        best: list[int] = []
        for room in self.rooms:
            if room[1] == BEGIN or self.graph.nodes[room[1]].kind is NodeKind.START:
                best += self._distances(room, kind)
        return min(best, default=None)

    def _distances(self, room: State, kind: str) -> Iterator[int]:
        costs = {room: 0}
        layers: dict[int, list[State]] = defaultdict(list, {0: [room]})
        for cost in range(200):
            for state in layers[cost]:
                steps = self.steps(state)
                if kind == "deadlock" and state[2] and not steps:
                    yield cost
                for step in steps if costs[state] == cost else ():
                    further = cost + len(step.label)
                    if step.unsafe and kind == "lack_of_synchronisation":
                        yield further
                    if isinstance(step.after, tuple) and not step.unsafe and further < costs.get(step.after, 999):
                        costs[step.after] = further
                        layers[further].append(step.after)

    def replays(self, trace: tuple[str, ...], kind: str) -> bool:
        """Tell whether a trace can happen and ends in its fault."""
        todo = [(room, 0) for room in self.rooms if room[0] == ""]
        seen = set()
        while todo:
            state, at = todo.pop()
            if (state, at) in seen:
                continue
            seen.add((state, at))
            steps = self.steps(state)
            if at == len(trace) and kind == "deadlock" and state[2] and not steps:
                return True
            if at == len(trace) and kind == "no_option_to_complete":
                return True
            for step in steps:
                end = at + len(step.label)
                if trace[at:end] == step.label:
                    if step.unsafe and end == len(trace) and kind == "lack_of_synchronisation":
                        return True
                    if isinstance(step.after, tuple) and not step.unsafe:
                        todo.append((step.after, end))
        return False

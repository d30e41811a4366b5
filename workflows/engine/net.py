"""A scope of a process as a Petri net with free choices, for the proof: places hold tokens, moves take and put them.

The places are the sequence flows alone. A token on a flow waits for what the flow leads to, so an activity is a move
from its incoming flow to its outgoing ones (van der Aalst 1997, 2000: workflow nets; Dijkman, Dumas and Ouyang 2008:
BPMN as nets). Each sub-process is a net of its own and one atomic activity in the net around it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from workflows.engine.graph import ACTIVITIES, AUTOMATIC, Graph, Node, NodeKind, Trigger

#: Which places hold a token. A place is a flow's id, or a node's where tokens appear that came over no flow.
Marking = frozenset[str]

#: The place that is marked before everything that has no incoming flow begins at once.
BEFORE = ""

NOTHING: Marking = frozenset()

#: The places of a choice, each with the elements that take part if it is chosen.
Some = Mapping[str, tuple[str, ...]]


class Clears(StrEnum):
    """A move that takes every token of its net: a terminate end, or something a scope further out catches."""

    ENDS = "ends"
    BREAKS = "breaks"


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """What can happen at once.

    elements: the drawing's elements that take part, in their order. some: of these places any but none get a token.
    join: the inclusive gateway that takes what it finds on `taken` once nothing more can come. also: elements of which
    it is known that they take part in some run if this does.
    """

    elements: tuple[str, ...]
    taken: Marking
    put: Marking = NOTHING
    some: Some = field(default_factory=dict)
    clears: Clears | None = None
    join: str = ""
    also: frozenset[str] = frozenset()

    @property
    def effect(self) -> tuple[Marking, Marking, frozenset[str], Clears | None, str]:
        """Return what the move does to a marking; moves of equal effect are the same but for their names."""
        return self.taken, self.put, frozenset(self.some), self.clears, self.join


@dataclass(frozen=True)
class Inside:
    """What is known of a scope's inside: the elements that take part in some run, and how it may end.

    completes: by itself. stuck: not at all, unless something outside ends it.
    """

    fired: frozenset[str]
    completes: bool
    stuck: bool = False


@dataclass(frozen=True)
class Net:
    """Moves and the place that is marked first; the empty marking is the end.

    reach: for each inclusive join and place, at which of the join's flows a token there may still arrive.
    targets: for each place the element that takes its token. traps: the places that stand for a sub-process which got
    stuck inside, with its id; only what takes every token takes theirs.
    """

    first: str
    moves: tuple[Move, ...]
    reach: Mapping[str, Mapping[str, frozenset[str]]]
    targets: Mapping[str, str]
    traps: Mapping[str, str] = field(default_factory=dict)


class Throws:
    """Which events catch what an element throws (BPMN 2.0 §10.5.7, §13.5: the innermost that fits)."""

    def __init__(self, graph: Graph, *, flow_only: bool) -> None:
        """flow_only: any task of a foreign drawing may fail and escalate."""
        self.graph = graph
        self._caught: dict[str, list[tuple[Trigger, tuple[Node, ...]]]] = {}
        for node in graph.nodes.values():
            opaque = flow_only and node.kind in ACTIVITIES and node.id not in graph.inside
            if node.kind in (NodeKind.END, NodeKind.THROW):
                thrown = {node.trigger} & {Trigger.ERROR, Trigger.ESCALATION}
            elif opaque or node.kind is NodeKind.CALL_ACTIVITY:
                thrown = {Trigger.ERROR, Trigger.ESCALATION}
            else:
                thrown = {Trigger.ERROR} if node.kind in AUTOMATIC else set()
            if thrown:
                self._caught[node.id] = [(trigger, self._catchers(node, trigger)) for trigger in sorted(thrown)]

    def may_fire(self, listener: Node, fired: Iterable[str]) -> bool:
        """Tell whether a listening event can happen when these elements take part in its host."""
        return comes_by_itself(listener) or any(
            listener in caught for name in fired for _, caught in self._caught.get(name, ())
        )

    def interrupts(self, thrower: str) -> bool:
        """Tell whether something that it ends catches what an element throws."""
        return any(catcher.interrupting for _, caught in self._caught.get(thrower, ()) for catcher in caught)

    def breaks(self, scope: str, fired: Iterable[str]) -> bool:
        """Tell whether one of these elements throws what ends the scope and whatever is caught only further out.

        What may fail with any code ends nothing by itself: only a listener gives that a meaning.
        """
        around = set(self._around(scope))
        for name in fired:
            known = self.graph.nodes[name].kind in (NodeKind.END, NodeKind.THROW)
            for trigger, catchers in self._caught.get(name, ()):
                if known and trigger is Trigger.ERROR and not catchers:
                    return True
                if any(one.host in around and (one.interrupting or trigger is Trigger.ERROR) for one in catchers):
                    return True
        return False

    def _around(self, scope: str) -> Iterator[str]:
        """Yield the scopes a host must be that catches what leaves `scope` and its border."""
        while scope:
            scope = self.graph.nodes[scope].scope
            yield scope

    def _catchers(self, thrower: Node, trigger: Trigger) -> tuple[Node, ...]:
        known = thrower.kind in (NodeKind.END, NodeKind.THROW)
        caught: list[Node] = []
        for group in self._outwards(thrower):
            fitting = [node for node in group if node.trigger is trigger]
            if known:  # the one that names the code comes before the one for any
                named = [node for node in fitting if node.reference in ("", thrower.reference)]
                fitting = sorted(named, key=lambda node: not node.reference)[:1]
            caught += fitting
            if (known and fitting) or any(not node.reference for node in fitting):
                break
        return tuple(caught)

    def _outwards(self, node: Node) -> Iterator[list[Node]]:
        """Yield who may catch, from the inside out: the border of an activity, the event sub-processes beside it."""
        while True:
            yield [event for event in self._listeners(node.id) if event.kind is NodeKind.BOUNDARY]
            if not node.by_event:  # what an event sub-process throws its neighbours do not catch
                yield [event for event in self._listeners(node.scope) if event.kind is NodeKind.START]
            if not node.scope:
                return
            node = self.graph.nodes[node.scope]

    def _listeners(self, host: str) -> tuple[Node, ...]:
        return self.graph.listeners.get(host, ())


def comes_by_itself(listener: Node) -> bool:
    """Tell whether an event may happen at any time, whatever becomes of its host."""
    return listener.trigger not in (Trigger.ERROR, Trigger.ESCALATION)


class Drawing:
    """The moves of one scope of a graph, and its nets."""

    def __init__(
        self,
        graph: Graph,
        scope: str,
        throws: Throws,
        insides: Mapping[str, Inside],
        clearing: Mapping[str, frozenset[Clears]] | None = None,
    ) -> None:
        """insides: of the sub-processes in the scope. clearing: how what a border event sets off can end the scope."""
        self.graph = graph
        self.throws = throws
        self.insides = insides
        self.clearing = clearing or {}
        self.traps: dict[str, str] = {}
        nodes = graph.inside.get(scope, ())
        self.moves = [move for node in nodes for move in self._moves(node)]
        joins = [node for node in nodes if node.kind is NodeKind.INCLUSIVE and len(node.incoming) > 1]
        self.reach = {join.id: self._reach(join, nodes) for join in joins}
        self.targets = {flow: node.id for node in nodes for flow in (node.id, *node.incoming)} | self.traps

    def net(self, beginnings: tuple[Node, ...]) -> Net:
        """Return the net of what follows when all these nodes begin at once."""
        first = beginnings[0].id
        moves = self.moves
        if len(beginnings) > 1:
            first = BEFORE
            moves = [Move((), frozenset({BEFORE}), frozenset(node.id for node in beginnings)), *moves]
        return Net(first, _reachable(first, moves), self.reach, self.targets, self.traps)

    def _reach(self, join: Node, nodes: tuple[Node, ...]) -> Mapping[str, frozenset[str]]:
        led = self.graph.leads_to(join.id)
        # Where nodes begin without a flow, a token may come as far as it may from behind them.
        begun = {
            node.id: NOTHING.union(*(led.get(flow, NOTHING) for flow in self.graph.ways_on(node.id)))
            for node in nodes
            if not node.incoming
        }
        return {place: ahead for place, ahead in {**led, **begun}.items() if ahead}

    def _moves(self, node: Node) -> Iterator[Move]:
        entries = node.incoming or (node.id,)
        if node.by_event or (node.host and node.incoming):
            return  # an event sub-process begins by itself; the gateway before a listener moves for it
        if node.kind is NodeKind.PARALLEL:
            yield Move((node.id,), frozenset(entries), frozenset(node.outgoing))
        elif node.kind is NodeKind.INCLUSIVE and len(entries) > 1:
            for put, some in self._ways_out(node):
                yield Move((node.id,), frozenset(entries), put, some, join=node.id)
        else:
            for entry in entries:
                yield from self._passes(node, frozenset({entry}))

    def _passes(self, node: Node, taken: Marking) -> Iterator[Move]:
        """Yield what a node does with one token."""
        element = (node.id,)
        if node.kind is NodeKind.END and node.trigger is Trigger.TERMINATE:
            yield Move(element, taken, clears=Clears.ENDS)
            return
        if node.kind in (NodeKind.END, NodeKind.THROW) and self._ends_its_scope(node):
            yield Move(element, taken, clears=Clears.BREAKS)
            return
        inside = self.insides.get(node.id)
        if inside is None or inside.completes:
            if node.kind is not NodeKind.EVENT_BASED:
                yield from (Move(element, taken, put, some) for put, some in self._ways_out(node))
            yield from (Move(element, taken, frozenset({flow})) for flow in node.returns)
        fired = inside.fired | {node.id} if inside else frozenset(element)
        if self.throws.breaks(node.id, fired):
            yield Move(element, taken, clears=Clears.BREAKS)
        left = False
        for event in self.graph.listeners.get(node.id, ()):
            caught = event.kind is not NodeKind.START
            if caught and (node.kind is NodeKind.EVENT_BASED or self.throws.may_fire(event, fired)):
                moves = list(self._interruptions(node, event, taken))
                left |= bool(moves) and comes_by_itself(event)
                yield from moves
        # Where an event may end the sub-process, having got stuck inside leads nowhere else than not having begun.
        if inside is not None and inside.stuck and not left:
            trap = f"{node.id} stuck {min(taken)}"
            self.traps[trap] = node.id
            yield Move(element, taken, frozenset({trap}))

    def _interruptions(self, node: Node, event: Node, taken: Marking) -> Iterator[Move]:
        """Yield how an event on a node's border takes its token, be it with all others."""
        if event.interrupting:
            yield from (Move((node.id, event.id), taken, put, some) for put, some in self._ways_out(event))
        for clears in sorted(self.clearing.get(event.id, ())):
            yield Move((node.id, event.id), taken, clears=clears)

    def _ends_its_scope(self, node: Node) -> bool:
        if node.trigger is Trigger.ERROR:
            return True
        # An escalation that an interrupting event catches: the token never gets past it.
        return node.trigger is Trigger.ESCALATION and self.throws.interrupts(node.id)

    def _ways_out(self, node: Node) -> Iterator[tuple[Marking, Some]]:
        """Yield the choices of outgoing flows: conditions are free, as long as one of several holds (§13.4)."""
        if node.kind is NodeKind.EXCLUSIVE and node.outgoing:
            yield from ((frozenset({flow}), {}) for flow in node.outgoing)
            return
        flows = [flow for flow in self.graph.targets(node) if flow.id != node.default]
        asked = [flow.id for flow in flows if flow.condition is not None]
        always = {flow.id for flow in flows if flow.condition is None}
        if node.kind is NodeKind.INCLUSIVE and not asked and len(node.outgoing) > 1:
            asked, always = sorted(always), set()  # a drawing whose conditions are not written yet
        # The default opens when no other flow does; one without a condition always does.
        default = {node.default} if node.default and not always else set()
        if len(asked) > 1:
            yield frozenset(always), dict.fromkeys(asked, ())
        elif asked:
            yield frozenset({*always, *asked}), {}
        if not asked or always or default:
            yield frozenset(always | default), {}


def _reachable(first: str, moves: list[Move]) -> tuple[Move, ...]:
    """Return the moves whose places tokens can get to at all: the others are dead, and none of this net's business."""
    places: set[str] = set()
    waiting: dict[Move, int] = {}
    takers: dict[str, list[Move]] = defaultdict(list)
    for move in moves:
        waiting[move] = 1 if move.join else len(move.taken)
        for place in move.taken:
            takers[place].append(move)
    todo = [first]
    while todo:
        place = todo.pop()
        if place not in places:
            places.add(place)
            for move in takers[place]:
                waiting[move] -= 1
                if waiting[move] == 0:
                    todo += [*move.put, *move.some]
    return tuple(move for move in moves if waiting[move] <= 0)

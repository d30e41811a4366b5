"""A graph as a Petri net with free choices, for the proof: places hold tokens, moves take and put them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from workflows.engine.graph import WAITING, Graph, Node, NodeKind

#: Which places hold a token: the ids of flows, and of activities for the token that rests there.
Marking = frozenset[str]

#: A place is reduced away only while that keeps the net small.
MAX_PAIRS = 16


@dataclass(frozen=True, slots=True)
class Move:
    """What can happen at once. elements: the drawing's elements that take part, in their order."""

    elements: tuple[str, ...]
    taken: Marking
    put: Marking


class Net:
    """The moves of one scope of a graph and the marking it begins with; the empty marking is its end."""

    def __init__(self, first: Marking, moves: Iterable[Move], targets: Mapping[str, str]) -> None:
        """targets: for each flow the element it leads to."""
        self.first = first
        self.moves = tuple(moves)
        self.targets = targets
        self._by_place: dict[str, list[Move]] = defaultdict(list)
        for move in self.moves:
            self._by_place[min(move.taken)].append(move)

    @classmethod
    def of(cls, graph: Graph, origin: Node) -> Net:
        """Return the net of what follows when `origin` lets a token out on each of its flows."""
        first = frozenset(origin.outgoing)
        moves = _reachable(first, [move for node in graph.nodes.values() for move in _moves(node)])
        return cls(first, moves, {flow.id: flow.target for flow in graph.flows.values()})

    def enabled(self, marking: Marking) -> Iterator[Move]:
        """Yield what can happen in a marking."""
        for place in sorted(marking):
            for move in self._by_place.get(place, ()):
                if move.taken <= marking:
                    yield move

    def elements_at(self, marking: Marking) -> tuple[str, ...]:
        """Return the elements at which a marking's tokens are, or to which they go."""
        return tuple(sorted({self.targets.get(place, place) for place in marking}))

    def reduced(self) -> Net | None:
        """Return a smaller net that is sound only if this one is, or None where a reduction itself shows a fault.

        Three rules, until none applies. A place whose takers need nothing else is passed at once (Berthelot's
        post-agglomeration): moves onto it and off it become one. Of two places that always hold tokens together, one
        is enough. A move that changes nothing is left out beside another that can happen just when it can. A
        block-structured process of any width ends as one or two places.
        """
        moves = set(self.moves)
        while True:
            fused = _without_twins(_without_idle(moves), self.first)
            place = next(_passable(fused, self.first), None)
            if place is None:
                return Net(self.first, sorted(fused, key=lambda move: move.elements), self.targets)
            passed = _passed(fused, place)
            if passed is None:
                return None
            moves = passed


def _moves(node: Node) -> Iterator[Move]:
    element, out = (node.id,), frozenset(node.outgoing)
    if node.kind is NodeKind.TIMER_BOUNDARY:
        if node.interrupting:
            yield Move(element, frozenset({node.host}), out)
    elif node.kind is NodeKind.PARALLEL:
        if node.incoming:
            yield Move(element, frozenset(node.incoming), out)
    elif node.kind in WAITING:
        for flow in node.incoming:
            yield Move(element, frozenset({flow}), frozenset(element))
        yield Move(element, frozenset(element), out)
    elif node.kind is NodeKind.EXCLUSIVE:
        for flow in node.incoming:
            for choice in node.outgoing:
                yield Move(element, frozenset({flow}), frozenset({choice}))
    else:
        for flow in node.incoming:
            yield Move(element, frozenset({flow}), out)


def _reachable(first: Marking, moves: list[Move]) -> list[Move]:
    """Return the moves whose places tokens can get to at all: other scopes' moves are none of this one's business."""
    places = set(first)
    while more := {place for move in moves if move.taken <= places for place in move.put} - places:
        places |= more
    return [move for move in moves if move.taken <= places]


def _around(moves: set[Move]) -> tuple[dict[str, set[Move]], dict[str, set[Move]]]:
    """Return for each place the moves that put a token there, and those that take it."""
    putters: dict[str, set[Move]] = defaultdict(set)
    takers: dict[str, set[Move]] = defaultdict(set)
    for move in moves:
        for place in move.put:
            putters[place].add(move)
        for place in move.taken:
            takers[place].add(move)
    return putters, takers


def _passable(moves: set[Move], first: Marking) -> Iterator[str]:
    putters, takers = _around(moves)
    for place in sorted(putters.keys() - first):
        before, after = putters[place], takers[place]
        # What only ends is kept: passing it at once would hide that its place may hold two tokens.
        if (
            after
            and len(before) * len(after) <= MAX_PAIRS
            and not before & after
            and all(move.taken == {place} and move.put for move in after)
        ):
            yield place


def _passed(moves: set[Move], place: str) -> set[Move] | None:
    putters, takers = _around(moves)
    joined = set()
    for before in putters[place]:
        rest = before.put - {place}
        for after in takers[place]:
            if rest & after.put:
                return None
            joined.add(Move((*before.elements, *after.elements), before.taken, rest | after.put))
    left = moves - putters[place] - takers[place]
    return left | _distinct(joined, left)


def _distinct(joined: set[Move], left: set[Move]) -> set[Move]:
    """Return the new moves that differ in what they take and put from each other and from those there are."""
    known = {(move.taken, move.put) for move in left}
    chosen: dict[tuple[Marking, Marking], Move] = {}
    for move in sorted(joined, key=lambda move: move.elements):
        if (move.taken, move.put) not in known:
            chosen.setdefault((move.taken, move.put), move)
    return set(chosen.values())


def _without_idle(moves: set[Move]) -> set[Move]:
    """Take away moves that put back what they take, where another move takes the same."""
    changing = {move.taken for move in moves if move.taken != move.put}
    return {move for move in moves if move.taken != move.put or move.taken not in changing}


def _without_twins(moves: set[Move], first: Marking) -> set[Move]:
    """Take away all but one of the places that the same moves fill and empty."""
    putters, takers = _around(moves)
    places: dict[tuple[frozenset[Move], frozenset[Move]], list[str]] = defaultdict(list)
    for place in sorted(putters.keys() - first):
        places[frozenset(putters[place]), frozenset(takers[place])].append(place)
    spare = frozenset(place for (_, after), alike in places.items() if after for place in alike[1:])
    if not spare:
        return moves
    return {Move(move.elements, move.taken - spare, move.put - spare) for move in moves}

"""The nearest fault of a net that is too large to be looked through: what to look at, and what to leave lying."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from heapq import heappop, heappush
from math import inf

from workflows.engine.explore import FAULTY_STATES, Bits, Compiled, Explorer, Fault, Step, choices, explore
from workflows.engine.net import Move, Net

_Moves = Mapping[str, list[Move]]
_Slice = Mapping[Move, Move]

SECOND_TOKEN = frozenset({"lack_of_synchronisation"})


def second_token(net: Net, likely: Iterable[str]) -> Fault | None:
    """Return the nearest lack of synchronisation, as far as it is found among so many markings.

    For each place, the likely ones first, only what can have a part in a token's coming there is looked at. A move left
    out leaves its tokens lying, so what the others do remains possible: a trace found is one of the whole net. And the
    shortest trace of the whole net to a second token there is found: without the moves left out it still happens, and
    is no longer.
    """
    before: dict[str, list[Move]] = defaultdict(list)
    after: dict[str, list[Move]] = defaultdict(list)
    for move in net.moves:
        if not move.clears:
            for place in (*move.put, *move.some):
                before[place].append(move)
            for place in move.taken:
                after[place].append(move)
    slices = sorted((_slice(net, place, before, after) for place in list(before)), key=len)
    first = [_slice(net, place, before, after) for place in likely]
    left, best = FAULTY_STATES, None
    searched: list[_Slice] = []
    for one in [*first, *slices]:
        if left <= 0:
            break
        if any(one.keys() <= other.keys() for other in searched):
            continue
        searched.append(one)
        within = len(best.trace) if best else None
        found = explore(replace(net, moves=tuple(one.values())), left, SECOND_TOKEN, within=within)
        left -= found.states
        faults = [fault for fault in found.faults if fault.kind in SECOND_TOKEN]
        best = min([*faults, *([best] if best else [])], key=lambda fault: len(fault.trace), default=None)
    return best


def _slice(net: Net, place: str, before: _Moves, after: _Moves) -> _Slice:
    """Return what can lead a token to a place, or let an inclusive join on its way fire, no move wider than needed.

    before, after: the moves that put a token on a place and that take one.
    """
    needed: set[str] = set()
    kept: set[Move] = set()
    todo = [place]
    while todo:
        place = todo.pop()
        if place not in needed:
            needed.add(place)
            moves = [move for move in before.get(place, ()) if move not in kept]
            # A join looks at tokens elsewhere; whatever becomes of these matters to it.
            looked = [one for join in {move.join for move in moves} - {""} for one in net.reach[join]]
            moves += [move for one in looked for move in after.get(one, ())]
            kept.update(moves)
            todo += [*looked, *(one for move in moves for one in move.taken)]
    return {move: _narrowed(move, needed) for move in net.moves if move in kept}


def _narrowed(move: Move, needed: set[str]) -> Move:
    """Return a move whose choice is among the places needed; one other stands for all others."""
    others = [one for one in move.some if one not in needed]
    if len(others) < 2:
        return move
    return replace(move, some={one: way for one, way in move.some.items() if one not in others[1:]})


def standstill(net: Net) -> Fault | None:
    """Return the nearest deadlock, if it is found among so many markings."""
    return _Standstill(net, FAULTY_STATES, frozenset(), 0).nearest()


class _Standstill(Explorer):
    """Searches for a marking in which nothing can happen, the most promising first (A*; Hart, Nilsson, Raphael 1968).

    What side runs by side is tried in one order only: where all that can take a token needs nothing else, these moves
    come first (persistent sets, Godefroid 1996: every standstill is still reached, by as many moves). Inclusive joins
    may see the order, so with them a standstill found is one, but not always the nearest.
    """

    def nearest(self) -> Fault | None:
        alone = self._alone()
        rest = self._rest(alone)
        seen: set[Bits] = set()
        queue = [(0.0, 0, self.first)]
        while queue and len(seen) < self.max_states:
            marking = heappop(queue)[2]
            if marking in seen:
                continue
            seen.add(marking)
            enabled = list(self.enabled(marking))
            if marking and not enabled and not marking & self.traps:
                return Fault("deadlock", self.where(marking), self.trace(marking))
            first = next((move.taken for move, _ in enabled if move.taken in alone), 0)
            for move, left in enabled:
                if not move.move.clears and first in (0, move.taken):
                    for following in self._followed(marking, move, left):
                        ahead = sum(rest[place] for place in _single(following))
                        if ahead < inf:
                            cost = self.costs[following]
                            heappush(queue, (cost + ahead, -cost, following))
        return None

    def _followed(self, marking: Bits, move: Compiled, left: Bits) -> list[Bits]:
        """Return the markings that a move leads to by a shorter way than known, of large choices the extremes."""
        found = []
        for size in {1, 2, len(move.some)} - {0}:
            for elements, put in choices(move, size):
                cost = self.costs[marking] + len(elements)
                following = left | put
                if not left & put and cost < self.costs.get(following, cost + 1):
                    self.costs[following] = cost
                    self.came[following] = Step(marking, elements, len(elements))
                    found.append(following)
        return found

    def _alone(self) -> set[Bits]:
        """Return the places from which every move takes that token only."""
        return {place for place, takers in self._takers().items() if all(move.taken == place for move in takers)}

    def _takers(self) -> dict[Bits, list[Compiled]]:
        takers: dict[Bits, list[Compiled]] = defaultdict(list)
        for move in {one: None for moves in self.by_place.values() for one in moves}:
            for place in _single(move.taken):
                takers[place].append(move)
        return takers

    def _rest(self, alone: set[Bits]) -> dict[Bits, float]:
        """Return for each place how many elements at least a token passes from there until it may rest or is gone."""
        rest = {place: inf if place in alone else 0.0 for place in self.places.values()}
        moves = [move for place in alone for move in self.by_place[place] if not move.move.clears]
        changed = True
        while changed:
            changed = False
            for move in moves:
                some = min((rest[place] for place, _ in move.some), default=0.0)
                ahead = len(move.move.elements) + some + sum(rest[place] for place in _single(move.put))
                if ahead < rest[move.taken]:
                    rest[move.taken] = ahead
                    changed = True
        return rest


def _single(marking: Bits) -> list[Bits]:
    """Return the places of a marking, each by itself."""
    found = []
    while marking:
        found.append(marking & -marking)
        marking &= marking - 1
    return found

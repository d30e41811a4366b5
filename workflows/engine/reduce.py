"""Make a net smaller without changing what can go wrong in it.

Every rule is exact in both directions, so a fault of the reduced net is a fault of the drawing, and the other way
round. For all of them: a marking of the reduced net is, literally, a marking of the whole one.

Passing a place (Berthelot 1986, Murata 1989: fusion of series places, post-agglomeration). If every taker of a place
needs nothing else, its moves may follow at once on the move that put the token: nothing else can hinder them, and
what they put can only come earlier. What stays the same is which markings without the place are reached. Beyond the
books, four things are minded:
- *Two tokens.* The place itself no longer shows that it could hold two. Something must show it instead (`_seen`):
  a taker that puts its token somewhere, where it may rest just as well; or a place of the same putters from which
  tokens only vanish, so that they too may rest; or that the putters do nothing but fill the place, so that the first
  of two may wait until there are two tokens before it; or that the place never gets a second token at all.
- *Clearing moves* take all tokens and put none. If another taker may be chosen instead, coming early hides nothing. If
  only clearing moves take from a place, its putters must do nothing but fill it: then they may as well come late.
- *Inclusive joins* look at tokens elsewhere (BPMN 2.0.2 §13.4.3). A token that is moved on early must not hold up a
  join that it did not hold up before: from where it goes it reaches the same flows of the join as before, or none.
- *Choices of some places* stay one move: a place in such a choice is passed by renaming it (`_chosen`).

Twins. Of two places that the same moves fill and the same moves empty, one is enough.

Idle moves put back what they take. Beside a move that can happen just when they can, they add nothing.

Entries of an inclusive join. If all moves onto two of its flows take the same tokens, the second such move finds the
join's flow full, or the join has fired; and if whatever can still reach one of the flows can reach the other, neither
is waited for without the other. So they are one flow. A join of one flow is no join. Blocks from an inclusive split to
its join vanish in this way, nested ones from the inside out. A join to which there is never more than one token under
way (no move makes two of one) waits for nothing and is a plain merge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from workflows.engine.net import NOTHING, Marking, Move, Net

#: A place is passed only while that keeps the net small.
MAX_PAIRS = 36


def reduced(net: Net, *, apart: bool = False) -> Net:
    """Return a smaller net that is wrong in the same ways.

    apart: only draw sequences together, never what runs side by side, so that a trace need not hold more than leads
    to its end.
    """
    return _Reduction(net, apart).result()


class _Reduction:
    """Applies the rules, place by place, until none applies. Lives for one `reduced` only."""

    def __init__(self, net: Net, apart: bool) -> None:
        self.net = net
        self.apart = apart
        self.putters: dict[str, dict[Move, None]] = defaultdict(dict)
        self.takers: dict[str, dict[Move, None]] = defaultdict(dict)
        self.known: dict[object, Move] = {}
        self.todo: dict[str, None] = {}
        joins = {move.join for move in net.moves}
        self.reach = {join: reach for join, reach in net.reach.items() if join in joins}
        for move in net.moves:
            self._add(move)

    def result(self) -> Net:
        growing: dict[str, None] = {}
        while True:
            while self.todo:
                place, _ = self.todo.popitem()
                if self._drop_idle(place) or self._pass(place, grow=False) or self._drop_twin(place):
                    continue
                growing[place] = None
            # What makes more moves of fewer is tried last, when choices have collapsed.
            while growing and not self.todo:
                place, _ = growing.popitem()
                self._pass(place, grow=True)
            if not self.todo and not sum([self._simplify(join) for join in list(self.reach)]):
                return replace(self.net, moves=tuple(self.known.values()), reach=self.reach)

    # --- the moves

    def _add(self, move: Move) -> None:
        """Add a move, or name the lighter of two of equal effect."""
        twin = self.known.get(move.effect)
        if twin is not None:
            lighter, other = sorted((twin, move), key=lambda one: (len(one.elements), one.elements))
            move = replace(lighter, also=_names(lighter) | _names(other))
            self._remove(twin)
        self.known[move.effect] = move
        for place in move.taken:
            self.takers[place][move] = None
        for place in (*move.put, *move.some):
            self.putters[place][move] = None
        self._touch(move)

    def _remove(self, move: Move) -> None:
        del self.known[move.effect]
        for place in move.taken:
            del self.takers[place][move]
        for place in (*move.put, *move.some):
            del self.putters[place][move]
        self._touch(move)

    def _touch(self, move: Move) -> None:
        self.todo.update(dict.fromkeys((*move.taken, *move.put, *move.some)))

    # --- idle moves and twins

    def _drop_idle(self, place: str) -> bool:
        for idle in self.takers[place]:
            if idle.taken == idle.put and not (idle.some or idle.join):
                beside = next(
                    (move for move in self.takers[place] if move.taken == idle.taken and move is not idle), None
                )
                if beside is not None and not beside.join:
                    self._remove(idle)
                    self._remove(beside)
                    self._add(replace(beside, also=_names(beside) | _names(idle)))
                    return True
        return False

    def _drop_twin(self, place: str) -> bool:
        before, after = self.putters[place], self.takers[place]
        if not before or not after or any(place not in move.put for move in before) or any(m.join for m in after):
            return False
        alike = frozenset.intersection(*(move.put for move in before), *(move.taken for move in after))
        for twin in sorted(alike - {place, self.net.first}):
            if self.putters[twin] == before and self.takers[twin] == after and self._reaches_less(twin, place):
                for move in [*before, *(move for move in after if move not in before)]:
                    self._remove(move)
                    self._add(replace(move, taken=move.taken - {twin}, put=move.put - {twin}))
                return True
        return False

    def _reaches_less(self, place: str, other: str) -> bool:
        """Tell whether a token on the place never holds up an inclusive join that one on the other would not."""
        return all(
            reach.get(place, NOTHING) in (NOTHING, reach.get(other, NOTHING)) or place == other
            for reach in self.reach.values()
        )

    # --- passing a place

    def _pass(self, place: str, *, grow: bool) -> bool:
        """Fuse the moves onto a place with those off it."""
        before, after = self.putters[place], self.takers[place]
        if not before or not after or place == self.net.first or before.keys() & after.keys():
            return False
        growth = len(before) * len(after) - len(before) - len(after)
        if any(len(move.taken) > 1 or move.join for move in after) or (growth > 0 and not grow):
            return False
        if len(before) * len(after) > MAX_PAIRS or (self.apart and not self._in_sequence(place)):
            return False
        if not all(self._reaches_less(put, place) for move in after for put in (*move.put, *move.some)):
            return False
        if not self._seen(place):
            return False
        fused: list[Move] = []
        for move in before:
            more = _chosen(move, place, list(after)) if place in move.some else _followed(move, place, after)
            if more is None:
                return False
            fused += more
        for move in [*before, *after]:
            self._remove(move)
        for move in fused:
            self._add(move)
        return True

    def _in_sequence(self, place: str) -> bool:
        before = self.putters[place]
        return all(move.put == {place} and not move.some for move in before) and len(self.takers[place]) == 1

    def _seen(self, place: str) -> bool:
        """Tell whether two tokens on the place would still show elsewhere, and nothing be cut short, were it passed."""
        before, after = self.putters[place], self.takers[place]
        sources = frozenset[str]().union(*(move.taken for move in before))
        # Whether the token rests here or before here makes no difference to anything else.
        alone = all(move.put == {place} and not move.some and not move.join for move in before) and all(
            self._reaches_less(source, place) for source in sources
        )
        if all(move.clears for move in after) and not alone:
            return False
        if any(move.put or move.some for move in after) or (alone and len({move.taken for move in before}) == 1):
            return True
        beside = frozenset.intersection(*(move.put.union(move.some) for move in before)) - {place}
        vanishing = any(self._only_vanishes(other) and self._reaches_less(other, place) for other in beside)
        return vanishing or self._filled_once(place)

    def _only_vanishes(self, place: str) -> bool:
        return all(move.taken == {place} and not (move.put or move.some or move.join) for move in self.takers[place])

    def _filled_once(self, place: str) -> bool:
        """Tell whether a place can get one token in all: what fills it takes from a place that does, the first one."""
        passed: set[str] = set()
        while place != self.net.first and place not in passed:
            passed.add(place)
            before = self.putters[place]
            if not before or any(move.join for move in before):
                return False
            place = min(frozenset.intersection(*(move.taken for move in before)), default=place)
        return place == self.net.first

    # --- inclusive joins

    def _simplify(self, join: str) -> bool:
        """Make flows of a join one that are filled at once; make it a plain merge if one token at most comes to it."""
        moves = [move for move in self.known.values() if move.join == join]
        kept = {entry: min(alike) for alike in self._alike(join, moves[0].taken) for entry in alike}
        left = len(set(kept.values()))
        plain = left == 1 or self._comes_alone(join)
        if left == len(kept) and not plain:
            return False
        touched = dict.fromkeys(move for entry in kept for move in self.putters[entry]) | dict.fromkeys(moves)
        for move in touched:
            self._remove(move)
        for move in touched:
            for renamed in _renamed(move, kept):
                merged = plain and move.join == join
                for taken in [frozenset({entry}) for entry in renamed.taken] if merged else [renamed.taken]:
                    self._add(replace(renamed, taken=taken, join="" if merged else move.join))
        ahead = self.reach.pop(join)
        if not plain:
            self.reach[join] = {p: frozenset(kept[entry] for entry in on) for p, on in ahead.items()}
        self.todo.update(dict.fromkeys(place for place in ahead if self.takers.get(place)))  # more may be passed now
        return True

    def _comes_alone(self, join: str) -> bool:
        """Tell whether there is never more than one token from which the join can be reached."""
        near = {place for place, ahead in self.reach[join].items() if ahead}
        return all(
            len(near & move.put) + len(near & move.some.keys()) <= (1 if move.join else len(near & move.taken))
            for move in self.known.values()
        )

    def _alike(self, join: str, entries: Marking) -> Iterable[list[str]]:
        """Return the join's flows, those together onto which tokens come at once and from the same places."""
        groups: dict[object, list[str]] = defaultdict(list)
        never = []
        places = {place for place, moves in (*self.putters.items(), *self.takers.items()) if moves} - entries
        behind: dict[str, set[str]] = defaultdict(set)
        for place, ahead in self.reach[join].items():
            if place in places:
                for entry in ahead:
                    behind[entry].add(place)
        for entry in sorted(entries):
            if not self.putters[entry] and not behind[entry]:
                never.append(entry)
                continue
            sources = {(move.taken, move.join) for move in self.putters[entry]}
            whence = sources.pop() if len(sources) == 1 else entry
            groups[whence, frozenset(behind[entry])].append(entry)
        # What nothing fills and nothing is waited for is nobody's.
        next(iter(groups.values()), []).extend(never)
        return groups.values()


def _names(move: Move) -> frozenset[str]:
    """Return the elements that take part in some run if the move does."""
    return move.also.union(move.elements, *move.some.values())


def _followed(move: Move, place: str, after: Iterable[Move]) -> list[Move] | None:
    """Return a move onto a place and each of those off it as one; None if that cannot be said in one."""
    fused = []
    for next_move in after:
        put = move.put - {place}
        landing = next_move.put.union(next_move.some)
        if landing & put or landing & move.some.keys() or (move.some and next_move.some):
            return None
        # Who clears takes away what the choice beside it would have put.
        fused.append(
            Move(
                (*move.elements, *next_move.elements),
                move.taken,
                NOTHING if next_move.clears else put | next_move.put,
                {} if next_move.clears else {**move.some, **next_move.some},
                next_move.clears,
                move.join,
                _names(move) | _names(next_move),
            )
        )
    return fused


def _chosen(move: Move, place: str, after: list[Move]) -> list[Move] | None:
    """Return what becomes of a choice when one of its places is passed: one way on renames it, others may end it."""
    ways = [one for one in after if one.put or one.some]
    landing = ways[0].put.union(ways[0].some) if ways else NOTHING
    if len(ways) > 1 or len(landing) > 1 or landing & move.put or landing & move.some.keys():
        return None
    some = {name: names for name, names in move.some.items() if name != place}
    also = _names(move).union(*(_names(one) for one in after))
    for way in ways:
        some[min(landing)] = move.some[place] + way.elements
    fused = list(_settled(replace(move, some=some, also=also))) if some else []
    for end in after:
        if end not in ways:
            names = (*move.elements, *move.some[place], *end.elements)
            put = NOTHING if end.clears else move.put
            fused.append(Move(names, move.taken, put, {}, end.clears, move.join, also))
    return fused


def _settled(move: Move) -> Iterator[Move]:
    """Yield a move whose choice may be of one place only, or of some that get their token anyway."""
    left = {place: names for place, names in move.some.items() if place not in move.put}
    if len(left) > 1:
        yield replace(move, some=left)
    for place, names in left.items() if len(left) == 1 else ():
        yield replace(move, elements=move.elements + names, put=move.put | {place}, some={})
    if len(left) < len(move.some) or not move.some:
        shortest = min((names for place, names in move.some.items() if place in move.put), key=len, default=())
        yield replace(move, elements=move.elements + shortest, some={})


def _renamed(move: Move, kept: Mapping[str, str]) -> Iterator[Move]:
    """Yield a move with some places taken for others."""
    some: dict[str, tuple[str, ...]] = {}
    for place, names in move.some.items():
        name = kept.get(place, place)
        some[name] = min(some.get(name, names), names, key=len)
    taken, put = (frozenset(kept.get(place, place) for place in places) for places in (move.taken, move.put))
    yield from _settled(replace(move, taken=taken, put=put, some=some, also=_names(move)))

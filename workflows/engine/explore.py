"""Explore every marking of a net: what can go wrong there, and the shortest way to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import combinations
from typing import NamedTuple

from workflows.engine.net import Clears, Move, Net

#: So many markings are looked through for the other faults once there is one.
FAULTY_STATES = 20_000

#: A marking as a number: one bit for each place.
Bits = int


@dataclass(frozen=True)
class Fault:
    """What is wrong at the end of a trace. elements: where the tokens are.

    kind: that of a problem, or "stuck" where a sub-process got stuck inside and nothing will end it.
    """

    kind: str
    elements: tuple[str, ...]
    trace: tuple[str, ...]

    @property
    def about(self) -> tuple[str, ...]:
        """Return what is said once: each kind of fault, and of each sub-process that it is stuck."""
        return (self.kind, *self.elements) if self.kind == "stuck" else (self.kind,)


@dataclass
class Findings:
    """What an exploration saw.

    decided: no marking was left out. safe: no place could get a second token. completes: the net can become empty
    other than by breaking off. ways: for each element of a move that happened the shortest trace to it.
    """

    faults: list[Fault] = field(default_factory=list)
    fired: frozenset[str] = frozenset()
    completes: bool = False
    decided: bool = True
    safe: bool = True
    states: int = 0
    ways: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A move in bits. reach: of a join, for each place from which its flows can be reached, which of them."""

    move: Move
    taken: Bits
    put: Bits
    some: tuple[tuple[Bits, tuple[str, ...]], ...]
    reach: tuple[tuple[Bits, Bits], ...]


class Step(NamedTuple):
    """A move out of a marking, and as how long it counts."""

    marking: Bits
    elements: tuple[str, ...]
    length: int


def explore(
    net: Net, max_states: int, enough: frozenset[str] = frozenset({""}), *, branch: int = 0, within: int | None = None
) -> Findings:
    """Visit the markings by the length of the shortest trace to them (Dijkstra 1959), at most `max_states`.

    enough: these kinds of faults suffice; when all are found, nothing more is looked for. branch: as how much longer a
    trace counts for each further branch that an inclusive split opens; if much, what goes wrong between few of them is
    found before all their combinations are counted. within: only shorter traces than this are asked for.
    """
    explorer = Explorer(net, max_states, enough, branch, within)
    explorer.visit_all()
    return explorer.findings()


class Explorer:
    """Lives for one search of one net."""

    def __init__(
        self, net: Net, max_states: int, enough: frozenset[str], branch: int, within: int | None = None
    ) -> None:
        self.net = net
        self.max_states = max_states
        self.enough = enough
        self.branch = branch
        self.within = within
        self.places: dict[str, Bits] = {}
        self.first = self._bits((net.first,))
        self.by_place: dict[Bits, list[Compiled]] = defaultdict(list)
        for move in net.moves:
            self._compile(move)
        self.traps = sum(bit for place, bit in self.places.items() if place in net.traps)
        self.costs: dict[Bits, int] = {self.first: 0}
        self.came: dict[Bits, Step] = {}
        self.before: dict[Bits, list[Bits]] = defaultdict(list)
        self.still: list[Bits] = []
        self.fired: dict[Move, Bits] = {}
        self.completes = self.decided = False
        #: The nearest second token: the length of the way, the last step, the place.
        self.unsafe: tuple[int, Step, Bits] | None = None

    def visit_all(self) -> None:
        """Fill the maps, small choices of many places before large ones."""
        queue = [(0, 1, self.first)]
        while queue:
            cost, size, marking = heappop(queue)
            if size == 1 and cost > self.costs[marking]:
                continue
            if self._suffices(cost):
                return
            later = []
            moved = size > 1 or not marking
            for move, left in self.enabled(marking):
                moved = True
                self.fired.setdefault(move.move, marking)
                for elements, put in choices(move, size):
                    length = len(elements) + self.branch * (size - 1)
                    self._go(Step(marking, elements, length), left, put, move.move.clears, queue)
                if len(move.some) > size:
                    later.append(len(move.move.elements) + self.branch * size)
            if later:
                heappush(queue, (self.costs[marking] + min(later), size + 1, marking))
            if not moved:
                self.still.append(marking)
            if len(self.costs) > self.max_states:
                return
        self.decided = True

    def _go(self, step: Step, left: Bits, put: Bits, clears: Clears | None, queue: list[tuple[int, int, Bits]]) -> None:
        cost = self.costs[step.marking] + step.length
        if left & put:
            if self.unsafe is None or cost < self.unsafe[0]:
                self.unsafe = (cost, step, left & put)
            return
        following = 0 if clears else left | put
        self.completes |= not following and clears is not Clears.BREAKS
        self.before[following].append(step.marking)
        if cost < self.costs.get(following, cost + 1):
            self.costs[following] = cost
            self.came[following] = step
            heappush(queue, (cost, 1, following))

    def _suffices(self, cost: int) -> bool:
        """Tell whether the faults found up to a length of the trace are enough."""
        found = {"stuck" if marking & self.traps else "deadlock" for marking in self.still}
        if self.unsafe is not None and self.unsafe[0] <= cost:
            found.add("lack_of_synchronisation")
        if self.within is not None and cost >= self.within:
            return True
        return self.enough <= found or (bool(found) and len(self.costs) > FAULTY_STATES)

    def findings(self) -> Findings:
        """Say what the maps hold. Where tokens were left out nothing is said about what cannot be reached."""
        faults = []
        if self.unsafe is not None:
            _, step, places = self.unsafe
            trace = self.trace(step.marking) + step.elements
            faults.append(Fault("lack_of_synchronisation", self._names(places), trace))
        dead = next((marking for marking in self.still if not marking & self.traps), None)
        if dead is not None:
            faults.append(Fault("deadlock", self.where(dead), self.trace(dead)))
        whole = self.decided and self.unsafe is None
        if whole and (caught := self._caught()) is not None:
            faults.append(Fault("no_option_to_complete", self.where(caught), self.trace(caught)))
        faults += self._trapped(self._unable([0]) if whole else self.still)
        fired: set[str] = set()
        ways: dict[str, tuple[str, ...]] = {}
        for move, marking in self.fired.items():
            fired.update(move.also, move.elements, *move.some.values())
            for number, element in enumerate(move.elements, 1):
                if element not in ways:
                    ways[element] = self.trace(marking) + move.elements[:number]
        safe = self.unsafe is None
        return Findings(faults, frozenset(fired), self.completes, self.decided, safe, len(self.costs), ways)

    # --- moving

    def _compile(self, move: Move) -> None:
        reach = self.net.reach[move.join].items() if move.join else ()
        compiled = Compiled(
            move,
            self._bits(move.taken),
            self._bits(move.put),
            tuple((self._bits((place,)), names) for place, names in move.some.items()),
            tuple((self._bits((place,)), self._bits(ahead)) for place, ahead in reach if place not in move.taken),
        )
        for place in move.taken if move.join else (min(move.taken),):
            self.by_place[self._bits((place,))].append(compiled)

    def _bits(self, places: Mapping[str, object] | tuple[str, ...] | frozenset[str]) -> Bits:
        return sum(self.places.setdefault(place, 1 << len(self.places)) for place in places)

    def enabled(self, marking: Bits) -> Iterator[tuple[Compiled, Bits]]:
        """Yield what can happen in a marking, each with the tokens it leaves alone."""
        rest = marking
        while rest:
            place = rest & -rest
            rest ^= place
            for move in self.by_place.get(place, ()):
                if not move.move.join:
                    if marking & move.taken == move.taken:
                        yield move, marking ^ move.taken
                elif marking & move.taken & -(marking & move.taken) == place and _nothing_more_comes(move, marking):
                    yield move, marking & ~move.taken

    # --- concluding

    def _caught(self) -> Bits | None:
        """Return the nearest marking from which neither the end nor a standstill can be reached."""
        unable = (marking for marking in self._unable([0, *self.still]) if not marking & self.traps)
        return min(unable, key=lambda one: self.costs[one], default=None)

    def _unable(self, todo: list[Bits]) -> list[Bits]:
        """Return the markings from which none of some others can be reached."""
        able: set[Bits] = set()
        while todo:
            marking = todo.pop()
            if marking not in able:
                able.add(marking)
                todo.extend(self.before.get(marking, ()))
        return [marking for marking in self.costs if marking not in able]

    def _trapped(self, lost: list[Bits]) -> Iterator[Fault]:
        """Yield for each sub-process the nearest of some markings in which it is stuck."""
        nearest: dict[str, Bits] = {}
        for marking in sorted(lost, key=lambda one: self.costs[one]) if self.traps else ():
            for name in self._names(marking & self.traps):
                nearest.setdefault(self.net.traps[name], marking)
        for name, marking in nearest.items():
            yield Fault("stuck", (name,), self.trace(marking))

    def _names(self, marking: Bits) -> tuple[str, ...]:
        return tuple(sorted(place for place, bit in self.places.items() if bit & marking))

    def where(self, marking: Bits) -> tuple[str, ...]:
        """Return the elements to which a marking's tokens go."""
        return tuple(sorted({self.net.targets.get(place, place) for place in self._names(marking)}))

    def trace(self, marking: Bits) -> tuple[str, ...]:
        """Return the elements of the shortest way known to a marking."""
        steps = []
        while marking in self.came:
            step = self.came[marking]
            marking = step.marking
            steps.append(step.elements)
        return tuple(element for elements in reversed(steps) for element in elements)


def choices(move: Compiled, size: int) -> Iterator[tuple[tuple[str, ...], Bits]]:
    """Yield what a move may put if it chooses so many places, each with the elements that take part in it."""
    if not move.some and size == 1:
        yield move.move.elements, move.put
    for chosen in combinations(move.some, size):
        names = tuple(name for _, way in chosen for name in way)
        yield move.move.elements + names, move.put | sum(place for place, _ in chosen)


def _nothing_more_comes(join: Compiled, marking: Bits) -> bool:
    """Tell whether an inclusive join fires (BPMN 2.0.2 §13.4.3).

    It waits while some token elsewhere can still come to one of its empty flows, and to none that has a token.
    """
    filled, empty = marking & join.taken, join.taken & ~marking
    return not any(marking & place and ahead & empty and not ahead & filled for place, ahead in join.reach)

"""Prove that a process cannot get stuck before it runs: explore every marking its drawing allows.

Conditions count as free choices and boundary timers may fire, so a proof holds for whatever data a case brings.
Soundness after van der Aalst (1997) for BPMN's completion rule: from every reachable marking the empty marking can be
reached, no flow holds two tokens, and every element takes part in some run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from workflows.engine.graph import WAITING, Graph, Node, NodeKind

#: More markings than this are not explored: the process is then refused as undecided, never passed.
MAX_STATES = 200_000

#: A marking: the flows that carry a token and the activities that hold one.
Marking = frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One way in which a process is wrong.

    kind: deadlock, lack_of_synchronisation, dead_element, missing_default, no_option_to_complete or undecided.
    trace: the shortest sequence of elements that leads there.
    """

    kind: str
    elements: tuple[str, ...]
    trace: tuple[str, ...] = ()


def find_problems(graph: Graph, *, max_states: int = MAX_STATES) -> list[Problem]:
    """Return why the process is not sound; an empty list is the proof that it is."""
    problems = [
        Problem(kind="missing_default", elements=(node.id,))
        for node in graph.nodes.values()
        if node.kind is NodeKind.EXCLUSIVE and len(node.outgoing) > 1 and node.default is None
    ]
    fired: set[str] = set()
    for node in graph.nodes.values():
        # Each firing of a non-interrupting timer runs in a scope of its own, so its branch is proven on its own.
        if node.kind is NodeKind.START or (node.kind is NodeKind.TIMER_BOUNDARY and not node.interrupting):
            explorer = _Explorer(graph, node, max_states)
            problems += explorer.problems()
            fired |= explorer.fired
    dead = tuple(sorted(set(graph.nodes) - fired))
    if dead and not any(problem.kind in {"undecided", "lack_of_synchronisation"} for problem in problems):
        problems.append(Problem(kind="dead_element", elements=dead))
    return problems


class _Explorer:
    """Breadth-first search, so that the first trace to a marking is the shortest."""

    def __init__(self, graph: Graph, origin: Node, max_states: int) -> None:
        self.graph = graph
        self.start = origin
        self.max_states = max_states
        self.origin: dict[Marking, tuple[Marking, str] | None] = {}
        self.before: dict[Marking, set[Marking]] = {}
        self.fired: set[str] = {origin.id}

    def problems(self) -> list[Problem]:
        first = frozenset(self.start.outgoing)
        self.origin[first] = None
        queue = deque([first])
        while queue:
            if len(self.origin) > self.max_states:
                return [Problem(kind="undecided", elements=())]
            marking = queue.popleft()
            for node, following, unsafe in self._moves(marking):
                self.fired.add(node)
                if unsafe:
                    trace = (*self._trace(marking), node)
                    return [Problem(kind="lack_of_synchronisation", elements=tuple(sorted(unsafe)), trace=trace)]
                self.before.setdefault(following, set()).add(marking)
                if following not in self.origin:
                    self.origin[following] = (marking, node)
                    queue.append(following)
        return self._stuck()

    def _moves(self, marking: Marking) -> Iterator[tuple[str, Marking, frozenset[str]]]:
        """Yield what can happen next: the element, the marking after it, and the places that would hold two tokens."""
        for node in self.graph.nodes.values():
            for taken, put in self._firings(node, marking):
                left = marking - taken
                yield node.id, left | put, left & put

    def _firings(self, node: Node, marking: Marking) -> Iterator[tuple[Marking, Marking]]:
        if node.kind is NodeKind.TIMER_BOUNDARY:
            if node.interrupting and node.host in marking:
                yield frozenset({node.host}), frozenset(node.outgoing)
            return
        if node.kind is NodeKind.PARALLEL:
            if node.incoming and marking.issuperset(node.incoming):
                yield frozenset(node.incoming), frozenset(node.outgoing)
            return
        for flow in node.incoming:
            if flow in marking:
                if node.kind in WAITING:
                    yield frozenset({flow}), frozenset({node.id})
                elif node.kind is NodeKind.EXCLUSIVE:
                    for choice in node.outgoing:
                        yield frozenset({flow}), frozenset({choice})
                else:
                    yield frozenset({flow}), frozenset(node.outgoing)
        if node.kind in WAITING and node.id in marking:
            yield frozenset({node.id}), frozenset(node.outgoing)

    def _stuck(self) -> list[Problem]:
        able: set[Marking] = set()
        queue = deque([marking for marking in self.origin if not marking])
        while queue:
            marking = queue.popleft()
            if marking not in able:
                able.add(marking)
                queue.extend(self.before.get(marking, ()))
        stuck = next((marking for marking in self.origin if marking not in able), None)
        if stuck is None:
            return []
        kind = "no_option_to_complete" if any(True for _ in self._moves(stuck)) else "deadlock"
        return [Problem(kind=kind, elements=tuple(sorted(self._places(stuck))), trace=self._trace(stuck))]

    def _places(self, marking: Marking) -> set[str]:
        return {self.graph.flows[place].target if place in self.graph.flows else place for place in marking}

    def _trace(self, marking: Marking) -> tuple[str, ...]:
        trace: list[str] = []
        step = self.origin[marking]
        while step is not None:
            marking, node = step
            trace.append(node)
            step = self.origin[marking]
        return tuple(reversed(trace))

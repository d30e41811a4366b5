"""Prove that a process cannot get stuck before it runs: explore every marking its drawing allows.

Conditions count as free choices and boundary timers may fire, so a proof holds for whatever data a case brings.
Soundness after van der Aalst (1997) for BPMN's completion rule: from every reachable marking the empty marking can be
reached, no flow holds two tokens, and every element takes part in some run.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from workflows.engine.graph import WAITING, Graph, Node, NodeKind
from workflows.engine.net import Marking, Move, Net

#: More markings than this are not explored: the process is then refused as undecided, never passed.
MAX_STATES = 200_000


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One way in which a process is wrong.

    kind: deadlock, lack_of_synchronisation, dead_element, missing_default, endless_loop, no_option_to_complete or
    undecided. trace: the shortest sequence of elements that leads there.
    """

    kind: str
    elements: tuple[str, ...]
    trace: tuple[str, ...] = ()


def find_problems(graph: Graph, *, max_states: int = MAX_STATES) -> list[Problem]:
    """Return why the process is not sound; an empty list is the proof that it is."""
    problems = [
        Problem(kind="missing_default", elements=(node.id,))
        for node in graph.nodes.values()
        if node.kind is NodeKind.EXCLUSIVE and node.default is None and _may_stay_closed(graph, node)
    ]
    if circle := _automatic_circle(graph):
        problems.append(Problem(kind="endless_loop", elements=circle))
    fired: set[str] = set()
    for node in graph.nodes.values():
        # Each firing of a non-interrupting timer runs in a scope of its own, so its branch is proven on its own.
        if node.kind is NodeKind.START or (node.kind is NodeKind.TIMER_BOUNDARY and not node.interrupting):
            found, taking_part = _explore(Net.of(graph, node), max_states)
            problems += found
            fired |= {node.id, *taking_part}
    dead = tuple(sorted(set(graph.nodes) - fired))
    if dead and not any(problem.kind in {"undecided", "lack_of_synchronisation"} for problem in problems):
        problems.append(Problem(kind="dead_element", elements=dead))
    return problems


def _explore(net: Net, max_states: int) -> tuple[list[Problem], set[str]]:
    """Return what is wrong with a net and which elements take part in some run.

    The reduced net is explored first: it is small, and what holds for it holds for the whole. Only when it shows a
    problem is the whole explored, for the shortest way there.
    """
    reduced = net.reduced()
    if reduced is not None:
        explorer = _Explorer(reduced, max_states)
        if not explorer.problems() and explorer.fired == set(reduced.moves):
            return [], {element for move in net.moves for element in move.elements}
    explorer = _Explorer(net, max_states)
    problems = explorer.problems()
    return problems, {element for move in explorer.fired for element in move.elements}


def _may_stay_closed(graph: Graph, node: Node) -> bool:
    return len(node.outgoing) > 1 or any(flow.condition is not None for flow in graph.targets(node))


def _automatic_circle(graph: Graph) -> tuple[str, ...]:
    """Return elements in a circle in which nothing waits, or nothing: the data it decides by would never change."""
    following = {
        node.id: {flow.target for flow in graph.targets(node)} if node.kind not in WAITING else set()
        for node in graph.nodes.values()
    }
    # Take away what leads nowhere, then what nothing leads to: circles remain, and what lies between two of them.
    for links in (following, _reversed(following)):
        left = set(following)
        while ends := {node for node in left if not links[node] & left}:
            left -= ends
        following = {node: following[node] & left for node in left}
    return tuple(sorted(following))


def _reversed(links: dict[str, set[str]]) -> dict[str, set[str]]:
    backward: dict[str, set[str]] = {node: set() for node in links}
    for node, targets in links.items():
        for target in targets:
            backward[target].add(node)
    return backward


class _Explorer:
    """Breadth-first search, so that the first trace to a marking is the shortest."""

    def __init__(self, net: Net, max_states: int) -> None:
        self.net = net
        self.max_states = max_states
        self.origin: dict[Marking, tuple[Marking, Move] | None] = {}
        self.before: dict[Marking, set[Marking]] = {}
        self.fired: set[Move] = set()

    def problems(self) -> list[Problem]:
        self.origin[self.net.first] = None
        queue = deque([self.net.first])
        while queue:
            if len(self.origin) > self.max_states:
                return [Problem(kind="undecided", elements=())]
            marking = queue.popleft()
            for move in self.net.enabled(marking):
                self.fired.add(move)
                left = marking - move.taken
                if unsafe := left & move.put:
                    trace = (*self._trace(marking), *move.elements)
                    return [Problem(kind="lack_of_synchronisation", elements=tuple(sorted(unsafe)), trace=trace)]
                following = left | move.put
                self.before.setdefault(following, set()).add(marking)
                if following not in self.origin:
                    self.origin[following] = (marking, move)
                    queue.append(following)
        return self._stuck()

    def _stuck(self) -> list[Problem]:
        able: set[Marking] = set()
        queue = deque([marking for marking in self.origin if not marking])
        while queue:
            marking = queue.popleft()
            if marking not in able:
                able.add(marking)
                queue.extend(self.before.get(marking, ()))
        stuck = [marking for marking in self.origin if marking not in able]
        if not stuck:
            return []
        # A marking in which nothing can happen says more than one that only leads to it.
        still = next((marking for marking in stuck if not any(True for _ in self.net.enabled(marking))), None)
        kind, marking = ("no_option_to_complete", stuck[0]) if still is None else ("deadlock", still)
        return [Problem(kind=kind, elements=self.net.elements_at(marking), trace=self._trace(marking))]

    def _trace(self, marking: Marking) -> tuple[str, ...]:
        trace: list[str] = []
        step = self.origin[marking]
        while step is not None:
            marking, move = step
            trace.extend(reversed(move.elements))
            step = self.origin[marking]
        return tuple(reversed(trace))

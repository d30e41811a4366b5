"""Prove that a process cannot get stuck before it runs: explore what its drawing allows.

Conditions count as free choices, messages may come and timers be due, so a proof holds for whatever data a case
brings. Soundness after van der Aalst (1997) for BPMN's completion rule: from every reachable marking the empty
marking can be reached, no flow holds two tokens, and every element takes part in some run.

The proof is compositional. A sub-process is proven on its own; in the scope around it it is one activity, which ends
as the proof of its inside found it can end. That it got stuck inside is one more way for it to end: a fault only if
from there the whole cannot complete. An interruption that may always come is a way out: a message, timer or signal on
its border or further out, an event sub-process, a branch that ends the scope around it. What a non-interrupting event
sets off runs in a scope of its own, and so does an event sub-process.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from workflows.engine.explore import FAULTY_STATES, Fault, Findings, explore
from workflows.engine.graph import Graph, Node, NodeKind
from workflows.engine.nearest import SECOND_TOKEN, second_token, standstill
from workflows.engine.net import Clears, Drawing, Inside, Net, Throws, comes_by_itself
from workflows.engine.problems import Problem, problem
from workflows.engine.reduce import reduced
from workflows.engine.rules import broken_rules

__all__ = ["MAX_STATES", "Problem", "Report", "check", "find_problems"]

#: More markings than this are not explored: the process is then refused as undecided, never passed.
MAX_STATES = 200_000

#: Faults of a marking that something further out may yet end.
STUCK = frozenset({"deadlock", "no_option_to_complete"})

Trace = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the proof found. states: how many markings it explored after reduction."""

    problems: tuple[Problem, ...]
    states: int


def find_problems(graph: Graph, *, max_states: int = MAX_STATES, flow_only: bool = False) -> list[Problem]:
    """Return why the process may not be published; an empty list is the proof that it is sound."""
    return list(check(graph, max_states=max_states, flow_only=flow_only).problems)


def check(graph: Graph, *, max_states: int = MAX_STATES, flow_only: bool = False) -> Report:
    """Prove a process.

    flow_only: of a foreign drawing, ask only whether tokens get stuck, meet or never come; not for what a drawing of
    ours must have besides (`rules`).
    """
    proof = _Proof(graph, max_states=max_states, flow_only=flow_only)
    root = proof.scope("")
    nearest = sorted(root.faults, key=lambda fault: len(fault.trace))
    problems = [problem(graph, fault.kind, fault.elements, fault.trace) for fault in nearest]
    alive = root.inside.fired if root.exact else _connected(graph)
    if dead := tuple(name for name in graph.nodes if name not in alive):
        problems.append(problem(graph, "dead_element", dead))
    if not flow_only:
        problems += broken_rules(graph)
    return Report(problems=tuple(problems), states=max(proof.states, 1))


def _connected(graph: Graph) -> set[str]:
    """Return what could take part if every choice were free and every join content with one token."""
    found: set[str] = set()
    todo = [*graph.starts("")]
    while todo:
        node = todo.pop()
        if node.id not in found:
            found.add(node.id)
            todo += [graph.nodes[graph.flows[flow].target] for flow in (*node.outgoing, *node.returns)]
            todo += [event for event in graph.listeners.get(node.id, ()) if event.kind is not NodeKind.START]
            todo += graph.starts(node.id) if node.id in graph.inside else ()
            todo += [beside for beside in graph.inside.get(node.scope, ()) if beside.by_event]
    return found


@dataclass(frozen=True)
class _Outcome:
    """What is known of a scope. exact: everything in it was looked at, so what never took part is dead."""

    inside: Inside
    faults: tuple[Fault, ...]
    exact: bool


class _Proof:
    """Goes through the scopes from the inside out. Lives for one `check` only."""

    def __init__(self, graph: Graph, *, max_states: int, flow_only: bool) -> None:
        self.graph = graph
        self.max_states = max_states
        self.throws = Throws(graph, flow_only=flow_only)
        self.states = 0

    def scope(self, scope: str, starts: Iterable[Node] = ()) -> _Outcome:
        """Prove one scope. starts: where an event sub-process begins; any other begins as its drawing says."""
        nodes = self.graph.inside.get(scope, ())
        inner = {
            node.id: self.scope(node.id) for node in nodes if node.kind is NodeKind.SUB_PROCESS and not node.by_event
        }
        drawing = self._drawing(scope, {name: outcome.inside for name, outcome in inner.items()})
        gathered = _Gathered(inner, completes=not nodes)
        begun = tuple(starts) or self.graph.starts(scope)
        together = bool(begun) and begun[0].kind is not NodeKind.START
        for beginning in [begun] if together else [(node,) for node in begun]:
            net = drawing.net(beginning)
            gathered.add((), net, self._prove(net))
        self._add_branches(scope, drawing, gathered)
        self._add_event_sub_processes(scope, gathered)
        stuck = any(fault.kind in STUCK for fault in gathered.faults)
        inside = Inside(frozenset(gathered.fired), gathered.completes, stuck)
        return _Outcome(inside, tuple(gathered.faults), gathered.exact)

    def _drawing(self, scope: str, insides: dict[str, Inside]) -> Drawing:
        """Return the moves of a scope, those too by which a branch beside its host ends the scope of both."""
        clearing: dict[str, frozenset[Clears]] = {}
        events = [node for node in self.graph.inside.get(scope, ()) if node.kind is NodeKind.BOUNDARY]
        while True:
            drawing = Drawing(self.graph, scope, self.throws, insides, clearing)
            before, clearing = clearing, {}
            for event in events:
                net = drawing.net((event,))
                if not event.interrupting and any(move.clears for move in net.moves):
                    clearing[event.id] = _clears(net, explore(reduced(net), FAULTY_STATES))
            if before == clearing:
                return drawing

    def _add_branches(self, scope: str, drawing: Drawing, gathered: _Gathered) -> None:
        """Prove what non-interrupting border events set off, and what such events on its way set off."""
        nodes = self.graph.inside.get(scope, ())
        left = [node for node in nodes if node.kind is NodeKind.BOUNDARY and not node.interrupting]
        while firing := [event for event in left if self._fires(event, gathered)]:
            left = [event for event in left if event not in firing]
            for event in firing:
                net = drawing.net((event,))
                found = self._prove(net)
                way = gathered.way_to(event.host) if found.faults else ()
                # Of all that a branch does beside its host, only a terminate end ends the scope of both.
                gathered.add(way, net, replace(found, completes=Clears.ENDS in _clears(net, found)))

    def _fires(self, event: Node, gathered: _Gathered) -> bool:
        outcome = gathered.inner.get(event.host)
        within = {event.host} | (outcome.inside.fired if outcome else set())
        return event.host in gathered.fired and self.throws.may_fire(event, within)

    def _add_event_sub_processes(self, scope: str, gathered: _Gathered) -> None:
        instead: list[tuple[str, _Outcome]] = []
        excused = False
        for node in self.graph.inside.get(scope, ()):
            starts = [event for event in self.graph.starts(node.id) if node.by_event and event.kind is NodeKind.START]
            if firing := [event for event in starts if self.throws.may_fire(event, gathered.fired)]:
                outcome = self.scope(node.id, firing)
                # The scope ends with the event sub-process that took its place.
                ends = outcome.inside.completes and any(event.interrupting for event in firing)
                gathered.completes |= ends
                free = any(comes_by_itself(event) for event in firing)
                excused |= free and (ends or self.throws.breaks(node.id, outcome.inside.fired))
                if any(event.interrupting for event in firing):
                    instead.append((node.id, outcome))
                else:
                    gathered.add_scope(node.id, outcome, outcome.faults)
        if excused:
            gathered.faults = [fault for fault in gathered.faults if fault.kind not in STUCK]
        for name, outcome in instead:
            gathered.add_scope(name, outcome, outcome.faults)

    def _prove(self, net: Net) -> Findings:
        """Explore a net.

        The reduced net is explored first: it is small, and wrong in the same ways; what is not decided soon may yet
        have an obvious deadlock. When there is a fault, the whole is looked through for the shortest way there, as far
        as it is not too large; then what of it the fault needs.
        """
        bound = min(self.max_states, FAULTY_STATES)
        small = reduced(net)
        found = explore(small, bound, SECOND_TOKEN, branch=100)
        if not found.decided and not found.faults:
            if dead := standstill(net):
                found = replace(found, faults=[dead])
            elif bound < self.max_states:
                found = explore(small, self.max_states, SECOND_TOKEN, branch=100)
        self.states += found.states
        if not found.faults:
            return found
        near = explore(net, bound)
        if near.decided:
            return near
        faults = [*found.faults, *near.faults]
        if missing := {fault.kind for fault in found.faults} - {fault.kind for fault in near.faults}:
            faults += explore(reduced(net, apart=True), bound, frozenset(missing), branch=100).faults
            places = [place for fault in found.faults if fault.kind in SECOND_TOKEN for place in fault.elements]
            closer = (second_token(net, places) if places else None, standstill(net) if "deadlock" in missing else None)
            faults += filter(None, closer)
        nearest: dict[tuple[str, ...], Fault] = {}
        for fault in sorted(faults, key=lambda one: len(one.trace)):
            nearest.setdefault(fault.about, fault)
        return replace(found, faults=list(nearest.values()))


def _clears(net: Net, found: Findings) -> frozenset[Clears]:
    """Return how what was found in a branch can end the scope around."""
    return frozenset(move.clears for move in net.moves if move.clears and found.fired.issuperset(move.elements))


class _Gathered:
    """What was found in one scope so far."""

    def __init__(self, inner: dict[str, _Outcome], *, completes: bool) -> None:
        """inner: the outcomes of the sub-processes that lie in it. completes: whether it can end by itself."""
        self.inner = inner
        self.completes = completes
        self.exact = True
        self.fired: set[str] = set()
        self.faults: list[Fault] = []
        self._nets: list[tuple[Trace, Net, Findings]] = []

    def add(self, way: Trace, net: Net, found: Findings) -> None:
        """Add what was found in a net that begins at the end of a way."""
        self._nets.append((way, net, found))
        self.exact &= found.decided and found.safe
        # Beyond a second token nothing was looked at, so nothing is said of what comes after.
        self.completes |= found.completes or not found.safe or not found.decided
        self._add(way, (fault for fault in found.faults if fault.kind != "stuck"))
        for fault in found.faults:
            if fault.kind == "stuck":
                inside = self.inner[fault.elements[0]].faults
                self._add(way + fault.trace, (one for one in inside if one.kind in STUCK))
        if not found.decided and not found.faults:
            self.faults.append(Fault("undecided", (), ()))
        fired = set(found.fired) if found.decided else {name for move in net.moves for name in move.elements}
        for name in sorted((fired - self.fired) & self.inner.keys()):
            outcome = self.inner[name]
            certain = [fault for fault in outcome.faults if fault.kind not in STUCK]
            self.add_scope(name, outcome, certain, self.way_to(name) if certain else ())
        self.fired |= fired

    def add_scope(self, name: str, outcome: _Outcome, faults: Iterable[Fault], way: Trace = ()) -> None:
        """Add what was found in a scope that lies in this one and is entered at the end of a way."""
        self.fired |= {name, *outcome.inside.fired}
        self.exact &= outcome.exact
        self._add(way, faults)

    def _add(self, way: Trace, faults: Iterable[Fault]) -> None:
        self.faults += [replace(fault, trace=way + fault.trace) for fault in faults]

    def way_to(self, name: str) -> Trace:
        """Return the shortest trace at whose end an element takes part."""
        for way, net, found in self._nets:
            if name in found.fired or not found.decided:
                ways = explore(net, FAULTY_STATES).ways
                return way + ways.get(name, found.ways.get(name, (name,)))
        return (name,)

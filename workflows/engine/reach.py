"""Where the tokens of a drawing may come, if some activities are never completed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from workflows.engine.graph import AUTOMATIC, Graph, Node, NodeKind, Trigger

_FAILING = (Trigger.ERROR, Trigger.ESCALATION)


def scopes(graph: Graph, node: Node) -> Iterator[str]:
    """Yield the sub-processes that a node lies in, from the inside out, then the process."""
    while node.scope:
        yield node.scope
        node = graph.nodes[node.scope]
    yield ""


def reached(graph: Graph, begin: Iterable[str], *, unanswered: Collection[str], silent: bool = False) -> set[str]:
    """Return the elements that a token may come to which begins at some elements.

    unanswered: activities and events that are never completed, only interrupted. silent: nothing comes from outside
    but the time, so of what listens only interrupting timers and what catches errors go on; and a token is followed
    alone, where else a parallel gateway waits for all that it joins.
    """
    return _Walk(graph, unanswered, silent=silent).run(begin)


class _Walk:
    """Follows tokens. Lives for one `reached` only."""

    def __init__(self, graph: Graph, unanswered: Collection[str], *, silent: bool) -> None:
        self.graph = graph
        self.unanswered = unanswered
        self.silent = silent
        self.found: set[str] = set()
        self.entered: dict[str, set[str]] = defaultdict(set)
        self.left: set[str] = set()
        self.todo: list[str] = []

    def run(self, begin: Iterable[str]) -> set[str]:
        self.todo = list(begin)
        for scope in {scope for name in self.todo for scope in scopes(self.graph, self.graph.nodes[name])}:
            self._listen(scope)
        while self.todo:
            name = self.todo.pop()
            if name not in self.found:
                self.found.add(name)
                self._pass(self.graph.nodes[name])
        return self.found

    def _pass(self, node: Node) -> None:
        self._listen(node.id)
        throws = node.trigger in _FAILING and node.kind in (NodeKind.END, NodeKind.THROW)
        if throws or node.kind in AUTOMATIC or node.kind is NodeKind.CALL_ACTIVITY:
            self._fail(node)
        if node.id in self.unanswered or (throws and node.trigger is Trigger.ERROR):
            return
        if node.kind is NodeKind.SUB_PROCESS and self.graph.inside.get(node.id):
            self.todo += [start.id for start in self.graph.starts(node.id)]
            if node.loop is None:
                return  # left only when something in it comes to an end
        self._leave(node)

    def _leave(self, node: Node) -> None:
        """Go on from a node that is completed."""
        self.left.add(node.id)
        for name in (*node.outgoing, *node.returns):
            target = self.graph.nodes[self.graph.flows[name].target]
            self.entered[target.id].add(name)
            joins = target.kind is NodeKind.PARALLEL and not self.silent
            if not joins or self.entered[target.id] >= set(target.incoming):
                self.todo.append(target.id)
        if not node.outgoing and node.scope:
            around = self.graph.nodes[node.scope]
            if around.by_event and around.scope:  # what took the place of its scope ends it
                around = self.graph.nodes[around.scope]
            if around.id not in self.left:
                self._leave(around)

    def _listen(self, host: str) -> None:
        """Let what listens on behalf of a host happen, on its border or in its scope."""
        for event in self.graph.listeners.get(host, ()):
            begins = event.kind in (NodeKind.BOUNDARY, NodeKind.START)
            if begins and (not self.silent or (event.interrupting and event.trigger is Trigger.TIMER)):
                self.todo.append(event.id)

    def _fail(self, node: Node) -> None:
        for host in (node.id, *scopes(self.graph, node)):
            caught = [event for event in self.graph.listeners.get(host, ()) if event.trigger in _FAILING]
            self.todo += [event.id for event in caught if event.kind in (NodeKind.BOUNDARY, NodeKind.START)]

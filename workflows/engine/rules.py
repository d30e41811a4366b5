"""What a drawing of ours must have besides being sound: ways on whatever the data, ways back, and time enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from workflows.engine.covering import covering
from workflows.engine.durations import over_limit
from workflows.engine.graph import WAITING, Graph, Node, NodeKind, Trigger
from workflows.engine.problems import Problem, problem
from workflows.engine.reach import reached, scopes


def broken_rules(graph: Graph) -> list[Problem]:
    """Return where a drawing breaks a rule that can be seen without running it."""
    circles = [circle for circle in _components(graph, _links(graph)) if len(circle) > 1 or _own_circle(graph, circle)]
    return [
        *_missing_defaults(graph),
        *_endless_loops(graph),
        *_missing_returns(graph, circles),
        *over_limit(graph),
    ]


# --- defaults


def _missing_defaults(graph: Graph) -> Iterator[Problem]:
    """Yield what may find no flow open: an exclusive or inclusive gateway, or an activity that only asks."""
    for node in graph.nodes.values():
        conditions = [flow.condition for flow in graph.targets(node)]
        asked = [condition for condition in conditions if condition is not None]
        free = len(asked) < len(conditions)
        if node.kind is NodeKind.EXCLUSIVE:
            needed = bool(asked) or len(conditions) > 1
        elif node.kind is NodeKind.INCLUSIVE:
            needed = (bool(asked) and not free) or (not asked and len(conditions) > 1)
        else:
            needed = bool(asked) and not free
        if not needed or node.default is not None:
            continue
        found = problem(graph, "missing_default", (node.id,))
        if free:
            yield replace(
                found, message=f"{found.message} A flow without a condition is none: it would always be taken."
            )
        elif not (covered := covering(graph, node, asked)).complete:
            yield replace(found, message=" ".join((found.message, *covered.doubts)))


# --- circles


def _links(graph: Graph) -> dict[str, set[str]]:
    return {name: {graph.flows[flow].target for flow in graph.ways_on(name)} for name in graph.nodes}


def _own_circle(graph: Graph, circle: tuple[str, ...]) -> bool:
    return any(graph.flows[flow].target == circle[0] for flow in graph.ways_on(circle[0]))


def _components(graph: Graph, links: Mapping[str, set[str]]) -> list[tuple[str, ...]]:
    """Return the strongly connected components, later ones first (Tarjan 1972), each in drawing order."""
    order = {name: number for number, name in enumerate(graph.nodes)}
    found: list[tuple[str, ...]] = []
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    placed: set[str] = set()
    for root in links:
        path = [(root, iter(sorted(links[root])))] if root not in index else []
        while path:
            name, ahead = path[-1]
            if name not in index:
                index[name] = low[name] = len(index)
                stack.append(name)
            following = next((one for one in ahead if one in links), None)
            if following is None:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[name])
                if low[name] == index[name]:
                    cut = stack.index(name)
                    found.append(tuple(sorted(stack[cut:], key=order.__getitem__)))
                    placed.update(stack[cut:])
                    del stack[cut:]
            elif following not in index:
                path.append((following, iter(sorted(links[following]))))
            elif following not in placed:
                low[name] = min(low[name], index[following])
    return found


def _endless_loops(graph: Graph) -> Iterator[Problem]:
    """Yield circles in which nothing waits: the data they decide by would never change."""
    waiting = {name for name, node in graph.nodes.items() if node.kind in WAITING}
    for name in list(waiting):
        while name := graph.nodes[name].scope:
            waiting.add(name)
    links = {name: ahead - waiting for name, ahead in _links(graph).items() if name not in waiting}
    for circle in _components(graph, links):
        if len(circle) > 1 or circle[0] in links[circle[0]]:
            yield replace(problem(graph, "endless_loop", circle), kind="no_option_to_complete")


# --- ways back


def _missing_returns(graph: Graph, circles: list[tuple[str, ...]]) -> Iterator[Problem]:
    """Yield circles that are never left when somebody outside never answers."""
    around = {name: circle for circle in circles for name in circle}
    waiting: dict[tuple[str, ...], list[Node]] = {}
    for node in graph.nodes.values():
        for name in (node.id, _gateway(graph, node), *scopes(graph, node)) if _waits_outside(node) else ():
            if name in around and node not in waiting.setdefault(around[name], []):
                waiting[around[name]].append(node)
    told: set[str] = set()
    for circle, nodes in waiting.items():
        stuck = [node for node in nodes if not _gets_out(graph, node, circle, nodes)]
        if stuck and stuck[0].id not in told:
            told |= {node.id for node in stuck}
            yield problem(graph, "no_return", dict.fromkeys((*circle, stuck[0].id)))


def _waits_outside(node: Node) -> bool:
    if node.kind is NodeKind.USER_TASK:
        return node.role == "applicant"
    return node.kind is NodeKind.RECEIVE_TASK or (node.kind is NodeKind.CATCH and node.trigger is Trigger.MESSAGE)


def _gateway(graph: Graph, node: Node) -> str:
    """Return the event-based gateway that waits for an event, "" if none does."""
    host = graph.nodes.get(node.host)
    return host.id if host is not None and host.kind is NodeKind.EVENT_BASED else ""


def _gets_out(graph: Graph, node: Node, circle: tuple[str, ...], waiting: list[Node]) -> bool:
    """Tell whether time alone leads from where somebody is waited for out of the circle.

    It does if a timer ends the waiting, and nobody else who is waited for in the circle must answer on the way.
    """
    unanswered = {one.id for one in waiting}
    ahead = reached(graph, [_gateway(graph, node) or node.id], unanswered=unanswered, silent=True)
    return any(
        not {name, *scopes(graph, graph.nodes[name])} & set(circle) and graph.nodes[name].kind is not NodeKind.BOUNDARY
        for name in ahead - unanswered
    )

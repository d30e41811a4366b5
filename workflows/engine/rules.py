"""What a drawing of ours must have besides being sound: ways on whatever the data, ways back, and time enough."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import ceil

from workflows.engine.graph import WAITING, Graph, Node, NodeKind, Span, Trigger
from workflows.engine.problems import Problem, names, problem

_TEST = re.compile(r"""\s*outcome\.(\w+)\s*==\s*(["'])(.*?)\2\s*""")

#: How many of a unit make a working day: a week has seven days and five working days, a working day seven hours.
_WORKING_DAYS: Mapping[str, Callable[[int], int]] = {
    "working_days": lambda amount: amount,
    "calendar_days": lambda amount: ceil(amount * 5 / 7),
    "working_hours": lambda amount: ceil(amount / 7),
    "seconds": lambda amount: ceil(amount / 86_400 * 5 / 7),
}


def broken_rules(graph: Graph) -> list[Problem]:
    """Return where a drawing breaks a rule that can be seen without running it."""
    circles = [circle for circle in _components(graph, _links(graph)) if len(circle) > 1 or _own_circle(graph, circle)]
    return [
        *_missing_defaults(graph),
        *_endless_loops(graph),
        *_missing_returns(graph, circles),
        *_over_limit(graph),
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
        if needed and node.default is None and (free or not _cover_all(graph, asked)):
            yield problem(graph, "missing_default", (node.id,))


def _cover_all(graph: Graph, conditions: list[str]) -> bool:
    """Tell whether one of the conditions must hold: every answer of one task is asked for, or something and its not."""
    tests = [_TEST.fullmatch(part) for condition in conditions for part in condition.split("||")]
    tasks = {test[1] for test in tests if test}
    if all(tests) and len(tasks) == 1:
        task = graph.nodes.get(tasks.pop())
        return task is not None and bool(task.outcomes) and set(task.outcomes) <= {test[3] for test in tests if test}
    plain = [re.sub(r"\s+", " ", condition).strip() for condition in conditions]
    return any(f"!({one})" in plain or (one.count("==") == 1 and one.replace("==", "!=") in plain) for one in plain)


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
            yield problem(graph, "endless_loop", circle)


# --- ways back


def _missing_returns(graph: Graph, circles: list[tuple[str, ...]]) -> Iterator[Problem]:
    """Yield circles in which somebody outside is waited for without end."""
    around = {name: circle for circle in circles for name in circle}
    told: set[tuple[str, ...]] = set()
    for node in graph.nodes.values():
        scopes = list(_scopes(graph, node))
        circle = next((around[name] for name in (node.id, *scopes) if name in around), ())
        if circle and circle not in told and _waits_outside(node) and not _gives_up(graph, node, scopes):
            told.add(circle)
            yield problem(graph, "no_return", dict.fromkeys((*circle, node.id)))


def _scopes(graph: Graph, node: Node) -> Iterator[str]:
    """Yield the sub-processes that a node lies in, from the inside out, then the process."""
    while node.scope:
        yield node.scope
        node = graph.nodes[node.scope]
    yield ""


def _waits_outside(node: Node) -> bool:
    if node.kind is NodeKind.USER_TASK:
        return node.role == "applicant"
    return node.kind is NodeKind.RECEIVE_TASK or (node.kind is NodeKind.CATCH and node.trigger is Trigger.MESSAGE)


def _gives_up(graph: Graph, node: Node, scopes: Iterable[str]) -> bool:
    """Tell whether a timer ends the waiting: on its border, around it, or beside it behind an event-based gateway."""
    hosts = [node.id, *scopes]
    if node.host and graph.nodes[node.host].kind is NodeKind.EVENT_BASED:
        hosts.append(node.host)
    return any(
        event.trigger is Trigger.TIMER and event.interrupting
        for host in hosts
        for event in graph.listeners.get(host, ())
    )


# --- time


def _over_limit(graph: Graph) -> Iterator[Problem]:
    """Yield the longest path if its steps together take longer than is promised, and a promise beyond the law."""
    promised, statutory = graph.promised, graph.statutory
    if promised is not None and statutory is not None and promised > statutory:
        said = f"The promised limit of {promised} working days is longer than the statutory one of {statutory}."
        yield Problem(kind="over_limit", elements=(), message=said)
    limit, whose = (promised, "promised") if promised is not None else (statutory, "statutory")
    if limit is None:
        return
    days, path = _longest(graph, "")
    if days > limit:
        said = f"The steps {names(graph, path)} may take {days} working days, the {whose} limit is {limit}. "
        yield Problem(kind="over_limit", elements=path, message=said + "Shorten their limits.")


def _longest(graph: Graph, scope: str) -> tuple[int, tuple[str, ...]]:
    """Return the longest path through a scope in working days, and its steps that take time. Circles count once."""
    inside = {node.id for node in graph.inside.get(scope, ())}
    links = {name: ahead & inside for name, ahead in _links(graph).items() if name in inside}
    best: dict[str, tuple[int, tuple[str, ...]]] = {}
    for component in _components(graph, links):
        ahead = {best[name] for one in component for name in links[one] if name in best}
        days, path = max(ahead, default=(0, ()))
        for name in reversed(component):
            own, steps = _time(graph, graph.nodes[name])
            days, path = days + own, steps + path
        best.update(dict.fromkeys(component, (days, path)))
    return max(best.values(), default=(0, ()))


def _time(graph: Graph, node: Node) -> tuple[int, tuple[str, ...]]:
    if node.kind is NodeKind.SUB_PROCESS:
        return _longest(graph, node.id)
    span: Span | None = node.limit if node.kind is NodeKind.USER_TASK else None
    if node.kind is NodeKind.CATCH and node.timer is not None:
        span = node.timer.span
    days = _WORKING_DAYS[span.unit](span.amount) if span is not None else 0
    return days, (node.id,) if days else ()

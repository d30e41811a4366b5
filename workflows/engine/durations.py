"""Are the limits of a process's steps together as short as what it promises?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import ceil

from workflows.engine.graph import Graph, Node, NodeKind, Span
from workflows.engine.problems import Problem, names

#: How many working days a unit lasts: a week has seven days and five working days, a working day seven hours.
_WORKING_DAYS: Mapping[str, Fraction] = {
    "working_days": Fraction(1),
    "calendar_days": Fraction(5, 7),
    "working_hours": Fraction(1, 7),
    "seconds": Fraction(5, 7) / 86_400,
}

#: Working days, and the steps that take them.
Way = tuple[Fraction, tuple[str, ...]]
_NOTHING: Way = (Fraction(0), ())


def over_limit(graph: Graph) -> Iterator[Problem]:
    """Yield the longest path if its steps together take longer than is promised, and a promise beyond the law."""
    promised, statutory = graph.promised, graph.statutory
    if promised is not None and statutory is not None and promised > statutory:
        said = f"The promised limit of {promised} working days is longer than the statutory one of {statutory}."
        yield Problem(kind="over_limit", elements=(graph.key,), message=said)
    limit, whose = (promised, "promised") if promised is not None else (statutory, "statutory")
    if limit is None:
        return
    days, path = _longest(graph, "")
    if days > limit:
        # Only the whole is rounded: two half days are one.
        said = f"The steps {names(graph, path)} may take {ceil(days)} working days, the {whose} limit is {limit}. "
        yield Problem(kind="over_limit", elements=path, message=said + "Shorten their limits.")


def _longest(graph: Graph, scope: str) -> Way:
    """Return the longest way through a scope that goes no way twice: what leads back into a circle is not followed."""
    ahead = {node.id: _steps(graph, node) for node in graph.inside.get(scope, ())}
    best: dict[str, Way] = {}
    begun: set[str] = set()
    # From the beginnings first: what leads back is what comes to an element that the way has passed.
    order = sorted(ahead, key=lambda name: len(graph.nodes[name].incoming) > 0 or bool(graph.nodes[name].host))
    for root in order:
        path = [] if root in begun else [(root, iter(ahead[root]))]
        begun.add(root)
        while path:
            name, steps = path[-1]
            following = next((target for target, _ in steps if target and target in ahead and target not in begun), "")
            if following:
                begun.add(following)
                path.append((following, iter(ahead[following])))
            else:
                path.pop()
                best[name] = max((_added(way, best.get(target, _NOTHING)) for target, way in ahead[name]), key=_days)
    return max(best.values(), key=_days, default=_NOTHING)


def _steps(graph: Graph, node: Node) -> list[tuple[str, Way]]:
    """Return where a node leads to, "" for nowhere, and what passes until then.

    Whoever leaves by a timer on the border has spent no more than the timer's time.
    """
    own = _time(graph, node)
    found = [("", own)]
    found += [(graph.flows[flow].target, own) for flow in (*node.outgoing, *node.returns)]
    for event in graph.listeners.get(node.id, ()):
        if event.kind is NodeKind.BOUNDARY and event.interrupting:
            span = event.timer.span if event.timer is not None else None
            way = min(own, (_days_of(span), own[1]), key=_days) if span is not None else own
            found += [(graph.flows[flow].target, way) for flow in event.outgoing]
    return found


def _time(graph: Graph, node: Node) -> Way:
    days, steps = _NOTHING
    if node.kind is NodeKind.SUB_PROCESS:
        days, steps = _longest(graph, node.id)
    elif node.kind is NodeKind.USER_TASK and node.limit is not None:
        days, steps = _days_of(node.limit), (node.id,)
    elif node.kind is NodeKind.CATCH and node.timer is not None and node.timer.span is not None:
        days, steps = _days_of(node.timer.span), (node.id,)
    loop = node.loop
    if loop is not None and loop.kind == "sequential" and loop.cardinality.isdecimal():
        days *= int(loop.cardinality)
    return (days, steps) if days else _NOTHING


def _days_of(span: Span) -> Fraction:
    return span.amount * _WORKING_DAYS[span.unit]


def _added(one: Way, other: Way) -> Way:
    return one[0] + other[0], one[1] + other[1]


def _days(way: Way) -> Fraction:
    return way[0]

"""What a run's data decides: which flows open, whose work a task is, when a timer is due, how often a loop goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from workflows.engine.graph import Flow, Graph, Loop, Node, NodeKind, Timer
from workflows.expressions import evaluate, evaluate_condition

#: More instances than this of one activity are a slip in the data.
MAX_INSTANCES = 1_000


class EngineError(Exception):
    """The definition or the run's data gives no way on; nothing of the step may be stored.

    `verify` refuses drawings that could raise it; a value that the run's data lacks is only seen here.
    """


def flows_on(graph: Graph, node: Node, data: Mapping[str, Any]) -> Sequence[Flow]:
    """Return the flows that a token takes from a node (BPMN 2.0 §13.4.1-3).

    An exclusive gateway opens the first whose condition holds; an inclusive one, and any other node with conditions,
    opens each whose condition holds. The default opens when no other does. Raises EngineError when nothing opens.
    """
    if node.id in graph.always:
        return graph.always[node.id]
    opened = [
        flow
        for flow in graph.targets(node)
        if flow.id != node.default and (flow.condition is None or evaluate_condition(flow.condition, data))
    ]
    if opened:
        return opened[:1] if node.kind is NodeKind.EXCLUSIVE else opened
    if node.default is None:
        raise EngineError(f"{node.id}: no condition holds and there is no default flow.")
    return [graph.flows[node.default]]


def department_of(node: Node, data: Mapping[str, Any]) -> str:
    """Return whose work a task is; `$name` stands for the value that the data has under that name."""
    if not node.department.startswith("$"):
        return node.department
    department = _at(data, node.department[1:])
    if not isinstance(department, str) or not department:
        raise EngineError(
            f"Task {node.id}: the run's data names no {node.department[1:]}, so nobody would see the task."
        )
    return department


def key_of(node: Node, data: Mapping[str, Any]) -> str:
    """Return by which value a message finds this run, "" when its name is enough."""
    if not node.correlation:
        return ""
    value = _at(data, node.correlation)
    if not isinstance(value, (str, int, float)) or value == "":
        raise EngineError(f"{node.id}: the run's data has no {node.correlation}, so no message could find it.")
    return str(value)


def timer_of(node: Node, data: Mapping[str, Any]) -> Timer:
    """Return a node's timer with a date that is taken from the data filled in."""
    assert node.timer is not None  # the parser gives every timer event one
    if not node.timer.date.startswith("$"):
        return node.timer
    date = _at(data, node.timer.date[1:])
    if not isinstance(date, str) or not date:
        raise EngineError(f"Timer {node.id}: the run's data has no date {node.timer.date[1:]}.")
    return replace(node.timer, date=date)


def items_of(node: Node, loop: Loop, data: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what each instance of a multi-instance activity is about: an entry of its collection, or its number."""
    if loop.collection:
        items = _at(data, loop.collection)
        if not isinstance(items, (list, tuple)):
            raise EngineError(f"{node.id}: {loop.collection} is not a list.")
    else:
        count = evaluate(loop.cardinality, data)
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise EngineError(f"{node.id}: {loop.cardinality} is no whole number.")
        items = range(1, min(count, MAX_INSTANCES + 1) + 1)
    if len(items) > MAX_INSTANCES:
        raise EngineError(f"{node.id}: more than {MAX_INSTANCES} instances.")
    return tuple(items)


def _at(data: Mapping[str, Any], path: str) -> Any:
    value: Any = data
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value

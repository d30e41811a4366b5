"""A process in words: what the diagram shows, as a list for whoever cannot see it or has a small screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext, pgettext

from portal.ui.templatetags.ui import bilingual
from services.parties.enums import Role
from workflows.engine.graph import Flow, Graph, Node, NodeKind

_SHOWN = {NodeKind.USER_TASK, NodeKind.CALL_ACTIVITY, NodeKind.MANUAL_TASK, NodeKind.RECEIVE_TASK}


@dataclass(frozen=True)
class ProcessStep:
    """A step. who: whose work it is. then: what may come next, each with what decides it, if anything does."""

    name: str
    who: str
    then: tuple[str, ...]


def steps_in_words(graph: Graph) -> list[ProcessStep]:
    """Return the steps that people or departments do, in the order of the drawing, with what follows each."""
    return [
        ProcessStep(_name(node), _who(node), tuple(dict.fromkeys(_then(graph, node))))
        for node in _in_order(graph)
        if node.kind in _SHOWN and _name(node)
    ]


def _in_order(graph: Graph) -> Iterator[Node]:
    """Yield the nodes in the order in which a case comes to them first."""
    waiting = [node.id for scope in ("", *graph.inside) for node in graph.starts(scope)]
    seen = set(waiting)
    while waiting:
        node = graph.nodes[waiting.pop(0)]
        yield node
        following = [flow.target for flow in graph.targets(node)]
        following += [listener.id for listener in graph.listeners.get(node.id, ())]
        for key in following:
            if key not in seen:
                seen.add(key)
                waiting.append(key)


def _then(graph: Graph, node: Node) -> Iterator[str]:
    """Yield the names of the steps and ends that follow a step directly, through gateways and automatic work."""
    waiting, seen = [(flow.target, _when(flow)) for flow in graph.targets(node)], {node.id}
    while waiting:
        key, when = waiting.pop(0)
        if key in seen:
            continue
        seen.add(key)
        target = graph.nodes[key]
        if (target.kind in _SHOWN or target.kind is NodeKind.END) and _name(target):
            yield gettext("%(step)s (%(when)s)") % {"step": _name(target), "when": when} if when else _name(target)
        else:
            waiting += [(flow.target, _when(flow) or when) for flow in graph.targets(target)]


def _when(flow: Flow) -> str:
    return bilingual({"zh": flow.name, "en": flow.name_en})


def _name(node: Node) -> str:
    return bilingual({"zh": node.name_zh, "en": node.name_en})


def _who(node: Node) -> str:
    if node.kind is NodeKind.CALL_ACTIVITY:
        return gettext("the department that decides it")
    if node.role == "applicant":
        return pgettext("whose step it is", "you")
    return str(Role(node.role).label) if node.role in Role.values else node.role

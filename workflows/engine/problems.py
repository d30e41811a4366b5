"""What is wrong with a process, said so that whoever drew it can mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workflows.engine.graph import Graph

_SENTENCES = {
    "deadlock": "The process can get stuck at {names}: a token waits there for another that cannot come any more. "
    "Join branches with the kind of gateway that split them.",
    "lack_of_synchronisation": "Two tokens can meet on {names}: what follows would happen twice. "
    "Join branches that run side by side with a parallel or inclusive gateway before they go on as one.",
    "no_option_to_complete": "Once at {names}, the process can go on but never end. Draw a way out of the circle.",
    "dead_element": "Nothing ever reaches {names}. Connect what should happen, delete what should not.",
    "undecided": "The process is too entangled to be proven within the bound. Draw its branches as blocks, each split "
    "with its own join, or put parts of it into sub-processes.",
    "missing_default": "No flow out of {names} may be open when none of its conditions holds. Mark one as the default.",
    "endless_loop": "The process can move in a circle through {names} in which nothing waits for anybody. "
    "Put a task, a timer or a message in the circle, or open it.",
    "no_return": "When nobody ever answers, the process never leaves the circle through {names}. "
    "Put an interrupting timer on the step that waits, or wait for a timer beside it, and lead it out of the circle.",
}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One way in which a process is wrong.

    kind: deadlock, lack_of_synchronisation, dead_element, no_option_to_complete, undecided, missing_default,
    no_return or over_limit; those who check more add more. message: what to do, in a sentence.
    trace: the shortest sequence of elements that leads there.
    """

    kind: str
    elements: tuple[str, ...]
    message: str = ""
    trace: tuple[str, ...] = ()


def problem(graph: Graph, kind: str, elements: Iterable[str], trace: tuple[str, ...] = ()) -> Problem:
    """Return a problem with its sentence."""
    found = tuple(elements)
    return Problem(kind=kind, elements=found, message=_SENTENCES[kind].format(names=names(graph, found)), trace=trace)


def names(graph: Graph, elements: Iterable[str]) -> str:
    """Return elements as a reader of the drawing knows them."""
    return ", ".join(_name(graph, element) for element in elements)


def _name(graph: Graph, element: str) -> str:
    flow = graph.flows.get(element)
    if flow is not None:
        between = f"the flow from {_name(graph, flow.source)} to {_name(graph, flow.target)}"
        return f"{between} ({flow.name})" if flow.name else between
    node = graph.nodes.get(element)
    said = (node.name_en or node.name_zh) if node is not None else ""
    return f"“{said}” ({element})" if said else element

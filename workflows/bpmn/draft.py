"""What has been read of a process so far, and what was refused in it."""

from __future__ import annotations

from workflows.bpmn.document import OURS, Document, Element, line_of, local_part, ours, stated
from workflows.bpmn.refusals import Refusal
from workflows.engine.graph import Flow, Node
from workflows.expressions import ExpressionError, paths_of

#: What the columns of definitions, tasks and jobs hold.
_OUR_LONGEST = {
    **dict.fromkeys(["department", "role"], 20),
    **dict.fromkeys(["action", "decision", "form", "part"], 80),
    **dict.fromkeys(["nameEn", "correlation"], 200),
    "outcome": 40,
}
_LONGEST = {"id": 80, "name": 200, "calledElement": 80, **{f"{{{OURS}}}{k}": v for k, v in _OUR_LONGEST.items()}}
MAX_OUTCOME = 40


class Draft:
    """Collects the nodes, flows and refusals of one process element.

    flow_only: a file of another modeller, of which only the flow is looked at: what it leaves out for execution
    (assignments, references, conditions in CEL, lengths of our columns) is not missed.
    """

    def __init__(self, document: Document, process: Element, *, flow_only: bool) -> None:
        self.document = document
        self.process = process
        self.flow_only = flow_only
        self.key = stated(process, "id")
        self.nodes: dict[str, Node] = {}
        self.flows: dict[str, Flow] = {}
        self.lines: dict[str, int] = {self.key: line_of(process)}
        #: Elements that are not executed keep their place as manual tasks, so that only they themselves are refused.
        self.stand_ins: set[str] = set()
        #: Of link events: which throw a name in which scope, and which catch it there.
        self.thrown_links: dict[str, tuple[str, str]] = {}
        self.caught_links: dict[tuple[str, str], list[str]] = {}
        #: Elements of a foreign file that begin a process without a start event.
        self.instantiating: list[str] = []
        self.lanes: dict[str, str] = {}
        self.refusals: list[Refusal] = []

    def refuse(self, key: str, reason: str, *, line: int | None = None, unsupported: bool = False) -> None:
        """Note a reason against execution; the line is that of the element unless stated."""
        where = self.lines.get(key, 0) if line is None else line
        self.refusals.append(Refusal(element=key, line=where, reason=reason, unsupported=unsupported))

    def refuse_lengths(self, element: Element) -> None:
        """Refuse what is longer than the columns in which the engine keeps it."""
        if self.flow_only:
            return
        for name, written in element.items():
            longest = _LONGEST.get(str(name), len(written))
            if len(written) > longest:
                self.refuse(stated(element, "id"), f"{local_part(str(name), '}')} is longer than {longest} characters")
        if any(len(outcome) > MAX_OUTCOME for outcome in ours(element, "outcomes").split()):
            self.refuse(stated(element, "id"), f"an outcome is longer than {MAX_OUTCOME} characters")

    def refuse_expression(self, key: str, what: str, text: str) -> None:
        """Refuse a condition that is not CEL; of a foreign file, in whatever language, it is only kept."""
        if self.flow_only:
            return
        try:
            paths_of(text)
        except ExpressionError as error:
            self.refuse(key, f"{what} is not CEL: {error}" if text else f"{what} is empty")

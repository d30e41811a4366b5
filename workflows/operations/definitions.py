"""Publish process definitions: a drawing that can get stuck is never published."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

from django.db import transaction

from workflows.actions import UnknownActionError, action_named
from workflows.bpmn.parse import parse_process
from workflows.engine.graph import WAITING, Graph, NodeKind
from workflows.engine.verify import Problem, find_problems
from workflows.enums import DefinitionState
from workflows.expressions import ExpressionError, check_expression
from workflows.models import ProcessDefinition

#: Situation answers are named by the catalogue, which checks on its own side that the questions exist.
_ANSWER = re.compile(r"\banswers\.[a-z_]+")


class UnsoundProcessError(Exception):
    """The drawing cannot be published. `problems` says why, each with the shortest way there."""

    def __init__(self, key: str, problems: list[Problem]) -> None:
        listed = "; ".join(f"{p.kind}: {', '.join(p.elements)}" for p in problems)
        super().__init__(f"The process {key} is not published: {listed}")
        self.problems = problems


@transaction.atomic
def publish_process(*, source: bytes, at: datetime) -> ProcessDefinition:
    """Publish a BPMN file as the next version of its process; the same file again changes nothing.

    Effects: one definition row; the version before it is retired, and the runs of that version stay with it.
    Raises BpmnError (unreadable or unknown elements) and UnsoundProcessError.
    """
    graph = parse_process(source)
    problems = [*find_problems(graph), *_untyped(graph)]
    if problems:
        raise UnsoundProcessError(graph.key, problems)
    checksum = hashlib.sha256(source).hexdigest()
    # The newest version's row is the lock between two publishers of one process.
    newest = ProcessDefinition.objects.select_for_update().filter(key=graph.key).order_by("-version").first()
    if newest is not None and newest.checksum == checksum and newest.state == DefinitionState.PUBLISHED:
        return newest
    ProcessDefinition.objects.filter(key=graph.key).update(state=DefinitionState.RETIRED)
    return ProcessDefinition.objects.create(
        key=graph.key,
        version=newest.version + 1 if newest else 1,
        name_zh=graph.name_zh,
        name_en=graph.name_en,
        source=source.decode(),
        checksum=checksum,
        published_at=at,
    )


def _untyped(graph: Graph) -> list[Problem]:
    """Return conditions that do not parse or read what no step provides, and actions nobody registered."""
    problems = []
    known = frozenset(f"outcome.{node.id}" for node in graph.nodes.values() if node.kind in WAITING)
    known |= {f"parts.{node.part}" for node in graph.nodes.values() if node.part}
    for flow in graph.flows.values():
        if flow.condition is not None:
            try:
                check_expression(flow.condition, known | set(_ANSWER.findall(flow.condition)))
            except ExpressionError as error:
                problems.append(Problem(kind="unknown_field", elements=(flow.id,), trace=(str(error),)))
    for node in graph.nodes.values():
        if node.kind is NodeKind.SERVICE_TASK:
            try:
                action_named(node.action)
            except UnknownActionError as error:
                problems.append(Problem(kind="unknown_field", elements=(node.id,), trace=(str(error),)))
    return problems

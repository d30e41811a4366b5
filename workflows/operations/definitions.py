"""Draft, check, publish and retire process definitions: a drawing that can get stuck is never published."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction

from workflows.actions import UnknownActionError, action_named
from workflows.bpmn.document import read_document
from workflows.bpmn.parse import parse_process
from workflows.engine.covering import answers_named
from workflows.engine.graph import AUTOMATIC, Graph, Node, NodeKind, Trigger
from workflows.engine.problems import Problem
from workflows.engine.verify import Report, check
from workflows.enums import DefinitionState
from workflows.expressions import ExpressionError, check_expression, paths_of
from workflows.models import ProcessDefinition, StartEvent
from workflows.operations.node_timers import due_instant
from workflows.queries.calendars import calendar_for
from workflows.staffing import Posts, known_posts

#: Situation answers are named by the catalogue, which checks on its own side that the questions exist.
_GIVEN_ROOTS = frozenset({"answers", "parts", "decision"})
_INSTANCE_FIELDS = frozenset({"instances.number", "instances.total", "instances.done"})


class UnsoundProcessError(Exception):
    """The drawing cannot be published. `problems` says why, each with the shortest way there."""

    def __init__(self, key: str, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        listed = "; ".join(f"{p.kind}: {', '.join(p.elements)}: {p.message}" for p in self.problems)
        super().__init__(f"The process {key} is not published: {listed}")


class NoDraftError(LookupError):
    """There is no draft of this process."""


def check_graph(graph: Graph, *, posts: Posts | None = None, given: frozenset[str] = frozenset()) -> Report:
    """Return all that stands against publishing a process: the proof of its flow, its posts, and what it reads.

    posts: who can be asked to act; None leaves that unasked. given: paths that its cases bring besides.
    """
    report = check(graph)
    problems = (*report.problems, *_unstaffed(graph, posts), *_unknown_fields(graph, given))
    return Report(problems=problems, states=report.states)


@transaction.atomic
def save_draft(*, source: bytes, at: datetime) -> ProcessDefinition:
    """Keep a drawing as the draft of its process, whether sound or not; a draft before it is replaced.

    Raises BpmnError when the file is not a process we could ever execute.
    """
    graph = parse_process(source)
    text = _as_text(source)
    values = {"source": text, "checksum": _checksum(text), **_names(graph)}
    draft, _ = ProcessDefinition.objects.update_or_create(key=graph.key, state=DefinitionState.DRAFT, defaults=values)
    return draft


@transaction.atomic
def publish_draft(*, key: str, at: datetime) -> ProcessDefinition:
    """Publish the draft of a process, which then is none any more. Else as `publish_process`; raises NoDraftError."""
    _lock(key)
    draft = ProcessDefinition.objects.select_for_update().filter(key=key, state=DefinitionState.DRAFT).first()
    if draft is None:
        raise NoDraftError(f"There is no draft of the process {key}.")
    published = publish_process(source=draft.source.encode(), at=at)
    ProcessDefinition.objects.filter(pk=draft.pk).delete()
    return published


@transaction.atomic
def publish_process(*, source: bytes, at: datetime) -> ProcessDefinition:
    """Publish a BPMN file as the next version of its process; the same file again changes nothing.

    Effects: one definition row; the version before it is retired, and the runs of that version stay with it; its
    draft goes; from now on the start events of this version listen.
    Raises BpmnError (unreadable or unknown elements) and UnsoundProcessError.
    """
    graph = parse_process(source)
    report = check_graph(graph, posts=known_posts())
    if report.problems:
        raise UnsoundProcessError(graph.key, report.problems)
    _lock(graph.key)
    newest = ProcessDefinition.objects.filter(key=graph.key, version__isnull=False).order_by("-version").first()
    text = _as_text(source)
    checksum = _checksum(text)
    if newest is not None and newest.checksum == checksum and newest.state == DefinitionState.PUBLISHED:
        return newest
    ProcessDefinition.objects.filter(key=graph.key, state=DefinitionState.DRAFT).delete()
    _retire(graph.key)
    definition = ProcessDefinition.objects.create(
        key=graph.key,
        version=(newest.version or 0) + 1 if newest else 1,
        source=text,
        checksum=checksum,
        published_at=at,
        **_names(graph),
    )
    _listen(definition, graph, at)
    return definition


@transaction.atomic
def retire_process(*, key: str) -> None:
    """Let no new run begin with a process; those that run stay with their version. Twice is once."""
    _lock(key)
    _retire(key)


def _lock(key: str) -> None:
    """Let one transaction at a time publish or retire a process; its first version has no row yet to be locked."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"process {key}"])


def _retire(key: str) -> None:
    published = ProcessDefinition.objects.filter(key=key, state=DefinitionState.PUBLISHED)
    StartEvent.objects.filter(definition__in=published).delete()
    published.update(state=DefinitionState.RETIRED)


def _listen(definition: ProcessDefinition, graph: Graph, at: datetime) -> None:
    """Let the start events of a version that something outside triggers listen from `at`."""
    events = []
    for node in graph.starts():
        if node.trigger in (Trigger.MESSAGE, Trigger.SIGNAL, Trigger.TIMER):
            due_at = due_instant(node.timer, at, calendar_for()) if node.timer is not None else None
            events.append(
                StartEvent(definition=definition, node=node.id, kind=node.trigger, name=node.reference, due_at=due_at)
            )
    StartEvent.objects.bulk_create(events)


def _names(graph: Graph) -> dict[str, str]:
    return {"name_zh": graph.name_zh, "name_en": graph.name_en}


def _as_text(source: bytes) -> str:
    """Return a file as it is kept: byte for byte, or written anew when it came in another encoding than UTF-8."""
    try:
        return source.decode()
    except UnicodeDecodeError:
        return read_document(source).to_xml().decode()


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _unstaffed(graph: Graph, posts: Posts | None) -> list[Problem]:
    """Return the user tasks that nobody would see."""
    problems = []
    for node in graph.nodes.values() if posts is not None else ():
        asked = node.kind is NodeKind.USER_TASK and node.role != "applicant"
        if asked and posts is not None and (reason := posts.lacks(node.department, node.role)):
            problems.append(_problem("unstaffed", node.id, f"Nobody would see this task: {reason}."))
    return problems


def _unknown_fields(graph: Graph, given: frozenset[str]) -> list[Problem]:
    """Return conditions and paths that do not parse or read what nothing provides, and actions nobody registered."""
    known = given | _provided(graph)
    problems = [
        _problem("unknown_field", flow.id, reason)
        for flow in graph.flows.values()
        if flow.condition is not None
        and (reason := _misread(flow.condition, known, _items(graph)) or _never_answered(graph, flow.condition))
    ]
    for node in graph.nodes.values():
        for text in _read_by(node):
            if reason := _misread(text, known, _items(graph)) or _never_answered(graph, text):
                problems.append(_problem("unknown_field", node.id, reason))
        if node.kind in AUTOMATIC and node.action:
            try:
                action_named(node.action)
            except UnknownActionError as error:
                problems.append(_problem("unknown_field", node.id, str(error)))
    return problems


def _provided(graph: Graph) -> frozenset[str]:
    """Return the paths that the steps of a process provide."""
    answering = {node.id for node in graph.nodes.values() if node.kind in {*AUTOMATIC, *_ANSWERING}}
    several = {node.id for node in graph.nodes.values() if node.loop is not None}
    outcomes = {f"outcome.{name}" for name in answering} | {f"outcomes.{name}[]" for name in several}
    return frozenset(outcomes | (_INSTANCE_FIELDS if several else set()))


_ANSWERING = (NodeKind.USER_TASK, NodeKind.CALL_ACTIVITY, NodeKind.SUB_PROCESS)


def _items(graph: Graph) -> frozenset[str]:
    """Return the names under which data of unknown shape may be read: what cases bring, what instances are about."""
    return _GIVEN_ROOTS | {node.loop.item for node in graph.nodes.values() if node.loop is not None}


def _read_by(node: Node) -> list[str]:
    """Return the expressions of a node besides those on its flows."""
    loop = node.loop
    return [text for text in (loop.completion, loop.condition) if text] if loop is not None else []


def _misread(text: str, known: frozenset[str], roots: frozenset[str]) -> str:
    """Return why an expression is refused, "" if it is not."""
    try:
        free = {path for path in paths_of(text) if path.split(".")[0] in roots}
        check_expression(text, known | free | {f"{path}[]" for path in free})
    except ExpressionError as error:
        return str(error)
    return ""


def _never_answered(graph: Graph, text: str) -> str:
    """Return which answer an expression asks for that its task never gives, "" if there is none."""
    for name, answer in sorted(answers_named(text)):
        known = graph.nodes[name].outcomes if name in graph.nodes else ()
        if known and answer not in known:
            return f"{name} is never answered with “{answer}”, only with {', '.join(known)}."
    return ""


def _problem(kind: str, element: str, message: str) -> Problem:
    return Problem(kind=kind, elements=(element,), message=message, trace=())

"""Read a process element into a graph: its nodes, its flows, and every reason against executing it."""

from __future__ import annotations

from workflows.bpmn.checks import check
from workflows.bpmn.document import Document, Element, is_true, line_of, local_part, ours, parts_of, stated, text_of
from workflows.bpmn.draft import Draft
from workflows.bpmn.events import EVENTS, read_event, read_link
from workflows.bpmn.loops import LOOPS, read_loop
from workflows.bpmn.refusals import BpmnError
from workflows.bpmn.timers import TimerError, read_span
from workflows.bpmn.wiring import connect
from workflows.engine.graph import ACTIVITIES, Flow, Graph, Node, NodeKind, Span

_DECORATION_NAMES = """
    documentation extensionElements laneSet textAnnotation association group categoryValueRef incoming outgoing auditing
    monitoring property ioSpecification ioBinding dataInput dataOutput inputSet outputSet dataInputAssociation
    dataOutputAssociation dataObject dataObjectReference dataStoreReference resourceRole performer humanPerformer
    potentialOwner rendering supports supportedInterfaceRef"""
#: Read for the drawing, for people or for other engines, without effect on execution; kept on export.
_DECORATION = frozenset(_DECORATION_NAMES.split())
#: Attributes of the standard that change what an element does, and the values that change nothing.
_FIXED = {
    **dict.fromkeys(["isForCompensation", "parallelMultiple", "instantiate"], ("", "false", "0")),
    **dict.fromkeys(["startQuantity", "completionQuantity"], ("", "1")),
    "eventGatewayType": ("", "Exclusive"),
}
#: A `<task>` of which nothing more is known counts as manual work outside the system.
_KINDS = {str(kind): kind for kind in NodeKind} | {"task": NodeKind.MANUAL_TASK}
#: What looks like something else to the flow of a foreign file, though nothing here carries it out.
_FLOW_KINDS = _KINDS | {"scriptTask": NodeKind.MANUAL_TASK, "transaction": NodeKind.SUB_PROCESS}
_FLOW_FIXED = {name: values for name, values in _FIXED.items() if name not in ("parallelMultiple", "instantiate")}
_FLOW_DECORATION = frozenset({"script"})


def read_process(document: Document, process: Element, *, flow_only: bool) -> Graph:
    """Return one process of a file as a graph; raises BpmnError with every refusal, in the order of lines."""
    draft = Draft(document, process, flow_only=flow_only)
    if not draft.key:
        draft.refuse("", "the process has no id")
    for element in document.repeated_in(process):
        draft.refuse(stated(element, "id"), "the id is used twice", line=line_of(element))
    draft.refuse_lengths(process)
    _read_scope(draft, process, "")
    connect(draft)
    check(draft)
    graph = Graph(
        key=draft.key,
        name_zh=process.get("name", ""),
        name_en=ours(process, "nameEn") or process.get("name", ""),
        nodes=draft.nodes,
        flows=draft.flows,
        promised=_working_days(draft, "promised"),
        statutory=_working_days(draft, "statutory"),
    )
    if draft.refusals:
        raise BpmnError(sorted(draft.refusals, key=lambda refusal: refusal.line))
    return graph


def is_empty(owner: Element) -> bool:
    """Tell whether a process or sub-process holds no element that a token could come to."""
    return all(local in _DECORATION | LOOPS or local == "sequenceFlow" for local, _ in parts_of(owner))


def _working_days(draft: Draft, name: str) -> int | None:
    limit = _span(draft, draft.process, ours(draft.process, name), "working_days", name)
    return limit.amount if limit else None


def _span(draft: Draft, element: Element, amount: str, unit: str, what: str) -> Span | None:
    try:
        return read_span(amount, unit) if amount else None
    except TimerError as error:
        draft.refuse(stated(element, "id"), f"{what}: {error}")
        return None


def _read_scope(draft: Draft, owner: Element, scope: str) -> None:
    """Read what lies in a process ("") or a sub-process; the inside of those in it follows after each."""
    for local, element in parts_of(owner):
        if local == "laneSet":
            _read_lanes(draft, element, "")
    for local, element in parts_of(owner):
        if local not in _DECORATION and local not in LOOPS:
            _read(draft, local, element, scope)


def _read_lanes(draft: Draft, lanes: Element, department: str) -> None:
    """Note the department of each lane's elements; that of the innermost lane counts (§10.7)."""
    for _, lane in parts_of(lanes):
        draft.lines.setdefault(stated(lane, "id"), line_of(lane))
        draft.refuse_lengths(lane)
        named = ours(lane, "department") or department
        for local, part in parts_of(lane):
            if local == "flowNodeRef":
                draft.lanes[local_part((part.text or "").strip())] = named
            elif local == "childLaneSet":
                _read_lanes(draft, part, named)


def _read(draft: Draft, local: str, element: Element, scope: str) -> None:
    key, kind = stated(element, "id"), (_FLOW_KINDS if draft.flow_only else _KINDS).get(local)
    if not key:
        draft.refuse(local, "has no id", line=line_of(element))
    # The second of one id is refused and left out; what only another process also has is read, so that no flow hangs.
    if not key or key in draft.nodes or key in draft.flows:
        return
    draft.lines[key] = line_of(element)
    draft.refuse_lengths(element)
    if local == "sequenceFlow":
        draft.flows[key] = _flow(draft, element)
    elif kind is None:
        reason = "no script is executed here" if local == "scriptTask" else f"<{local}> is not executed here"
        draft.refuse(key, reason, unsupported=True)
        draft.nodes[key] = Node(id=key, kind=NodeKind.MANUAL_TASK, scope=scope)
        draft.stand_ins.add(key)
    else:
        if kind is NodeKind.SUB_PROCESS and draft.flow_only and is_empty(element):
            # Drawn collapsed: its inside is elsewhere, and anything that can be caught may come out of it.
            kind = NodeKind.CALL_ACTIVITY
        if read_link(draft, element, kind, scope):
            kind = NodeKind.THROW  # nothing is waited for: its flow comes from, or leads to, its counterpart
        if draft.flow_only and not scope and is_true(element, "instantiate"):
            draft.instantiating.append(key)
        draft.lanes.setdefault(key, draft.lanes.get(scope, ""))
        _refuse_content(draft, element, kind)
        draft.nodes[key] = _node(draft, element, kind, scope)
        if kind is NodeKind.SUB_PROCESS:
            _read_scope(draft, element, key)


def _flow(draft: Draft, element: Element) -> Flow:
    condition = text_of(element, "conditionExpression")
    if condition is not None:
        draft.refuse_expression(stated(element, "id"), "its condition", condition)
    return Flow(
        id=stated(element, "id"),
        source=stated(element, "sourceRef"),
        target=stated(element, "targetRef"),
        condition=condition,
        name=element.get("name", ""),
        name_en=ours(element, "nameEn") or element.get("name", ""),
    )


def _refuse_content(draft: Draft, element: Element, kind: NodeKind) -> None:
    for name, harmless in (_FLOW_FIXED if draft.flow_only else _FIXED).items():
        if stated(element, name) not in harmless:
            draft.refuse(stated(element, "id"), f'{name}="{element.get(name)}" is not executed here', unsupported=True)
    for local, _ in parts_of(element):
        event = kind in EVENTS and local.endswith("EventDefinition")
        loop = kind in ACTIVITIES and local in LOOPS
        passed = local in _DECORATION or (draft.flow_only and local in _FLOW_DECORATION)
        if not passed and not event and not loop and kind is not NodeKind.SUB_PROCESS:
            reason = f"<{local}> inside <{local_part(element.tag, '}')}> is not executed here"
            draft.refuse(stated(element, "id"), reason, unsupported=True)


def _node(draft: Draft, element: Element, kind: NodeKind, scope: str) -> Node:
    event = read_event(draft, element, kind, draft.nodes.get(scope))
    user, decision = kind is NodeKind.USER_TASK, ours(element, "decision")
    amount, unit = ours(element, "limit"), ours(element, "limitUnit")
    department = ours(element, "department")
    if user and not department and ours(element, "role") != "applicant":  # an applicant works for no department
        department = draft.lanes[stated(element, "id")]
    return Node(
        id=stated(element, "id"),
        kind=kind,
        name_zh=element.get("name", ""),
        name_en=ours(element, "nameEn") or element.get("name", ""),
        scope=scope,
        default=stated(element, "default") or None,
        trigger=event.trigger,
        reference=event.reference,
        correlation=event.correlation,
        timer=event.timer,
        host=event.host,
        interrupting=event.interrupting,
        by_event=kind is NodeKind.SUB_PROCESS and is_true(element, "triggeredByEvent"),
        loop=read_loop(draft, element) if kind in ACTIVITIES else None,
        department=department,
        role=ours(element, "role"),
        outcomes=tuple(ours(element, "outcomes").split()),
        limit=_span(draft, element, amount or unit, unit, "limit") if user else None,
        form=ours(element, "form"),
        returns=tuple(dict.fromkeys(ours(element, "returns").split())),
        action=event.action or ("workflows.decide" if decision and kind is NodeKind.RULE_TASK else ""),
        decision=decision,
        called=local_part(stated(element, "calledElement")),
        part=ours(element, "part"),
        outcome=ours(element, "outcome"),
    )

"""Read a BPMN 2.0 file (ISO/IEC 19510) into a `Graph`.

Our additions are attributes and extension elements of one namespace, so that a foreign file without them still reads:
`department`, `role`, `outcomes`, `nameEn`, `action`, `part`, `outcome` on elements, `amount`/`unit` on a timer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace

from lxml import etree

from workflows.engine.graph import WAITING, Flow, Graph, Node, NodeKind, Span

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
OURS = "urn:one-stop:bpmn:1"
MAX_BYTES = 1_000_000
MAX_DEPTH = 40
#: What a timer may count, and the longest of each: about ten years.
UNITS = {"calendar_days": 3_650, "seconds": 315_360_000, "working_days": 2_500, "working_hours": 20_000}
#: What the columns of definitions, tasks and jobs hold.
_LONGEST = {
    "id": 80,
    "name": 200,
    "calledElement": 80,
    f"{{{OURS}}}nameEn": 200,
    f"{{{OURS}}}department": 20,
    f"{{{OURS}}}role": 20,
    f"{{{OURS}}}action": 80,
    f"{{{OURS}}}part": 80,
    f"{{{OURS}}}outcome": 40,
}
MAX_OUTCOME = 40
#: Attributes of the standard that change what an element does, and the only value that we execute.
_FIXED = {"isForCompensation": "false", "startQuantity": "1", "completionQuantity": "1", "parallelMultiple": "false"}
_TRUE = frozenset({"true", "1"})
#: Read for the drawing or for people, without effect on execution.
_DECORATION = frozenset(
    {"documentation", "extensionElements", "laneSet", "textAnnotation", "association", "ioSpecification"}
)
_DURATION = re.compile(r"P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?", re.ASCII)
_AMOUNT = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One reason why a file cannot be executed. line: counted from 1, 0 where unknown."""

    element: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.element}: {self.reason}"


class BpmnError(Exception):
    """The file is not a process we can execute. `refusals` names every reason at once."""

    def __init__(self, refusals: list[Refusal]) -> None:
        super().__init__("; ".join(str(refusal) for refusal in refusals))
        self.refusals = refusals


def parse_process(xml: bytes) -> Graph:
    """Return the one executable process of a BPMN file.

    xml: the file as it came, in UTF-8, at most 1 MB; entities, document types and network access are refused.
    Raises BpmnError with every refusal: unreadable XML, no or several executable processes, elements we do not
    execute, dangling flows, unknown units, missing assignments.
    """
    return _Reader(_executable(_root(xml))).graph()


def _root(xml: bytes) -> etree._Element:
    if len(xml) > MAX_BYTES:
        raise BpmnError([Refusal(element="file", line=0, reason=f"larger than {MAX_BYTES} bytes")])
    try:
        xml.decode()
    except UnicodeDecodeError as error:
        raise BpmnError([Refusal(element="file", line=0, reason="is not in UTF-8")]) from error
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise BpmnError(
            [Refusal(element="file", line=error.lineno or 0, reason=f"not readable: {error.msg}")]
        ) from error
    if str(getattr(root.getroottree().docinfo, "doctype", "")):
        raise BpmnError([Refusal(element="file", line=1, reason="a document type is not allowed")])
    if any(sum(1 for _ in element.iterancestors()) > MAX_DEPTH for element in root.iter()):
        raise BpmnError([Refusal(element="file", line=0, reason=f"nested deeper than {MAX_DEPTH} levels")])
    return root


def _executable(root: etree._Element) -> etree._Element:
    processes = root.findall(f"{{{BPMN}}}process")
    found = [process for process in processes if process.get("isExecutable") in _TRUE]
    if len(found) == 1:
        return found[0]
    if not found:
        reason = "no process is executable" if processes else "the file holds no process"
    else:
        reason = "several processes are executable: one file, one process"
    raise BpmnError(
        [Refusal(element=p.get("id", "?"), line=_line(p), reason=reason) for p in found or processes or [root]]
    )


def _line(element: etree._Element) -> int:
    line = element.sourceline
    return line if isinstance(line, int) else 0


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


class _Reader:
    """Collects nodes, flows and refusals of one process element."""

    def __init__(self, process: etree._Element) -> None:
        self.process = process
        self.refusals: list[Refusal] = []
        self.nodes: dict[str, Node] = {}
        self.flows: dict[str, Flow] = {}
        self.lines: dict[str, int] = {}

    def graph(self) -> Graph:
        self.lines[self.process.get("id", "")] = _line(self.process)
        self._refuse_lengths(self.process)
        if not self.process.get("id"):
            self._refuse("", "the process has no id")
        for element in self.process:
            if isinstance(element.tag, str) and element.tag.startswith(f"{{{BPMN}}}"):
                self._read(element)
        self._connect()
        self._check()
        if self.refusals:
            raise BpmnError(self.refusals)
        boundaries: dict[str, list[str]] = defaultdict(list)
        for node in self.nodes.values():
            if node.host:
                boundaries[node.host].append(node.id)
        return Graph(
            key=self.process.get("id", ""),
            name_zh=self.process.get("name", ""),
            name_en=self.process.get(f"{{{OURS}}}nameEn", self.process.get("name", "")),
            nodes=self.nodes,
            flows=self.flows,
            boundaries={host: tuple(ids) for host, ids in boundaries.items()},
        )

    def _refuse(self, element: str, reason: str) -> None:
        self.refusals.append(Refusal(element=element, line=self.lines.get(element, 0), reason=reason))

    def _read(self, element: etree._Element) -> None:
        local, key = _local(element), element.get("id", "")
        if local in _DECORATION:
            return
        if not key or key in self.lines:
            reason = "has no id" if not key else "the id is used twice"
            self.refusals.append(Refusal(element=key or local, line=_line(element), reason=reason))
            return
        self.lines[key] = _line(element)
        self._refuse_lengths(element)
        if local == "sequenceFlow":
            self._read_flow(element)
        elif local == "task":  # an undecided task counts as manual work outside the system
            self.nodes[key] = self._node(element, NodeKind.MANUAL_TASK)
        elif local in set(NodeKind):
            self.nodes[key] = self._node(element, NodeKind(local))
        else:
            self._refuse(key, f"<{local}> is not executed here")

    def _read_flow(self, element: etree._Element) -> None:
        condition = element.find(f"{{{BPMN}}}conditionExpression")
        self.flows[element.get("id", "")] = Flow(
            id=element.get("id", ""),
            source=element.get("sourceRef", ""),
            target=element.get("targetRef", ""),
            condition=(condition.text or "").strip() if condition is not None else None,
            name=element.get("name", ""),
        )

    def _node(self, element: etree._Element, kind: NodeKind) -> Node:
        def ours(name: str) -> str:
            return str(element.get(f"{{{OURS}}}{name}", ""))

        self._refuse_content(element)
        return Node(
            id=element.get("id", ""),
            kind=kind,
            name_zh=element.get("name", ""),
            name_en=ours("nameEn") or element.get("name", ""),
            default=element.get("default"),
            department=ours("department"),
            role=ours("role"),
            outcomes=tuple(ours("outcomes").split()),
            action=ours("action"),
            called=element.get("calledElement", ""),
            part=ours("part"),
            host=element.get("attachedToRef", ""),
            interrupting=element.get("cancelActivity", "true") in _TRUE,
            span=self._span(element) if kind is NodeKind.TIMER_BOUNDARY else None,
            outcome=ours("outcome"),
        )

    def _refuse_lengths(self, element: etree._Element) -> None:
        for name, longest in _LONGEST.items():
            if len(element.get(name, "")) > longest:
                self._refuse(
                    element.get("id", ""), f"{etree.QName(name).localname} is longer than {longest} characters"
                )
        if any(len(outcome) > MAX_OUTCOME for outcome in element.get(f"{{{OURS}}}outcomes", "").split()):
            self._refuse(element.get("id", ""), f"an outcome is longer than {MAX_OUTCOME} characters")

    def _refuse_content(self, element: etree._Element) -> None:
        for name, only in _FIXED.items():
            if element.get(name, only) != only:
                self._refuse(element.get("id", ""), f'{name}="{element.get(name)}" is not executed here')
        for child in element:
            if not isinstance(child.tag, str) or not child.tag.startswith(f"{{{BPMN}}}"):
                continue
            local = _local(child)
            timer = local == "timerEventDefinition" and _local(element) == "boundaryEvent"
            if local not in _DECORATION | {"incoming", "outgoing"} and not timer:
                self._refuse(element.get("id", ""), f"<{local}> inside <{_local(element)}> is not executed here")

    def _span(self, element: etree._Element) -> Span | None:
        key = element.get("id", "")
        timers = element.findall(f"{{{BPMN}}}timerEventDefinition")
        if len(timers) != 1:
            self._refuse(key, "exactly one timer is executed on the border of a task, and nothing else")
            return None
        span = self._stated_span(key, timers[0])
        if span is not None and span.amount > UNITS[span.unit]:
            self._refuse(key, f"{span.amount} {span.unit} are more than ten years")
            return None
        return span

    def _stated_span(self, key: str, timer: etree._Element) -> Span | None:
        unit, amount = timer.get(f"{{{OURS}}}unit"), timer.get(f"{{{OURS}}}amount", "")
        if unit is not None:
            if unit not in UNITS or not _AMOUNT.fullmatch(amount):
                self._refuse(key, f"unit must be one of {', '.join(sorted(UNITS))} and amount a whole number")
                return None
            return Span(amount=int(amount), unit=unit)
        duration = timer.find(f"{{{BPMN}}}timeDuration")
        match = _DURATION.fullmatch((duration.text or "").strip()) if duration is not None else None
        if match is None or not any(match.groups()):
            self._refuse(key, "the timer needs a duration such as P5D or PT30M, or amount and unit")
            return None
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        if days and not (hours or minutes or seconds):
            return Span(amount=days, unit="calendar_days")
        return Span(amount=((days * 24 + hours) * 60 + minutes) * 60 + seconds, unit="seconds")

    def _connect(self) -> None:
        incoming: dict[str, list[str]] = defaultdict(list)
        outgoing: dict[str, list[str]] = defaultdict(list)
        for flow in self.flows.values():
            if flow.source not in self.nodes or flow.target not in self.nodes:
                self._refuse(flow.id, "leads from or to an element that is not there")
                continue
            outgoing[flow.source].append(flow.id)
            incoming[flow.target].append(flow.id)
        for key, node in self.nodes.items():
            self.nodes[key] = replace(node, incoming=tuple(incoming[key]), outgoing=tuple(outgoing[key]))

    def _check(self) -> None:
        starts = [node.id for node in self.nodes.values() if node.kind is NodeKind.START]
        if len(starts) != 1:
            self.refusals.append(
                Refusal(
                    element=self.process.get("id", "?"),
                    line=_line(self.process),
                    reason=f"needs exactly one start event, has {len(starts)}",
                )
            )
        for node in self.nodes.values():
            for reason in [*_faults(node), *_misplaced(node, self.nodes), *_undecided(node, self.flows)]:
                self._refuse(node.id, reason)


def _faults(node: Node) -> list[str]:
    """Return what a node lacks to be executed."""
    faults = []
    if node.kind is NodeKind.USER_TASK and not (node.role and (node.department or node.role == "applicant")):
        faults.append("a user task needs a department and a role")
    if node.kind is NodeKind.SERVICE_TASK and not node.action:
        faults.append("a service task needs a registered action")
    if node.kind is NodeKind.CALL_ACTIVITY and not (node.called or node.part):
        faults.append("a call activity needs calledElement or part")
    return faults


def _misplaced(node: Node, nodes: dict[str, Node]) -> list[str]:
    """Return how a node is connected in a way that BPMN does not allow."""
    faults = []
    if node.kind is NodeKind.TIMER_BOUNDARY and (node.host not in nodes or nodes[node.host].kind not in WAITING):
        faults.append("attachedToRef must name a user task, a service task or a call activity")
    if node.kind is not NodeKind.END and not node.outgoing:
        faults.append("has no outgoing flow: end it with an end event")
    if node.kind is NodeKind.END and node.outgoing:
        faults.append("an end event has no outgoing flow")
    if node.kind in {NodeKind.START, NodeKind.TIMER_BOUNDARY} and node.incoming:
        faults.append("an event that begins a path has no incoming flow")
    return faults


def _undecided(node: Node, flows: dict[str, Flow]) -> list[str]:
    """Return what is wrong with the conditions on a node's outgoing flows: only exclusive gateways ask any."""
    asked = [flow for flow in node.outgoing if flows[flow].condition is not None]
    faults = [f"the condition of {flow} is empty" for flow in asked if not flows[flow].condition]
    if node.kind is not NodeKind.EXCLUSIVE:
        if asked or node.default:
            faults.append("conditions and default flows are executed at exclusive gateways only")
        return faults
    if node.default and node.default not in node.outgoing:
        faults.append("its default flow does not leave it")
    if node.default in asked:
        faults.append(f"its default flow {node.default} has a condition that nobody would ask")
    if len(node.outgoing) > 1:
        bare = [flow for flow in node.outgoing if flow not in asked and flow != node.default]
        faults += [f"{flow} needs a condition, or must be the default flow" for flow in bare]
    return faults

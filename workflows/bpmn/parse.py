"""Read a BPMN 2.0 file (ISO/IEC 19510) into a `Graph`.

Our additions are attributes and extension elements of one namespace, so that a foreign file without them still reads:
`department`, `role`, `outcomes`, `nameEn`, `action`, `part`, `outcome` on elements, `amount`/`unit` on a timer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace

from lxml import etree

from workflows.engine.graph import Flow, Graph, Node, NodeKind, Span

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
OURS = "urn:one-stop:bpmn:1"
MAX_BYTES = 1_000_000
MAX_DEPTH = 40
UNITS = frozenset({"working_days", "calendar_days", "working_hours", "seconds"})
#: Read for the drawing or for people, without effect on execution.
_DECORATION = frozenset(
    {"documentation", "extensionElements", "laneSet", "textAnnotation", "association", "ioSpecification"}
)
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


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

    xml: the file as it came, at most 1 MB; entities, document types and network access are refused.
    Raises BpmnError with every refusal: unreadable XML, no or several executable processes, elements we do not
    execute, dangling flows, unknown units, missing assignments.
    """
    return _Reader(_executable(_root(xml))).graph()


def _root(xml: bytes) -> etree._Element:
    if len(xml) > MAX_BYTES:
        raise BpmnError([Refusal(element="file", line=0, reason=f"larger than {MAX_BYTES} bytes")])
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise BpmnError(
            [Refusal(element="file", line=error.lineno or 0, reason=f"not readable: {error.msg}")]
        ) from error
    if root.getroottree().docinfo.doctype:
        raise BpmnError([Refusal(element="file", line=1, reason="a document type is not allowed")])
    if any(sum(1 for _ in element.iterancestors()) > MAX_DEPTH for element in root.iter()):
        raise BpmnError([Refusal(element="file", line=0, reason=f"nested deeper than {MAX_DEPTH} levels")])
    return root


def _executable(root: etree._Element) -> etree._Element:
    processes = root.findall(f"{{{BPMN}}}process")
    found = [process for process in processes if process.get("isExecutable") == "true"]
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
    return int(element.sourceline or 0)


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
            interrupting=element.get("cancelActivity", "true") == "true",
            span=self._span(element) if kind is NodeKind.TIMER_BOUNDARY else None,
            outcome=ours("outcome"),
        )

    def _refuse_content(self, element: etree._Element) -> None:
        for child in element:
            if not isinstance(child.tag, str) or not child.tag.startswith(f"{{{BPMN}}}"):
                continue
            local = _local(child)
            timer = local == "timerEventDefinition" and _local(element) == "boundaryEvent"
            if local not in _DECORATION | {"incoming", "outgoing"} and not timer:
                self._refuse(element.get("id", ""), f"<{local}> inside <{_local(element)}> is not executed here")

    def _span(self, element: etree._Element) -> Span | None:
        key = element.get("id", "")
        timer = element.find(f"{{{BPMN}}}timerEventDefinition")
        if timer is None:
            self._refuse(key, "only timers are executed on the border of a task")
            return None
        unit, amount = timer.get(f"{{{OURS}}}unit"), timer.get(f"{{{OURS}}}amount", "")
        if unit is not None:
            if unit not in UNITS or not amount.isdigit():
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
            for reason in _faults(node, self.nodes):
                self._refuse(node.id, reason)


def _faults(node: Node, nodes: dict[str, Node]) -> list[str]:
    """Return what a node lacks to be executed."""
    faults = []
    if node.kind is NodeKind.USER_TASK and not (node.role and (node.department or node.role == "applicant")):
        faults.append("a user task needs a department and a role")
    if node.kind is NodeKind.SERVICE_TASK and not node.action:
        faults.append("a service task needs a registered action")
    if node.kind is NodeKind.CALL_ACTIVITY and not (node.called or node.part):
        faults.append("a call activity needs calledElement or part")
    if node.kind is NodeKind.TIMER_BOUNDARY and node.host not in nodes:
        faults.append("attachedToRef names no element")
    if node.kind is not NodeKind.END and not node.outgoing:
        faults.append("has no outgoing flow: end it with an end event")
    if node.kind is NodeKind.EXCLUSIVE and node.default and node.default not in node.outgoing:
        faults.append("its default flow does not leave it")
    return faults

"""Read a BPMN 2.0 file (ISO/IEC 19510) into graphs.

Our additions are attributes of one namespace, so that a foreign file without them still reads: `nameEn`, `department`,
`role`, `outcomes`, `limit`/`limitUnit`, `form`, `returns`, `action`, `decision`, `part`, `correlation` and `outcome` on
elements, `department` on lanes, `promised` and `statutory` on the process, `amount`/`unit`/`repeats` on a timer,
`collection` and `item` on multiple instances.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workflows.bpmn.document import BPMN, Document, Element, is_true, line_of, parts_of, read_document, stated
from workflows.bpmn.reader import is_empty, read_process
from workflows.bpmn.refusals import BpmnError, Refusal
from workflows.engine.graph import Graph

__all__ = ["BpmnError", "Document", "ProcessReading", "Refusal", "parse_process", "read_document", "read_processes"]


#: What else a file may be about (§9, §11, §12).
_WITHOUT_PROCESS = frozenset({"collaboration", "globalConversation", "choreography", "globalChoreographyTask"})


@dataclass(frozen=True, kw_only=True)
class ProcessReading:
    """What became of one process or pool of a file: its graph, or every reason why it has none."""

    key: str
    graph: Graph | None = None
    refusals: tuple[Refusal, ...] = ()

    @property
    def verdict(self) -> str:
        """Return "read"; "unsupported" if the file is right but we do not execute what it says; else "invalid"."""
        if self.graph is not None:
            return "read"
        return "unsupported" if all(refusal.unsupported for refusal in self.refusals) else "invalid"


def parse_process(xml: bytes, *, flow_only: bool = False) -> Graph:
    """Return the one executable process of a BPMN file; with `flow_only` its one process, executable or not.

    Raises BpmnError with every refusal: a file that `read_document` refuses, no or several executable processes,
    elements we do not execute, dangling flows, conditions that are not CEL, missing assignments.
    """
    document = read_document(xml)
    found = [process for process in document.processes() if flow_only or is_true(process, "isExecutable")]
    if len(found) > 1:
        which = "several processes" if flow_only else "several processes are executable"
        raise BpmnError(_refusal(process, f"{which}: one file, one process") for process in found)
    if not found:
        raise BpmnError(refusal for reading in _readings(document, flow_only) for refusal in reading.refusals)
    return read_process(document, found[0], flow_only=flow_only)


def read_processes(xml: bytes, *, flow_only: bool = False) -> list[ProcessReading]:
    """Return every process of a BPMN file, and the pools that have none.

    flow_only: for files of other modellers, of which only the flow is looked at: `isExecutable` is ignored, nothing
    is missed that only execution needs, and pools that are closed boxes (no process, or an empty one) are passed over
    unless the file holds nothing else. Raises BpmnError if `read_document` refuses the file.
    """
    return list(_readings(read_document(xml), flow_only))


def _readings(document: Document, flow_only: bool) -> Iterator[ProcessReading]:
    processes = document.processes()
    open_ones = [process for process in processes if not is_empty(process)]
    for process in (open_ones or processes) if flow_only else processes:
        yield _reading(document, process, flow_only)
    pools = document.root.findall(f"{{{BPMN}}}collaboration/{{{BPMN}}}participant")
    closed = [reading for pool in pools if (reading := _pool(document, pool)) is not None]
    if flow_only:
        closed = [reading for reading in closed if reading.verdict == "invalid"]
    yield from closed
    if not processes and not closed:
        # A file of pools, conversations or choreographies is right: there is only nothing in it to carry out.
        other = next((local for local, _ in parts_of(document.root) if local in _WITHOUT_PROCESS), "")
        reason = "the file holds no process" + (f", only a {other}" if other else "")
        yield ProcessReading(key="", refusals=(_refusal(document.root, reason, unsupported=bool(other)),))


def _reading(document: Document, process: Element, flow_only: bool) -> ProcessReading:
    key = stated(process, "id")
    if not flow_only and not is_true(process, "isExecutable"):
        refusal = _refusal(process, f'process "{key}" is not executable', unsupported=True)
        return ProcessReading(key=key, refusals=(refusal,))
    try:
        return ProcessReading(key=key, graph=read_process(document, process, flow_only=flow_only))
    except BpmnError as error:
        return ProcessReading(key=key, refusals=tuple(error.refusals))


def _pool(document: Document, pool: Element) -> ProcessReading | None:
    """Return what is wrong with a pool: it has no process, or one that is not in the file."""
    reference = pool.get("processRef", "").strip()
    found = document.named(reference) if reference else None
    if found is not None and found.tag == f"{{{BPMN}}}process":
        return None
    key = stated(pool, "id")
    name = pool.get("name") or key
    reason = f'pool "{name}" refers to a process that is not there' if reference else f'pool "{name}" has no process'
    return ProcessReading(key=key or name, refusals=(_refusal(pool, reason, unsupported=not reference),))


def _refusal(element: Element, reason: str, *, unsupported: bool = False) -> Refusal:
    return Refusal(element=element.get("id", "?"), line=line_of(element), reason=reason, unsupported=unsupported)

"""BPMN files for tests, written by hand: what is looked at begins on line 3."""

from __future__ import annotations

from itertools import pairwise

import pytest

from workflows.bpmn.parse import BpmnError, Refusal, parse_process
from workflows.engine.graph import Node

DEFINITIONS = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:os="urn:one-stop:bpmn:1">'
PROCESS = '<process id="p" name="流程" os:nameEn="Process" isExecutable="true">'
TASK = (
    '<userTask id="a" name="受理" os:nameEn="Intake" os:department="ZWB" os:role="clerk" os:outcomes="accept refuse"/>'
)
START, END = '<startEvent id="start"/>', '<endEvent id="end" os:outcome="granted"/>'
#: Where everything that is referred to by name is declared, after the process.
DECLARED = (
    '<message id="paid_id" name="paid"/><message id="bare"/><signal id="storm_id" name="storm"/>'
    '<error id="e_id" name="named" errorCode="E1"/><error id="e_named" name="named"/><error id="e_bare"/>'
    '<escalation id="x_id" escalationCode="X1"/>'
)


def file(content: str) -> bytes:
    """Return a file whose content begins on line 2."""
    return f"{DEFINITIONS}\n{content}\n</definitions>".encode()


def process(*lines: str, opening: str = PROCESS) -> bytes:
    """Return a file whose process element is on line 2; the lines given begin on line 3."""
    return file("\n".join([opening, *lines, "</process>", DECLARED]))


def flow(source: str, target: str, condition: str | None = None, key: str = "") -> str:
    asked = "" if condition is None else f"<conditionExpression>{condition}</conditionExpression>"
    name = key or f"{source}_{target}"
    return f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{asked}</sequenceFlow>'


def path(*stops: str) -> str:
    """Return the flows along some elements, all on one line."""
    return "".join(flow(source, target) for source, target in pairwise(stops))


def along(element: str, *more: str, key: str = "x") -> bytes:
    """Return start > element > end; the element is on line 3, what is added begins on line 5."""
    return process(element, START + END + path("start", key, "end"), *more)


def node(xml: bytes, key: str = "x", *, flow_only: bool = False) -> Node:
    return parse_process(xml, flow_only=flow_only).nodes[key]


def refusals(xml: bytes, *, flow_only: bool = False) -> list[Refusal]:
    with pytest.raises(BpmnError) as caught:
        parse_process(xml, flow_only=flow_only)
    assert str(caught.value) == "; ".join(str(refusal) for refusal in caught.value.refusals)
    return caught.value.refusals


def refusal(xml: bytes, *, flow_only: bool = False) -> Refusal:
    (one,) = refusals(xml, flow_only=flow_only)
    return one


def refused(element: str, line: int, reason: str) -> Refusal:
    return Refusal(element=element, line=line, reason=reason)

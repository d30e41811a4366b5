"""Of a foreign file only the flow is looked at: what stands for what, and what is proven of it."""

from __future__ import annotations

import pytest

from tests.workflows.bpmn.files import END, START, TASK, along, file, flow, path, process, refused
from workflows.bpmn.parse import parse_process, read_processes
from workflows.engine.graph import NodeKind, Trigger
from workflows.engine.verify import find_problems

MESSAGE, SIGNAL = "<messageEventDefinition/>", "<signalEventDefinition/>"
ERROR, CONDITIONAL = "<errorEventDefinition/>", "<conditionalEventDefinition><condition/></conditionalEventDefinition>"


def kinds(xml: bytes) -> list[str]:
    """Return the problems of the flow of a file that is refused where it should run."""
    assert read_processes(xml)[0].refusals
    return [problem.kind for problem in find_problems(parse_process(xml, flow_only=True), flow_only=True)]


def link(kind: str, key: str, name: str = "on") -> str:
    return f'<intermediate{kind}Event id="{key}"><linkEventDefinition name="{name}"/></intermediate{kind}Event>'


def test_a_script_is_work_like_any_other() -> None:
    assert kinds(along('<scriptTask id="x"><script>1</script></scriptTask>')) == []


def test_link_events_are_a_flow_that_is_not_drawn() -> None:
    links = link("Throw", "t1") + link("Throw", "t2") + link("Catch", "c")
    split = '<exclusiveGateway id="x"/>'
    xml = process(START + END + split, links, path("start", "x", "t1") + path("x", "t2") + path("c", "end"))
    read = parse_process(xml, flow_only=True)
    assert (read.nodes["t1"].outgoing, read.nodes["c"].incoming) == (("t1->c",), ("t1->c", "t2->c"))
    assert kinds(xml) == []
    assert kinds(xml.replace(b"exclusiveGateway", b"parallelGateway")) == ["lack_of_synchronisation"]


@pytest.mark.parametrize(("caught", "number"), [("", 0), (link("Catch", "c", "off"), 0), (link("Catch", "c") * 2, 2)])
def test_a_link_leads_to_one_place(caught: str, number: int) -> None:
    caught = caught.replace('"c"', '"d"', 1)
    xml = process(START + link("Throw", "t"), flow("start", "t"), caught)
    (reading,) = read_processes(xml, flow_only=True)
    reason = f'of the link events called "on" beside it {number} catch it: it needs one'
    assert refused("t", 3, reason) in reading.refusals


@pytest.mark.parametrize("definitions", [CONDITIONAL, MESSAGE + SIGNAL, CONDITIONAL + MESSAGE])
def test_whatever_comes_may_come(definitions: str) -> None:
    xml = along(f'<intermediateCatchEvent id="x" parallelMultiple="true">{definitions}</intermediateCatchEvent>')
    assert parse_process(xml, flow_only=True).nodes["x"].trigger is Trigger.MESSAGE
    assert kinds(xml) == []
    border = f'<boundaryEvent id="b" attachedToRef="a">{definitions}</boundaryEvent>'
    task = TASK + border + '<parallelGateway id="j"/>'
    xml = process(START + END + task, path("start", "a", "j", "end") + flow("b", "j"))
    assert kinds(xml) == ["deadlock", "dead_element"]
    xml = process(f'<startEvent id="s">{definitions}</startEvent>' + END, path("s", "end"))
    assert kinds(xml) == []


def test_of_several_things_thrown_the_one_that_ends_counts() -> None:
    ends = f'<endEvent id="end">{MESSAGE}{ERROR}</endEvent>'
    assert parse_process(process(START + ends, path("start", "end")), flow_only=True).nodes["end"].trigger == "error"


def test_several_errors_are_still_errors() -> None:
    border = f'<boundaryEvent id="b" attachedToRef="a">{ERROR}<escalationEventDefinition/></boundaryEvent>'
    xml = process(START + END + TASK + border, path("start", "a", "end") + flow("b", "end"))
    assert parse_process(xml, flow_only=True).nodes["b"].trigger is Trigger.ERROR


def test_compensation_is_not_looked_at() -> None:
    xml = along(f"<intermediateThrowEvent id='x'>{MESSAGE}<compensateEventDefinition/></intermediateThrowEvent>")
    assert read_processes(xml, flow_only=True)[0].verdict == "unsupported"


def test_a_cancelled_transaction_is_left_by_its_border() -> None:
    cancel = "<cancelEventDefinition/>"
    inside = f'<startEvent id="s"/><endEvent id="c">{cancel}</endEvent>' + flow("s", "c")
    border = f'<boundaryEvent id="b" attachedToRef="x">{cancel}</boundaryEvent>'
    xml = along(f'<transaction id="x">{inside}</transaction>', border, flow("b", "end"))
    problems = find_problems(parse_process(xml, flow_only=True), flow_only=True)
    assert [(problem.kind, problem.elements) for problem in problems] == []


def test_a_message_may_begin_a_process_without_a_start_event() -> None:
    receive = '<receiveTask id="{0}" instantiate="true"/>'
    xml = process(receive.format("r1") + receive.format("r2") + END, flow("r1", "end") + flow("r2", "end"))
    assert kinds(xml) == []
    read = parse_process(xml, flow_only=True)
    assert [one.kind for one in read.starts()] == [NodeKind.START, NodeKind.START]
    waiting = '<eventBasedGateway id="g" instantiate="true"/><receiveTask id="r1"/><receiveTask id="r2"/>'
    flows = path("g", "r1", "end") + path("g", "r2", "end")
    assert kinds(process(waiting + END, flows)) == []
    assert kinds(process(waiting + END + START, flows + flow("start", "end"))) == []


def test_a_condition_behind_a_parallel_gateway_is_not_asked() -> None:
    flows = path("start", "x") + flow("x", "y", "a") + flow("x", "y", "b", "other") + path("y", "end")
    xml = process('<parallelGateway id="x"/><parallelGateway id="y"/>', START + END, flows)
    assert find_problems(parse_process(xml, flow_only=True), flow_only=True) == []


def test_an_ad_hoc_sub_process_is_not_looked_at() -> None:
    inside = '<adHocSubProcess id="x"><task id="t"/></adHocSubProcess>'
    (reading,) = read_processes(file(f'<process id="p">{inside}</process>'), flow_only=True)
    assert reading.verdict == "unsupported"

"""Reading BPMN files: what is understood, and every refusal with element, line and reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories.processes import bpmn, exclusive, file, graph, sound_graphs, user_task
from workflows.bpmn.parse import MAX_BYTES, BpmnError, Refusal, parse_process
from workflows.engine.graph import Graph, NodeKind, Span

ROOT = Path(__file__).parents[3]
FOREIGN = Path(os.environ.get("SHARED_DATA", ROOT.parent / "shared" / "data")) / "bpmn"
SHIPPED = sorted((ROOT / "services/catalogue/data/processes").glob("*.bpmn"))

TASK = (
    '<userTask id="a" name="受理" os:nameEn="Intake" os:department="ZWB" os:role="clerk" os:outcomes="accept refuse"/>'
)
PATH = '<sequenceFlow id="f1" sourceRef="start" targetRef="a"/>\n<sequenceFlow id="f2" sourceRef="a" targetRef="end"/>'
FRAME = '<startEvent id="start"/>\n<endEvent id="end" os:outcome="granted"/>'


def process(*lines: str) -> bytes:
    """Return a file whose process element is on line 2; the lines given begin on line 3."""
    return file(
        "\n".join(['<process id="p" name="流程" os:nameEn="Process" isExecutable="true">', *lines, "</process>"])
    )


def refusals(xml: bytes) -> list[Refusal]:
    with pytest.raises(BpmnError) as caught:
        parse_process(xml)
    assert str(caught.value) == "; ".join(str(refusal) for refusal in caught.value.refusals)
    return caught.value.refusals


def refusal(xml: bytes) -> Refusal:
    (one,) = refusals(xml)
    return one


def outcome(xml: bytes) -> Graph | list[Refusal]:
    try:
        return parse_process(xml)
    except BpmnError as error:
        return error.refusals


def test_a_process_is_read_in_both_languages() -> None:
    read = parse_process(process(TASK, FRAME, PATH))
    assert (read.key, read.name_zh, read.name_en) == ("p", "流程", "Process")
    task = read.nodes["a"]
    assert (task.name_zh, task.name_en) == ("受理", "Intake")
    assert (task.department, task.role, task.outcomes) == ("ZWB", "clerk", ("accept", "refuse"))
    assert (task.incoming, task.outgoing) == (("f1",), ("f2",))
    assert read.nodes["end"].outcome == "granted"
    assert read.start.id == "start"


def test_a_file_without_our_additions_takes_its_names_for_both_languages() -> None:
    lines = ['<manualTask id="a" name="Archive"/>', FRAME, PATH]
    read = parse_process(file('<process id="p" name="Plain" isExecutable="1">' + "\n".join(lines) + "</process>"))
    assert (read.name_zh, read.name_en) == ("Plain", "Plain")
    assert read.nodes["a"].name_en == "Archive"


def test_a_plain_task_counts_as_manual_work() -> None:
    assert parse_process(process('<task id="a"/>', FRAME, PATH)).nodes["a"].kind is NodeKind.MANUAL_TASK


@settings(max_examples=60)
@given(sound_graphs)
def test_any_process_written_is_read_back_the_same(drawn: Graph) -> None:
    read = parse_process(bpmn(drawn))
    assert (read.nodes, read.boundaries) == (drawn.nodes, drawn.boundaries)
    assert read.flows == drawn.flows


def test_conditions_and_defaults_are_read() -> None:
    nodes = (user_task("a"), exclusive("x", "x>end"), user_task("b"))
    conditions = {"x>b": "outcome.a == 'ok'"}
    read = parse_process(bpmn(graph(nodes, "start > a > x > b > end", "x > end", conditions=conditions)))
    (asked,) = [flow for flow in read.flows.values() if flow.condition]
    assert (asked.source, asked.target, asked.condition) == ("x", "b", "outcome.a == 'ok'")
    assert read.flows[read.nodes["x"].default or ""].target == "end"


def test_decoration_is_read_over() -> None:
    task = TASK.replace(
        "/>", "><documentation>…</documentation><extensionElements><other/></extensionElements></userTask>"
    )
    lanes = '<laneSet id="l"/><textAnnotation id="t"/><association id="s"/><!-- a note --><?ours note?>'
    assert set(parse_process(process(task, lanes, FRAME, PATH)).nodes) == {"a", "start", "end"}


# --- timers


def timer(content: str, attributes: str = "") -> bytes:
    event = f'<boundaryEvent id="t" attachedToRef="a" {attributes}>{content}</boundaryEvent>'
    return process(TASK, FRAME, PATH, event, '<sequenceFlow id="f3" sourceRef="t" targetRef="end"/>')


def duration(text: str) -> bytes:
    return timer(f"<timerEventDefinition><timeDuration>{text}</timeDuration></timerEventDefinition>")


def counted(amount: str, unit: str) -> bytes:
    return timer(f'<timerEventDefinition os:amount="{amount}" os:unit="{unit}"/>')


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("P5D", Span(amount=5, unit="calendar_days")),
        ("PT1H", Span(amount=3600, unit="seconds")),
        ("PT30M", Span(amount=1800, unit="seconds")),
        (" P1DT1H1M1S ", Span(amount=90_061, unit="seconds")),
    ],
)
def test_an_iso_duration_is_read(text: str, span: Span) -> None:
    assert parse_process(duration(text)).nodes["t"].span == span


@pytest.mark.parametrize("unit", ["working_days", "calendar_days", "working_hours", "seconds"])
def test_an_amount_of_our_units_is_read(unit: str) -> None:
    read = parse_process(counted("20", unit))
    assert read.nodes["t"].span == Span(amount=20, unit=unit)
    assert read.boundaries == {"a": ("t",)}
    assert read.nodes["t"].interrupting


@pytest.mark.parametrize(("written", "interrupting"), [("true", True), ("1", True), ("false", False), ("0", False)])
def test_a_timer_says_whether_it_interrupts(written: str, interrupting: bool) -> None:
    xml = timer('<timerEventDefinition os:amount="1" os:unit="seconds"/>', f'cancelActivity="{written}"')
    assert parse_process(xml).nodes["t"].interrupting is interrupting


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1M", "P1Y", "P1W", "-P1D", "P1.5D", "R3/PT1H", "tomorrow", "P1D T1H", "P५D"]
)
def test_another_duration_is_refused(text: str) -> None:
    assert refusal(duration(text)) == Refusal(
        element="t", line=8, reason="the timer needs a duration such as P5D or PT30M, or amount and unit"
    )


@pytest.mark.parametrize("kind", ["timeDate", "timeCycle"])
def test_another_kind_of_timer_is_refused(kind: str) -> None:
    xml = timer(f"<timerEventDefinition><{kind}>PT1H</{kind}></timerEventDefinition>")
    assert "needs a duration" in refusal(xml).reason


@pytest.mark.parametrize(
    ("amount", "unit"),
    [("3", "months"), ("", "working_days"), ("-1", "seconds"), ("1.5", "seconds"), ("²", "seconds"), ("五", "seconds")],
)
def test_another_amount_or_unit_is_refused(amount: str, unit: str) -> None:
    assert (
        "unit must be one of calendar_days, seconds, working_days, working_hours"
        in refusal(counted(amount, unit)).reason
    )


@pytest.mark.parametrize("xml", [counted("2501", "working_days"), duration("P3651D"), duration("PT999999999H")])
def test_a_timer_beyond_ten_years_is_refused(xml: bytes) -> None:
    assert "more than ten years" in refusal(xml).reason


@pytest.mark.parametrize(
    "content",
    [
        "",
        '<timerEventDefinition os:amount="1" os:unit="seconds"/>' * 2,
    ],
)
def test_a_boundary_event_has_exactly_one_timer(content: str) -> None:
    assert "exactly one timer" in refusal(timer(content)).reason


def test_a_message_on_the_border_is_refused() -> None:
    reasons = [one.reason for one in refusals(timer("<messageEventDefinition/>"))]
    assert reasons == [
        "<messageEventDefinition> inside <boundaryEvent> is not executed here",
        "exactly one timer is executed on the border of a task, and nothing else",
    ]


# --- what is not executed


@pytest.mark.parametrize(
    "element",
    ["scriptTask", "inclusiveGateway", "eventBasedGateway", "complexGateway", "subProcess", "receiveTask", "sendTask",
     "intermediateCatchEvent", "intermediateThrowEvent", "dataObject", "transaction", "adHocSubProcess"],
)  # fmt: skip
def test_other_elements_are_refused_by_name(element: str) -> None:
    found = refusal(process(TASK, FRAME, PATH, f'<{element} id="other"/>'))
    assert found == Refusal(element="other", line=8, reason=f"<{element}> is not executed here")
    assert str(found) == f"line 8: other: <{element}> is not executed here"


@pytest.mark.parametrize(
    ("inside", "frame"),
    [
        ("multiInstanceLoopCharacteristics", TASK),
        ("standardLoopCharacteristics", TASK),
        ("terminateEventDefinition", '<endEvent id="over"/>'),
        ("messageEventDefinition", '<startEvent id="start"/>'),
    ],
)
def test_what_would_change_an_element_is_refused(inside: str, frame: str) -> None:
    tag = frame[1:].split()[0]
    changed = frame.replace("/>", f"><{inside}/></{tag}>")
    rest = [part for part in (TASK, *FRAME.split("\n")) if part != frame]
    found = refusals(process(changed, *rest, PATH))
    assert f"<{inside}> inside <{tag}> is not executed here" in [one.reason for one in found]


@pytest.mark.parametrize("attribute", ['isForCompensation="true"', 'startQuantity="2"', 'completionQuantity="2"'])
def test_attributes_that_would_change_an_element_are_refused(attribute: str) -> None:
    found = refusal(process(TASK.replace("/>", f" {attribute}/>"), FRAME, PATH))
    assert (found.element, found.line, found.reason) == ("a", 3, f"{attribute} is not executed here")


@pytest.mark.parametrize(
    ("lines", "element", "line", "reason"),
    [
        ((TASK.replace(' os:role="clerk"', ""), FRAME, PATH), "a", 3, "a user task needs a department and a role"),
        ((TASK.replace(' os:department="ZWB"', ""), FRAME, PATH), "a", 3, "a user task needs a department and a role"),
        (('<serviceTask id="a"/>', FRAME, PATH), "a", 3, "a service task needs a registered action"),
        (('<callActivity id="a"/>', FRAME, PATH), "a", 3, "a call activity needs calledElement or part"),
        (
            (TASK, FRAME, PATH, '<manualTask id="m"/>', '<sequenceFlow id="f3" sourceRef="start" targetRef="m"/>'),
            "m",
            8,
            "has no outgoing flow: end it with an end event",
        ),
        ((TASK, FRAME, PATH, '<sequenceFlow id="f3" sourceRef="end" targetRef="a"/>'), "end", 5,
         "an end event has no outgoing flow"),
        ((TASK, FRAME, PATH, '<sequenceFlow id="f3" sourceRef="a" targetRef="start"/>'), "start", 4,
         "an event that begins a path has no incoming flow"),
        ((TASK, FRAME, PATH, '<sequenceFlow id="f3" sourceRef="a" targetRef="nowhere"/>'), "f3", 8,
         "leads from or to an element that is not there"),
        ((TASK, FRAME, PATH, '<sequenceFlow id="f3"/>'), "f3", 8, "leads from or to an element that is not there"),
        ((TASK, FRAME, PATH, TASK), "a", 8, "the id is used twice"),
        ((TASK, FRAME, PATH, "<manualTask/>"), "manualTask", 8, "has no id"),
        ((TASK.replace("/>", ' default="f2"/>'), FRAME, PATH), "a", 3,
         "conditions and default flows are executed at exclusive gateways only"),
        ((TASK, FRAME, PATH.replace('"end"/>', '"end"><conditionExpression>true</conditionExpression></sequenceFlow>')),
         "a", 3, "conditions and default flows are executed at exclusive gateways only"),
        ((TASK.replace("accept refuse", "x" * 41), FRAME, PATH), "a", 3, "an outcome is longer than 40 characters"),
        ((TASK.replace("clerk", "x" * 21), FRAME, PATH), "a", 3, "role is longer than 20 characters"),
        ((TASK.replace("ZWB", "x" * 21), FRAME, PATH), "a", 3, "department is longer than 20 characters"),
        ((TASK.replace("受理", "理" * 201), FRAME, PATH), "a", 3, "name is longer than 200 characters"),
    ],
)  # fmt: skip
def test_what_could_not_run_is_refused(lines: tuple[str, ...], element: str, line: int, reason: str) -> None:
    assert Refusal(element=element, line=line, reason=reason) in refusals(process(*lines))


def test_an_applicants_task_needs_no_department() -> None:
    task = TASK.replace(' os:department="ZWB"', "").replace("clerk", "applicant")
    assert parse_process(process(task, FRAME, PATH)).nodes["a"].department == ""


@pytest.mark.parametrize("host", ["nowhere", "start", "t"])
def test_a_timer_stands_on_something_that_waits(host: str) -> None:
    xml = counted("1", "seconds").replace(b'attachedToRef="a"', f'attachedToRef="{host}"'.encode())
    assert refusal(xml).reason == "attachedToRef must name a user task, a service task or a call activity"


def gateway(attributes: str, first: str, second: str = "") -> bytes:
    def flow(key: str, target: str, condition: str) -> str:
        asked = f"<conditionExpression>{condition}</conditionExpression>" if condition != "-" else ""
        return f'<sequenceFlow id="{key}" sourceRef="x" targetRef="{target}">{asked}</sequenceFlow>'

    lines = [f'<exclusiveGateway id="x" {attributes}/>', flow("g1", "end", first)]
    if second:
        lines.append(flow("g2", "end", second))
    return process(TASK, FRAME, PATH.replace('targetRef="end"', 'targetRef="x"'), *lines)


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        (gateway('default="f1"', "-"), "its default flow does not leave it"),
        (gateway('default="g1"', "true", "true"), "its default flow g1 has a condition that nobody would ask"),
        (gateway('default="g2"', "", "-"), "the condition of g1 is empty"),
        (gateway("", "true", "-"), "g2 needs a condition, or must be the default flow"),
    ],
)
def test_a_gateway_must_be_able_to_decide(xml: bytes, reason: str) -> None:
    assert refusal(xml) == Refusal(element="x", line=8, reason=reason)


def test_an_exclusive_merge_asks_nothing() -> None:
    assert parse_process(gateway("", "-")).nodes["x"].default is None


@pytest.mark.parametrize(("events", "number"), [("", 0), ('<startEvent id="s"/><startEvent id="s2"/>', 2)])
def test_a_process_has_one_start(events: str, number: int) -> None:
    found = refusals(process(events, '<endEvent id="end"/>'))
    assert Refusal(element="p", line=2, reason=f"needs exactly one start event, has {number}") in found


def test_every_refusal_is_told_at_once() -> None:
    found = refusals(process('<scriptTask id="a"/>', '<userTask id="b"/>', FRAME, PATH))
    assert {one.element for one in found} == {"a", "b", "f1", "f2", "start"}


# --- the file


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "the file holds no process"),
        ('<process id="p"/>', "no process is executable"),
        ('<process id="p" isExecutable="false"/>', "no process is executable"),
        ('<process id="p" isExecutable="true"/><process id="q" isExecutable="true"/>',
         "several processes are executable: one file, one process"),
    ],
)  # fmt: skip
def test_a_file_holds_one_executable_process(content: str, reason: str) -> None:
    assert refusals(file(content))[0].reason == reason


def test_a_process_has_an_id() -> None:
    xml = process(TASK, FRAME, PATH).replace(b'id="p" ', b"")
    assert refusal(xml) == Refusal(element="", line=2, reason="the process has no id")


def test_a_process_id_fits_its_column() -> None:
    xml = process(TASK, FRAME, PATH).replace(b'id="p" ', b'id="' + b"p" * 81 + b'" ')
    assert refusal(xml).reason == "id is longer than 80 characters"


@pytest.mark.parametrize("xml", [b"", b"no xml", b"<a><b></a>", b"\x00", b"<a/><b/>"])
def test_what_is_no_xml_is_refused(xml: bytes) -> None:
    found = refusal(xml)
    assert found.element == "file"
    assert found.reason.startswith("not readable")


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030"])
def test_only_utf_8_is_read(encoding: str) -> None:
    xml = f'<?xml version="1.0" encoding="{encoding}"?>' + process(TASK, FRAME, PATH).decode()
    assert refusal(xml.encode(encoding)).reason == "is not in UTF-8"


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    assert refusal(b" " * (MAX_BYTES + 1)).reason == "larger than 1000000 bytes"


def test_a_file_that_is_nested_too_deep_is_refused() -> None:
    depth = 60
    inner = "<extensionElements>" * depth + "</extensionElements>" * depth
    assert refusal(process(TASK, FRAME, PATH, inner)).reason == "nested deeper than 40 levels"
    assert "not readable" in refusal(b"<a>" * 5_000 + b"</a>" * 5_000).reason


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE definitions SYSTEM "http://127.0.0.1:1/outside.dtd">',
        '<!DOCTYPE definitions [<!ENTITY own SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE definitions [<!ENTITY own "text">]>',
        "<!DOCTYPE definitions>",
    ],
)
def test_document_types_are_refused(declaration: str) -> None:
    xml = declaration.encode() + process(TASK.replace("受理", "&own;" if "own" in declaration else "x"), FRAME, PATH)
    assert any(words in refusal(xml).reason for words in ("a document type is not allowed", "not readable"))


def test_entities_that_multiply_are_refused_quickly() -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 20))
    xml = f'<!DOCTYPE definitions [<!ENTITY e0 "laugh">{levels}]><definitions>&e19;</definitions>'
    assert len(refusals(xml.encode())) == 1


@settings(max_examples=300)
@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_noise_never_crashes_the_reader(noise: bytes) -> None:
    with pytest.raises(BpmnError):
        parse_process(noise)


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_file_is_read_or_refused(data: st.DataObject) -> None:
    xml = SHIPPED[0].read_bytes()
    begin = data.draw(st.integers(0, len(xml) - 1))
    damaged = xml[:begin] + data.draw(st.binary(max_size=12)) + xml[begin + data.draw(st.integers(0, 300)) :]
    assert outcome(damaged)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_processes_are_read_in_both_languages(path: Path) -> None:
    read = parse_process(path.read_bytes())
    assert read.key == path.stem
    named = [node for node in read.nodes.values() if node.kind in {NodeKind.USER_TASK, NodeKind.CALL_ACTIVITY}]
    assert named
    assert all(node.name_zh and node.name_en and node.name_zh != node.name_en for node in named)


@pytest.mark.skipif(not FOREIGN.is_dir(), reason=f"no files of other modellers in {FOREIGN}")
def test_files_of_other_modellers_are_read_or_refused_with_place_and_reason() -> None:
    for path in sorted(FOREIGN.rglob("*.bpmn")):
        for xml in (path.read_bytes(), path.read_bytes().replace(b'isExecutable="false"', b'isExecutable="true"', 1)):
            found = outcome(xml)
            assert isinstance(found, Graph) or all(one.line > 0 and one.element and one.reason for one in found), path

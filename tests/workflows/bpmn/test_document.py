"""Reading files safely, and writing them again with everything that was in them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.workflows.bpmn.files import DEFINITIONS, END, START, TASK, file, path, process, refusal, refusals
from workflows.bpmn.document import BPMN, MAX_BYTES
from workflows.bpmn.parse import BpmnError, parse_process, read_document, read_processes

ROOT = Path(__file__).parents[3]
FOREIGN = Path(os.environ.get("SHARED_DATA", ROOT.parent / "shared" / "data")) / "bpmn"
SHIPPED = sorted((ROOT / "services/catalogue/data/processes").glob("*.bpmn"))
OTHERS = sorted(FOREIGN.glob("*.bpmn"))
PLAIN = process(TASK, START + END, path("start", "a", "end"))

VENDORS = b"""<?xml version="1.0" encoding="UTF-8"?>
<!-- drawn by hand -->
<?vendor keep="this"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="http://bpmn.io/schema/bpmn"
  xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
  xmlns:signavio="http://www.signavio.com" xmlns:modeler="http://camunda.org/schema/modeler/1.0"
  modeler:executionPlatform="Camunda Cloud" exporter="Camunda Modeler">
  <bpmn:collaboration id="c">
    <bpmn:participant id="us" name="Us" processRef="p"/><bpmn:participant id="them" name="Them"/>
    <bpmn:messageFlow id="m" sourceRef="them" targetRef="start"/>
  </bpmn:collaboration>
  <bpmn:process id="p" isExecutable="true" camunda:historyTimeToLive="180">
    <bpmn:extensionElements><signavio:signavioMetaData metaKey="userstory" metaValue=""/></bpmn:extensionElements>
    <bpmn:startEvent id="start"><bpmn:outgoing>f1</bpmn:outgoing></bpmn:startEvent>
    <zeebe:userTaskForm id="form">{}</zeebe:userTaskForm>
    <bpmn:manualTask id="a" camunda:asyncBefore="true">
      <bpmn:extensionElements><zeebe:taskDefinition type="post"/><camunda:connector/></bpmn:extensionElements>
      <bpmn:incoming>f1</bpmn:incoming><bpmn:outgoing>f2</bpmn:outgoing>
      <!-- inside --><signavio:signavioLabel/>
    </bpmn:manualTask>
    <bpmn:endEvent id="end"/>
    <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="a"/>
    <bpmn:sequenceFlow id="f2" sourceRef="a" targetRef="end"/>
    <bpmn:textAnnotation id="t"><bpmn:text><![CDATA[a <!DOCTYPE html> inside a note]]></bpmn:text></bpmn:textAnnotation>
  </bpmn:process>
  <bpmndi:BPMNDiagram id="bd"><bpmndi:BPMNPlane id="bp" bpmnElement="c">
    <bpmndi:BPMNShape id="s" bpmnElement="a"><dc:Bounds x="1" y="2" width="100" height="80"/></bpmndi:BPMNShape>
  </bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</bpmn:definitions>
<!-- the end -->
"""


def canonical(xml: bytes) -> bytes:
    """Return the canonical form (C14N 1.0 with comments) of a file."""
    return bytes(etree.tostring(etree.fromstring(xml).getroottree(), method="c14n", with_comments=True))


# --- export


@pytest.mark.parametrize("file_path", [*SHIPPED, *OTHERS], ids=lambda file_path: file_path.stem)
def test_a_file_is_written_as_it_was_read(file_path: Path) -> None:
    xml = file_path.read_bytes()
    written = read_document(xml).to_xml()
    assert canonical(written) == canonical(xml)
    assert written.startswith(b"<?xml version='1.0' encoding='UTF-8'")


def test_what_vendors_and_drawings_add_is_kept_and_not_executed() -> None:
    assert set(parse_process(VENDORS).nodes) == {"start", "a", "end"}
    written = read_document(VENDORS).to_xml()
    assert canonical(written) == canonical(VENDORS)
    for kept in (b"drawn by hand", b"<?vendor", b"zeebe:taskDefinition", b"dc:Bounds", b"the end", b"messageFlow"):
        assert kept in written


def test_the_processes_of_a_document_are_listed() -> None:
    assert [one.get("id") for one in read_document(VENDORS).processes()] == ["p"]


# --- encodings


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "big5"])
def test_declared_encodings_are_read_and_written_in_utf_8(encoding: str) -> None:
    name = "程" if encoding == "big5" else "流程"
    text = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>' + PLAIN.decode().replace("流程", name)
    assert parse_process(text.encode(encoding)).name_zh == name
    again = read_document(text.encode(encoding)).to_xml()
    assert parse_process(again).name_zh == name
    assert name in again.decode()


@pytest.mark.parametrize(
    "xml",
    [
        PLAIN.decode().encode("gb18030"),
        b'<?xml version="1.0" encoding="klingon"?>' + PLAIN,
        b'<?xml version="1.0" encoding="us-ascii"?>' + PLAIN,
    ],
)
def test_another_encoding_than_declared_is_refused(xml: bytes) -> None:
    assert refusal(xml).reason.startswith("not readable")


# --- what is no BPMN


@pytest.mark.parametrize("xml", [b"", b"   ", b"no xml", b"<a><b></a>", b"\x00", b"<a/><b/>", b"\xef\xbb\xbf", b"&#0;"])
def test_what_is_no_xml_is_refused(xml: bytes) -> None:
    found = refusal(xml)
    assert found.element == "file"
    assert found.reason.startswith("not readable")


@pytest.mark.parametrize("xml", [b"\n<html/>", b'\n<definitions xmlns="urn:other"/>', b"\n<definitions/>"])
def test_what_is_no_bpmn_is_refused(xml: bytes) -> None:
    found = refusal(xml)
    assert (found.element, found.line) == ("file", 2)
    assert found.reason.startswith("is not BPMN 2.0: it begins with <")


def test_of_an_older_version_the_namespace_is_named() -> None:
    older = "http://schema.omg.org/spec/BPMN/2.0"
    assert (
        f'<definitions> of the namespace "{older}", not "' in refusal(f'<definitions xmlns="{older}"/>'.encode()).reason
    )


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    assert refusal(b" " * (MAX_BYTES + 1)).reason == "larger than 1000000 bytes"


def test_a_file_that_is_nested_too_deep_is_refused() -> None:
    def nested(depth: int) -> bytes:
        return process(
            TASK, START + END, path("start", "a", "end"), "<extensionElements>" * depth + "</extensionElements>" * depth
        )

    assert parse_process(nested(39)).key == "p"
    assert refusal(nested(40)).reason == "nested deeper than 40 levels"
    assert "not readable" in refusal(b"<a>" * 5_000 + b"</a>" * 5_000).reason


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE definitions SYSTEM "http://127.0.0.1:1/outside.dtd">',
        '<!DOCTYPE definitions [<!ENTITY own SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE definitions [<!ENTITY own "text">]>',
        '<!DOCTYPE definitions [<!ENTITY % own SYSTEM "http://127.0.0.1:1/x"> %own;]>',
        "<!DOCTYPE definitions>",
        "<?xml version='1.0'?>\n<!-- > --><?a ?>\n<!DOCTYPE definitions>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_are_refused(declaration: str, encoding: str) -> None:
    xml = declaration + PLAIN.decode().replace("受理", "&own;")
    assert refusal(xml.encode(encoding)).reason == "a document type is not allowed"


def test_a_document_type_hidden_by_an_encoding_is_refused() -> None:
    text = '<?xml version="1.0" encoding="{}"?><!DOCTYPE definitions [<!ENTITY own "text">]><definitions a="&own;"/>'
    for encoding in ("utf-7", "cp037", "cp500", "utf-32"):
        assert len(refusals(text.format(encoding).encode(encoding))) == 1


def test_an_undeclared_entity_is_refused() -> None:
    assert "not readable" in refusal(PLAIN.replace("受理".encode(), b"&own;")).reason


@pytest.mark.parametrize("place", ["<definitions>&e19;</definitions>", '<definitions id="&e19;"/>'])
def test_entities_that_multiply_are_refused_quickly(place: str) -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 20))
    began = time.perf_counter()
    assert len(refusals(f'<!DOCTYPE definitions [<!ENTITY e0 "laugh">{levels}]>{place}'.encode())) == 1
    assert time.perf_counter() - began < 1


def test_nothing_outside_is_included() -> None:
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname" parse="text"/>'
    xml = process(TASK, START + END, path("start", "a", "end"), f"<documentation>{include}</documentation>")
    assert b"xi:include" in read_document(xml).to_xml()


# --- damage


@settings(max_examples=300)
@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_noise_never_crashes_the_reader(noise: bytes) -> None:
    with pytest.raises(BpmnError):
        parse_process(noise)


def read_or_refused(xml: bytes) -> None:
    for flow_only in (False, True):
        try:
            readings = read_processes(xml, flow_only=flow_only)
        except BpmnError:
            continue
        for reading in readings:
            assert (reading.graph is None) == bool(reading.refusals)
            assert all(one.reason and one.element and one.line for one in reading.refusals if reading.key)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_or_refused(data: st.DataObject) -> None:
    xml = SHIPPED[0].read_bytes()
    begin = data.draw(st.integers(0, len(xml) - 1))
    read_or_refused(xml[:begin] + data.draw(st.binary(max_size=12)) + xml[begin + data.draw(st.integers(0, 300)) :])


EVERYTHING = process(
    '<laneSet id="l"><lane id="l1" os:department="ZWB"><flowNodeRef>a</flowNodeRef></lane></laneSet>',
    START + TASK + '<eventBasedGateway id="g"/><intermediateCatchEvent id="c"><timerEventDefinition id="td">'
    "<timeDuration>P1D</timeDuration></timerEventDefinition></intermediateCatchEvent>",
    '<receiveTask id="r" messageRef="paid_id" os:correlation="case.number"/>',
    '<subProcess id="s"><multiInstanceLoopCharacteristics id="mi" os:collection="case.parts" isSequential="true">'
    "<completionCondition>done == 1</completionCondition></multiInstanceLoopCharacteristics>"
    '<startEvent id="s1"/><serviceTask id="s2" os:action="x.y"/>'
    '<endEvent id="s3"><errorEventDefinition id="ed" errorRef="e_id"/></endEvent>' + path("s1", "s2", "s3"),
    '<subProcess id="t" triggeredByEvent="true"><startEvent id="t1" isInterrupting="false">'
    '<signalEventDefinition id="sd" signalRef="storm_id"/></startEvent><endEvent id="t2"/>' + path("t1", "t2"),
    '</subProcess></subProcess><boundaryEvent id="b" attachedToRef="s"><errorEventDefinition id="bd" errorRef="e_id"/>',
    '</boundaryEvent><userTask id="u" os:returns="a" os:department="ZWB" os:role="clerk"/><exclusiveGateway id="x"/>',
    END + path("start", "a", "g", "c", "x", "s", "u", "end") + path("g", "r", "x") + path("b", "end"),
)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_file_with_elements_and_attributes_changed_is_read_or_refused(data: st.DataObject) -> None:
    root = etree.fromstring(EVERYTHING)
    for _ in range(data.draw(st.integers(1, 4))):
        elements = [one for one in root.iter(f"{{{BPMN}}}*") if one is not root]
        if not elements:
            break
        one, other = (data.draw(st.sampled_from(elements)) for _ in range(2))
        match data.draw(st.sampled_from(["drop", "copy", "rename", "unset", "set", "text"])):
            case "drop":
                parent = one.getparent()
                assert parent is not None
                parent.remove(one)
            case "copy":
                other.append(etree.fromstring(etree.tostring(one)))
            case "rename":
                one.tag = other.tag
            case "unset" if one.attrib:
                del one.attrib[data.draw(st.sampled_from(sorted(one.attrib)))]
            case "set":
                name = data.draw(st.sampled_from(sorted({*other.attrib, "default", "attachedToRef", "messageRef"})))
                values = st.sampled_from(["", "a", "s", "x", "true", "0", "$x", "a:b", ":", "p", " "])
                one.set(name, other.get(name) or data.draw(values))
            case "text":
                one.text = data.draw(st.sampled_from(["", "x", "P1M", "R/PT0S", "9999-12-31T23:59:59-14:00", "((("]))
    read_or_refused(bytes(etree.tostring(root)))


def test_the_file_that_is_damaged_is_read_whole() -> None:
    assert len(parse_process(EVERYTHING).nodes) == 16


# --- files of others


@pytest.mark.skipif(not OTHERS, reason=f"no files of other modellers in {FOREIGN}")
def test_the_flow_of_every_reference_model_is_read() -> None:
    for file_path in OTHERS:
        for reading in read_processes(file_path.read_bytes(), flow_only=True):
            assert reading.verdict == "read", (file_path.stem, reading.refusals)
            assert reading.graph is not None
            assert reading.graph.starts()


@pytest.mark.skipif(not OTHERS, reason=f"no files of other modellers in {FOREIGN}")
def test_reference_models_that_could_not_run_are_refused_with_place_and_reason() -> None:
    for file_path in OTHERS:
        for executable in (b"false", b"true"):
            xml = file_path.read_bytes().replace(b'isExecutable="false"', b'isExecutable="' + executable + b'"')
            for reading in read_processes(xml):
                assert all(one.line > 0 and one.element and one.reason for one in reading.refusals), file_path
                assert (reading.graph is None) == bool(reading.refusals)


def test_definitions_without_a_process_say_so() -> None:
    assert refusal(file("")).reason == "the file holds no process"
    assert refusal(f"{DEFINITIONS}</definitions>".encode(), flow_only=True).line == 1

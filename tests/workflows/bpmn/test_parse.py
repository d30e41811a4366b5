"""Reading processes: what is understood, and every refusal with element, line and reason."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.factories.processes import bpmn, sound_graphs
from tests.workflows.bpmn.files import (
    DECLARED,
    END,
    PROCESS,
    START,
    TASK,
    along,
    file,
    flow,
    node,
    path,
    process,
    refusal,
    refusals,
    refused,
)
from workflows.bpmn.parse import parse_process, read_processes
from workflows.engine.graph import Flow, Graph, NodeKind, Span
from workflows.engine.verify import find_problems

SHIPPED = sorted((Path(__file__).parents[3] / "services/catalogue/data/processes").glob("*.bpmn"))
FRAME = START + "\n" + END
PATH = path("start", "a", "end")


def test_a_process_is_read_in_both_languages() -> None:
    read = parse_process(process(TASK, FRAME, PATH))
    assert (read.key, read.name_zh, read.name_en) == ("p", "流程", "Process")
    assert (read.promised, read.statutory) == (None, None)
    task = read.nodes["a"]
    assert (task.name_zh, task.name_en, task.scope) == ("受理", "Intake", "")
    assert (task.department, task.role, task.outcomes) == ("ZWB", "clerk", ("accept", "refuse"))
    assert (task.incoming, task.outgoing) == (("start_a",), ("a_end",))
    assert read.nodes["end"].outcome == "granted"
    assert [start.id for start in read.starts()] == ["start"]


def test_a_file_without_our_additions_takes_its_names_for_both_languages() -> None:
    lines = ['<manualTask id="a" name="Archive"/>', FRAME, PATH]
    read = parse_process(process(*lines, opening='<process id="p" name="Plain" isExecutable="1">'))
    assert (read.name_zh, read.name_en) == ("Plain", "Plain")
    assert read.nodes["a"].name_en == "Archive"


def test_a_plain_task_counts_as_manual_work() -> None:
    assert node(along('<task id="x"/>')).kind is NodeKind.MANUAL_TASK


@settings(max_examples=60, deadline=None)
@given(sound_graphs)
def test_any_process_written_is_read_back_the_same(drawn: Graph) -> None:
    read = parse_process(bpmn(drawn))
    assert read.flows == drawn.flows
    assert read.nodes == drawn.nodes
    assert (read.key, read.promised, read.statutory) == (drawn.key, drawn.promised, drawn.statutory)


def test_the_limits_of_a_process_are_read() -> None:
    opening = PROCESS.replace(">", ' os:promised="10" os:statutory="20">')
    read = parse_process(process(TASK, FRAME, PATH, opening=opening))
    assert (read.promised, read.statutory) == (10, 20)


@pytest.mark.parametrize("written", ["soon", "-1", "1.5", "2501", "五"])
def test_a_limit_that_is_no_number_of_days_is_refused(written: str) -> None:
    opening = PROCESS.replace(">", f' os:promised="{written}">')
    found = refusal(process(TASK, FRAME, PATH, opening=opening))
    assert (found.element, found.line) == ("p", 2)
    assert found.reason.startswith("promised: ")


def test_decoration_is_read_over() -> None:
    inside = "".join(
        f"<{name}/>"
        for name in [
            "documentation",
            "extensionElements",
            "auditing",
            "monitoring",
            "categoryValueRef",
            "ioSpecification",
        ]
    ) + "".join(
        f"<{name}/>" for name in ["property", "dataInputAssociation", "potentialOwner", "performer", "rendering"]
    )
    beside = "".join(
        f'<{name} id="d_{name}"/>'
        for name in ["laneSet", "textAnnotation", "association", "group", "dataObject", "dataObjectReference"]
    )
    xml = process(TASK.replace("/>", f">{inside}</userTask>"), FRAME, PATH, beside + '<dataStoreReference id="d"/>')
    assert set(parse_process(xml).nodes) == {"a", "start", "end"}


def test_elements_of_others_are_read_over() -> None:
    other = '<o:scriptTask xmlns:o="urn:other" id="o"/>'
    xml = process(TASK.replace("/>", f">{other}</userTask>"), FRAME, PATH, other, "<!-- note --><?ours note?>")
    assert set(parse_process(xml).nodes) == {"a", "start", "end"}


# --- tasks


def test_a_user_task_states_limit_and_form() -> None:
    task = TASK.replace("/>", ' os:limit="5" os:limitUnit="working_days" os:form="papers"/>')
    read = node(process(task, FRAME, PATH), "a")
    assert (read.limit, read.form) == (Span(amount=5, unit="working_days"), "papers")


@pytest.mark.parametrize("written", ['os:limit="5"', 'os:limit="5" os:limitUnit="weeks"', 'os:limitUnit="seconds"'])
def test_a_limit_needs_amount_and_unit(written: str) -> None:
    found = refusal(process(TASK.replace("/>", f" {written}/>"), FRAME, PATH))
    assert (found.element, found.line) == ("a", 3)
    assert found.reason.startswith("limit: unit must be one of calendar_days, seconds, working_days, working_hours")


def test_a_limit_beyond_ten_years_is_refused() -> None:
    task = TASK.replace("/>", ' os:limit="2501" os:limitUnit="working_days"/>')
    assert refusal(process(task, FRAME, PATH)).reason == "limit: 2501 working_days are more than ten years"


def test_an_applicants_task_needs_no_department() -> None:
    task = TASK.replace(' os:department="ZWB"', "").replace("clerk", "applicant")
    lane = '<laneSet id="l"><lane id="l1" os:department="XF"><flowNodeRef>a</flowNodeRef></lane></laneSet>'
    assert node(process(task, FRAME, PATH, lane), "a").department == ""


def test_a_lane_names_the_department_of_its_tasks() -> None:
    bare = TASK.replace(' os:department="ZWB"', "")
    tasks = "".join(bare.replace('"a"', f'"{key}"') for key in "bc") + f'<subProcess id="s">{bare.replace("a", "d", 0)}'
    lanes = (
        '<laneSet id="l"><lane id="outer" os:department="XF"><flowNodeRef>b</flowNodeRef><flowNodeRef>s</flowNodeRef>'
        '<childLaneSet id="cl"><lane id="inner" os:department="CG"><flowNodeRef>c</flowNodeRef></lane>'
        '<lane id="silent"><flowNodeRef> e </flowNodeRef></lane></childLaneSet></lane></laneSet>'
    )
    others = bare.replace('"a"', '"e"') + TASK.replace('"a"', '"own"')
    read = parse_process(
        process(lanes, tasks, "</subProcess>", others, FRAME, path("start", "b", "c", "s", "e", "own", "end"))
    )
    departments = {key: read.nodes[key].department for key in ("b", "c", "a", "e", "own")}
    assert departments == {"b": "XF", "c": "CG", "a": "XF", "e": "XF", "own": "ZWB"}
    assert read.nodes["s"].department == ""


def test_a_lanes_department_fits_its_column() -> None:
    lane = f'<laneSet id="l"><lane id="l1" os:department="{"x" * 21}"/></laneSet>'
    found = refusal(process(TASK, FRAME, PATH, lane))
    assert found == refused("l1", 7, "department is longer than 20 characters")


def test_a_task_is_sent_back_on_flows_of_its_own() -> None:
    check = TASK.replace('"a"', '"check" os:returns="a a"')
    read = parse_process(process(TASK, check, FRAME, path("start", "a", "check", "end")))
    assert read.flows["check->a"] == Flow(id="check->a", source="check", target="a")
    assert read.nodes["check"].returns == ("check->a",)
    assert read.nodes["check"].outgoing == ("check_end",)
    assert read.nodes["a"].incoming == ("start_a", "check->a")


@pytest.mark.parametrize("target", ["nowhere", "x", "start", "inner"])
def test_a_task_is_sent_back_to_another_task_beside_it(target: str) -> None:
    inner = f'<subProcess id="s">{TASK.replace(chr(34) + "a" + chr(34), chr(34) + "inner" + chr(34))}</subProcess>'
    xml = process(
        TASK.replace('"a"', f'"x" os:returns="{target}"'), START + END + inner, path("start", "x", "s", "end")
    )
    reason = f"cannot be sent back to {target}: a user task goes back to another one beside it"
    assert refusal(xml) == refused("x", 3, reason)


def test_only_a_user_task_is_sent_back() -> None:
    xml = process('<manualTask id="m" os:returns="a"/>', TASK, FRAME, path("start", "a", "m", "end"))
    assert refusal(xml).reason.startswith("cannot be sent back to a")


@pytest.mark.parametrize(
    ("element", "kind", "action", "reference"),
    [
        ('<serviceTask id="x" os:action="a.b"/>', NodeKind.SERVICE_TASK, "a.b", ""),
        ('<sendTask id="x" os:action="a.b"/>', NodeKind.SEND_TASK, "a.b", ""),
        ('<sendTask id="x" messageRef="paid_id"/>', NodeKind.SEND_TASK, "", "paid"),
        ('<receiveTask id="x" messageRef="bare"/>', NodeKind.RECEIVE_TASK, "", "bare"),
        ('<businessRuleTask id="x" os:decision="fee"/>', NodeKind.RULE_TASK, "workflows.decide", ""),
        ('<businessRuleTask id="x" os:decision="fee" os:action="a.b"/>', NodeKind.RULE_TASK, "a.b", ""),
        ('<businessRuleTask id="x" os:action="a.b"/>', NodeKind.RULE_TASK, "a.b", ""),
    ],
)
def test_tasks_without_people_are_read(element: str, kind: NodeKind, action: str, reference: str) -> None:
    read = node(along(element))
    assert (read.kind, read.action, read.reference) == (kind, action, reference)
    assert read.decision == ("fee" if "fee" in element else "")


def test_a_receive_task_waits_for_a_message_of_its_run() -> None:
    read = node(along('<receiveTask id="x" messageRef="paid_id" os:correlation="case.number"/>'))
    assert (read.reference, read.correlation) == ("paid", "case.number")


def test_a_call_activity_names_a_process_or_a_part() -> None:
    assert node(along('<callActivity id="x" calledElement="q:other"/>')).called == "other"
    assert node(along('<callActivity id="x" os:part="licence"/>')).part == "licence"


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        (TASK.replace(' os:role="clerk"', ""), "a user task needs a department and a role"),
        (TASK.replace(' os:department="ZWB"', ""), "a user task needs a department and a role"),
        ('<serviceTask id="a"/>', "a service task needs a registered action"),
        ('<sendTask id="a"/>', "a send task needs a registered action or messageRef"),
        ('<receiveTask id="a"/>', "a receive task needs messageRef"),
        ('<businessRuleTask id="a"/>', "a business rule task needs a decision or a registered action"),
        ('<callActivity id="a"/>', "a call activity needs calledElement or part"),
    ],
)
def test_what_a_task_lacks_is_missed_only_where_it_runs(element: str, reason: str) -> None:
    xml = process(element, FRAME, PATH)
    assert refusal(xml) == refused("a", 3, reason)
    assert parse_process(xml, flow_only=True).nodes["a"]


# --- what is not executed


@pytest.mark.parametrize(
    "element",
    ["complexGateway", "adHocSubProcess", "correlationSubscription", "choreographyTask", "unknown"],
)
@pytest.mark.parametrize("flow_only", [False, True])
def test_other_elements_are_refused_by_name(element: str, flow_only: bool) -> None:
    xml = along(f'<{element} id="x"/>')
    found = refusal(xml, flow_only=flow_only)
    assert found == refused("x", 3, f"<{element}> is not executed here")
    assert str(found) == f"line 3: x: <{element}> is not executed here"
    assert [reading.verdict for reading in read_processes(xml, flow_only=flow_only)] == ["unsupported"]


def test_no_script_is_executed() -> None:
    xml = along('<scriptTask id="x"><script>1</script></scriptTask>')
    assert refusal(xml) == refused("x", 3, "no script is executed here")
    assert node(xml, flow_only=True).kind is NodeKind.MANUAL_TASK


def test_no_transaction_is_executed() -> None:
    xml = along('<transaction id="x"><manualTask id="m"/></transaction>')
    assert refusal(xml) == refused("x", 3, "<transaction> is not executed here")
    read = parse_process(xml, flow_only=True)
    assert (read.nodes["x"].kind, read.nodes["m"].scope) == (NodeKind.SUB_PROCESS, "x")


@pytest.mark.parametrize(
    ("element", "inside"),
    [
        (TASK.replace('"a"', '"x"'), "<script/>"),
        (TASK.replace('"a"', '"x"'), "<messageEventDefinition/>"),
        ('<exclusiveGateway id="x"/>', "<standardLoopCharacteristics/>"),
        ('<intermediateThrowEvent id="x"/>', "<multiInstanceLoopCharacteristics/>"),
    ],
)
def test_what_would_change_an_element_is_refused(element: str, inside: str) -> None:
    tag = element[1:].split()[0]
    found = refusal(along(element.replace("/>", f">{inside}</{tag}>")))
    assert found == refused("x", 3, f"<{inside[1:-2]}> inside <{tag}> is not executed here")


@pytest.mark.parametrize(
    "attribute",
    ['isForCompensation="true"', 'startQuantity="2"', 'completionQuantity="2"', 'instantiate="1"'],
)
def test_attributes_that_would_change_an_element_are_refused(attribute: str) -> None:
    found = refusal(process(TASK.replace("/>", f" {attribute}/>"), FRAME, PATH))
    assert found == refused("a", 3, f"{attribute} is not executed here")
    assert found.unsupported


def test_attributes_that_change_nothing_are_read_over() -> None:
    plain = 'isForCompensation="false" startQuantity="1" completionQuantity="1" implementation="##unspecified"'
    assert node(process(TASK.replace("/>", f" {plain}/>"), FRAME, PATH), "a").role == "clerk"


# --- how elements are joined


@pytest.mark.parametrize(
    ("line", "element", "at", "reason"),
    [
        (flow("end", "a"), "end", 5, "an end event has no outgoing flow"),
        (flow("a", "start"), "start", 4, "an event that begins a path has no incoming flow"),
        (flow("a", "nowhere", key="f"), "f", 7, "leads from or to an element that is not there"),
        (flow("a_end", "a", key="f"), "f", 7, "leads from or to an element that is not there"),
        ('<sequenceFlow id="f"/>', "f", 7, "leads from or to an element that is not there"),
        (TASK, "a", 7, "the id is used twice"),
        ('<textAnnotation id="a"/>', "a", 7, "the id is used twice"),
        ("<manualTask/>", "manualTask", 7, "has no id"),
        ("<sequenceFlow/>", "sequenceFlow", 7, "has no id"),
        ('<parallelGateway id="g"/>' + flow("start", "g"), "g", 7, "a gateway needs an outgoing flow"),
        ('<eventBasedGateway id="g"/>' + flow("start", "g"), "g", 7, "a gateway needs an outgoing flow"),
    ],
)
def test_what_is_joined_wrongly_is_refused(line: str, element: str, at: int, reason: str) -> None:
    xml = process(TASK, FRAME, PATH, line)
    assert refused(element, at, reason) in refusals(xml)
    assert read_processes(xml)[0].verdict == "invalid"


def test_an_id_of_another_process_is_used_twice() -> None:
    first = process(TASK, FRAME, PATH).decode().replace("</definitions>", "")
    again = '<startEvent id="s"/><manualTask id="a"/>' + flow("s", "a")
    second = f'<process id="q" isExecutable="true">{again}</process></definitions>'
    readings = read_processes((first + second).encode())
    assert [reading.verdict for reading in readings] == ["read", "invalid"]
    assert readings[1].refusals == (refused("a", 9, "the id is used twice"),)


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        (TASK.replace("accept refuse", "x" * 41), "an outcome is longer than 40 characters"),
        (TASK.replace("clerk", "x" * 21), "role is longer than 20 characters"),
        (TASK.replace("ZWB", "x" * 21), "department is longer than 20 characters"),
        (TASK.replace("受理", "理" * 201), "name is longer than 200 characters"),
        (TASK.replace("Intake", "x" * 201), "nameEn is longer than 200 characters"),
        (TASK.replace("/>", f' os:form="{"x" * 81}"/>'), "form is longer than 80 characters"),
        (TASK.replace("/>", f' os:correlation="{"x" * 201}"/>'), "correlation is longer than 200 characters"),
    ],
)
def test_what_no_column_holds_is_refused_where_it_runs(attributes: str, reason: str) -> None:
    xml = process(attributes, FRAME, PATH)
    assert refusal(xml) == refused("a", 3, reason)
    assert parse_process(xml, flow_only=True).key == "p"


def test_an_activity_or_event_may_end_a_path() -> None:
    lines = ['<manualTask id="m"/>', flow("start", "m")]
    assert node(process(TASK, FRAME, PATH, *lines), "m").outgoing == ()


# --- conditions


def gateway(kind: str, attributes: str, first: str | None, second: str | None = "-") -> bytes:
    flows = flow("x", "end", first, "g1") + ("" if second == "-" else flow("x", "end", second, "g2"))
    return process(f'<{kind} id="x" {attributes}/>', START + END + flow("start", "x"), flows)


DECIDING = ["exclusiveGateway", "inclusiveGateway", "manualTask"]


@pytest.mark.parametrize("kind", DECIDING)
def test_conditions_and_defaults_are_read(kind: str) -> None:
    read = parse_process(gateway(kind, 'default="g2"', " outcome.a == 'ok' ", None))
    assert (read.flows["g1"].condition, read.flows["g2"].condition) == ("outcome.a == 'ok'", None)
    assert read.nodes["x"].default == "g2"


def test_language_and_kind_of_a_condition_do_not_matter() -> None:
    attributes = 'language="urn:cel" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="tFormalExpression"'
    written = gateway("exclusiveGateway", "", "<!-- why --><![CDATA[a < 3]]>")
    xml = written.replace(b"<conditionExpression", b"<conditionExpression " + attributes.encode())
    assert parse_process(xml).flows["g1"].condition == "a < 3"


@pytest.mark.parametrize("kind", DECIDING)
@pytest.mark.parametrize(
    ("attributes", "first", "second", "reason"),
    [
        ('default="start_x"', None, "-", "its default flow does not leave it"),
        ('default="nowhere"', None, "-", "its default flow does not leave it"),
        ('default="g1"', "true", "true", "its default flow g1 has a condition that nobody would ask"),
    ],
)
def test_a_default_flow_leaves_its_element_unasked(
    kind: str, attributes: str, first: str | None, second: str | None, reason: str
) -> None:
    assert refusal(gateway(kind, attributes, first, second)) == refused("x", 3, reason)


def test_an_exclusive_gateway_has_no_bare_flow_beside_its_default() -> None:
    xml = process('<exclusiveGateway id="x" default="g1"/>', FRAME, flow("start", "x"), *(
        flow("x", "end", key=key) for key in ("g1", "g2")
    ))  # fmt: skip
    assert refusal(xml) == refused("x", 3, "g2 needs a condition: another flow is the default")
    assert parse_process(xml, flow_only=True).flows["g2"].condition is None


@pytest.mark.parametrize("asked", ["answers.x", None])
def test_an_exclusive_gateway_without_a_default_is_read_for_the_proof_to_refuse(asked: str | None) -> None:
    read = parse_process(gateway("exclusiveGateway", "", asked, None))
    assert read.flows["g2"].condition is None
    assert [problem.kind for problem in find_problems(read)] == ["missing_default"]
    assert parse_process(gateway("inclusiveGateway", "", "true", None)).flows["g2"].condition is None
    assert node(gateway("exclusiveGateway", "", None)).default is None


@pytest.mark.parametrize("written", ["", " ", "<!-- later -->"])
def test_an_empty_condition_is_refused_where_it_runs(written: str) -> None:
    xml = gateway("exclusiveGateway", 'default="g2"', written, None)
    assert refusal(xml) == refused("g1", 5, "its condition is empty")
    # Beside a default flow it says that the flow may stay closed; in any other foreign file it says nothing.
    assert parse_process(xml, flow_only=True).flows["g1"].condition == ""
    xml = gateway("exclusiveGateway", "", written, None)
    assert parse_process(xml, flow_only=True).flows["g1"].condition is None


@pytest.mark.parametrize("written", ["${approved}", "a ==", "a = b", "size(x).y()"])
def test_a_condition_that_is_not_cel_is_kept_only_for_the_flow(written: str) -> None:
    xml = gateway("exclusiveGateway", 'default="g2"', written, None)
    found = refusal(xml)
    assert (found.element, found.line) == ("g1", 5)
    assert found.reason.startswith("its condition is not CEL: ")
    assert read_processes(xml)[0].verdict == "invalid"
    assert parse_process(xml, flow_only=True).flows["g1"].condition == written


def test_a_foreign_default_flow_is_not_asked() -> None:
    read = parse_process(gateway("exclusiveGateway", 'default="g1"', "${a}", "${b}"), flow_only=True)
    assert (read.flows["g1"].condition, read.flows["g2"].condition) == (None, "${b}")


@pytest.mark.parametrize(
    "xml", [gateway("parallelGateway", "", "true"), gateway("parallelGateway", 'default="g1"', None)]
)
def test_other_elements_do_not_decide(xml: bytes) -> None:
    reason = "conditions and default flows are executed at activities, exclusive and inclusive gateways only"
    assert refusal(xml) == refused("x", 3, reason)
    read = parse_process(xml, flow_only=True)
    assert (read.nodes["x"].default, read.flows["g1"].condition) == (None, None)


# --- the processes of a file


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "the file holds no process"),
        ('<process id="p"/>', 'process "p" is not executable'),
        ('<process id="p" isExecutable="false"/>', 'process "p" is not executable'),
        ('<process id="p" isExecutable="true"/><process id="q" isExecutable="true"/>',
         "several processes are executable: one file, one process"),
        ('<process id="p" isExecutable="true"/>', "holds no element that could be carried out"),
        ('<collaboration id="c"><participant id="x" name="Bank"/></collaboration>', 'pool "Bank" has no process'),
    ],
)  # fmt: skip
def test_a_file_holds_one_executable_process(content: str, reason: str) -> None:
    found = refusals(file(content))[0]
    assert found.reason == reason
    assert found.line in (1, 2)


def test_a_process_has_an_id() -> None:
    xml = process(TASK, FRAME, PATH).replace(b'id="p" ', b"")
    assert refusal(xml) == refused("", 2, "the process has no id")


def test_a_process_id_fits_its_column() -> None:
    xml = process(TASK, FRAME, PATH).replace(b'id="p" ', b'id="' + b"p" * 81 + b'" ')
    assert refusal(xml).reason == "id is longer than 80 characters"


def test_every_refusal_is_told_at_once_in_the_order_of_lines() -> None:
    found = refusals(process('<scriptTask id="a"/>', '<userTask id="b"/>', FRAME, PATH, flow("a", "c", key="f")))
    assert [(one.element, one.line) for one in found] == [("a", 3), ("b", 4), ("f", 8)]


SEVERAL = f"""<collaboration id="c"><participant id="us" processRef="t:p"/><participant id="them" name="Them"/>
<participant id="lost" name="Lost" processRef="gone"/></collaboration>
<process id="p" isExecutable="true"><manualTask id="a"/></process>
<process id="q"><task id="b"/></process>
<process id="r" isExecutable="true"><scriptTask id="s"/></process>
<process id="e" isExecutable="false"/>{DECLARED}"""


def test_every_process_and_pool_of_a_file_is_told() -> None:
    readings = read_processes(file(SEVERAL))
    assert [(reading.key, reading.verdict) for reading in readings] == [
        ("p", "read"),
        ("q", "unsupported"),
        ("r", "unsupported"),
        ("e", "unsupported"),
        ("them", "unsupported"),
        ("lost", "invalid"),
    ]
    assert [str(reading.refusals[0]) for reading in readings[1:]] == [
        'line 5: q: process "q" is not executable',
        "line 6: s: no script is executed here",
        'line 7: e: process "e" is not executable',
        'line 2: them: pool "Them" has no process',
        'line 3: lost: pool "Lost" refers to a process that is not there',
    ]


def test_closed_boxes_have_no_flow_to_look_at() -> None:
    readings = read_processes(file(SEVERAL), flow_only=True)
    assert [(reading.key, reading.verdict) for reading in readings] == [
        ("p", "read"),
        ("q", "read"),
        ("r", "read"),
        ("lost", "invalid"),
    ]


def test_a_file_of_closed_boxes_only_says_so() -> None:
    pool = '<collaboration id="c"><participant id="them" name="Them"/></collaboration>'
    (reading,) = read_processes(file(pool), flow_only=True)
    assert (reading.key, reading.verdict) == ("", "unsupported")
    assert reading.refusals[0].reason == "the file holds no process, only a collaboration"
    (reading,) = read_processes(file(pool + '<process id="e"/>'), flow_only=True)
    assert (reading.key, reading.verdict) == ("e", "unsupported")


@pytest.mark.parametrize("flow_only", [False, True])
@pytest.mark.parametrize("other", ["choreography", "globalConversation"])
def test_a_file_about_something_else_says_so(other: str, flow_only: bool) -> None:
    (reading,) = read_processes(file(f'<message id="m"/><{other} id="c"/>'), flow_only=flow_only)
    assert (reading.verdict, reading.refusals[0].reason) == (
        "unsupported",
        f"the file holds no process, only a {other}",
    )
    assert read_processes(file('<message id="m"/>'), flow_only=flow_only)[0].verdict == "invalid"


def test_the_flow_of_one_process_is_looked_at() -> None:
    assert parse_process(file('<process id="q"><task id="b"/></process>'), flow_only=True).key == "q"
    assert {one.reason for one in refusals(file(SEVERAL), flow_only=True)} == {
        "several processes: one file, one process"
    }


# --- what we ship, and how quickly it is read


@pytest.mark.parametrize("file_path", SHIPPED, ids=lambda file_path: file_path.stem)
def test_the_shipped_processes_are_read_in_both_languages(file_path: Path) -> None:
    read = parse_process(file_path.read_bytes())
    assert read.key == file_path.stem
    named = [one for one in read.nodes.values() if one.kind in {NodeKind.USER_TASK, NodeKind.CALL_ACTIVITY}]
    assert named
    assert all(one.name_zh and one.name_en and one.name_zh != one.name_en for one in named)


def test_a_large_file_is_read_quickly() -> None:
    """200 elements, a third of them gateways with conditions of their own: 30 ms is the aim, ten times that fails."""
    elements, flows, last = [START, END], [], "start"
    for number in range(40):
        task = TASK.replace('"a"', f'"a{number}"')
        elements.append(f'{task}<exclusiveGateway id="x{number}" default="x{number}_end"/>')
        flows.append(path(last, f"a{number}", f"x{number}") + flow(f"x{number}", "end"))
        last = f"y{number}"
        elements.append(f'<manualTask id="{last}"/>')
        flows.append(flow(f"x{number}", last, f"outcome.a{number} == 'accept' &amp;&amp; case.area &lt; {number}"))
    xml = process(*elements, *flows)
    parse_process(gateway("exclusiveGateway", "", "warm"))
    began = time.perf_counter()
    read = parse_process(xml)
    took = time.perf_counter() - began
    assert len(read.nodes) + len(read.flows) > 200
    assert took < 0.3

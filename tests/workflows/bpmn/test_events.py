"""Events and their triggers, timers, event-based gateways, sub-processes and loops."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.workflows.bpmn.files import (
    END,
    PROCESS,
    START,
    TASK,
    along,
    flow,
    node,
    path,
    process,
    refusal,
    refusals,
    refused,
)
from workflows.bpmn.parse import parse_process, read_processes
from workflows.engine.graph import Loop, NodeKind, Span, Timer, Trigger

MESSAGE = '<messageEventDefinition messageRef="paid_id"/>'
SIGNAL = '<signalEventDefinition signalRef="storm_id"/>'
TIMER = "<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>"
ERROR = '<errorEventDefinition errorRef="e_id"/>'
ESCALATION = '<escalationEventDefinition escalationRef="x_id"/>'
TERMINATE = "<terminateEventDefinition/>"
DAY = Timer(span=Span(amount=1, unit="calendar_days"))
DEFINITIONS = {
    "message": (MESSAGE, "paid"),
    "signal": (SIGNAL, "storm"),
    "timer": (TIMER, ""),
    "error": (ERROR, "E1"),
    "escalation": (ESCALATION, "X1"),
    "terminate": (TERMINATE, ""),
    "none": ("", ""),
}


def start(definition: str) -> bytes:
    return process(f'<startEvent id="x">{definition}</startEvent>', END + flow("x", "end"))


def middle(kind: str, definition: str, attributes: str = "") -> bytes:
    return along(f'<{kind} id="x" {attributes}>{definition}</{kind}>')


def catch(definition: str, attributes: str = "") -> bytes:
    return middle("intermediateCatchEvent", definition, attributes)


def throw(definition: str, attributes: str = "") -> bytes:
    return middle("intermediateThrowEvent", definition, attributes)


def border(definition: str, attributes: str = "", host: str = "a") -> bytes:
    event = f'<boundaryEvent id="x" attachedToRef="{host}" {attributes}>{definition}</boundaryEvent>'
    return process(event, START + TASK + END, path("start", "a", "end") + flow("x", "end"))


def finish(definition: str) -> bytes:
    return process(f'<endEvent id="x">{definition}</endEvent>', START + flow("start", "x"))


def inner_start(definition: str, attributes: str = "", by_event: str = "true") -> bytes:
    """Return a process with a (by default event) sub-process whose start event is on line 3."""
    inner = f'<startEvent id="x" {attributes}>{definition}</startEvent><endEvent id="i"/>{flow("x", "i")}'
    around = "" if by_event == "true" else flow("a", "s")
    rest = START + TASK + END + path("start", "a", "end") + around
    opening = f'{PROCESS}<subProcess id="s" triggeredByEvent="{by_event}">'
    return process(inner + "</subProcess>", rest, opening=opening)


PLACES = {
    "the start of a process": (start, {"none", "message", "timer", "signal"}),
    "an intermediate catch event": (catch, {"message", "timer", "signal"}),
    "an intermediate throw event": (throw, {"none", "message", "escalation", "signal"}),
    "the border of an activity": (border, {"message", "timer", "error", "escalation", "signal"}),
    "an end event": (finish, {"none", "message", "error", "escalation", "signal", "terminate"}),
    "the start of an event sub-process": (inner_start, {"message", "timer", "error", "escalation", "signal"}),
    "the start of a sub-process": (lambda text: inner_start(text, by_event="false"), {"none"}),
}


@pytest.mark.parametrize("trigger", DEFINITIONS)
@pytest.mark.parametrize("place", PLACES)
def test_each_trigger_stands_where_the_standard_allows(place: str, trigger: str) -> None:
    draw, allowed = PLACES[place]
    definition, reference = DEFINITIONS[trigger]
    xml = draw(definition)
    if trigger in allowed:
        read = node(xml)
        assert (read.trigger, read.reference) == (Trigger(trigger), reference)
        assert read.timer == (DAY if trigger == "timer" else None)
        return
    reason = f"{place} needs an event definition"
    if definition:
        reason = f"<{trigger}EventDefinition> does not belong on {place}"
    assert refusal(xml) == refused("x", 3, reason)
    assert read_processes(xml, flow_only=True)[0].verdict == "invalid"


@pytest.mark.parametrize("other", ["conditional", "compensate", "cancel", "link"])
@pytest.mark.parametrize(("draw", "kind"), [(catch, "intermediateCatchEvent"), (border, "boundaryEvent")])
def test_other_triggers_are_refused(draw: Callable[[str], bytes], kind: str, other: str) -> None:
    xml = draw(f"<{other}EventDefinition/>")
    found = refusal(xml)
    assert found == refused("x", 3, f"<{other}EventDefinition> inside <{kind}> is not executed here")
    assert found.unsupported
    if other == "compensate":
        assert read_processes(xml, flow_only=True)[0].verdict == "unsupported"


def test_an_event_has_one_trigger() -> None:
    found = refusal(catch(MESSAGE + SIGNAL))
    assert found == refused("x", 3, "has several event definitions: an event has one trigger here")
    assert found.unsupported
    parallel = refusal(catch(MESSAGE, 'parallelMultiple="true"'))
    assert parallel == refused("x", 3, 'parallelMultiple="true" is not executed here')


def test_a_reusable_event_definition_is_not_executed() -> None:
    found = refusals(catch("<eventDefinitionRef>d</eventDefinitionRef>"))
    assert "<eventDefinitionRef> inside <intermediateCatchEvent> is not executed here" in [one.reason for one in found]


# --- names and codes


@pytest.mark.parametrize(
    ("xml", "reference"),
    [
        (catch('<messageEventDefinition messageRef="bare"/>'), "bare"),
        (catch('<messageEventDefinition messageRef="q:paid_id"/>'), "paid"),
        (border('<errorEventDefinition errorRef="e_named"/>'), "named"),
        (border('<errorEventDefinition errorRef="e_bare"/>'), "e_bare"),
        (border("<errorEventDefinition/>"), ""),
        (border("<escalationEventDefinition/>"), ""),
        (throw("<escalationEventDefinition/>"), ""),
    ],
)
def test_an_event_is_known_by_name_or_code(xml: bytes, reference: str) -> None:
    assert node(xml).reference == reference


@pytest.mark.parametrize("flow_only", [False, True])
@pytest.mark.parametrize("written", ["nowhere", "storm_id", "start", ":"])
def test_a_reference_to_nothing_is_refused(written: str, flow_only: bool) -> None:
    xml = catch(f'<messageEventDefinition messageRef="{written}"/>')
    reason = f"messageRef names {written}: there is no such message"
    assert refusal(xml, flow_only=flow_only) == refused("x", 3, reason)


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        (catch("<messageEventDefinition/>"), "a message event needs messageRef"),
        (throw("<signalEventDefinition/>"), "a signal event needs signalRef"),
        (finish("<messageEventDefinition/>"), "a message event needs messageRef"),
        (finish("<errorEventDefinition/>"), "an error that is thrown needs errorRef with its code"),
    ],
)
def test_a_reference_is_missed_only_where_it_runs(xml: bytes, reason: str) -> None:
    assert refusal(xml) == refused("x", 3, reason)
    assert node(xml, flow_only=True).reference == ""


def test_a_long_name_is_refused() -> None:
    xml = catch(MESSAGE).replace(b'name="paid"', b'name="' + b"x" * 201 + b'"')
    assert refusal(xml) == refused("x", 3, "the name of its message is longer than 200 characters")
    assert len(node(xml, flow_only=True).reference) == 201


def test_a_message_is_sent_by_an_action_or_by_the_engine() -> None:
    assert node(throw("<messageEventDefinition/>", 'os:action="mail.send"')).action == "mail.send"
    assert node(throw('<messageEventDefinition os:action="mail.send"/>')).action == "mail.send"
    assert node(throw(MESSAGE)).action == ""


def test_a_message_finds_its_run_by_a_value() -> None:
    assert node(catch(MESSAGE, 'os:correlation="case.number"')).correlation == "case.number"
    assert node(catch(MESSAGE.replace("/>", ' os:correlation="case.number"/>'))).correlation == "case.number"


# --- whose events they are


@pytest.mark.parametrize(("written", "interrupting"), [("true", True), ("1", True), ("false", False), ("0", False)])
def test_an_event_says_whether_it_interrupts(written: str, interrupting: bool) -> None:
    on_border = node(border(MESSAGE, f'cancelActivity="{written}"'))
    assert (on_border.host, on_border.interrupting) == ("a", interrupting)
    beginning = node(inner_start(MESSAGE, f'isInterrupting="{written}"'))
    assert (beginning.host, beginning.scope, beginning.interrupting) == ("", "s", interrupting)
    assert node(border(MESSAGE)).interrupting
    assert node(inner_start(MESSAGE)).interrupting


def test_an_error_always_interrupts() -> None:
    assert node(border(ERROR, 'cancelActivity="false"')).interrupting
    assert node(inner_start(ERROR, 'isInterrupting="false"')).interrupting


@pytest.mark.parametrize("host", ["nowhere", "start", "x", "", "t"])
def test_a_border_event_stands_on_an_activity(host: str) -> None:
    inner = f'<startEvent id="t1">{MESSAGE}</startEvent>'
    xml = border(TIMER, host=host).replace(
        b"</process>", f'<subProcess id="t" triggeredByEvent="true">{inner}</subProcess></process>'.encode()
    )
    assert refusal(xml) == refused("x", 3, "attachedToRef must name an activity")


def test_a_border_event_lies_beside_its_activity() -> None:
    inner = f'<startEvent id="i"/><boundaryEvent id="x" attachedToRef="a">{TIMER}</boundaryEvent>'
    xml = process(f'<subProcess id="s">{inner}</subProcess>', START + TASK + END, path("start", "a", "s", "end"))
    reason = "lies in another sub-process than the activity on whose border it is"
    assert refusal(xml) == refused("x", 3, reason)


def test_each_kind_of_activity_has_a_border() -> None:
    for host in ("manualTask", "serviceTask", "sendTask", "receiveTask", "businessRuleTask", "callActivity"):
        element = f'<{host} id="a" os:action="x.y" os:part="z" messageRef="paid_id"/>'
        assert node(border(TIMER).replace(TASK.encode(), element.encode())).host == "a"


# --- timers


def timed(content: str, attributes: str = "") -> bytes:
    return border(f"<timerEventDefinition {attributes}>{content}</timerEventDefinition>")


def span(amount: int, unit: str) -> Span:
    return Span(amount=amount, unit=unit)


@pytest.mark.parametrize(
    ("content", "timer"),
    [
        ("<timeDuration>P5D</timeDuration>", Timer(span=span(5, "calendar_days"))),
        ("<timeDuration>P2W</timeDuration>", Timer(span=span(14, "calendar_days"))),
        ("<timeDuration>PT1H</timeDuration>", Timer(span=span(3600, "seconds"))),
        ("<timeDuration> P1DT1H1M1S\n</timeDuration>", Timer(span=span(90_061, "seconds"))),
        ("<timeCycle>R3/PT10M</timeCycle>", Timer(span=span(600, "seconds"), repeats=3)),
        ("<timeCycle>R/P1W</timeCycle>", Timer(span=span(7, "calendar_days"), repeats=0)),
        ("<timeDate>2026-01-05T09:00:00+08:00</timeDate>", Timer(date="2026-01-05T09:00:00+08:00")),
        ("<timeDate>2026-01-05T01:00:00Z</timeDate>", Timer(date="2026-01-05T01:00:00Z")),
        ("<timeDate>$hearing</timeDate>", Timer(date="$hearing")),
        ("<timeDate>$case.hearing_at</timeDate>", Timer(date="$case.hearing_at")),
    ],
)
def test_times_of_iso_8601_are_read(content: str, timer: Timer) -> None:
    assert node(timed(content)).timer == timer
    assert node(timed(content), flow_only=True).timer == timer


@pytest.mark.parametrize("unit", ["working_days", "calendar_days", "working_hours", "seconds"])
def test_an_amount_of_our_units_is_read(unit: str) -> None:
    read = parse_process(timed("", f'os:amount="20" os:unit="{unit}"'))
    assert read.nodes["x"].timer == Timer(span=span(20, unit))
    assert [one.id for one in read.listeners["a"]] == ["x"]
    repeated = node(timed("", f'os:amount="20" os:unit="{unit}" os:repeats="0"'))
    assert repeated.timer == Timer(span=span(20, unit), repeats=0)


NEEDED = "the timer needs a duration such as P5D or PT30M, or amount and unit"
CYCLE = "the timer needs a cycle such as R3/P1D, or R/P1D for without end"
INSTANT = "the timer needs an instant with its offset such as 2026-01-05T09:00:00+08:00, or $name"
MONTHS = "months and years differ in length: state days or weeks"
WRONG = [
    *[(f"<timeDuration>{text}</timeDuration>", NEEDED) for text in
      ["", "P", "PT", "P1DT", "-P1D", "P1.5D", "R3/PT1H", "tomorrow", "P1D T1H", "P५D", "P1W2D", "${d}"]],
    *[(f"<timeDuration>{text}</timeDuration>", MONTHS) for text in ["P1M", "P1Y", "P1Y2M3D"]],
    *[(f"<timeCycle>{text}</timeCycle>", CYCLE) for text in ["", "PT1H", "R0/PT1H", "R-1/P1D", "0 0 * * *", "R3"]],
    *[(f"<timeCycle>{text}</timeCycle>", CYCLE) for text in ["R3/2026-01-05T09:00:00Z/P1D", "R12345/P1D"]],
    ("<timeCycle>R2/P1M</timeCycle>", MONTHS),
    ("<timeCycle>R2/P</timeCycle>", NEEDED),
    ("<timeCycle>R/PT0S</timeCycle>", "a timer that repeats needs a length of time between"),
    ("<timeCycle>R3651/P1D</timeCycle>", "repeats must be a whole number, 0 for without end"),
    *[(f"<timeDate>{text}</timeDate>", INSTANT) for text in
      ["", "2026-01-05", "2026-01-05T09:00:00", "9999-12-31T23:59:59-14:00", "soon", "$", "$1", "$a..b"]],
    ("", NEEDED),
    ("<timeDuration>P3651D</timeDuration>", "3651 calendar_days are more than ten years"),
    ("<timeDate>$a</timeDate><timeDuration>P1D</timeDuration>",
     "the timer states timeDuration and timeDate: only one can be meant"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "reason"), WRONG)
def test_other_times_are_refused_where_they_run(content: str, reason: str) -> None:
    assert refusal(timed(content)) == refused("x", 3, reason)
    repeats = 0 if "timeCycle" in content else 1
    assert node(timed(content), flow_only=True).timer == Timer(span=span(1, "calendar_days"), repeats=repeats)


@pytest.mark.parametrize(
    ("amount", "unit"),
    [("3", "months"), ("", "working_days"), ("-1", "seconds"), ("1.5", "seconds"), ("²", "seconds"), ("3", "")],
)
def test_another_amount_or_unit_is_refused(amount: str, unit: str) -> None:
    found = refusal(timed("", f'os:amount="{amount}" os:unit="{unit}"'))
    assert found.reason.startswith("unit must be one of calendar_days, seconds, working_days, working_hours")


@pytest.mark.parametrize("repeats", ["-1", "x", "1.5", "3651"])
def test_repeats_are_a_whole_number(repeats: str) -> None:
    found = refusal(timed("", f'os:amount="1" os:unit="seconds" os:repeats="{repeats}"'))
    assert found.reason == "repeats must be a whole number, 0 for without end"


def test_a_timer_beyond_ten_years_is_refused() -> None:
    assert "more than ten years" in refusal(timed("", 'os:amount="2501" os:unit="working_days"')).reason
    assert "more than ten years" in refusal(timed("<timeDuration>PT999999999H</timeDuration>")).reason


# --- event-based gateways


def waiting(first: str, *more: str) -> bytes:
    """Return a process with a gateway on line 3, and behind it an element `y` on line 4 and a catch event `c`."""
    other = f'<intermediateCatchEvent id="c">{TIMER}</intermediateCatchEvent>'
    flows = path("start", "x", "y", "end") + path("x", "c", "end")
    return process('<eventBasedGateway id="x"/>', first, START + END + other, flows, *more)


def test_a_gateway_waits_for_the_events_behind_it() -> None:
    read = parse_process(waiting('<receiveTask id="y" messageRef="paid_id"/>'))
    assert (read.nodes["y"].host, read.nodes["c"].host) == ("x", "x")
    assert {one.id for one in read.listeners["x"]} == {"y", "c"}


@pytest.mark.parametrize("flow_only", [False, True])
@pytest.mark.parametrize(
    ("first", "more"),
    [
        (TASK.replace('"a"', '"y"'), ""),
        ('<exclusiveGateway id="y"/>', ""),
        ('<receiveTask id="y" messageRef="paid_id"/>', '<manualTask id="m"/>' + path("start", "m", "y")),
    ],
)
def test_only_events_stand_behind_a_waiting_gateway(first: str, more: str, flow_only: bool) -> None:
    xml = waiting(first, more)
    reason = "y must be a catch event or a receive task with no other flow into it"
    assert refusal(xml, flow_only=flow_only) == refused("x", 3, reason)
    assert read_processes(xml)[0].verdict == "invalid"


@pytest.mark.parametrize(
    "loop", ["", "<standardLoopCharacteristics><loopCondition>a</loopCondition></standardLoopCharacteristics>"]
)
def test_a_task_behind_a_waiting_gateway_is_waited_for_once(loop: str) -> None:
    event = "" if loop else f'<boundaryEvent id="b" attachedToRef="y">{TIMER}</boundaryEvent>'
    xml = waiting(f'<receiveTask id="y" messageRef="paid_id">{loop}</receiveTask>', event)
    reason = "waits behind an event-based gateway: no loop and no event on its border"
    assert refusal(xml) == refused("y", 4, reason)


@pytest.mark.parametrize("attribute", ['instantiate="true"', 'eventGatewayType="Parallel"'])
def test_a_gateway_begins_no_process(attribute: str) -> None:
    xml = waiting('<receiveTask id="y" messageRef="paid_id"/>').replace(
        b'Gateway id="x"', f'Gateway id="x" {attribute}'.encode()
    )
    assert refusal(xml) == refused("x", 3, f"{attribute} is not executed here")


# --- beginnings


def test_a_process_may_begin_in_several_ways() -> None:
    other = f'<startEvent id="m">{MESSAGE}</startEvent><startEvent id="t">{TIMER}</startEvent>'
    read = parse_process(
        process(START + TASK + END, other, path("start", "a", "end") + path("m", "a") + path("t", "a"))
    )
    assert [one.id for one in read.starts()] == ["start", "m", "t"]


@pytest.mark.parametrize("definition", ["", MESSAGE, TIMER])
def test_a_process_begins_in_each_way_once(definition: str) -> None:
    twice = "".join(f'<startEvent id="{key}">{definition}</startEvent>' for key in ("s1", "s2"))
    xml = process(twice, TASK + END, path("s1", "a", "end") + flow("s2", "a"))
    assert refusal(xml) == refused("p", 2, "s2 begins it in the same way as another start event")
    assert len(parse_process(xml, flow_only=True).starts()) == 2


def test_a_process_without_a_start_event_begins_where_nothing_leads_to() -> None:
    read = parse_process(process(TASK + END, flow("a", "end")))
    assert [one.id for one in read.starts()] == ["a"]


def test_a_process_that_nothing_begins_is_refused() -> None:
    xml = process('<manualTask id="m"/><manualTask id="n"/>', path("m", "n", "m"))
    reason = "nothing begins it: it needs a start event, or an element without incoming flow"
    assert refusal(xml, flow_only=True) == refused("p", 2, reason)


# --- sub-processes


def inside(content: str, attributes: str = "") -> bytes:
    return along(f'<subProcess id="x" {attributes}>{content}</subProcess>')


def test_the_inside_of_a_sub_process_is_of_its_scope() -> None:
    deeper = f'<subProcess id="y">{TASK}</subProcess><startEvent id="s"/>{flow("s", "y")}'
    read = parse_process(inside(deeper))
    assert {one.id: one.scope for one in read.nodes.values()} == {
        "start": "", "x": "", "end": "", "y": "x", "s": "x", "a": "y",
    }  # fmt: skip
    assert read.flows["s_y"].target == "y"
    assert [one.id for one in read.starts("x")] == ["s"]
    assert [one.id for one in read.starts("y")] == ["a"]


@pytest.mark.parametrize("flow_only", [False, True])
@pytest.mark.parametrize("crossing", [flow("start", "a", key="f"), flow("a", "end", key="f"), flow("x", "a", key="f")])
def test_a_flow_stays_in_its_sub_process(crossing: str, flow_only: bool) -> None:
    xml = along(f'<subProcess id="x">{TASK}</subProcess>', crossing)
    assert refusal(xml, flow_only=flow_only) == refused("f", 5, "crosses the border of a sub-process")


@pytest.mark.parametrize("flow_only", [False, True])
def test_a_sub_process_begins_once(flow_only: bool) -> None:
    xml = inside('<startEvent id="s1"/><startEvent id="s2"/>')
    reason = "a sub-process has at most one start event, not 2"
    assert refusal(xml, flow_only=flow_only) == refused("x", 3, reason)


def test_a_sub_process_that_nothing_begins_is_refused() -> None:
    xml = inside('<manualTask id="m"/><manualTask id="n"/>' + path("m", "n", "m"))
    assert refusal(xml).reason.startswith("nothing begins it")


def test_a_collapsed_sub_process_stands_for_something_called() -> None:
    xml = inside("<documentation>elsewhere</documentation>")
    found = refusal(xml)
    assert found == refused("x", 3, "holds no element that could be carried out")
    assert found.unsupported
    assert node(xml, flow_only=True).kind is NodeKind.CALL_ACTIVITY


def test_an_event_sub_process_listens_in_its_scope() -> None:
    listening = f'<subProcess id="t" triggeredByEvent="true"><startEvent id="s">{TIMER}</startEvent></subProcess>'
    read = parse_process(inside(TASK + listening))
    assert (read.nodes["t"].by_event, read.nodes["t"].scope) == (True, "x")
    assert (read.nodes["s"].host, read.nodes["s"].scope) == ("x", "t")
    assert [one.id for one in read.starts("x")] == ["a"]


@pytest.mark.parametrize("number", [0, 2])
def test_an_event_sub_process_has_one_start_event(number: int) -> None:
    starts = "".join(f'<startEvent id="t{one}">{TIMER}</startEvent>' for one in range(number))
    inner = f'<subProcess id="t" triggeredByEvent="true">{starts}<endEvent id="e"/></subProcess>'
    reason = f"an event sub-process has exactly one start event, not {number}"
    assert refusal(process(inner, START)) == refused("t", 3, reason)


@pytest.mark.parametrize("joined", [flow("start", "t"), flow("t", "end")])
def test_an_event_sub_process_is_joined_to_nothing(joined: str) -> None:
    inner = f'<subProcess id="t" triggeredByEvent="true"><startEvent id="s">{TIMER}</startEvent></subProcess>'
    reason = "an event sub-process has no incoming flow, no outgoing flow and no loop"
    assert refusal(process(inner, START + END + joined)) == refused("t", 3, reason)


# --- loops


def looped(content: str, attributes: str = "", kind: str = "multiInstanceLoopCharacteristics") -> bytes:
    loop = f"<{kind} {attributes}>{content}</{kind}>"
    return process(TASK.replace("/>", f">{loop}</userTask>"), START + END, path("start", "a", "end"))


@pytest.mark.parametrize(
    ("content", "attributes", "loop"),
    [
        ("<loopCardinality>3</loopCardinality>", "", Loop(kind="parallel", cardinality="3")),
        ("<loopCardinality>case.copies</loopCardinality>", 'isSequential="true"',
         Loop(kind="sequential", cardinality="case.copies")),
        ("<loopDataInputRef>case.departments</loopDataInputRef>", "",
         Loop(kind="parallel", collection="case.departments")),
        ('<inputDataItem name="department"/><completionCondition>instances.done &gt; 1</completionCondition>',
         'os:collection="case.departments"',
         Loop(kind="parallel", collection="case.departments", item="department", completion="instances.done > 1")),
        ("", 'os:collection="list" os:item="one" behavior="All"', Loop(kind="parallel", collection="list", item="one")),
    ],
)  # fmt: skip
def test_multiple_instances_are_read(content: str, attributes: str, loop: Loop) -> None:
    assert node(looped(content, attributes), "a").loop == loop


def test_a_standard_loop_is_read() -> None:
    condition = "<loopCondition>again</loopCondition>"
    xml = looped(condition, 'testBefore="true" loopMaximum="5"', "standardLoopCharacteristics")
    assert node(xml, "a").loop == Loop(kind="standard", condition="again", first=True, maximum=5)
    assert node(looped(condition, "", "standardLoopCharacteristics"), "a").loop == Loop(
        kind="standard", condition="again"
    )


EITHER = "multiple instances need either a cardinality or a collection"


@pytest.mark.parametrize(
    ("content", "attributes", "reason"),
    [
        ("", "", EITHER),
        ("<loopCardinality>3</loopCardinality>", 'os:collection="list"', EITHER),
        ("<loopCardinality>${n}</loopCardinality>", "",
         "the cardinality must be a whole number up to 999 or a path such as case.departments"),
        ("<loopCardinality>1000</loopCardinality>", "",
         "the cardinality must be a whole number up to 999 or a path such as case.departments"),
        ("<loopDataInputRef>${list}</loopDataInputRef>", "", "the collection must be a path such as case.departments"),
        ("", 'os:collection="list" os:item="a b"', "an entry of the collection cannot be called a b"),
        ("", 'os:collection="list" os:item="outcome"', "an entry of the collection cannot be called outcome"),
        ("<completionCondition>${x}</completionCondition>", 'os:collection="list"', "its completion condition is not"),
    ],
)  # fmt: skip
def test_instances_that_cannot_be_counted_are_refused_where_they_run(
    content: str, attributes: str, reason: str
) -> None:
    found = refusal(looped(content, attributes))
    assert (found.element, found.line) == ("a", 3)
    assert found.reason.startswith(reason)
    loop = node(looped(content, attributes), "a", flow_only=True).loop
    assert loop is not None
    assert loop.kind == "parallel"


@pytest.mark.parametrize(
    ("content", "attributes", "reason"),
    [
        ("", "", "its loop condition is empty"),
        ("<loopCondition>${again}</loopCondition>", "", "its loop condition is not CEL"),
        ("<loopCondition>again</loopCondition>", 'loopMaximum="many"', "loopMaximum must be a whole number up to 999"),
    ],
)
def test_a_loop_that_cannot_be_asked_is_refused(content: str, attributes: str, reason: str) -> None:
    found = refusal(looped(content, attributes, "standardLoopCharacteristics"))
    assert (found.element, found.line) == ("a", 3)
    assert found.reason.startswith(reason)


@pytest.mark.parametrize(
    ("content", "attributes"), [("", 'behavior="None"'), ("<complexBehaviorDefinition/>", 'behavior="Complex"')]
)
def test_instances_throw_no_events_of_their_own(content: str, attributes: str) -> None:
    found = refusal(looped(content, f'os:collection="list" {attributes}'))
    assert found == refused("a", 3, "instances that throw events of their own are not executed here")


def test_an_activity_loops_in_one_way() -> None:
    xml = looped("", 'os:collection="list"').replace(b"</userTask>", b"<standardLoopCharacteristics/></userTask>")
    assert refusal(xml) == refused("a", 3, "loops in more than one way")

"""Reading DMN files: what is understood, and every refusal with element, line and reason."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.dmn.tables import CEL, column, dmn, read
from workflows.dmn import Aggregation, DmnError, HitPolicy, Refusal, decide, parse_decision
from workflows.dmn.cells import ANYTHING, Cel, Constant, Path, Range, UnaryTests
from workflows.dmn.parse import MAX_COLUMNS, MAX_RULES
from workflows.dmn.structure import DMN, MAX_BYTES, MAX_DEPTH, NAMESPACES
from workflows.dmn.values import Kind

#: One input, one output, one rule: what the refusals below spoil.
PLAIN = dmn([column("a", "number")], [column("fee", "number")], [("< 5", "1")])


def refusals(xml: bytes) -> list[Refusal]:
    with pytest.raises(DmnError) as caught:
        parse_decision(xml)
    assert str(caught.value) == "; ".join(str(refusal) for refusal in caught.value.refusals)
    return caught.value.refusals


def changed(old: str, new: str, xml: bytes = PLAIN) -> bytes:
    assert old in xml.decode()
    return xml.decode().replace(old, new).encode()


def test_a_table_is_read() -> None:
    found = read(
        [column("premises.area", "number", allowed=">= 0"), column(f"{CEL}answers.kind", "string")],
        [column("level", "string", allowed='"high","low"', default='"low"'), column("days", "integer")],
        [("[1..5)", 'not("a", null)', '"high"', "5"), ("-", f"{CEL}input == a.b", f"{CEL}a.level", "null")],
        policy="FIRST",
    )
    assert (found.key, found.name_zh, found.name_en) == ("probe", "决策", "Decision")
    assert (found.hit_policy, found.aggregation) == (HitPolicy.FIRST, None)
    assert [(i.id, i.source, i.kind) for i in found.inputs] == [
        ("i1", Path(("premises", "area")), Kind.NUMBER),
        ("i2", Cel("answers.kind"), Kind.TEXT),
    ]
    assert found.inputs[0].allowed == UnaryTests(kind=Kind.NUMBER, ranges=(Range(low=0.0),))
    assert [(o.id, o.name, o.kind, o.default) for o in found.outputs] == [
        ("o1", "level", Kind.TEXT, Constant("low", Kind.TEXT)),
        ("o2", "days", Kind.INTEGER, None),
    ]
    assert [rule.id for rule in found.rules] == ["r1", "r2"]
    assert found.rules[0].cells == (
        UnaryTests(kind=Kind.NUMBER, ranges=(Range(low=1.0, high=5.0, high_closed=False),)),
        UnaryTests(kind=Kind.TEXT, ranges=(Range(low="a", high="a"),), null=True, negated=True),
    )
    assert found.rules[1].cells == (ANYTHING, Cel("input == a.b"))
    assert found.rules[1].results == (Cel("a.level"), Constant(None, None))


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_three_versions_of_dmn_are_read_the_same(namespace: str) -> None:
    assert parse_decision(changed(DMN, namespace)) == parse_decision(PLAIN)


def test_a_modellers_file_with_its_drawing_and_its_extensions_is_read() -> None:
    extra = """
      <description>who asks</description>
      <extensionElements><tool:x xmlns:tool="urn:tool"/></extensionElements>
      <informationRequirement id="q"><requiredInput href="#d"/></informationRequirement>
      <authorityRequirement id="w"><requiredAuthority href="#law"/></authorityRequirement>
    """
    around = """
      <inputData id="d" name="Area"/><knowledgeSource id="law" name="Law"/>
      <dmndi:DMNDI xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/"><dmndi:DMNDiagram/></dmndi:DMNDI>
    """
    xml = changed(
        "</definitions>", f"{around}</definitions>", changed('<decisionTable id="', f'{extra}<decisionTable id="')
    )
    assert parse_decision(xml) == parse_decision(PLAIN)


def test_a_comment_inside_a_text_hides_nothing_of_it() -> None:
    found = parse_decision(changed("<text>a</text>", "<text> a<!-- of the --><![CDATA[.b]]> </text>"))
    assert found.inputs[0].source == Path(("a", "b"))


def test_defaults_of_the_standard() -> None:
    bare = changed(' hitPolicy="UNIQUE"', "", changed(' os:nameEn="Decision"', ""))
    found = parse_decision(re.sub(rb' id="[ior]\d"', b"", bare))
    assert (found.hit_policy, found.name_en) == (HitPolicy.UNIQUE, "决策")
    assert (found.inputs[0].id, found.outputs[0].id, found.rules[0].id) == ("input 1", "output 1", "rule 1")


def test_the_files_own_expression_language_holds_for_every_cell_that_names_none() -> None:
    xml = dmn([column("a + 1")], [column("fee")], [("input > b", "a * 2"), ("-", "0")], policy="FIRST")
    found = parse_decision(changed('id="file"', 'id="file" expressionLanguage="CEL"', xml))
    assert found.inputs[0].source == Cel("a + 1")
    assert [rule.cells for rule in found.rules] == [(Cel("input > b"),), (ANYTHING,)]
    assert decide(found, {"a": 3, "b": 3}) == 6
    assert decide(found, {"a": 2, "b": 3}) == 0


@pytest.mark.parametrize("language", ["feel", "S-FEEL", "https://www.omg.org/spec/DMN/20191111/FEEL/"])
def test_feel_goes_by_several_names(language: str) -> None:
    assert parse_decision(changed("<inputEntry>", f'<inputEntry expressionLanguage="{language}">')).rules == (
        parse_decision(PLAIN).rules
    )


def test_types_are_named_as_modellers_name_them() -> None:
    for name, kind in [
        ("feel:number", Kind.NUMBER),
        ("double", Kind.NUMBER),
        ("long", Kind.INTEGER),
        ("Any", Kind.NUMBER),
    ]:
        assert (
            parse_decision(changed('<inputExpression typeRef="number"', f'<inputExpression typeRef="{name}"'))
            .inputs[0]
            .kind
            is kind
        )


def test_a_kind_is_inferred_from_the_literals() -> None:
    cells = [('"x"', 'date("2026-01-01")', "-"), ("null", "-", "-")]
    found = read([column("a"), column("b"), column("c")], [column("o")], [(*row, "true") for row in cells])
    assert [each.kind for each in found.inputs] == [Kind.TEXT, Kind.DATE, None]
    assert found.outputs[0].kind is Kind.BOOLEAN


@pytest.mark.parametrize("aggregation", list(Aggregation))
def test_aggregations_are_read(aggregation: Aggregation) -> None:
    assert read([column("a")], [column("o")], [("1", "2")], "COLLECT", aggregation).aggregation is aggregation


BROKEN = [
    # what is written, what stands there instead, the element, its line, a part of the reason
    ('hitPolicy="UNIQUE"', 'hitPolicy="ANY"', "table", 2, "hit policy ANY is not executed here"),
    ('hitPolicy="UNIQUE"', 'hitPolicy="PRIORITY"', "table", 2, "hit policy PRIORITY"),
    ('hitPolicy="UNIQUE"', 'hitPolicy="RULE ORDER"', "table", 2, "hit policy RULE ORDER"),
    ('hitPolicy="UNIQUE"', 'hitPolicy="OUTPUT ORDER"', "table", 2, "hit policy OUTPUT ORDER"),
    ('hitPolicy="UNIQUE"', 'aggregation="SUM"', "table", 2, "Only COLLECT aggregates"),
    ('hitPolicy="UNIQUE"', 'hitPolicy="COLLECT" aggregation="MEAN"', "table", 2, "aggregation MEAN is not known"),
    ("&lt; 5", "&lt; ", "<inputEntry> in r1", 3, "has its end where a value belongs"),
    ("&lt; 5", '"x"', "i1", 2, "The input's type is number"),
    ("<text>1</text>", "<text/>", "<outputEntry> in r1", 3, "gives no result"),
    ("<text>1</text>", "<text>low</text>", "<outputEntry> in r1", 3, "low where a value belongs"),
    ("<text>1</text>", '<text>"low"</text>', "o1", 2, "The output's type is number"),
    ("<text>1</text>", "<text>1</text><text>2</text>", "<text> in r1", 3, "more than one <text>"),
    ("<text>1</text>", "<text>1<b/></text>", "<b> in r1", 3, "<b> inside <text>"),
    ("<text>a</text>", "<text>total amount</text>", "<inputExpression> in i1", 2, "not a dotted path"),
    ("<text>a</text>", "<text>a + 1</text>", "<inputExpression> in i1", 2, "not a dotted path"),
    ("<text>a</text>", "<text>true</text>", "<inputExpression> in i1", 2, "not a dotted path"),
    ("<text>a</text>", "", "<inputExpression> in i1", 2, "Nothing is not a dotted path"),
    ('<inputExpression typeRef="number"><text>a</text></inputExpression>', "", "i1", 2, "has no expression"),
    (
        "<inputExpression ",
        '<inputExpression expressionLanguage="JavaScript" ',
        "<inputExpression> in i1",
        2,
        "JavaScript",
    ),
    (
        '<inputExpression typeRef="number"',
        '<inputExpression typeRef="tArea"',
        "<inputExpression> in i1",
        2,
        "type tArea",
    ),
    ('typeRef="number"><text>', 'typeRef="days and time duration"><text>', "<inputExpression> in i1", 2, "type days"),
    ("<inputEntry>", '<inputEntry expressionLanguage="cel">', "<inputEntry> in r1", 3, "not valid CEL"),
    ("<inputEntry><text>&lt; 5</text></inputEntry>", "", "r1", 3, "needs 1 input and 1 output entries"),
    ("</rule>", "<outputEntry><text>1</text></outputEntry></rule>", "r1", 3, "needs 1 input and 1 output entries"),
    ('id="r1"', 'id="i1"', "i1", 3, "id is used twice"),
    ('id="probe"', 'id="1 probe"', "1 probe", 2, "must be at most 80 letters"),
    ('id="probe"', f'id="{"p" * 81}"', "p" * 81, 2, "must be at most 80 letters"),
    ('id="probe"', "", "<decision> in file", 2, "must be at most 80 letters"),
    ('name="决策"', f'name="{"n" * 201}"', "probe", 2, "name is longer than 200"),
    ('os:nameEn="Decision"', f'os:nameEn="{"n" * 201}"', "probe", 2, "name is longer than 200"),
    ("</decision>", '</decision><decision id="p2"/>', "p2", 4, "several decisions"),
    ("</decision>", '</decision><businessKnowledgeModel id="b"/>', "b", 4, "business knowledge models are not"),
    ("</decision>", '</decision><itemDefinition id="b"/>', "b", 4, "Types of one's own"),
    ("</decision>", '</decision><decisionService id="b"/>', "b", 4, "Decision services"),
    ("</decision>", '</decision><import name="b"/>', "<import> in file", 4, "Other files"),
    ("</decision>", '</decision><surprise id="b"/>', "b", 4, "<surprise> inside <definitions> is not executed"),
    ("</decisionTable>", '</decisionTable><decisionTable id="b"/>', "b", 4, "more than one <decisionTable>"),
    ("</decisionTable>", '</decisionTable><context id="b"/>', "b", 4, "<context> inside <decision>"),
    ("</decisionTable>", '</decisionTable><literalExpression id="b"/>', "b", 4, "one expression is not executed"),
    (
        "</decisionTable>",
        '</decisionTable><knowledgeRequirement id="b"/>',
        "b",
        4,
        "business knowledge models are not",
    ),
    (
        "</decisionTable>",
        '</decisionTable><informationRequirement id="q"><requiredDecision href="#x"/></informationRequirement>',
        "<requiredDecision> in q",
        4,
        "needs another one is not executed",
    ),
    ("<rule ", f'<rule xmlns="{NAMESPACES[1]}" ', "r1", 3, "another version of DMN"),
]


@pytest.mark.parametrize(("old", "new", "element", "line", "reason"), BROKEN)
def test_what_is_not_decided_with_is_refused(old: str, new: str, element: str, line: int, reason: str) -> None:
    found = refusals(changed(old, new))
    assert any(
        refusal.element == element and refusal.line == line and reason.lower() in refusal.reason.lower()
        for refusal in found
    ), [str(refusal) for refusal in found]


def test_every_refusal_is_named_at_once_in_the_order_of_the_file() -> None:
    xml = dmn(
        [column("a b"), column("c", "number")],
        [column("o", "string")],
        [("-", "5..6", '"x"'), ("-", f"{CEL}input >", "5")],
        policy="ANY",
    )
    assert [(refusal.element, refusal.line) for refusal in refusals(xml)] == [
        ("table", 2),
        ("<inputExpression> in i1", 2),
        ("o1", 2),
        ("<inputEntry> in r1", 3),
        ("<inputEntry> in r2", 4),
    ]


TABLES = [
    (dmn(inputs=[column("a")], outputs=[column("o")], rules=[]), "at least one input, one output and one rule"),
    (dmn(inputs=[], outputs=[column("o")], rules=[("1",)]), "at least one input"),
    (dmn(inputs=[column("a")], outputs=[], rules=[("1",)]), "at least one input"),
    (dmn(inputs=[column("a")], outputs=[column("o")], rules=[("-", "1")] * (MAX_RULES + 1)), "at most 1000 rules"),
    (
        dmn(inputs=[column("a")] * MAX_COLUMNS, outputs=[column("o")], rules=[("-",) * MAX_COLUMNS + ("1",)]),
        "30 columns",
    ),
    (
        dmn(inputs=[column("a")], outputs=[column("o"), column("o")], rules=[("-", "1", "2")]),
        "Two outputs are called o",
    ),
    (
        dmn(inputs=[column("a")], outputs=[column("o"), column("费")], rules=[("-", "1", "2")]),
        "needs a name of letters",
    ),
    (dmn(inputs=[column("a")], outputs=[column("o"), column("")], rules=[("-", "1", "2")]), "needs a name of letters"),
    (dmn(inputs=[column("a")], outputs=[column("o")], rules=[("1", "1"), ('"x"', "1")]), "mixes values of several"),
    (dmn(inputs=[column("a")], outputs=[column("o")], rules=[("1", "1"), ("2", "true")]), "mixes values of several"),
    (dmn(inputs=[column("a", "integer")], outputs=[column("o")], rules=[("1.5", "1")]), "The input's type is integer"),
    (
        dmn(inputs=[column("a")], outputs=[column("o", "integer")], rules=[("1", "1.5")]),
        "The output's type is integer",
    ),
    (dmn(inputs=[column("a", allowed='"x"')], outputs=[column("o")], rules=[("1", "1")]), "mixes values of several"),
    (dmn(inputs=[column("a", allowed=f"{CEL}a > 1")], outputs=[column("o")], rules=[("1", "1")]), "not in CEL"),
    (
        dmn(inputs=[column("a")], outputs=[column("o", "number", allowed='"x"')], rules=[("1", "1")]),
        "allowed values are",
    ),
    (
        dmn(inputs=[column("a")], outputs=[column("o", default="1")], rules=[("1", "1")], policy="COLLECT"),
        "COLLECT has no default",
    ),
    *(
        (
            dmn(inputs=[column("a")], outputs=[column("o")], rules=[("1", given)], policy="COLLECT", aggregation=how),
            words,
        )
        for how in ("SUM", "MIN", "MAX")
        for given, words in (('"x"', "made of numbers only"), ("null", "made of numbers only"))
    ),
    (
        dmn(
            inputs=[column("a")],
            outputs=[column("o"), column("p")],
            rules=[("1", "1", "2")],
            policy="COLLECT",
            aggregation="COUNT",
        ),
        "COUNT takes one output",
    ),
]


@pytest.mark.parametrize(("xml", "reason"), TABLES, ids=[reason for _, reason in TABLES])
def test_tables_that_do_not_fit_together_are_refused(xml: bytes, reason: str) -> None:
    assert any(reason in refusal.reason for refusal in refusals(xml))


def test_a_table_as_large_as_allowed_is_read() -> None:
    assert len(read([column("a")], [column("o")], [("-", "1")] * MAX_RULES).rules) == MAX_RULES


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        (b"", "not readable"),
        (b"<definitions", "not readable"),
        (b"\xff\xfe", "not in UTF-8"),
        (b"<a/>" + b" " * MAX_BYTES, "larger than"),
        (b"<definitions/>", "not DMN 1.3"),
        (PLAIN.replace(b"definitions", b"decisions"), "not DMN 1.3"),
        (b'<!DOCTYPE a [<!ENTITY e "x">]>' + PLAIN, "document type"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/hostname">' + PLAIN, "document type"),
        (b"<a>" * (MAX_DEPTH + 2) + b"</a>" * (MAX_DEPTH + 2), "nested deeper"),
        (f'<definitions xmlns="{DMN}"/>'.encode(), "no decision"),
        (f'<definitions xmlns="{DMN}"><decision id="d"/></definitions>'.encode(), "no decision table"),
    ],
)
def test_what_is_no_decision_file_is_refused(xml: bytes, reason: str) -> None:
    (refused,) = refusals(xml)
    assert reason in refused.reason


def test_a_doctype_bomb_costs_nothing() -> None:
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    bomb = f'<!DOCTYPE a [<!ENTITY e0 "ha">{entities}]>'.encode() + changed("<text>a</text>", "<text>&e9;</text>")
    assert "document type" in refusals(bomb)[0].reason or "not readable" in refusals(bomb)[0].reason


@given(st.data())
def test_a_damaged_file_is_read_or_refused_never_a_crash(data: st.DataObject) -> None:
    xml = dmn(
        [column("a", "number"), column(f"{CEL}b.c")],
        [column("o", "string", allowed='"x","y"', default='"x"'), column("p")],
        [("[1..5]", "-", '"x"', "1"), ('not("a")'.replace('"a"', "7"), f"{CEL}input > 1", '"y"', f"{CEL}a + 1")],
    ).decode()
    start = data.draw(st.integers(0, len(xml) - 1))
    length = data.draw(st.integers(0, 60))
    text = data.draw(
        st.sampled_from(["", "-", "<", '"', "not(", "<rule/>", "<text>", "\0", "[1..", "<decisionTable/>"])
    )
    damaged = (xml[:start] + text + xml[start + length :]).encode()
    try:
        found = parse_decision(damaged)
    except DmnError:
        return
    assert found.rules
    assert all(len(rule.cells) == len(found.inputs) for rule in found.rules)

"""Deciding: hit policies, defaults, kinds of results, faults; and any table against the slow oracle."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from tests.workflows.dmn.oracle import Table, data, tables
from tests.workflows.dmn.tables import CEL, column, read
from workflows.dmn import Decision, DecisionError, decide, feel

#: Food premises: what is checked on the spot, and for how many days.
CHECKS = [
    ("< 50", "-", '"none"', "1"),
    ("[50..300]", "false", '"photos"', "5"),
    ("[50..300]", "true", '"visit"', "10"),
    ("> 300", "-", '"visit"', "15"),
]


def checks(policy: str = "UNIQUE", **default: str) -> Decision:
    outputs = [
        column("check", "string", default=default.get("check", "")),
        column("days", default=default.get("days", "")),
    ]
    return read([column("premises.area", "number"), column("food.raw", "boolean")], outputs, CHECKS, policy)


def amounts(
    aggregation: str = "", policy: str = "COLLECT", results: tuple[str, ...] = ("0.1", "0.2", "-3")
) -> Decision:
    cells = ("> 0", "> 10", "> 100")
    return read([column("n")], [column("fee")], list(zip(cells, results, strict=True)), policy, aggregation)


@pytest.mark.parametrize(
    ("area", "raw", "expected"),
    [
        (49.9, None, {"check": "none", "days": 1}),
        (50, False, {"check": "photos", "days": 5}),
        (Decimal("300"), True, {"check": "visit", "days": 10}),
        (300.01, True, {"check": "visit", "days": 15}),
        (100, None, None),
        (None, True, None),
    ],
)
def test_unique_gives_the_one_rule_that_hits(area: object, raw: object, expected: object) -> None:
    assert decide(checks(), {"premises": {"area": area}, "food": {"raw": raw}}) == expected


def test_a_second_hit_under_unique_is_a_fault_that_names_both_rules() -> None:
    table = read([column("a")], [column("o")], [("< 5", "1"), ("> 9", "2"), ("[3..7]", "3")])
    assert [decide(table, {"a": value}) for value in (2, 10, 6)] == [1, 2, 3]
    with pytest.raises(DecisionError, match="the rules r1 and r3 both hit"):
        decide(table, {"a": 4})


def test_first_gives_the_first_rule_that_hits_and_asks_no_later_one() -> None:
    rules = [("< 5", "1"), ("< 9", "2"), (f"{CEL}input.startsWith('x')", "3")]
    table = read([column("a")], [column("o")], rules, "FIRST")
    assert [decide(table, {"a": value}) for value in (4, 8)] == [1, 2]
    with pytest.raises(DecisionError, match=r"^r3: "):
        decide(table, {"a": 10})


def test_collect_gives_every_hit_in_the_tables_order() -> None:
    assert [decide(amounts(), {"n": n}) for n in (0, 5, 50, 500)] == [[], [0.1], [0.1, 0.2], [0.1, 0.2, -3]]
    assert decide(checks("COLLECT"), {"premises": {"area": 400}}) == [{"check": "visit", "days": 15}]


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [
        ("SUM", [None, 0.1, 0.3, -2.7]),
        ("MIN", [None, 0.1, 0.1, -3]),
        ("MAX", [None, 0.1, 0.2, 0.2]),
        ("COUNT", [0, 1, 2, 3]),
    ],
)
def test_collect_aggregates(aggregation: str, expected: list[object]) -> None:
    assert [decide(amounts(aggregation), {"n": n}) for n in (0, 5, 50, 500)] == expected


def test_a_sum_of_whole_numbers_is_whole() -> None:
    found = decide(amounts("SUM", results=("0.5", "1.5", "1")), {"n": 500})
    assert (found, type(found)) == (3, int)


def test_count_counts_any_results() -> None:
    assert decide(amounts("COUNT", results=('"a"', '"a"', "null")), {"n": 500}) == 3


@pytest.mark.parametrize("aggregation", ["SUM", "MIN", "MAX"])
@pytest.mark.parametrize("value", ["x", None, True])
def test_what_is_aggregated_must_be_numbers(aggregation: str, value: object) -> None:
    table = read([column("n")], [column("fee")], [("-", f"{CEL}w"), ("-", f"{CEL}v")], "COLLECT", aggregation)
    assert decide(table, {"w": 1, "v": 1}) is not None
    with pytest.raises(DecisionError, match="made of numbers"):
        decide(table, {"w": 1, "v": value})


@pytest.mark.parametrize(
    ("default", "expected"),
    [
        ({}, None),
        ({"days": "20"}, {"check": None, "days": 20}),
        ({"check": '"none"', "days": "20"}, {"check": "none", "days": 20}),
        ({"check": "null"}, {"check": None, "days": None}),
        ({"days": f"{CEL}usual.days + 1"}, {"check": None, "days": 8}),
    ],
)
@pytest.mark.parametrize("policy", ["UNIQUE", "FIRST"])
def test_defaults_answer_when_no_rule_hits(policy: str, default: dict[str, str], expected: object) -> None:
    assert decide(checks(policy, **default), {"usual": {"days": 7}}) == expected
    assert decide(checks(policy, **default), {"premises": {"area": 1}}) == {"check": "none", "days": 1}


def test_one_output_gives_its_value_alone() -> None:
    table = read([column("a")], [column("o", default='"other"')], [("true", '"x"')])
    assert [decide(table, {"a": value}) for value in (True, False)] == ["x", "other"]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("5", 5),
        ("5.0", 5),
        ("5.5", 5.5),
        ('"5"', "5"),
        ("false", False),
        ("null", None),
        ('date("2026-01-31")', "2026-01-31"),
        (f"{CEL}a * 2", 8),
        (f"{CEL}missing * 2", None),
        (f"{CEL}a > 3 ? 'much' : 'little'", "much"),
        (f"{CEL}rows.filter(r, r.n > 1)", [{"n": 2}]),
    ],
)
def test_results_can_be_stored_as_json(result: str, expected: object) -> None:
    found = decide(read([column("a")], [column("o")], [("-", result)]), {"a": 4, "rows": [{"n": 1}, {"n": 2}]})
    assert (found, type(found)) == (expected, type(expected))
    assert json.loads(json.dumps(found)) == expected


@pytest.mark.parametrize(
    ("kind", "allowed", "given", "reason"),
    [
        ("number", "", "x", "is not a number"),
        ("integer", "", 1.5, "is not a whole number"),
        ("string", "", 1, "is not a text"),
        ("boolean", "", "true", "is not true or false"),
        ("date", "", "tomorrow", "is not a date"),
        ("string", '"x","y"', "z", "outside its allowed values"),
        ("number", "[0..100]", 101, "outside its allowed values"),
    ],
)
@pytest.mark.parametrize("policy", ["UNIQUE", "FIRST", "COLLECT"])
def test_a_result_in_cel_is_held_to_its_column(
    policy: str, kind: str, allowed: str, given: object, reason: str
) -> None:
    table = read([column("a")], [column("o", kind, allowed=allowed)], [("-", f"{CEL}v")], policy)
    with pytest.raises(DecisionError, match=f"^r1: the result o .*{reason}"):
        decide(table, {"v": given})
    assert decide(table, {"v": None}) in (None, [None])


def test_an_input_outside_its_allowed_values_is_a_fault() -> None:
    table = read([column("a.b", allowed='"x","y"')], [column("o", default="0")], [('"x"', "1")])
    assert [decide(table, {"a": {"b": value}}) for value in ("x", "y", None)] == [1, 0, 0]
    with pytest.raises(DecisionError, match=r"^a\.b is outside the values"):
        decide(table, {"a": {"b": "z"}})


def test_inputs_in_cel() -> None:
    table = read([column(f"{CEL}a + b", "number"), column(f"{CEL}size(rows)")], [column("o")], [("> 5", "2", "1")])
    rows: list[dict[str, int]] = [{}, {}]
    assert decide(table, {"a": 3, "b": 3, "rows": rows}) == 1
    assert decide(table, {"a": 3, "b": None, "rows": rows}) is None
    with pytest.raises(DecisionError, match=r"^i1: "):
        decide(table, {"a": 3, "b": "x", "rows": rows})


def test_faults_name_no_values() -> None:
    table = read([column("person.id", "number")], [column("o")], [("5", "1")])
    with pytest.raises(DecisionError) as caught:
        decide(table, {"person": {"id": "410102199003071234"}})
    assert "4101" not in str(caught.value)


def test_nothing_is_read_again_when_a_table_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    table = checks()

    def refuse(*_: Any) -> None:
        raise AssertionError("parsed again")

    monkeypatch.setattr(feel, "_tokens", refuse)
    monkeypatch.setattr(feel, "read_tests", refuse)
    assert decide(table, {"premises": {"area": 10}}) == {"check": "none", "days": 1}


def test_the_data_is_left_as_it_was() -> None:
    given = {"a": [1, 2]}
    decide(read([column("a")], [column("o")], [(f"{CEL}size(input) == 2", "1")]), given)
    assert given == {"a": [1, 2]}


@settings(max_examples=100)
@given(tables(cel=True))
def test_any_table_decides_as_the_oracle(table: Table) -> None:
    unique, first, collect = (table.read(policy) for policy in ("UNIQUE", "FIRST", "COLLECT"))
    for values in table.inputs()[:400]:
        hits = table.hits(values)
        assert decide(collect, data(values)) == hits
        assert decide(first, data(values)) == (hits[0] if hits else None)
        if len(hits) > 1:
            with pytest.raises(DecisionError, match=f"r{hits[0]} and r{hits[1]} both hit"):
                decide(unique, data(values))
        else:
            assert decide(unique, data(values)) == (hits[0] if hits else None)

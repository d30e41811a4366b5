"""Cells: what S-FEEL tests are met by, what is no test, and missing values."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.dmn.tables import CEL, column, read
from workflows.dmn import DecisionError, decide
from workflows.dmn.errors import CellError
from workflows.dmn.feel import MAX_CELL, read_literal, read_tests
from workflows.dmn.values import Kind


def met(cell: str, value: object, kind: str = "") -> bool:
    """Decide with a table of one cell."""
    return decide(read([column("a", kind)], [column("o", default="false")], [(cell, "true")]), {"a": value}) is True


@pytest.mark.parametrize(
    ("cell", "yes", "no"),
    [
        ("-", [0, 5.5], []),
        ("", [0, 5.5], []),
        ("5", [5, 5.0, Decimal("5.00")], [4, 5.1]),
        ("-5", [-5], [5]),
        (".5", [0.5, Decimal("0.5")], [5]),
        ("0.1", [0.1, Decimal("0.1")], [0.2]),
        ("1, 3,5", [1, 3, 5], [2, 4]),
        ("< 5", [4.99, -10], [5, 6]),
        ("<5", [4], [5]),
        ("<= 5", [5, 4], [5.01]),
        ("> -2", [-1, 0], [-2, -3]),
        (">= 3", [3, 4], [2.99]),
        ("[1..10]", [1, 5, 10], [0.99, 10.01]),
        ("(1..10)", [1.01, 9.99], [1, 10]),
        ("]1..10[", [1.01, 9.99], [1, 10]),
        ("[1..10)", [1, 9.99], [0, 10]),
        ("(1..10]", [10, 1.01], [1, 11]),
        ("[1..10[", [1], [10]),
        ("[-3..-1]", [-2], [0, -4]),
        ("[5..5]", [5], [4, 6]),
        ("< 1, [3..4], 9", [0, 3.5, 9], [1, 2, 5]),
        ("not(5)", [4, 6], [5]),
        ("not( < 1, [3..4] )", [1, 2, 5], [0, 3]),
    ],
)
def test_numbers(cell: str, yes: list[object], no: list[object]) -> None:
    for kind in ("", "number"):
        assert [value for value in [*yes, *no] if met(cell, value, kind)] == yes


@pytest.mark.parametrize(
    ("cell", "yes", "no"),
    [
        ('"a"', ["a"], ["A", "a ", ""]),
        ('"a","b"', ["a", "b"], ["c", "a,b"]),
        ('not("a","b")', ["c", ""], ["a", "b"]),
        ('"有限公司"', ["有限公司"], ["公司"]),
        (r'"say \"hi\" \\ \u4e2d\n"', ['say "hi" \\ 中\n'], ["hi"]),
        ('"-"', ["-"], ["a"]),
        ('"not"', ["not"], ["a"]),
        ('"null"', ["null"], ["a"]),
        ('["b".."d")', ["b", "cat"], ["a", "d"]),
        ('< "b"', ["a", "Z"], ["b", "c"]),
    ],
)
def test_texts(cell: str, yes: list[object], no: list[object]) -> None:
    for kind in ("", "string"):
        assert [value for value in [*yes, *no] if met(cell, value, kind)] == yes


@pytest.mark.parametrize(
    ("cell", "yes", "no"),
    [
        ('date("2026-01-01")', ["2026-01-01"], ["2026-01-02"]),
        ('< date("2026-01-01")', ["2025-12-31"], ["2026-01-01"]),
        ('[date("2026-01-01")..date("2026-12-31")]', ["2026-01-01", "2026-12-31"], ["2027-01-01"]),
    ],
)
def test_dates_arrive_as_texts_or_as_days(cell: str, yes: list[str], no: list[str]) -> None:
    for value in [*yes, *no]:
        assert met(cell, value) is (value in yes)
        assert met(cell, datetime.date.fromisoformat(value), "date") is (value in yes)


@pytest.mark.parametrize(("cell", "yes"), [("true", [True]), ("false", [False]), ("true, false", [True, False])])
def test_yes_and_no(cell: str, yes: list[bool]) -> None:
    assert [value for value in (True, False) if met(cell, value)] == yes


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("-", True),
        ("null", True),
        ('null, "a"', True),
        ('not("a")', True),
        ("not(null)", False),
        ('not(null, "a")', False),
        ('"a"', False),
        ('""', False),
        ('< "a"', False),
        (f"{CEL}input == null", True),
        (f"{CEL}has(input)", False),
        (f"{CEL}input > 5", False),
        (f"{CEL}!(input > 5)", True),
    ],
)
def test_a_missing_value_is_null(cell: str, expected: bool) -> None:
    assert met(cell, None) is expected
    table = read([column("not.there")], [column("o", default="false")], [(cell, "true")])
    assert decide(table, {}) is expected
    assert decide(table, {"not": "a text"}) is expected
    assert met("not(null)", "a", "string") is True


@pytest.mark.parametrize(
    ("cell", "data", "expected"),
    [
        ("input > limit", {"a": 5, "limit": 4}, True),
        ("input > limit", {"a": 4, "limit": 4}, False),
        ("'cold' in input", {"a": ["raw", "cold"]}, True),
        ("'cold' in input", {"a": ["raw"]}, False),
        ("input.startsWith('郑')", {"a": "郑州"}, True),
        ("input.kind == 'x' && b.c < 1", {"a": {"kind": "x"}, "b": {"c": 0.5}}, True),
        ("input", {"a": True}, True),
        ("input", {"a": "yes"}, False),
        # The column's value goes before a name of the data.
        ("input == 5", {"a": 5, "input": 6}, True),
    ],
)
def test_cel_reads_the_value_and_the_rest_of_the_data(cell: str, data: dict[str, object], expected: bool) -> None:
    table = read([column("a")], [column("o", default="false")], [(f"{CEL}{cell}", "true")])
    assert decide(table, data) is expected


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("number", ["5", True, [5], float("nan"), float("inf"), 2**53 + 1, Decimal("Infinity")]),
        ("integer", [5.5, "5", False]),
        ("string", [5, False, ["a"], {"a": 1}]),
        ("boolean", ["true", 1, 0]),
        (
            "date",
            ["2026-02-30", "20260101", "2026-W01-1", 20260101, datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)],
        ),
    ],
)
def test_a_value_of_another_kind_is_a_fault_not_a_miss(kind: str, wrong: list[object]) -> None:
    table = read([column("secret.a", kind)], [column("o", default="false")], [("null", "true")])
    for value in wrong:
        with pytest.raises(DecisionError, match=r"^secret\.a is not "):
            decide(table, {"secret": {"a": value}})
    assert decide(table, {"secret": {"a": None}}) is True


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("low", "low where a value belongs"),
        ("5 6", "goes on with 6 after its end"),
        ("5,", "its end where a value belongs"),
        ("<", "its end where a value belongs"),
        ("= 5", "not readable from"),
        ("!= 5", "not readable from"),
        ("[1..5", "its end where the interval ends"),
        ("[1,5]", "has , where .. belongs"),
        ("[5..1]", "holds no value"),
        ("(5..5]", "holds no value"),
        ("[5..5)", "holds no value"),
        ('[1.."a"]', "between values of two kinds"),
        ('5, "a"', "several kinds: number, string"),
        ("< true", "have no order"),
        ("[null..5]", "have no order"),
        ("not 5", "has 5 where ( belongs"),
        ("not(5", "its end where ) belongs"),
        ("not(not(5))", "not where a value belongs"),
        ("not()", ") where a value belongs"),
        ("5) ", "goes on with ) after"),
        ("- , 5", "not readable from"),
        ('"open', "not readable from"),
        (r'"\x"', "unknown"),
        (r'"\ud800"', "no character"),
        ('date("2026-02-30")', "no day"),
        ('date("2026-W01-1")', "no day"),
        ("date(5)", "no day"),
        ('time("10:00:00")', "time where a value belongs"),
        ("5..6", "goes on with .. after"),
        ("1e5", "goes on with e5"),
        ("5.", "not readable from"),
        (str(2**53), "too large"),
        ("income", "income where a value belongs"),
        ("> income", "income where a value belongs"),
        ("? > 5", "not readable from"),
        ("１", "not readable from"),
        ("1," * MAX_CELL, "at most 1000"),
    ],
)
def test_what_is_no_test_is_refused(cell: str, reason: str) -> None:
    with pytest.raises(CellError) as caught:
        read_tests(cell)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ('"a"', "a", Kind.TEXT),
        ("-1.50", -1.5, Kind.NUMBER),
        (" true ", True, Kind.BOOLEAN),
        ("null", None, None),
        ('date("2026-02-28")', "2026-02-28", Kind.DATE),
    ],
)
def test_literals(text: str, value: object, kind: Kind | None) -> None:
    found = read_literal(text)
    assert (found.value, found.kind) == (value, kind)


@pytest.mark.parametrize("text", ["", "< 5", "1, 2", "[1..2]", "a.b", "1 + 1", "not(1)"])
def test_what_is_no_literal_is_refused(text: str) -> None:
    with pytest.raises(CellError):
        read_literal(text)


@given(st.text(st.sampled_from('[]()<>=.,-019 "\\andtefulros'), max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = read_tests(text)
    except CellError:
        return
    assert text.strip() in ("", "-") or found.ranges or found.null

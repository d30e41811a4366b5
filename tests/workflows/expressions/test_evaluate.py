"""Values in, one value out; missing answers and kinds of numbers hold no surprise."""

import contextlib
import datetime
import threading
from decimal import Decimal

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.expressions import ExpressionError, evaluate, evaluate_condition, evaluation, nested

DATA = {
    "premises": {"area": 300.5, "storeys": 3, "address": "中原路1号", "gas": None},
    "answers": {"food_items": ["cold", "raw"], "has_licence": True, "kind": "company", "none": []},
    "company": {"shareholders": [{"name": "李敏", "share": 60}, {"name": "张伟", "share": None}, {}]},
    "filed_on": datetime.date(2026, 9, 1),
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("premises.area > 300", True),
        ("premises.area > 300.0", True),
        ("premises.storeys == 3.0", True),
        ("premises.storeys / 2", 1.5),
        ("premises.storeys * 100 + 1", 301),
        ("premises.area + premises.storeys - 0.5", 303),
        ("-premises.storeys", -3),
        ("premises.address.startsWith('中原路')", True),
        ("premises.address.endsWith('号') && premises.address.contains('1')", True),
        ("'raw' in answers.food_items", True),
        ("answers.kind in ['company', 'individual']", True),
        ("3 in [1, 2, premises.storeys]", True),
        ("size(answers.food_items)", 2),
        ("answers.food_items.size() > 1", True),
        ("size([1, 2, 3]) + 1", 4),
        ("company.shareholders.exists(s, s.share > 50)", True),
        ("company.shareholders.all(s, s.share > 50)", False),
        ("company.shareholders.exists_one(s, has(s.share))", True),
        ("company.shareholders.filter(s, s.share > 50).size()", 1),
        ("company.shareholders.map(s, s.name)", ["李敏", "张伟", None]),
        ("answers.kind == 'company' ? 'a' : 'b'", "a"),
        ("filed_on > '2026-08-31'", True),
        ("'a\\n\\u4e2d\\'' == \"a\\n中'\"", True),
        ("answers['kind'] == \"company\"", True),
        ("!answers.has_licence", False),
        ("[1, 'a', true, null]", [1, "a", True, None]),
        ("[1, 2].map(n, n * 2)", [2, 4]),
        ("answers", {"food_items": ["cold", "raw"], "has_licence": True, "kind": "company", "none": []}),
    ],
)
def test_values(text: str, value: object) -> None:
    assert evaluate(text, DATA) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("premises.height > 3", False),
        ("premises.height < 3", False),
        ("!(premises.height > 3)", True),
        ("nowhere.at.all > 3", False),
        ("premises.height == null", True),
        ("premises.gas == null", True),
        ("premises.height != 'a'", True),
        ("premises.height * 2", None),
        ("premises.height * 2 > 1", False),
        ("(premises.height > 1) == false", True),
        ("has(premises.height)", False),
        ("has(premises.gas)", False),
        ("has(premises.area)", True),
        ("answers.absent || premises.area > 1", True),
        ("answers.absent && premises.area > 1", False),
        ("!answers.absent", True),
        ("'a' in answers.absent", False),
        ("size(answers.absent)", 0),
        ("answers.absent.exists(a, a == 1)", False),
        ("answers.absent.all(a, a == 1)", False),
        ("answers.none.all(a, a == 1)", True),
        ("answers.absent.filter(a, a == 1)", []),
        ("answers.absent.startsWith('a')", False),
        ("answers.absent ? 1 : 2", 2),
        ("(answers.absent ? premises.area : premises.height) > 1", False),
        ("premises.area.deep == null", True),
    ],
)
def test_missing_answers_make_comparisons_false(text: str, value: object) -> None:
    assert evaluate(text, DATA) == value


@pytest.mark.parametrize(
    ("text", "data", "sentence"),
    [
        ("a > 'x'", {"a": 1}, "do not fit"),
        ("a + 'x' == 'x'", {"a": 1}, "do not fit"),
        ("size(a)", {"a": "身份证"}, "a is not a list"),
        ("size(a) > 1", {"a": list(range(201))}, "at most 200"),
        ("a.exists(x, x == 1)", {"a": [1] * 201}, "at most 200"),
        ("a == 1", {"a": float("nan")}, "finite"),
        ("a == 1", {"a": float("inf")}, "finite"),
        ("a == 1", {"a": 2**60}, "too large"),
        ("a == 1", {"a": "\ud800"}, "half a character"),
        ("a == 1", {"a": "x" * 20_001}, "20000 characters"),
        ("a == 1", {"a": {"名": 1}}, "ASCII"),
        ("a == 1", {"a": object()}, "object cannot be used"),
        ("a / 0", {"a": 1}, "division by zero"),
    ],
)
def test_what_does_not_fit_is_an_expression_error(text: str, data: dict[str, object], sentence: str) -> None:
    with pytest.raises(ExpressionError, match=sentence):
        evaluate(text, data)


def test_values_nested_too_deep_are_refused() -> None:
    value: object = 1
    for _ in range(500):
        value = [value]
    with pytest.raises(ExpressionError, match="too deep"):
        evaluate("a == 1", {"a": value})


def test_a_condition_is_true_or_false() -> None:
    assert evaluate_condition("answers.has_licence", DATA) is True
    assert evaluate_condition("answers.kind", DATA) is False
    assert evaluate_condition("premises.storeys", DATA) is False
    assert evaluate_condition("premises.gas", DATA) is False


def test_decimal_counts_as_number() -> None:
    assert evaluate_condition("a > 300", {"a": Decimal("300.01")})


def test_a_panic_of_the_evaluator_is_an_expression_error(monkeypatch: pytest.MonkeyPatch) -> None:
    panic = type("PanicException", (BaseException,), {})

    def fail(text: str) -> cel.Program:
        raise panic("index out of bounds")

    monkeypatch.setattr(evaluation.cel, "compile", fail)
    with pytest.raises(ExpressionError):
        evaluate("1 == 12345", {})


def test_an_interrupt_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(text: str) -> cel.Program:
        raise KeyboardInterrupt

    monkeypatch.setattr(evaluation.cel, "compile", fail)
    with pytest.raises(KeyboardInterrupt):
        evaluate("1 == 123456", {})


def test_threads_share_compiled_expressions() -> None:
    results: list[object] = []
    threads = [
        threading.Thread(target=lambda: results.extend(evaluate("premises.area > 300", DATA) for _ in range(200)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 800


def test_nested_and_its_conflict() -> None:
    assert nested({"a.b": 1, "a.c.d": 2, "e": 3}) == {"a": {"b": 1, "c": {"d": 2}}, "e": 3}
    with pytest.raises(ExpressionError, match=r"a\.b lies inside"):
        nested({"a": 1, "a.b": 2})


@given(st.text(max_size=60))
def test_any_text_is_evaluated_or_refused(text: str) -> None:
    with contextlib.suppress(ExpressionError):
        evaluate(text, DATA)


_OPERANDS = ["premises.area", "answers.kind", "answers.food_items", "company.shareholders", "x", "1", "'a'", "null"]
_SIGNS = ["true", "(", ")", "[", "]", "&&", "||", "!", "-", "+", "*", "/", "<", ">=", "==", " in ", "?", ":", ","]
_CALLS = [".exists(x,", ".size()", "size(", "has("]


@given(st.lists(st.sampled_from(_OPERANDS + _SIGNS + _CALLS), max_size=14).map("".join))
def test_any_order_of_words_is_evaluated_or_refused(text: str) -> None:
    try:
        evaluate(text, DATA)
        evaluate_condition(text, DATA)
    except ExpressionError:
        pass


@given(st.floats(-1e9, 1e9) | st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9) | st.integers(-(10**9), 10**9))
def test_numbers_compare_as_in_mathematics(left: float, right: float) -> None:
    data = {"a": left, "b": right}
    assert evaluate("a < b", data) is (left < right)
    assert evaluate("a == b", data) is (left == right)


@given(st.text(max_size=20).filter(lambda text: text.isprintable()))
def test_text_literals_keep_every_character(text: str) -> None:
    literal = "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    assert evaluate(f"{literal} == a", {"a": text}) is True

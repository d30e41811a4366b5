"""Every element type: what it takes, what it refuses, and that the message says how to put it right."""

import json
import os
import unicodedata
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.forms.definitions import read_element
from services.forms.dictionary import dictionary
from services.forms.schema import Element
from services.forms.types import TYPES, Context, InvalidRowsError, InvalidValueError, displayed, type_of

TODAY = date(2026, 9, 1)
CONTEXT = Context(TODAY)
DATA = Path(os.environ.get("SHARED_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
CHOICES = [
    {"value": "a", "zh": "甲", "en": "A"},
    {"value": "b", "zh": "乙", "en": "B"},
    {"value": "none", "zh": "无", "en": "None"},
]


def element(kind: str, **options: Any) -> Element:
    if kind in ("choice", "multi_choice"):
        options.setdefault("choices", CHOICES)
    if kind == "group":
        options.setdefault("fields", [{"code": "name", "zh": "名称", "en": "Name"}])
    return read_element({"code": "a.b", "type": kind, "zh": "项", "en": "Item", **options}, section="request")


def clean(kind: str, raw: object, siblings: dict[str, object] | None = None, **options: Any) -> object:
    asked = element(kind, **options)
    return type_of(asked).clean(asked, raw, Context(TODAY, siblings or {}))


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("text", "  a  b ", "a  b"),
        ("text", 12, "12"),
        ("text", "   ", None),
        ("multiline", "a\r\nb\rc", "a\nb\nc"),
        ("person_name", "阿依古丽•买买提", "阿依古丽·买买提"),
        ("person_name", "Jean-Luc  O'Neill", "Jean-Luc O'Neill"),
        ("person_name", "𠮷野", "𠮷野"),
        ("person_name", "\ue863", "\ue863"),
        ("person_name", "凜\uf91d", "凜\uf91d"),
        ("person_name", "买" * 60, "买" * 60),
        ("address", "中原西路66号", "中原西路66号"),
        ("email", "Li.Min＠example.com", "Li.Min@example.com"),
        ("email", "李敏@例子.中国", "李敏@例子.中国"),
        ("mobile", "138 0000 1234", "13800001234"),
        ("mobile", "+86 138-0000-1234", "13800001234"),
        ("mobile", "１３８００００１２３４", "13800001234"),
        ("mobile", "+49 1512 3456789", "+4915123456789"),
        ("uscc", "91410100ma0000007g", "91410100MA0000007G"),
        ("uscc", "9141 0100 MA00 0000 7G", "91410100MA0000007G"),
        ("date", "2026/9/1", "2026-09-01"),
        ("date", "2026年9月1日", "2026-09-01"),
        ("date", "20260901", "2026-09-01"),
        ("date", "2024-02-29", "2024-02-29"),
        ("date", date(2026, 9, 1), "2026-09-01"),
        ("integer", "1,234", 1234),
        ("integer", "１２", 12),
        ("integer", "12.0", 12),
        ("integer", "1,2345", 12345),
        ("decimal", "1.50", 1.5),
        ("decimal", 2.0, 2),
        ("decimal", ".5", 0.5),
        ("decimal", 1e-2, 0.01),
        ("money", "¥50,000.10元", 50000.1),
        ("money", "50万", 500_000),
        ("money", "0.5 万元", 5_000),
        ("area_m2", "86.5㎡", 86.5),
        ("area_m2", "86 平方米", 86),
        ("area_m2", "86m2", 86),
        ("yes_no", "是", True),
        ("yes_no", "false", False),
        ("yes_no", False, False),
        ("yes_no", "", None),
        ("choice", "a", "a"),
        ("multi_choice", ["b", "a", "b"], ["a", "b"]),
        ("multi_choice", "a", ["a"]),
        ("multi_choice", [], None),
        ("division", "410102", "410102"),
        ("group", [{"name": "x"}, {"name": " "}], [{"name": "x"}]),
        ("group", [{"name": ""}], None),
    ],
)
def test_takes(kind: str, raw: object, value: object) -> None:
    taken = clean(kind, raw)
    assert taken == value
    assert type(taken) is type(value)


@pytest.mark.parametrize(
    ("kind", "raw", "code"),
    [
        ("text", "a" * 201, "too_long"),
        ("text", "a\0b", "nul"),
        ("text", "a\x1bb", "control_character"),
        ("text", "a\nb", "control_character"),
        ("text", "\ud800", "broken_character"),
        ("text", "\ufffe", "broken_character"),
        ("text", ["a"], "not_text"),
        ("text", {"a": 1}, "not_text"),
        ("text", True, "not_text"),
        ("multiline", "a\0b", "nul"),
        ("person_name", "李敏3", "name_signs"),
        ("person_name", "· ·", "name_signs"),
        ("person_name", "李敏\u202e", "name_signs"),
        ("person_name", "李" * 101, "too_long"),
        ("address", "中原区", "address"),
        ("email", "liming", "email"),
        ("email", "a..b@example.com", "email"),
        ("email", "a@b", "email"),
        ("email", "a@-b.com", "email"),
        ("email", "a b@example.com", "email"),
        ("mobile", "12800001234", "mobile"),
        ("mobile", "1380000123", "mobile"),
        ("mobile", "+86 2345678", "mobile"),
        ("uscc", "91410100MA0000007", "length"),
        ("uscc", "91410100MAOOOOOO7G", "letters"),
        ("uscc", "91410100MA0000008G", "check"),
        ("date", "2026-02-29", "date"),
        ("date", "31.12.2026", "date"),
        ("date", "0026-01-01", "date"),
        ("date", 20260901, "date"),
        ("integer", "1.5", "places"),
        ("integer", "十二", "not_a_number"),
        ("integer", True, "not_a_number"),
        ("integer", "9" * 30, "too_large"),
        ("decimal", "1.234", "places"),
        ("decimal", float("nan"), "not_a_number"),
        ("decimal", float("inf"), "not_a_number"),
        ("decimal", "1e5", "not_a_number"),
        ("decimal", "1,23", "not_a_number"),
        ("decimal", "٣", "not_a_number"),
        ("money", "-1", "too_small"),
        ("money", "free", "not_a_number"),
        ("area_m2", "0", "area"),
        ("area_m2", "-5", "area"),
        ("yes_no", "maybe", "choice"),
        ("choice", "c", "choice"),
        ("choice", ["a"], "choice"),
        ("choice", True, "choice"),
        ("multi_choice", ["a", "c"], "choice"),
        ("multi_choice", {"a": 1}, "choice"),
        ("multi_choice", [["a"]], "choice"),
        ("division", "110101", "choice"),
        ("group", "x", "rows"),
        ("group", ["x"], "rows"),
        ("group", [{"name": "x"}] * 21, "too_many_rows"),
    ],
)
def test_refuses_in_both_languages(kind: str, raw: object, code: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        clean(kind, raw)
    assert caught.value.code == code
    assert any("\u4e00" <= character <= "\u9fff" for character in caught.value.message.zh)
    assert caught.value.message.en.endswith(".")
    assert not any("\u4e00" <= character <= "\u9fff" for character in caught.value.message.en.replace("军字第", ""))


@pytest.mark.parametrize(
    ("kind", "raw", "options", "code"),
    [
        ("integer", "4", {"min": 5}, "too_small"),
        ("integer", "13", {"max": 12}, "too_large"),
        ("decimal", "1.23", {"places": 1}, "places"),
        ("date", "2026-08-31", {"min": "today"}, "too_early"),
        ("date", "2026-09-02", {"max": "today"}, "too_late"),
        ("date", "2026-10-02", {"max": "today+30"}, "too_late"),
        ("date", "2025-08-30", {"min": "today-366"}, "too_early"),
        ("date", "1999-12-31", {"min": "2000-01-01"}, "too_early"),
        ("text", "ab", {"min_length": 3}, "too_short"),
        ("text", "12", {"pattern": "[0-9]{3}", "pattern_zh": "三位数字。", "pattern_en": "Three digits."}, "pattern"),
        ("multi_choice", ["a", "none"], {"alone": "none"}, "alone"),
        ("group", [{"name": "x"}], {"min_rows": 2}, "too_few_rows"),
        ("group", [{"name": "x"}] * 3, {"max_rows": 2}, "too_many_rows"),
    ],
)
def test_options_limit(kind: str, raw: object, options: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        clean(kind, raw, **options)
    assert caught.value.code == code


def test_limits_themselves_are_allowed() -> None:
    assert clean("integer", "5", min=5, max=5) == 5
    assert clean("date", "2026-09-01", min="today", max="today") == "2026-09-01"
    assert clean("text", " ab１c", pattern="[A-C0-9]+", pattern_zh="甲", pattern_en="A") == "AB1C"


def test_a_document_number_is_checked_by_its_kind() -> None:
    options = {"kind_from": "a.kind"}
    assert clean("id_number", "e1234 5678", {"a.kind": "33"}, **options) == "E12345678"
    assert clean("id_number", "E12345678", {"a.kind": "33"}, **options) == "E12345678"
    with pytest.raises(InvalidValueError):
        clean("id_number", "E12345678", {"a.kind": "31"}, **options)
    with pytest.raises(InvalidValueError):
        clean("id_number", "E12345678", {}, **options)


def test_rows_name_their_errors() -> None:
    fields = [
        {"code": "name", "zh": "名称", "en": "Name"},
        {"code": "share", "type": "decimal", "zh": "份额", "en": "Share", "required": False},
        {"code": "id_number", "type": "id_number", "zh": "号码", "en": "Number", "required": False},
        {"code": "uscc", "type": "uscc", "zh": "代码", "en": "Code", "required": False},
    ]
    with pytest.raises(InvalidRowsError) as caught:
        clean("group", [{"name": "x", "share": "y"}, {}, {"share": "1"}], fields=fields)
    codes = {row: {field: error.code for field, error in wrong.items()} for row, wrong in caught.value.rows.items()}
    assert codes == {0: {"share": "not_a_number"}, 2: {"name": "required"}}
    with pytest.raises(InvalidRowsError) as caught:
        clean("group", [{"name": "x"}], fields=fields, one_of=["id_number", "uscc"])
    assert caught.value.rows[0]["id_number"].code == "required"
    row = {"name": "x", "uscc": "91410100MA0000007G"}
    assert clean("group", [row], fields=fields, one_of=["id_number", "uscc"]) == [row]


@pytest.mark.parametrize(
    ("kind", "value", "zh", "en"),
    [
        ("date", "2026-09-01", "2026年9月1日", "1 Sep 2026"),
        ("yes_no", False, "否", "No"),
        ("money", 1234567, "1,234,567 元", "CNY 1,234,567"),
        ("money", 0.5, "0.50 元", "CNY 0.50"),
        ("area_m2", 86.5, "86.50 平方米", "86.50 m²"),
        ("choice", "a", "甲", "A"),
        ("choice", "gone", "gone", "gone"),
        ("multi_choice", ["a", "b"], "甲、乙", "A, B"),
        ("division", "410105", "金水区", "Jinshui District"),
        ("mobile", "13800001234", "138 0000 1234", "138 0000 1234"),
        ("group", [{"name": "x"}, {"name": "y"}], "x\ny", "x\ny"),
        ("text", None, "", ""),
        ("date", "soon", "soon", "soon"),
        ("decimal", "much", "much", "much"),
    ],
)
def test_shows_in_both_languages(kind: str, value: object, zh: str, en: str) -> None:
    assert displayed(element(kind), value, "zh-hans") == zh
    assert displayed(element(kind), value, "en") == en


def _strings() -> Iterator[str]:
    file = DATA / "hostile" / "blns" / "blns.json"
    if not file.exists():
        pytest.skip(f"No list of naughty strings at {file}; set SHARED_DATA to the shared data.")
    yield from json.loads(file.read_text(encoding="utf-8"))


def test_naughty_strings_are_taken_or_refused_with_a_sentence() -> None:
    refused: list[InvalidValueError] = []
    for text in _strings():
        for kind in TYPES:
            try:
                taken = clean(kind, text)
            except InvalidValueError as error:
                refused.append(error)
            else:
                json.dumps(taken, allow_nan=False).encode()
                displayed(element(kind), taken, "zh-hans")
                assert not isinstance(taken, str) or "\0" not in taken
    assert len(refused) > 1_000
    assert all(error.message.zh and error.message.en for error in refused)


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()
_json = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(TYPES)), _json)
def test_anything_is_taken_or_refused_and_what_was_taken_is_taken_again(kind: str, raw: object) -> None:
    asked = element(kind)
    try:
        taken = type_of(asked).clean(asked, raw, CONTEXT)
    except (InvalidValueError, InvalidRowsError):
        return
    json.dumps(taken, allow_nan=False).encode()
    assert type_of(asked).clean(asked, taken, CONTEXT) == taken
    displayed(asked, taken, "en")


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Cn", "Zs", "Zl", "Zp"]), min_size=1, max_size=200)
)
def test_text_keeps_every_character(text: str) -> None:
    if text.strip():
        assert clean("text", text) == text.strip()


@given(st.text(alphabet=st.characters(categories=["Lo", "Co"]), min_size=1, max_size=100))
def test_a_name_keeps_every_letter(name: str) -> None:
    assert clean("person_name", name) == name


@given(st.decimals(min_value=0, max_value=10**12, places=2))
def test_amounts_survive_exactly(amount: Any) -> None:
    value = clean("money", str(amount))
    assert json.loads(json.dumps(value)) == float(amount)
    assert f"{value:.2f}" == f"{amount:.2f}"


def test_every_type_has_what_a_page_needs() -> None:
    for asked in dictionary().elements.values():
        hint = type_of(asked).widget(asked)
        assert hint.kind in {"text", "textarea", "date", "radio", "select", "checkboxes", "rows", "cascade"}
        assert hint.width in {"short", "medium", "long"}


def test_categories_of_unicode_are_known_here() -> None:
    """The letters of CJK extension J are unassigned in this Python; names take them all the same."""
    assert unicodedata.category("\U000323b0") == "Cn"
    assert clean("person_name", "\U000323b0") == "\U000323b0"

"""The shipped dictionary, and what a wrong one is told."""

from pathlib import Path

import pytest

from services.forms.dictionary import dictionary, load_dictionary
from services.forms.schema import SchemaError, check_schema

AB = "code: a.b, zh: 甲, en: A"
FIELD = "{code: x, zh: 乙, en: X}"
SECTIONS = "request: {zh: 申请, en: Request}\n"
LISTS = "colours: [{value: red, zh: 红, en: Red}, {value: blue, zh: 蓝, en: Blue}]\n"


def load(folder: Path, elements: str, sections: str = SECTIONS, lists: str = LISTS) -> object:
    (folder / "elements").mkdir()
    (folder / "elements" / "a.yaml").write_text(elements.replace("AB", AB).replace("FIELD", FIELD), encoding="utf-8")
    (folder / "sections.yaml").write_text(sections, encoding="utf-8")
    (folder / "lists.yaml").write_text(lists, encoding="utf-8")
    return load_dictionary(folder)


def test_the_shipped_dictionary_is_whole() -> None:
    elements = dictionary().elements
    assert len(elements) >= 150
    for code in (
        "person.name",
        "person.id_type",
        "organisation.uscc",
        "premises.area",
        "food.items",
        "fire.exits",
        "sign.text",
        "drainage.grease_trap",
        "company.shareholders",
        "delivery.method",
    ):
        assert code in elements
    assert check_schema(dictionary().form(list(elements))) == []


def test_personal_numbers_are_sensitive() -> None:
    for element in dictionary().elements.values():
        parts = [element, *element.fields]
        for part in parts:
            if part.type == "id_number":
                assert part.sensitivity == "sensitive", part.code
        if any(part.sensitivity == "sensitive" for part in element.fields):
            assert element.sensitivity == "sensitive", element.code
        if element.type == "person_name":
            assert element.sensitivity != "public", element.code


def test_both_languages_differ_and_english_has_no_chinese() -> None:
    for element in dictionary().elements.values():
        for part in [element, *element.fields]:
            assert part.label.zh != part.label.en or part.label.zh.isascii(), part.code
            assert not any("\u4e00" <= character <= "\u9fff" for character in part.label.en), part.code


@pytest.mark.parametrize(
    ("elements", "sentence"),
    [
        ("request: [{AB}, {AB}]", "a.yaml: a.b is defined twice"),
        ("request: [{code: a, zh: 甲, en: A}, {AB}]", "a.b lies inside a"),
        ("request: [{code: a.b, zh: 甲}]", "both languages"),
        ("request: [{AB, help_zh: 乙}]", "both languages"),
        ("request: [{code: 甲, zh: 甲, en: A}]", "is no code"),
        ("request: [{code: A.b, zh: 甲, en: A}]", "is no code"),
        ("request: [{zh: 甲, en: A}]", "is no code"),
        ("request: [{AB, type: poem}]", "no type poem"),
        ("request: [{AB, lenght: 3}]", "unknown option lenght"),
        ("request: [{AB, max_length: long}]", "max_length has the wrong kind"),
        ("request: [{AB, sensitivity: secret}]", "sensitivity is one of"),
        ("request: [{AB, pattern: '['}]", "pattern"),
        ("request: [{AB, pattern: 'a'}]", "needs pattern_zh"),
        ("request: [{AB, type: choice}]", "at least two"),
        ("request: [{AB, type: choice, choices: animals}]", "no list of choices animals"),
        (
            "request: [{AB, type: choice, choices: [{value: 甲, zh: 甲, en: A}, {value: b, zh: 乙, en: B}]}]",
            "ASCII",
        ),
        ("request: [{AB, type: decimal, places: 7}]", "places is 0 to 3"),
        ("request: [{AB, type: decimal, unit_zh: 米}]", "unit_zh and unit_en"),
        ("request: [{AB, type: date, min: tomorrow}]", "min is an ISO date"),
        ("request: [{AB, type: id_number, kind_from: a.c}]", "kind_from names no element"),
        ("request: [{AB, type: group}]", "needs fields"),
        (
            "request: [{AB, type: group, min_rows: 5, max_rows: 2, fields: [FIELD]}]",
            "min_rows",
        ),
        (
            "request: [{AB, type: group, one_of: [y], fields: [FIELD]}]",
            "one_of",
        ),
        ("request: [{AB, type: group, sum_of: y, fields: [FIELD]}]", "sum_of"),
        ("request: [{AB, type: group, fields: [{code: x.y, zh: 乙, en: X}]}]", "plain names"),
        (
            "request: [{AB, type: group, fields: [{code: z, type: group, zh: 乙, en: X, fields: [FIELD]}]}]",
            "holds no group",
        ),
        (
            "request: [{AB, type: group, fields: [{code: x, type: id_number, kind_from: k, zh: 乙, en: X}]}]",
            "kind_from names no field",
        ),
        ("request: [{AB, fields: [FIELD]}]", "only a group has fields"),
        ("elsewhere: [{AB}]", "no section elsewhere"),
        ("request: [{code: a.b, zh: 甲, zh: 乙, en: A}]", "stands twice"),
        ("request: {code: a.b}", "list of entries"),
        ("request: [", "a.yaml"),
        ("[]", "a mapping is expected"),
        ("request: [!!python/object:os.system {}]", "a.yaml"),
    ],
)
def test_a_wrong_dictionary_is_refused_with_its_place(tmp_path: Path, elements: str, sentence: str) -> None:
    with pytest.raises(SchemaError, match=sentence):
        load(tmp_path, elements)


def test_named_lists_are_shared(tmp_path: Path) -> None:
    elements = "request: [{AB, type: choice, choices: colours}]"
    found = load(tmp_path, elements).element("a.b")  # type: ignore[attr-defined]
    assert [choice.value for choice in found.choices] == ["red", "blue"]


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        (["person.nmae"], "no element person.nmae"),
        ([{"elem": "person.name"}], "is no use of an element"),
        ([7], "is no use of an element"),
        ({"uses": [], "own": [{"code": "person.name", "zh": "甲", "en": "A"}]}, "already"),
        ({"uses": [], "rules": [{"condition": "true", "element": "person.name"}]}, "both languages"),
    ],
)
def test_a_wrong_form_is_refused(form: object, sentence: str) -> None:
    with pytest.raises(SchemaError, match=sentence):
        dictionary().form(form, service="dogs")  # type: ignore[arg-type]


def test_a_form_in_all_its_spellings() -> None:
    form = dictionary().form(
        {
            "uses": [
                "person.name",
                "person.email?",
                {"element": "dog.name", "when": "answers.dog"},
                {"element": "dog.breed?", "visible_if": "answers.dog"},
                {"element": "dog.colour", "required": False},
            ],
            "own": [
                {"code": "dogs.walks", "type": "integer", "zh": "每日遛犬次数", "en": "Walks a day", "section": "dog"}
            ],
        },
        service="dogs",
    )
    asks = {use.element.code: use.asks[0] for use in form.uses}
    assert [(code, ask.required, ask.visible_if) for code, ask in asks.items()] == [
        ("person.name", True, ""),
        ("person.email", False, ""),
        ("dog.name", True, "answers.dog"),
        ("dog.breed", False, "answers.dog"),
        ("dog.colour", False, ""),
        ("dogs.walks", True, ""),
    ]
    assert {ask.service for ask in asks.values()} == {"dogs"}


def test_an_unknown_element_is_a_schema_error() -> None:
    with pytest.raises(SchemaError, match=r"no element x\.y"):
        dictionary().element("x.y")

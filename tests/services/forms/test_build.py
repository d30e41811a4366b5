"""A section on a page: what a browser without JavaScript sends, and what comes back."""

from datetime import date

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils import translation

from services.forms.build import SectionForm, form_class
from services.forms.dictionary import dictionary
from services.forms.fields import field_name

TODAY = date(2026, 9, 1)
SCHEMA = dictionary().form(
    {
        "uses": [
            "person.name",
            "person.email?",
            "person.birth_date",
            "premises.area",
            "food.items",
            {"element": "food.cold_room", "visible_if": "'cold' in food.items"},
            {"element": "food.cold_room_area", "visible_if": "food.cold_room"},
            "company.shareholders",
            "delivery.method",
            {"element": "delivery.address", "visible_if": "delivery.method == 'post'"},
        ]
    },
    service="food-licence",
)
SHAREHOLDER = {
    "kind": "person",
    "name": "李敏",
    "id_type": "33",
    "id_number": "E12345678",
    "contribution": "5万",
    "share": "100",
    "paid_by": "2027-01-01",
    "means": "cash",
}


def form(section: str, query: dict[str, object] | None = None, language: str = "en", **answers: object) -> SectionForm:
    data = None
    if query is not None:
        data = QueryDict(mutable=True)
        for name, value in query.items():
            data.setlist(name, value if isinstance(value, list) else [value])
    stored = {code.replace("__", "."): value for code, value in answers.items()}
    return form_class(SCHEMA, section, language)(data, answers=stored, today=TODAY)


def rows(*shareholders: dict[str, str]) -> dict[str, object]:
    sent: dict[str, object] = {"company-shareholders-rows": str(len(shareholders)), "asked": "company-shareholders"}
    for number, row in enumerate(shareholders):
        sent |= {f"company-shareholders-{number}-{code}": value for code, value in row.items()}
    return sent


def test_labels_help_and_hints_follow_the_language() -> None:
    chinese, english = form("applicant", language="zh-hans"), form("applicant", language="en")
    assert chinese["person-name"].label == "姓名"
    assert english["person-name"].label == "Name"
    assert english["person-name"].field.widget.attrs["autocomplete"] == "name"
    assert english["person-email"].field.required is False
    assert english["person-name"].field.required is True
    assert form("premises", language="zh-hans")["premises-area"].label == "建筑面积（平方米）"
    assert "required" not in str(english["person-name"]).replace("aria-required", "")


def test_stored_answers_are_shown() -> None:
    shown = form("food", food__items=["hot", "cold"], food__cold_room=True)
    assert 'value="true"' in str(shown["food-cold_room"])
    assert str(shown["food-items"]).count("checked") == 2
    assert "food-cold_room_area" in shown.fields


def test_what_was_typed_stays_and_the_message_says_how_to_fix_it() -> None:
    posted = form("premises", {"premises-area": "about 80", "asked": "premises-area"})
    assert not posted.is_valid()
    assert 'value="about 80"' in str(posted["premises-area"])
    assert posted.errors["premises-area"] == ["Enter the area in square metres, such as 86.5."]
    assert posted.answers_to_save == {"premises.area": "about 80"}


def test_a_date_that_is_none_is_shown_as_text() -> None:
    assert 'type="date"' in str(form("applicant", person__birth_date="1990-02-03")["person-birth_date"])
    wrong = str(form("applicant", {"person-birth_date": "31 Feb"})["person-birth_date"])
    assert 'type="text"' in wrong
    assert 'value="31 Feb"' in wrong


def test_valid_input_is_saved_in_its_json_form() -> None:
    posted = form("premises", {"premises-area": "86.50 ㎡"})
    assert posted.is_valid()
    assert posted.cleaned_data == {"premises-area": 86.5}
    assert posted.answers_to_save == {"premises.area": 86.5}


def test_a_question_that_an_answer_brings_up_is_shown_without_blame() -> None:
    first = form("food", {"food-items": ["cold"], "asked": "food-items"})
    assert not first.is_valid()
    assert first.non_field_errors() == ["Your answers lead to a few more questions below."]
    assert not first.errors.get("food-cold_room")
    assert first.asked == "food-items food-cold_room"
    assert first["food-items"].field.widget.attrs["data-decides"] == "true"
    second = form("food", {"food-items": ["cold"], "asked": first.asked})
    assert second.errors["food-cold_room"] == [
        "Choose an answer for “Is there a separate room or area for cold and raw food?”."
    ]
    third = form("food", {"food-items": ["cold"], "food-cold_room": "false", "asked": first.asked})
    assert third.is_valid()


def test_unticking_every_box_empties_the_answer() -> None:
    posted = form("food", {"asked": "food-items"}, food__items=["cold"])
    assert posted.answers_to_save == {"food.items": []}
    assert posted.errors["food-items"] == ["Choose an answer for “Food made and sold”."]


def test_rows_are_checked_where_they_stand() -> None:
    posted = form("shareholders", rows(SHAREHOLDER | {"share": "60"}, SHAREHOLDER | {"share": "x", "name": ""}))
    assert not posted.is_valid()
    assert "company-shareholders-0-share" not in posted.errors
    assert posted.errors["company-shareholders-1-share"] == ["Enter a number, such as 120.5."]
    assert posted.errors["company-shareholders-1-name"] == ["Fill this in."]


def test_rows_add_up() -> None:
    posted = form("shareholders", rows(SHAREHOLDER | {"share": "60"}, SHAREHOLDER | {"share": "30"}))
    assert posted.non_field_errors() == [
        "Shareholders (founders): “Share” of all rows adds up to 90; it should be 100."
    ]
    whole = form("shareholders", rows(SHAREHOLDER | {"share": "66.67"}, SHAREHOLDER | {"share": "33.33"}))
    assert whole.is_valid(), whole.errors
    saved = whole.answers_to_save["company.shareholders"]
    assert isinstance(saved, list)
    assert saved[0]["contribution"] == 50_000


def test_a_button_adds_a_row_and_keeps_what_was_typed() -> None:
    posted = form("shareholders", rows({"name": "李", "share": "x"}) | {"row": "add:company-shareholders"})
    assert not posted.is_valid()
    assert posted.rows_changed
    assert not posted.errors
    group = next(part.group for part in posted.parts if part.group)
    assert [row.title for row in group.rows] == ["Shareholder 1", "Shareholder 2"]
    assert 'value="x"' in str(posted["company-shareholders-0-share"])
    assert posted["company-shareholders-1-share"].value() == ""


def test_a_button_removes_its_row_and_what_follows_moves_up() -> None:
    sent = rows({"name": "甲"}, {"name": "乙"}, {"name": "丙"}) | {"row": "remove:company-shareholders:1"}
    posted = form("shareholders", sent)
    group = next(part.group for part in posted.parts if part.group)
    assert len(group.rows) == 2
    assert [posted[f"company-shareholders-{number}-name"].value() for number in (0, 1)] == ["甲", "丙"]
    assert "company-shareholders-2-name" not in posted.fields


@pytest.mark.parametrize("count", ["", "-1", "²", "99999", "1e3", "x"])
def test_a_wrong_number_of_rows_is_no_answer(count: str) -> None:
    posted = form("shareholders", {"company-shareholders-rows": count, "asked": "company-shareholders"})
    assert posted.answers_to_save == {}
    assert not posted.is_valid()


@pytest.mark.parametrize(
    "button", ["remove:company-shareholders:99", "remove:company-shareholders:²", "remove:x:0", "add:", "::", "add:x"]
)
def test_other_buttons_change_no_row(button: str) -> None:
    posted = form("shareholders", rows({"name": "甲"}) | {"row": button})
    assert posted["company-shareholders-0-name"].value() == "甲"
    assert "company-shareholders-1-name" not in posted.fields


def test_no_more_rows_than_allowed() -> None:
    posted = form("shareholders", rows(*[{"name": "甲"}] * 50) | {"row": "add:company-shareholders"})
    group = next(part.group for part in posted.parts if part.group)
    assert len(group.rows) == 50
    assert not group.can_add


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_section_of_the_dictionary_renders(language: str) -> None:
    schema = dictionary().form(list(dictionary().elements))
    with translation.override(language):
        for section in schema.sections:
            page = form_class(schema, section.key, language)(None, answers={}, today=TODAY)
            html = "".join(render_to_string("ui/form_part.html", {"part": part}) for part in page.parts)
            for use in section.uses:
                assert field_name(use.element.code) in html


def test_only_what_was_changed_counts_as_changed() -> None:
    stored = {"food__items": ["cold"], "food__cold_room": True}
    same = form("food", {"food-items": ["cold"], "food-cold_room": "true", "food-cold_room_area": ""}, **stored)
    assert same.changed_data == []
    other = form("food", {"food-items": ["cold"], "food-cold_room": "false"}, **stored)
    assert other.changed_data == ["food-cold_room"]


def test_an_unknown_section_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        form_class(SCHEMA, "dog", "en")

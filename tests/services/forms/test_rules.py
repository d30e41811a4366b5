"""What is asked, what is wrong, what is left to do."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.forms.dictionary import dictionary
from services.forms.rules import (
    SectionState,
    answers_hash,
    check_answers,
    section_progress,
    visible_elements,
)
from services.forms.schema import FormSchema, SchemaError, merge

TODAY = date(2026, 9, 1)


def form(*uses: object, service: str = "a", rules: tuple[object, ...] = ()) -> FormSchema:
    return dictionary().form({"uses": uses, "rules": rules}, service=service)


POST = form("delivery.method", {"element": "delivery.address", "visible_if": "delivery.method == 'post'"})


def test_hidden_answers_are_dropped_and_not_required() -> None:
    hidden = check_answers(POST, {"delivery.method": "window", "delivery.address": "中原路1号院"}, today=TODAY)
    assert hidden.ok
    assert hidden.cleaned == {"delivery.method": "window"}
    shown = check_answers(POST, {"delivery.method": "post"}, today=TODAY)
    assert [(p.element, p.code) for p in shown.errors] == [("delivery.address", "required")]
    assert shown.errors[0].message.zh == "请填写邮寄地址。"


def test_hidden_answers_decide_nothing() -> None:
    chain = form(
        "food.items",
        {"element": "food.cold_room", "visible_if": "'cold' in food.items"},
        {"element": "food.cold_room_area", "visible_if": "food.cold_room"},
    )
    answers = {"food.items": ["cold"], "food.cold_room": True, "food.cold_room_area": 5}
    assert visible_elements(chain, answers, today=TODAY) == {"food.items", "food.cold_room", "food.cold_room_area"}
    assert visible_elements(chain, {**answers, "food.items": ["hot"]}, today=TODAY) == {"food.items"}


def test_an_invalid_answer_decides_nothing() -> None:
    checked = check_answers(POST, {"delivery.method": "pigeon", "delivery.address": "中原路1号院"}, today=TODAY)
    assert checked.visible == {"delivery.method"}
    assert [p.code for p in checked.errors] == ["choice"]


def test_required_only_where_the_service_that_requires_it_applies() -> None:
    both = merge(
        [
            form({"element": "person.email", "required": True, "visible_if": "answers.company"}, service="a"),
            form("person.email?", service="b"),
        ]
    )
    alone = check_answers(both, {}, today=TODAY)
    assert alone.ok
    assert alone.visible == {"person.email"}
    assert alone.required == frozenset()
    company = check_answers(both, {"answers.company": True}, today=TODAY)
    assert [p.element for p in company.errors] == ["person.email"]
    assert company.required == {"person.email"}


def test_situation_answers_and_unknown_ones_are_not_kept() -> None:
    checked = check_answers(POST, {"delivery.method": "window", "answers.x": 1, "other.y": 2}, today=TODAY)
    assert checked.cleaned == {"delivery.method": "window"}


def test_a_number_is_checked_by_the_kind_that_is_asked() -> None:
    with_kind = form("person.id_type", "person.id_number")
    passport = {"person.id_type": "33", "person.id_number": "E12345678"}
    assert check_answers(with_kind, passport, today=TODAY).ok
    assert [p.element for p in check_answers(form("person.id_number"), passport, today=TODAY).errors] == [
        "person.id_number"
    ]


RULES = form(
    "lease.starts_on",
    "lease.ends_on",
    "delivery.method",
    {"element": "lease.deposit", "visible_if": "delivery.method == 'post'"},
    rules=(
        {
            "condition": "lease.ends_on > lease.starts_on",
            "element": "lease.ends_on",
            "zh": "应晚于开始日期。",
            "en": "Must be after the start.",
        },
        {
            "condition": "lease.deposit > 100",
            "element": "lease.deposit",
            "zh": "应超过100。",
            "en": "Must be more than 100.",
        },
        {
            "condition": "lease.ends_on > today",
            "element": "lease.ends_on",
            "zh": "应晚于今天。",
            "en": "Must be after today.",
        },
        {
            "condition": "!answers.short || lease.ends_on < '2027-01-01'",
            "element": "lease.ends_on",
            "zh": "应在今年。",
            "en": "Must be this year.",
        },
    ),
)


@pytest.mark.parametrize(
    ("answers", "messages"),
    [
        ({"lease.starts_on": "2026-09-02", "lease.ends_on": "2027-09-01"}, []),
        ({"lease.starts_on": "2027-09-02", "lease.ends_on": "2027-09-01"}, ["Must be after the start."]),
        ({"lease.starts_on": "2025-09-02", "lease.ends_on": "2026-09-01"}, ["Must be after today."]),
        (
            {"lease.starts_on": "2025-09-02", "lease.ends_on": "2027-09-01", "answers.short": True},
            ["Must be this year."],
        ),
        ({"lease.starts_on": "2025-09-02", "lease.ends_on": "2027-09-01", "answers.short": False}, []),
        ({"lease.starts_on": "2025-09-02"}, []),
        ({"lease.starts_on": "soon", "lease.ends_on": "2027-09-01"}, []),
        ({"lease.deposit": 50}, []),
        ({"lease.deposit": 50, "delivery.method": "post"}, ["Must be more than 100."]),
    ],
)
def test_a_rule_counts_once_its_answers_are_there(answers: dict[str, object], messages: list[str]) -> None:
    errors = check_answers(RULES, answers, today=TODAY).errors
    assert [p.message.en for p in errors if p.code == "rule"] == messages


def test_a_condition_that_fails_asks_rather_than_hides() -> None:
    strange = form({"element": "person.email", "visible_if": "answers.n > 'x'"})
    assert visible_elements(strange, {"answers.n": 1}, today=TODAY) == {"person.email"}
    rule = form(
        "person.email", rules=({"condition": "person.email > 1", "element": "person.email", "zh": "改", "en": "Fix."},)
    )
    assert [p.code for p in check_answers(rule, {"person.email": "a@b.cn"}, today=TODAY).errors] == ["rule"]


def test_a_form_in_a_circle_is_a_schema_error() -> None:
    circle = form(
        {"element": "dog.name", "visible_if": "has(dog.breed)"}, {"element": "dog.breed", "visible_if": "has(dog.name)"}
    )
    with pytest.raises(SchemaError):
        check_answers(circle, {}, today=TODAY)


def test_rows_name_row_and_field() -> None:
    shareholders = form("company.shareholders")
    checked = check_answers(shareholders, {"company.shareholders": [{}, {"name": "李敏"}]}, today=TODAY)
    assert ("company.shareholders", 1, "share") in [(p.element, p.row, p.field) for p in checked.errors]
    assert "company.shareholders" not in checked.cleaned
    assert [p.message.en for p in check_answers(shareholders, {}, today=TODAY).errors] == [
        "Add at least one row to “Shareholders (founders)”."
    ]


TASKS = form(
    "person.name",
    "person.mobile",
    "organisation.kind",
    {"element": "company.shareholders", "visible_if": "organisation.kind == 'company'"},
    "request.remarks?",
    {"element": "dog.name", "visible_if": "answers.dog"},
)


def states(answers: dict[str, object], visited: frozenset[str] = frozenset()) -> dict[str, str]:
    listed = section_progress(TASKS, answers, today=TODAY, visited=visited)
    return {progress.section.key: progress.state.value for progress in listed}


def test_the_task_list() -> None:
    assert states({}) == {
        "applicant": "not_started",
        "company": "not_started",
        "shareholders": "cannot_start",
        "request": "not_started",
    }
    half = {"person.name": "李敏", "organisation.kind": "company"}
    assert states(half, frozenset({"request"})) == {
        "applicant": "in_progress",
        "company": "done",
        "shareholders": "not_started",
        "request": "done",
    }
    assert states({"organisation.kind": "individual_business"}) == {
        "applicant": "not_started",
        "company": "done",
        "request": "not_started",
    }
    assert states({"person.name": "4", "person.mobile": "1"})["applicant"] == "in_progress"


def test_what_cannot_start_says_what_it_waits_for() -> None:
    waiting = [one for one in section_progress(TASKS, {}, today=TODAY) if one.state is SectionState.CANNOT_START]
    assert [one.waits_for for one in waiting] == [{"company"}]


def test_the_hash_is_of_meaning_not_of_form() -> None:
    assert answers_hash({"a": 300, "b": {"c": [1.0]}}) == answers_hash({"b": {"c": [1]}, "a": 300.0})
    assert answers_hash({"a": 300}) != answers_hash({"a": 301})
    assert answers_hash({"a": True}) != answers_hash({"a": 1})
    assert (
        answers_hash({"名": "李"}) == "da50b84e91a5f4ea2b0d5f6c4d0c9a7c1f5b2e0f"
        or len(answers_hash({"名": "李"})) == 64
    )
    with pytest.raises(ValueError, match="not JSON compliant"):
        answers_hash({"a": float("nan")})


ALL = dictionary().form(list(dictionary().elements))
_values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.lists(st.text(max_size=5), max_size=3)
)
_answers = st.dictionaries(st.sampled_from(sorted(dictionary().elements)), _values, max_size=12)


@given(_answers)
def test_any_answers_are_checked_and_checking_again_changes_nothing(answers: dict[str, object]) -> None:
    checked = check_answers(ALL, answers, today=TODAY)
    assert set(checked.cleaned) <= checked.visible
    again = check_answers(ALL, checked.cleaned, today=TODAY)
    assert again.cleaned == checked.cleaned
    assert not {p.element for p in again.errors} & checked.cleaned.keys()
    assert answers_hash(again.cleaned) == answers_hash(checked.cleaned)


@given(_answers)
def test_every_asked_element_is_answered_or_has_an_error(answers: dict[str, object]) -> None:
    checked = check_answers(ALL, answers, today=TODAY)
    wrong = {problem.element for problem in checked.errors}
    assert checked.required <= wrong | checked.cleaned.keys()
    assert wrong <= checked.visible

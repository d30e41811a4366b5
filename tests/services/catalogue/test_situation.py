"""Answers to the questions about a situation."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.catalogue.models import Question
from services.catalogue.situation import read_situation

OPTIONS = [{"value": "a", "zh": "甲", "en": "A"}, {"value": "b", "zh": "乙", "en": "B"}]


def question(key: str, kind: str, **values: Any) -> Question:
    return Question(key=key, kind=kind, **values)


QUESTIONS = [
    question("has", "yes_no"),
    question("which", "choice", options=OPTIONS, visible_if="answers.has == true"),
    question("some", "multi_choice", options=OPTIONS, required=False),
    question("area", "number"),
    question("day", "date", required=False),
]


def test_answers_of_a_submitted_form_are_read_into_their_types() -> None:
    situation = read_situation(
        QUESTIONS, {"has": "yes", "which": "b", "some": ["b", "a"], "area": "85.5", "day": "2026-03-01"}
    )

    assert situation.answers == {"has": True, "which": "b", "some": ["a", "b"], "area": 85.5, "day": "2026-03-01"}
    assert situation.complete


def test_a_question_that_is_not_asked_has_no_answer() -> None:
    situation = read_situation(QUESTIONS, {"has": False, "which": "b", "area": 10})

    assert "which" not in situation.asked
    assert "which" not in situation.answers
    assert situation.complete


def test_what_is_missing_is_named_unless_it_may_stay_open() -> None:
    situation = read_situation(QUESTIONS, {"has": True})

    assert situation.missing == ("which", "area")
    assert not situation.complete


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("has", "perhaps"),
        ("which", "c"),
        ("which", ["a"]),
        ("some", ["a", "c"]),
        ("some", [1]),
        ("area", "wide"),
        ("area", -1),
        ("area", True),
        ("area", "nan"),
        ("area", "1e300"),
        ("day", "2026-02-30"),
    ],
)
def test_an_answer_that_does_not_fit_gets_a_sentence(key: str, value: Any) -> None:
    situation = read_situation(QUESTIONS, {"has": True, "which": "a", "area": 1} | {key: value})

    assert list(situation.errors) == [key]
    assert str(situation.errors[key])
    assert key not in situation.answers


def test_conditions_read_the_cleaned_answers() -> None:
    situation = read_situation(QUESTIONS, {"has": "true", "which": "a", "area": "300", "some": ["b"]})

    assert situation.holds("")
    assert situation.holds('answers.area >= 300.0 && "b" in answers.some')
    assert not situation.holds("answers.day > '2020-01-01'")


WORDS = st.text(st.sampled_from("abtruefls019-. 是"), max_size=12)
VALUES = st.one_of(st.none(), st.booleans(), WORDS, st.floats(), st.lists(WORDS, max_size=3))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([one.key for one in QUESTIONS]), VALUES))
def test_whatever_is_sent_is_read_again_the_same(given_answers: dict[str, Any]) -> None:
    once = read_situation(QUESTIONS, given_answers)

    again = read_situation(QUESTIONS, once.answers)

    assert again.answers == once.answers
    assert set(once.answers) | set(once.missing) | set(once.errors) <= set(once.asked)

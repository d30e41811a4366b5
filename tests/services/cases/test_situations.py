"""Answers about the situation in words."""

from __future__ import annotations

import pytest

from services.cases.queries.situations import said
from services.catalogue.enums import QuestionKind
from services.catalogue.models import Question


@pytest.mark.parametrize(("language", "words"), [("en", "28 Jan 2027"), ("zh-hans", "2027年1月28日")])
def test_a_day_is_said_as_people_write_it(language: str, words: str) -> None:
    question = Question(kind=QuestionKind.DATE)
    assert said(question, "2027-01-28", language) == words
    assert said(question, "", language) == ""

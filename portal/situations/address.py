"""Answers in an address, so that a situation can be shared, kept and carried into the application."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.utils.datastructures import MultiValueDict

from services.catalogue.enums import QuestionKind
from services.catalogue.models import Question


def given_answers(data: Mapping[str, Any], questions: Iterable[Question]) -> dict[str, Any]:
    """Return the answers of a submitted page or an address, lists for questions with several answers."""
    given: dict[str, Any] = {}
    for question in questions:
        if question.kind == QuestionKind.MULTI_CHOICE:
            values = data.getlist(question.key) if isinstance(data, MultiValueDict) else data.get(question.key, [])
            if values:
                given[question.key] = values
        elif data.get(question.key) not in (None, ""):
            given[question.key] = data[question.key]
    return given


def answers_in_address(answers: Mapping[str, Any]) -> str:
    """Return cleaned answers as the query of an address, in their order; "" when there are none."""
    return urlencode({key: _written(value) for key, value in answers.items()}, doseq=True)


def _written(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return in_digits(value) if isinstance(value, float) else value


def in_digits(number: float) -> str:
    """Return a number as a person types it: every digit of it, no exponent and no empty decimals."""
    text = f"{Decimal(repr(number)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text

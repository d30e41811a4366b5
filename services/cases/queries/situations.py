"""The answers about the situation as a person reads them: they decide what is filed, so they are reviewed too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from services.cases.models import Application
from services.catalogue.enums import QuestionKind
from services.catalogue.models import Question
from services.forms.types.numbers import day_in_words

_YES, _NO = {"zh": "是", "en": "Yes"}, {"zh": "否", "en": "No"}


@dataclass(frozen=True, kw_only=True)
class SituationAnswer:
    """One question about the situation and what was answered, in one language."""

    label: str
    value: str


def situation_answers(application: Application, *, language: str) -> list[SituationAnswer]:
    """Return what was answered about the situation, in the order of the questions."""
    suffix, situation = _suffix(language), application.situation
    return [
        SituationAnswer(
            label=getattr(question, f"text_{suffix}"), value=said(question, situation[question.key], language)
        )
        for question in application.offer.questions.all()
        if question.key in situation
    ]


def said(question: Question, value: Any, language: str) -> str:
    """Return an answer in words: yes or no, names of what was chosen, a day, a number with its unit; "" for none."""
    suffix = _suffix(language)
    if value in (None, ""):
        return ""
    if question.kind == QuestionKind.DATE:
        return day_in_words(date.fromisoformat(str(value)), language)
    if isinstance(value, bool):
        return (_YES if value else _NO)[suffix]
    if isinstance(value, list):
        return ("、" if suffix == "zh" else ", ").join(said(question, one, language) for one in value)
    names = {option["value"]: option[suffix] for option in question.options or ()}
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(names.get(value, f"{value} {question.unit}".strip()))


def _suffix(language: str) -> str:
    return "zh" if language.startswith("zh") else "en"

"""The answers to the questions about a situation: read, cleaned, asked only where they make sense. No database."""

from __future__ import annotations

import datetime
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from services.catalogue.enums import QuestionKind
from workflows.expressions import evaluate_condition, paths_of

LARGEST_NUMBER = 1_000_000_000


class Asked(Protocol):
    """What is needed of a question; the model fulfils it."""

    key: str
    kind: str
    options: Any
    required: bool
    visible_if: str


@dataclass(frozen=True)
class Situation:
    """Cleaned answers.

    Attributes:
        answers: by question key, typed: bool, str, list of str, float, ISO date; only questions that are asked.
        asked: keys of the questions that are asked with these answers, in order.
        missing: keys of asked questions that must be answered and are not.
        errors: a sentence per question key whose answer cannot be read.
    """

    answers: Mapping[str, Any]
    asked: tuple[str, ...]
    missing: tuple[str, ...]
    errors: Mapping[str, str | Promise]

    @property
    def complete(self) -> bool:
        """Whether every question that is asked has a readable answer."""
        return not self.missing and not self.errors

    def holds(self, condition: str) -> bool:
        """Tell whether a condition over `answers.<key>` is true; an empty one always is."""
        return not condition or evaluate_condition(condition, {"answers": dict(self.answers)})


class Fate(StrEnum):
    """What the answers so far say about something with a condition."""

    NEEDED = "needed"
    NOT_NEEDED = "not_needed"
    OPEN = "open"  # it hangs on a question that is not answered yet


def open_questions(questions: Iterable[Asked], situation: Situation) -> frozenset[str]:
    """Return the keys of the questions whose answer may still come.

    A question that is not asked counts while what decides whether it is asked is open; one that may be left out counts
    until everything else is answered.
    """
    found = {*situation.missing, *situation.errors}
    waits = bool(found)
    for question in questions:
        if question.key in situation.asked:
            if waits and not question.required and question.key not in situation.answers:
                found.add(question.key)
        elif questions_read(question.visible_if) & found:
            found.add(question.key)
    return frozenset(found)


def questions_read(condition: str) -> frozenset[str]:
    """Return the keys of the questions a condition reads as `answers.<key>`."""
    paths = paths_of(condition) if condition else frozenset()
    return frozenset(path.split(".")[1].removesuffix("[]") for path in paths if path.startswith("answers."))


def fate_of(condition: str, situation: Situation, still_open: Collection[str]) -> Fate:
    """Return what is known about something needed under a condition. still_open: as `open_questions` returns it."""
    if questions_read(condition) & set(still_open):
        return Fate.OPEN
    return Fate.NEEDED if situation.holds(condition) else Fate.NOT_NEEDED


class UnreadableAnswerError(ValueError):
    """An answer does not fit its question; the argument is a sentence for the person."""


def read_situation(questions: Iterable[Asked], given: Mapping[str, Any]) -> Situation:
    """Return the cleaned answers to the questions, in their order.

    An answer to a question that is not asked (any more) is dropped, so that no condition reads it.

    Args:
        questions: in the order they are asked; `visible_if` reads answers of earlier ones.
        given: answers by key, as JSON or as a submitted form gives them.
    """
    answers: dict[str, Any] = {}
    asked: list[str] = []
    missing: list[str] = []
    errors: dict[str, str | Promise] = {}
    for question in questions:
        if question.visible_if and not evaluate_condition(question.visible_if, {"answers": answers}):
            continue
        asked.append(question.key)
        try:
            answer = clean_answer(question, given.get(question.key))
        except UnreadableAnswerError as error:
            errors[question.key] = error.args[0]
            continue
        if answer is not None:
            answers[question.key] = answer
        elif question.required:
            missing.append(question.key)
    return Situation(answers, tuple(asked), tuple(missing), errors)


def clean_answer(question: Asked, value: Any) -> Any:
    """Return the answer in the question's type, None when there is none.

    Raises:
        UnreadableAnswerError: the value is of another kind or not among the options.
    """
    if value is None or value in ("", []):
        return None
    return _READERS[QuestionKind(question.kind)](question, value)


def _yes_no(question: Asked, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    answer = {"true": True, "yes": True, "on": True, "false": False, "no": False}.get(str(value).lower())
    if answer is None:
        raise UnreadableAnswerError(_("Answer yes or no."))
    return answer


def _choice(question: Asked, value: Any) -> str:
    if value not in _values(question):
        raise UnreadableAnswerError(_("Choose one of the answers."))
    return str(value)


def _several(question: Asked, value: Any) -> list[str]:
    chosen = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) for one in chosen) or set(chosen) - set(_values(question)):
        raise UnreadableAnswerError(_("Choose among the answers."))
    return [one for one in _values(question) if one in chosen]


def _number(question: Asked, value: Any) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number <= LARGEST_NUMBER:
        raise UnreadableAnswerError(_("Write a number that is not negative."))
    return number


def _date(question: Asked, value: Any) -> str:
    try:
        return datetime.date.fromisoformat(str(value)).isoformat()
    except ValueError as error:
        raise UnreadableAnswerError(_("Write a date.")) from error


def _values(question: Asked) -> list[str]:
    return [option["value"] for option in question.options]


_READERS = {
    QuestionKind.YES_NO: _yes_no,
    QuestionKind.CHOICE: _choice,
    QuestionKind.MULTI_CHOICE: _several,
    QuestionKind.NUMBER: _number,
    QuestionKind.DATE: _date,
}

"""The largest application a bundle can become: what its guide counts "once instead of" for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.catalogue import queries
from services.catalogue.enums import QuestionKind
from services.catalogue.models import BundlePart, BundleVersion, Question

_NUMBERS = (0, 100, 1_000, 10_000)
_PASSES = 2


def fullest_answers(version: BundleVersion) -> dict[str, Any]:
    """Return the answers that need most parts and that nothing forbids.

    Each question in turn takes the answer that adds most, twice over: the conditions of a bundle hang on few
    questions each, so this finds the largest one without trying all combinations.
    """
    answers: dict[str, Any] = {}
    for _ in range(_PASSES):
        for question in version.questions.all():
            answers[question.key] = max(
                _candidates(question),
                key=lambda value: _size(version, {**answers, question.key: value}),
            )
    return answers


def fullest_parts(version: BundleVersion) -> list[BundlePart]:
    """Return the parts of the situation that needs most of them and that nothing forbids."""
    return _parts(version, fullest_answers(version))


def _candidates(question: Question) -> Sequence[Any]:
    match question.kind:
        case QuestionKind.YES_NO:
            return (True, False)
        case QuestionKind.CHOICE:
            return [option["value"] for option in question.options]
        case QuestionKind.MULTI_CHOICE:
            values = [option["value"] for option in question.options]
            return [values, *([value] for value in values)]
        case QuestionKind.NUMBER:
            return _NUMBERS
        case _:
            return (None,)


def _size(version: BundleVersion, answers: Mapping[str, Any]) -> int:
    return -1 if queries.stop_reasons(version, answers) else len(_parts(version, answers))


def _parts(version: BundleVersion, answers: Mapping[str, Any]) -> list[BundlePart]:
    situation = queries.situation_of(version, answers)
    return [part for part in version.parts.all() if situation.holds(part.condition)]

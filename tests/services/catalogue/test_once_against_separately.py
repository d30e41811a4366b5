"""For every bundle: what applying once asks against applying separately. `pytest -s` prints the figures."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from services.catalogue.enums import QuestionKind
from services.catalogue.models import BundleVersion, Question
from services.catalogue.queries import (
    ApplicablePart,
    published_bundles,
    savings_in,
    services_of,
    situation_of,
    stop_reasons,
)
from services.catalogue.savings import Savings
from services.catalogue.situation import Situation
from tests.factories.catalogue import load_shipped_catalogue

SITUATIONS = 150  # tried of each bundle: all where there are fewer


@pytest.mark.django_db
def test_once_is_never_more_than_separately_whatever_the_situation() -> None:
    load_shipped_catalogue()
    print(f"\n{'bundle':<26}{'tried':>7}{'services':>10}{'fields':>12}{'documents':>12}{'visits':>9}{'days':>9}")
    bundles = list(published_bundles().prefetch_related("questions", "stop_rules"))
    for bundle in bundles:
        tried = list(_every_savings(bundle))
        assert tried
        for saved in tried:
            for one in (saved.applications, saved.fields, saved.documents, saved.visits, saved.days):
                assert 0 <= one.once <= one.separately
        _print_largest(bundle, tried)
    assert len(bundles) >= 5


def _print_largest(bundle: BundleVersion, tried: Sequence[Savings]) -> None:
    largest = max(tried, key=lambda saved: (len(saved.efforts), saved.fields.separately, saved.documents.separately))
    sums = (largest.fields, largest.documents, largest.visits, largest.days)
    figures = [f"{one.once} of {one.separately}" for one in sums]
    print(
        f"{bundle.code:<26}{len(tried):>7}{len(largest.efforts):>10}"
        f"{figures[0]:>12}{figures[1]:>12}{figures[2]:>9}{figures[3]:>9}"
    )
    assert largest.applications.saved > 0
    assert largest.fields.saved > 0


def _every_savings(bundle: BundleVersion) -> Iterator[Savings]:
    """Yield the savings of situations of a bundle that can be applied for."""
    services = services_of(bundle)
    for situation in _situations(bundle):
        parts = [part for part in bundle.parts.all() if situation.holds(part.condition)]
        keys = {part.key for part in parts}
        applicable = [
            ApplicablePart(
                key=part.key,
                part=part,
                version=services[part.service_id],
                after=tuple(key for key in part.after if key in keys),
            )
            for part in parts
        ]
        yield savings_in(bundle, applicable, situation)


def _situations(bundle: BundleVersion) -> Iterator[Situation]:
    questions = list(bundle.questions.all())
    kinds: Sequence[Sequence[Any]] = [_answers(question) for question in questions]
    every: Iterator[tuple[Any, ...]] = itertools.product(*kinds)
    total = 1
    for kind in kinds:
        total *= len(kind)
    if total > SITUATIONS:
        rng = random.Random(22)  # the same situations each time
        every = (tuple(rng.choice(kind) for kind in kinds) for _ in range(SITUATIONS))
    for chosen in every:
        answers: Mapping[str, Any] = dict(zip((question.key for question in questions), chosen, strict=True))
        situation = situation_of(bundle, answers)
        if situation.complete and not stop_reasons(bundle, answers):
            yield situation


def _answers(question: Question) -> Sequence[Any]:
    match question.kind:
        case QuestionKind.YES_NO:
            return (True, False)
        case QuestionKind.CHOICE:
            return [option["value"] for option in question.options]
        case QuestionKind.MULTI_CHOICE:
            values = [option["value"] for option in question.options]
            return [values, *([value] for value in values)]
        case QuestionKind.NUMBER:
            return (20, 450)
        case _:
            return ("2027-05-01",)

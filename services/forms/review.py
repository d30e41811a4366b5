"""Answers as people read them: for the review before filing, the case file and the papers. Pure: no Django."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.forms.rules import visible_elements
from services.forms.schema import Element, FormSchema, Section, Sensitivity, Use
from services.forms.types import EMPTY, displayed, type_of


@dataclass(frozen=True, slots=True)
class ReviewCell:
    """A field in a row of a group."""

    label: str
    value: str
    sensitivity: Sensitivity


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """One answer."""

    code: str
    label: str
    value: str
    """Empty when there is no answer; a group has its rows instead."""
    sensitivity: Sensitivity
    type: str
    services: tuple[str, ...]
    """The services that ask it."""
    rows: tuple[tuple[ReviewCell, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewSection:
    """A section with its answers."""

    key: str
    title: str
    lines: tuple[ReviewLine, ...]


def review(
    schema: FormSchema, answers: Mapping[str, object], *, language: str, today: date, service: str = ""
) -> list[ReviewSection]:
    """Return the asked elements with their answers, section by section; sections that ask nothing are left out.

    Args:
        schema: the form.
        answers: as in `rules.check_answers`.
        language: `zh-hans` or `en`.
        today: as in `rules.check_answers`.
        service: code of a service, to see only what this service asks (what its department may see).
    """
    shown = visible_elements(schema, answers, today=today)
    found = []
    for section in schema.sections:
        uses = [use for use in section.uses if use.element.code in shown and _asked_by(use, service)]
        if uses:
            found.append(_section(section, uses, answers, language))
    return found


def _asked_by(use: Use, service: str) -> bool:
    return not service or service in use.services


def _section(section: Section, uses: list[Use], answers: Mapping[str, object], language: str) -> ReviewSection:
    lines = tuple(_line(use, answers.get(use.element.code), language) for use in uses)
    return ReviewSection(section.key, section.title.in_language(language), lines)


def _line(use: Use, value: object, language: str) -> ReviewLine:
    element = use.element
    rows = _rows(element, value, language) if element.type == "group" else ()
    return ReviewLine(
        element.code,
        element.label.in_language(language),
        "" if rows else displayed(element, value, language),
        element.sensitivity,
        type_of(element).name,
        use.services,
        rows,
    )


def _rows(element: Element, value: object, language: str) -> tuple[tuple[ReviewCell, ...], ...]:
    rows = value if isinstance(value, (list, tuple)) else ()
    return tuple(
        tuple(
            ReviewCell(part.label.in_language(language), displayed(part, row[part.code], language), part.sensitivity)
            for part in element.fields
            if row.get(part.code) not in EMPTY
        )
        for row in rows
        if isinstance(row, Mapping)
    )

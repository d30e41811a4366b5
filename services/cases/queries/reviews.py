"""What an applicant reviews: its exact content, its hash, how it reads, and what changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.cases.declarations import DECLARATION, wordings
from services.cases.models import Application, ReviewedText
from services.cases.queries.casefiles import reading
from services.cases.queries.forms import documents_wanted, form_answers, form_of
from services.cases.queries.situations import said
from services.documents.queries import uploads_of
from services.forms.rules import check_answers
from services.forms.schema import Element

#: Types of answers that others see only in part.
_MASKED = frozenset({"id_number", "mobile"})


@dataclass(frozen=True, kw_only=True)
class ReviewedAnswer:
    """One answer as it reads. shown: whether the reader may see it."""

    code: str
    label: str
    value: str
    shown: bool


@dataclass(frozen=True, kw_only=True)
class ReviewedSection:
    """The answers of one section of the form."""

    key: str
    title: str
    rows: Sequence[ReviewedAnswer]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that differs between two reviewed texts.

    kind: element, situation, document or declaration. code, section: of an element, of a document its code.
    """

    kind: str
    code: str = ""
    section: str = ""
    label_zh: str
    label_en: str
    before: str
    after: str


def reviewed_content(application: Application) -> dict[str, Any]:
    """Return everything the applicant reviews and signs: offer, party, situation, answers, documents, declaration."""
    uploads = uploads_of("application", str(application.pk))
    return {
        "offer": [type(application.offer).__name__, application.offer.pk],
        "party": [application.party_kind, application.party_id],
        "situation": application.situation,
        "answers": application.answers,
        "documents": sorted([one.material_code, one.sha256, one.original_name] for one in uploads),
        "declaration": wordings()[DECLARATION].sha256,
    }


def hash_of(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a reviewed content in its canonical form."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def review_hash(application: Application) -> str:
    """Return the SHA-256 of everything the applicant reviews."""
    return hash_of(reviewed_content(application))


def reviewed_sections(
    application: Application, *, language: str, today: date, masked: bool = False, hides: Collection[str] = ()
) -> list[ReviewedSection]:
    """Return the answers by section as a person reads them.

    masked: without the middle of identity and telephone numbers, in groups too. hides: elements and sections whose
    answers are withheld: that there is an answer shows, not which.
    """
    schema, answers = form_of(application), form_answers(application)
    checked = check_answers(schema, answers, today=today)
    # What is stored as it was typed, such as "100" for a share, reads as what it means.
    answers, visible = {**answers, **checked.cleaned}, checked.visible
    read = reading(language, masked=masked)
    sections = []
    for section in schema.sections:
        rows = [
            _answer(use.element, answers.get(use.element.code), read, language, masked, section.key, hides)
            for use in section.uses
            if use.element.code in visible
        ]
        if rows:
            sections.append(ReviewedSection(key=section.key, title=section.title.in_language(language), rows=rows))
    return sections


def _answer(
    element: Element,
    value: object,
    read: Any,
    language: str,
    masked: bool,
    section: str,
    hides: Collection[str],
) -> ReviewedAnswer:
    shown = not {element.code, section} & set(hides)
    words = _words(element, value, read, masked) if shown else ""
    return ReviewedAnswer(code=element.code, label=element.label.in_language(language), value=words, shown=shown)


def _words(element: Element, value: object, read: Any, masked: bool) -> str:
    if value in (None, "", []):
        return ""
    if masked and element.type == "group" and isinstance(value, list):
        value = [_masked_row(element, row) for row in value]
    try:
        return str(read(element, value))
    except (TypeError, ValueError, AttributeError, KeyError):
        return _as_typed(value)  # not valid yet, and listed among the problems


def _as_typed(value: object) -> str:
    """Return what was typed without the shape in which it is stored: one line per row of a group."""
    if isinstance(value, Mapping):
        return ", ".join(_as_typed(one) for one in value.values() if one not in (None, ""))
    if isinstance(value, list):
        return "\n".join(_as_typed(one) for one in value)
    return str(value)


def _masked_row(group: Element, row: object) -> object:
    if not isinstance(row, Mapping):
        return row
    hidden = {part.code: reading("zh-hans", masked=True) for part in group.fields if part.type in _MASKED}
    fields = {part.code: part for part in group.fields}
    return {name: hidden[name](fields[name], one) if name in hidden and one else one for name, one in row.items()}


def reviewed_before(application: Application, text_hash: str) -> ReviewedText | None:
    """Return the text with this hash as it was reviewed; None when it is not kept."""
    return ReviewedText.objects.filter(application=application, hash=text_hash).first()


def changes_since(application: Application, before: Mapping[str, Any], *, language: str) -> list[Change]:
    """Return what differs between a text reviewed before and the application as it stands, in the form's order."""
    now = reviewed_content(application)
    changes = _changed_answers(application, before["answers"], now["answers"], language)
    if before["situation"] != now["situation"]:
        changes += _changed_situation(application, before["situation"], now["situation"], language)
    changes += _changed_documents(application, before["documents"], now["documents"])
    if before["declaration"] != now["declaration"]:
        changes.append(
            Change(kind="declaration", label_zh="声明文本", label_en="Text of the declaration", before="", after="")
        )
    return changes


def _changed_answers(
    application: Application, before: Mapping[str, Any], now: Mapping[str, Any], language: str
) -> list[Change]:
    read, found = reading(language, masked=False), []
    for use in form_of(application).uses:
        element = use.element
        if before.get(element.code) != now.get(element.code):
            found.append(
                Change(
                    kind="element",
                    code=element.code,
                    section=element.section,
                    label_zh=element.label.zh,
                    label_en=element.label.en,
                    before=_words(element, before.get(element.code), read, masked=False),
                    after=_words(element, now.get(element.code), read, masked=False),
                )
            )
    return found


def _changed_situation(
    application: Application, before: Mapping[str, Any], now: Mapping[str, Any], language: str
) -> list[Change]:
    return [
        Change(
            kind="situation",
            label_zh=question.text_zh,
            label_en=question.text_en,
            before=said(question, before.get(question.key), language),
            after=said(question, now.get(question.key), language),
        )
        for question in application.offer.questions.all()
        if before.get(question.key) != now.get(question.key)
    ]


def _changed_documents(application: Application, before: list[Any], now: list[Any]) -> list[Change]:
    names = {need.code: need.material for need in documents_wanted(application)}
    found = []
    for code in sorted({row[0] for row in [*before, *now]}):
        old = [row[2] for row in before if row[0] == code and row not in now]
        new = [row[2] for row in now if row[0] == code and row not in before]
        if old or new:
            material = names.get(code)
            found.append(
                Change(
                    kind="document",
                    code=code,
                    label_zh=material.name_zh if material else code,
                    label_en=material.name_en if material else code,
                    before="、".join(old),
                    after="、".join(new),
                )
            )
    return found


def asks_sensitive_data(application: Application) -> bool:
    """Return whether the form asks anything sensitive (PIPL art. 28)."""
    return any(use.element.sensitivity == "sensitive" for use in form_of(application).uses)

"""A case's file: what its own service asks, the documents with what is checked on them, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from services.access.masking import mask_id_number, mask_mobile
from services.cases.models import Application, Case, MaterialCheck, OneTimeNotice, Supplement
from services.cases.queries.forms import form_answers, form_of
from services.cases.queries.provenance import ShownOrigin, origins_of
from services.catalogue.enums import DocumentKind
from services.catalogue.queries import MaterialNeed, materials_of, situation_of
from services.documents.models import Upload
from services.documents.queries import uploads_of
from services.forms.rules import visible_elements
from services.forms.schema import Element
from services.forms.types import displayed

#: How values that identify a person are shown to those who only look on.
_MASKS: dict[str, Callable[[str], str]] = {"id_number": mask_id_number, "mobile": mask_mobile}


@dataclass(frozen=True, kw_only=True)
class FiledAnswer:
    """One answer as people read it.

    before: what stood there until the latest supplement changed it, whichever department asked. is_changed: one did.
    origin: who or what gave the answer, where that is on record.
    """

    element: Element
    label: str
    value: str
    before: str
    is_changed: bool
    origin: ShownOrigin | None


@dataclass(frozen=True, kw_only=True)
class FiledSection:
    """The answers of one section of the form."""

    key: str
    title: str
    answers: Sequence[FiledAnswer]


@dataclass(frozen=True, kw_only=True)
class FiledDocument:
    """A document of a case: what is asked, the files handed in, and what the window found.

    is_first_with_files: pages show its files at once, the others' when they are opened. new: keys of the files that
    came with the answer to a notice.
    """

    need: MaterialNeed
    uploads: Sequence[Upload]
    new: frozenset[int]
    check: MaterialCheck | None
    is_first_with_files: bool

    @property
    def code(self) -> str:
        """The kind of document."""
        return self.need.code


def answers_of_case(case: Case, *, language: str, masked: bool, at: datetime) -> list[FiledSection]:
    """Return the answers that the case's own service asks, by section; another department's stay closed.

    masked: hide the middle of identity and telephone numbers, for those who do not work on the case.
    """
    rows = Supplement.objects.filter(case__application_id=case.application_id, answered_at__isnull=False)
    changed = {
        code: change["before"] for one in rows.order_by("answered_at", "id") for code, change in one.changes.items()
    }
    return _sections(case.application, {case.service.code}, changed, language=language, masked=masked, at=at)


def answers_of_application(
    application: Application, *, services: set[str], language: str, at: datetime
) -> list[FiledSection]:
    """Return the answers that some services of an application ask, by section, with numbers masked."""
    return _sections(application, services, {}, language=language, masked=True, at=at)


def _sections(
    application: Application,
    services: set[str],
    changed: dict[str, object],
    *,
    language: str,
    masked: bool,
    at: datetime,
) -> list[FiledSection]:
    schema, answers = form_of(application), form_answers(application)
    shown = visible_elements(schema, answers, today=timezone.localdate(application.submitted_at or at))

    read = reading(language, masked=masked)
    origins = origins_of(application, codes=shown)
    sections = []
    for section in schema.sections:
        rows = [
            FiledAnswer(
                element=use.element,
                label=use.element.label.in_language(language),
                value=read(use.element, answers.get(use.element.code)),
                before=read(use.element, changed.get(use.element.code)),
                is_changed=use.element.code in changed
                and read(use.element, changed[use.element.code]) != read(use.element, answers.get(use.element.code)),
                origin=origins.get(use.element.code),
            )
            for use in section.uses
            if use.element.code in shown and services.intersection(use.services)
        ]
        if rows:
            sections.append(FiledSection(key=section.key, title=section.title.in_language(language), answers=rows))
    return sections


def reading(language: str, *, masked: bool) -> Callable[[Element, object], str]:
    """Return how an answer is read in a language. masked: without the middle of identity and telephone numbers."""

    def read(element: Element, value: object) -> str:
        text = displayed(element, value, language)
        return _MASKS[element.type](text) if masked and element.type in _MASKS else text

    return read


def documents_of_case(case: Case) -> list[FiledDocument]:
    """Return the documents of a case's own service, in order; application forms are made from the answers."""
    application = case.application
    uploads: dict[str, list[Upload]] = defaultdict(list)
    for upload in uploads_of("application", application.pk):
        uploads[upload.material_code].append(upload)
    notices = list(application.notices.filter(answered_at__isnull=False))
    checks = {check.material: check for check in case.material_checks.all()}
    needs = materials_of([case.service], situation_of(application.offer, application.situation))
    needs = [need for need in needs if need.material.document_kind != DocumentKind.FORM]
    first = next((need.code for need in needs if uploads[need.code]), "")
    return [
        FiledDocument(
            need=need,
            uploads=uploads[need.code],
            new=_with_answers(uploads[need.code], notices),
            check=checks.get(need.code),
            is_first_with_files=need.code == first,
        )
        for need in needs
    ]


def _with_answers(uploads: Sequence[Upload], notices: Sequence[OneTimeNotice]) -> frozenset[int]:
    return frozenset(one.pk for one in uploads if any(came_with(one, notice) for notice in notices))


def came_with(upload: Upload, notice: OneTimeNotice) -> bool:
    """Return whether a file came while a notice waited for its answer, and was handed in with it."""
    return notice.answered_at is not None and notice.released_at <= upload.uploaded_at <= notice.answered_at


def names_of_missing(case: Case, codes: Iterable[tuple[str, str]]) -> dict[tuple[str, str], dict[str, str]]:
    """Return what people call each (kind, code) of a one-time notice: kind is material or element."""
    materials = {one.code: {"zh": one.name_zh, "en": one.name_en} for one in case.service.materials.all()}
    elements = {use.element.code: use.element.label for use in form_of(case.application).uses}
    names = {}
    for kind, code in codes:
        label = elements.get(code)
        known = materials.get(code) if kind == "material" else label and {"zh": label.zh, "en": label.en}
        names[kind, code] = known or {"zh": code, "en": code}
    return names

"""What an applicant's answers to one-time notices changed, as those read it who check and decide a case."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.cases.models import Application, Case, OneTimeNotice, Supplement
from services.cases.queries.casefiles import came_with, names_of_missing, reading
from services.cases.queries.forms import form_of
from services.documents.models import Upload
from services.documents.queries import uploads_of
from services.parties.models import Department


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """One field before and after an answer. asked_by: the departments that asked; ours: whether this case did."""

    code: str
    label: str
    before: str
    after: str
    asked_by: Sequence[Department]
    ours: bool

    @property
    def is_changed(self) -> bool:
        """Whether the answer differs from what stood there."""
        return self.before != self.after


@dataclass(frozen=True, kw_only=True)
class DocumentChange:
    """One document before and after an answer: the files that lay there, and those that came with the answer."""

    code: str
    name_zh: str
    name_en: str
    before: Sequence[Upload]
    after: Sequence[Upload]
    asked_by: Sequence[Department]
    ours: bool


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Everything of a case that one answer changed, or left as it was though it was asked for."""

    notice: OneTimeNotice
    handed_in_at: datetime
    fields: Sequence[FieldChange]
    documents: Sequence[DocumentChange]


def differences_of(case: Case, *, language: str, masked: bool) -> list[Difference]:
    """Return what the answers to notices changed of what this case's own service asks, the latest answer first.

    Also what another department's question changed: it is the same form, and the answer counts for all.
    masked: hide the middle of identity and telephone numbers. A constant number of queries.
    """
    answered = answered_notices(case.application)
    if not answered:
        return []
    files = list(uploads_of("application", case.application_id))
    uses = {use.element.code: use for use in form_of(case.application).uses if case.service.code in use.services}
    read = reading(language, masked=masked)
    found = []
    for notice in reversed(answered):
        asked = [one for one in notice.supplements.all() if one.answered_at is not None]
        fields = [
            FieldChange(
                code=code,
                label=uses[code].element.label.in_language(language),
                before=read(uses[code].element, change["before"]),
                after=read(uses[code].element, change["after"]),
                asked_by=_departments(asked, "element", code),
                ours=_is_ours(case, asked, "element", code),
            )
            for code, change in {code: change for one in asked for code, change in one.changes.items()}.items()
            if code in uses
        ]
        documents = _documents(case, notice, asked, files)
        if fields or documents:
            found.append(
                Difference(
                    notice=notice,
                    handed_in_at=notice.answered_at,  # type: ignore[arg-type]
                    fields=fields,
                    documents=documents,
                )
            )
    return found


def answered_notices(application: Application) -> list[OneTimeNotice]:
    """Return the answered notices of an application with what each department asked, oldest first."""
    rows = application.notices.filter(answered_at__isnull=False)
    return list(rows.prefetch_related("supplements__case__department", "supplements__case__service__materials"))


def _documents(
    case: Case, notice: OneTimeNotice, asked: Iterable[Supplement], files: Sequence[Upload]
) -> list[DocumentChange]:
    asked, own = list(asked), {material.code for material in case.service.materials.all()}
    codes = [item["code"] for one in asked for item in one.items if item["kind"] == "material"]
    names = names_of_missing(case, [("material", code) for code in codes])
    return [
        DocumentChange(
            code=code,
            name_zh=names["material", code]["zh"],
            name_en=names["material", code]["en"],
            before=[one for one in files if one.material_code == code and one.uploaded_at < notice.released_at],
            after=[one for one in files if one.material_code == code and came_with(one, notice)],
            asked_by=_departments(asked, "material", code),
            ours=_is_ours(case, asked, "material", code),
        )
        for code in dict.fromkeys(codes)
        if code in own
    ]


def _departments(asked: Iterable[Supplement], kind: str, code: str) -> list[Department]:
    bodies = {one.case.department_id: one.case.department for one in asked if _asks(one, kind, code)}
    return list(bodies.values())


def _is_ours(case: Case, asked: Iterable[Supplement], kind: str, code: str) -> bool:
    return any(one.case_id == case.pk and _asks(one, kind, code) for one in asked)


def _asks(one: Supplement, kind: str, code: str) -> bool:
    return any((item["kind"], item["code"]) == (kind, code) for item in one.items)

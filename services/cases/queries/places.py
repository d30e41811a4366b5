"""Where an applicant hands in documents: a draft, the answer to a notice or to a question, or what was promised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from services.cases.enums import ApplicationState, CaseState
from services.cases.models import Application, Case, Deferral, InformationRequest
from services.cases.permissions import applications_of
from services.cases.queries.forms import documents_held, documents_wanted
from services.cases.queries.notices import AskedThing, latest_notice_of, still_asked
from services.catalogue.queries import MaterialNeed, materials_for
from services.documents.enums import UploadState
from services.documents.file_types import FileRule
from services.documents.models import PartialUpload, Upload

if TYPE_CHECKING:
    from portal.accounts.models import User

DRAFT, SUPPLEMENT, DEFERRED, ANSWER = "draft", "supplement", "deferred", "request"
#: What the files of an answer are called: they have no name in the catalogue.
ANSWER_FILES = {"zh": "回复所附的文件", "en": "Files of your answer"}


class PlaceClosedError(Exception):
    """This document is not asked for here, or not any more, or not of her."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A page where one document is handed in.

    kind, public_id: which page. code: which document. since: files handed in before stay as they are; None in a draft.
    root_id: the run whose row is the lock; None in a draft, whose own row is.
    """

    kind: str
    public_id: str
    code: str
    application: Application
    rule: FileRule
    since: datetime | None = None
    root_id: int | None = None


def place_of(kind: str, public_id: str, code: str, *, by: User, at: datetime) -> Place:
    """Return where she may hand in a document now. Raises PlaceClosedError."""
    found = {DRAFT: _draft, SUPPLEMENT: _supplement, DEFERRED: _deferred, ANSWER: _answer}.get(kind)
    if found is None:
        raise PlaceClosedError
    return found(public_id, code, by, at)


def thing_at(place: Place) -> MaterialNeed | AskedThing:
    """Return what is asked at a place, with its names."""
    if place.kind == DRAFT:
        return next(need for need in _draft_needs(place.application) if need.code == place.code)
    if place.kind == ANSWER:
        return answer_files(place.code)
    needs = materials_for(place.application.offer, place.application.situation)
    material = next((need.material for need in needs if need.code == place.code), None)
    names = {"zh": material.name_zh, "en": material.name_en} if material else {"zh": place.code, "en": place.code}
    return AskedThing(kind="material", code=place.code, name_zh=names["zh"], name_en=names["en"])


def answer_files(code: str) -> AskedThing:
    """Return the files of an answer to a department's question as what is asked. code: under which they are kept."""
    return AskedThing(kind="material", code=code, name_zh=ANSWER_FILES["zh"], name_en=ANSWER_FILES["en"])


def rule_for(application: Application, code: str) -> FileRule:
    """Return what files a document of an application may be handed in as, by what its services' guides say."""
    return rules_of(application).get(code) or FileRule()


def rules_of(application: Application) -> dict[str, FileRule]:
    """Return the same for every document the guides name, by its code."""
    return {need.code: _rule(need) for need in materials_for(application.offer, application.situation)}


def _rule(need: MaterialNeed) -> FileRule:
    standard = FileRule()
    return FileRule(
        kinds=tuple(kind for kind in need.file_kinds if kind in standard.kinds) or standard.kinds,
        megabytes=min(need.largest_megabytes or standard.megabytes, standard.megabytes),
        most=need.most_files,
    )


def files_shown(application: Application, *, codes: list[str] | None = None) -> QuerySet[Upload]:
    """Return the files of an application as its applicant sees them: also those being checked, and the refused ones."""
    files = Upload.objects.filter(
        subject_kind="application",
        subject_id=str(application.pk),
        state__in=(UploadState.READY, UploadState.CHECKING, UploadState.REFUSED),
    )
    return files if codes is None else files.filter(material_code__in=codes)


def unfinished_of(kind: str, public_id: str, *, by: User) -> QuerySet[PartialUpload]:
    """Return her files for a page that did not arrive as a whole, oldest first."""
    return PartialUpload.objects.filter(kind=kind, place=public_id, owner=by, finished_at=None)


def _draft_needs(application: Application) -> list[MaterialNeed]:
    """Return what a draft takes: what is asked of her, and what the government holds but she may hand in instead."""
    return [*documents_wanted(application), *documents_held(application)]


def _draft(public_id: str, code: str, by: User, at: datetime) -> Place:
    rows = applications_of(by, at).select_related("bundle__bundle", "service__item")
    application = rows.filter(public_id=public_id, state=ApplicationState.DRAFT).first()
    if application is None or code not in {need.code for need in _draft_needs(application)}:
        raise PlaceClosedError
    return Place(kind=DRAFT, public_id=public_id, code=code, application=application, rule=rule_for(application, code))


def _supplement(public_id: str, code: str, by: User, at: datetime) -> Place:
    case = _case(public_id, by, at)
    notice = latest_notice_of(case)
    if notice is None or ("material", code) not in still_asked(notice):
        raise PlaceClosedError
    return _of_case(SUPPLEMENT, case, code, notice.released_at)


def _deferred(public_id: str, code: str, by: User, at: datetime) -> Place:
    case = _case(public_id, by, at)
    deferral = Deferral.objects.filter(case=case, handed_in_at=None).first()
    if deferral is None or code not in deferral.materials:
        raise PlaceClosedError
    return _of_case(DEFERRED, case, code, deferral.promised_at)


def _answer(public_id: str, code: str, by: User, at: datetime) -> Place:
    asked = InformationRequest.objects.filter(
        public_id=public_id, answered_at=None, case__state=CaseState.ACCEPTED
    ).first()
    if asked is None or code != asked.material_code:
        raise PlaceClosedError
    case = _case(asked.case.public_id, by, at)
    return _of_case(ANSWER, case, code, asked.asked_at, public_id=public_id)


def _case(public_id: str, by: User, at: datetime) -> Case:
    mine = applications_of(by, at).order_by()
    related = ("application__bundle", "application__service", "service__item", "department", "run")
    case = Case.objects.select_related(*related).filter(public_id=public_id, application__in=mine).first()
    if case is None:
        raise PlaceClosedError
    return case


def _of_case(kind: str, case: Case, code: str, since: datetime, *, public_id: str = "") -> Place:
    return Place(
        kind=kind,
        public_id=public_id or case.public_id,
        code=code,
        application=case.application,
        rule=rule_for(case.application, code),
        since=since,
        root_id=(case.run.root_id or case.run.pk) if case.run else None,
    )

"""Fill in a draft and fetch its documents from the registers the applicant agreed to.

What she typed is never replaced without asking, a register that is slow, broken or empty never blocks, and what it did
is kept: beside what was filled, and where she must enter it herself.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from services.access.masking import mask_id_number
from services.cases.enums import CaseState, OriginKind
from services.cases.models import Application, Case, SourceReading
from services.cases.operations.drafts import NotAllowedError, is_at_counter, locked_draft, store_answers, touch
from services.cases.permissions import is_clerk, works_for_department_of
from services.cases.queries.prefilling import (
    DOCUMENT,
    Offer,
    handling_offers,
    holders_of,
    latest_readings,
    prefill_offers,
)
from services.documents.models import Upload
from services.documents.operations import RegisterRecord, settle_fetched_record, take_fetched_record
from services.documents.operations.uploads import drop_upload
from services.documents.queries import uploads_of
from services.documents.typesetting import TypesettingError
from services.exchange.operations import Question, SourceAnswer, ask_sources, give_consent, withdraw_consent
from services.forms.comparing import same
from services.forms.schema import Element
from services.forms.types import EMPTY, Context, InvalidRowsError, InvalidValueError, type_of
from services.parties.queries import department_by_code
from workflows.operations.locking import lock_root

if TYPE_CHECKING:
    from portal.accounts.models import User

_log = logging.getLogger(__name__)


class ApplicantNotPresentError(Exception):
    """At the window a register is read only after the clerk has recorded that the applicant stands there and agrees."""


@dataclass
class _Taken:
    """What an answer gave: values to fill, values that differ from hers, codes it did not give.

    files: records that are on disk and count once they are settled under the application's lock.
    """

    values: dict[str, Any] = field(default_factory=dict)
    differing: dict[str, Any] = field(default_factory=dict)
    filled: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    files: list[Upload] = field(default_factory=list)


def prefill(
    *, application_id: int, chosen: Collection[str], by: User, at: datetime, present: bool = False
) -> list[SourceReading]:
    """Read the chosen registers side by side and put what they say into the draft.

    The choice is the consent: it is stored per register and purpose before anything is read. The registers are asked
    outside any transaction. Effects: consents, one SourceReading per register and purpose, answers with their origin
    where nothing was typed, fetched documents; the draft must be reviewed again.

    Args:
        application_id: of a draft.
        chosen: codes of offers ("source:purpose"); unknown ones and those without a key are left out.
        by: who agrees and asks; at the window the clerk, who records what the applicant agrees to.
        at: when.
        present: the clerk says that the applicant stands at the window and agrees; on line it says nothing.

    Raises NotAllowedError, AlreadySubmittedError, ApplicantNotPresentError. Never for a failing register.
    """
    offers = _agree(application_id, chosen, present=present, by=by, at=at)
    application = Application.objects.get(pk=application_id)
    holders = holders_of(application)
    questions = [_question(offer, holders) for offer in offers]
    answers = ask_sources(questions, subject_kind="application", subject_id=application_id, by=by, at=at)
    fetched = [
        _fetched(offer, answer, application, by=by, at=at) for offer, answer in zip(offers, answers, strict=True)
    ]
    try:
        return _take(application_id, offers, answers, fetched, by=by, at=at)
    except BaseException:  # it was filed, or taken to the counter, while the registers were asked
        _drop(fetched)
        raise


def fetch_for_case(*, case_id: int, by: User, at: datetime) -> list[SourceReading]:
    """Fetch the documents of a case that the government holds and nobody handed in, while the case is handled.

    The registers are asked outside any transaction. Effects: files of the application, one SourceReading per register;
    every question is on the applicant's page. Raises NotAllowedError. Never for a failing register.
    """
    case = _case(case_id)
    if not works_for_department_of(by, case, at):
        raise NotAllowedError("Only the department that handles the case fetches for it.")
    return _fetch(case, handling_offers(case), by=by, at=at)


def fetch_at_window(*, case_id: int, present: bool, by: User, at: datetime) -> list[SourceReading]:
    """Fetch the documents of a filed case that the government holds, while the applicant stands at the window.

    present: the clerk says that the applicant is there and agrees. Effects: her consent per register, recorded as given
    at the window, then as `fetch_for_case`. Raises NotAllowedError, ApplicantNotPresentError.
    """
    case = _case(case_id)
    if not is_clerk(by, at) or case.state != CaseState.FILED:
        raise NotAllowedError("A window clerk fetches for a case that is being checked.")
    if not present:
        raise ApplicantNotPresentError("The applicant must be there and agree.")
    offers = handling_offers(case, purpose=DOCUMENT)
    with transaction.atomic():
        for offer in offers:
            _consent(offer, case.application_id, at_window=True, by=by, at=at)
    return _fetch(case, offers, by=by, at=at)


def _case(case_id: int) -> Case:
    related = ("application__bundle__bundle", "application__service__item", "service__item", "department", "run")
    return Case.objects.select_related(*related).get(pk=case_id)


def _fetch(case: Case, offers: list[Offer], *, by: User, at: datetime) -> list[SourceReading]:
    application = case.application
    questions = [_question(offer, holders_of(application)) for offer in offers]
    answers = ask_sources(questions, subject_kind="application", subject_id=application.pk, by=by, at=at)
    fetched = [
        _fetched(offer, answer, application, by=by, at=at) for offer, answer in zip(offers, answers, strict=True)
    ]
    try:
        return _keep_for_case(case, offers, answers, fetched, by=by, at=at)
    except BaseException:
        _drop(fetched)
        raise


@transaction.atomic
def _keep_for_case(
    case: Case, offers: list[Offer], answers: list[SourceAnswer], fetched: list[_Taken], *, by: User, at: datetime
) -> list[SourceReading]:
    """Add what came to the application; what somebody handed in or fetched meanwhile is left as it is."""
    if case.run is not None:
        lock_root(case.run.root_key)
    there = set(uploads_of("application", case.application_id).values_list("material_code", flat=True))
    for taken in fetched:
        for file in [one for one in taken.files if one.material_code in there]:
            taken.files.remove(file)
            drop_upload(file)
    _settle(fetched, by=by, at=at)
    return [
        _reading(case.application, offer, answer, [taken], by=by, at=at)
        for offer, answer, taken in zip(offers, answers, fetched, strict=True)
    ]


def _settle(fetched: Sequence[_Taken], *, by: User, at: datetime) -> None:
    for one in fetched:
        for file in one.files:
            settle_fetched_record(upload=file, by=by, at=at)


def _drop(fetched: Sequence[_Taken]) -> None:
    """Throw records away that never counted."""
    for one in fetched:
        for file in one.files:
            drop_upload(file)


def _question(offer: Offer, holders: Collection[str]) -> Question:
    return Question(
        source=offer.source.code,
        purpose=offer.purpose,
        key=offer.key_value,
        key_element=offer.key_element.code,
        holders=holders,
    )


def _reading(
    application: Application, offer: Offer, answer: SourceAnswer, taken: Sequence[_Taken], *, by: User, at: datetime
) -> SourceReading:
    """Keep what an answer gave."""
    return SourceReading.objects.create(
        application=application,
        source=offer.source.code,
        purpose=offer.purpose,
        outcome=answer.outcome,
        is_holders=answer.is_holders,
        filled=[code for one in taken for code in one.filled],
        differing={code: value for one in taken for code, value in one.differing.items()},
        missing=[code for one in taken for code in one.missing],
        asked_by=by,
        asked_at=at,
    )


@transaction.atomic
def use_register_values(*, application_id: int, codes: Collection[str], by: User, at: datetime) -> list[str]:
    """Replace what was typed by what the registers said, for the elements she chose; return their codes.

    Only values of the latest readings that differ are taken; anything else is left out.
    """
    application = locked_draft(application_id, by=by, at=at)
    taken: list[str] = []
    for reading in latest_readings(application).values():
        chosen = {code: value for code, value in reading.differing.items() if code in codes}
        if not chosen:
            continue
        origins = {key: {"by": OriginKind.SOURCE.value, "source": reading.source} for key in chosen}
        store_answers(application, chosen, by=by, at=at, origins=origins)
        reading.differing = {code: value for code, value in reading.differing.items() if code not in chosen}
        reading.filled = sorted({*reading.filled, *chosen})
        reading.save(update_fields=["differing", "filled"])
        taken += chosen
    if taken:
        touch(application, at)
    return taken


@transaction.atomic
def keep_typed_values(*, application_id: int, by: User, at: datetime) -> None:
    """Keep everything she typed where a register says otherwise, and ask no more about it."""
    application = locked_draft(application_id, by=by, at=at)
    for reading in latest_readings(application).values():
        if reading.differing:
            reading.differing = {}
            reading.save(update_fields=["differing"])


@transaction.atomic
def take_back_consent(*, application_id: int, code: str, by: User, at: datetime) -> bool:
    """Take back the consent to an offer ("source:purpose"); False when none was in force.

    Nothing more is read. What was filled in stays hers to keep or change.
    """
    locked_draft(application_id, by=by, at=at)
    source, _, purpose = code.partition(":")
    return bool(
        withdraw_consent(
            source=source, purpose=purpose, subject_kind="application", subject_id=application_id, by=by, at=at
        )
    )


@transaction.atomic
def _agree(application_id: int, chosen: Collection[str], *, present: bool, by: User, at: datetime) -> list[Offer]:
    application = locked_draft(application_id, by=by, at=at)
    at_window = is_at_counter(application)
    offers = [offer for offer in prefill_offers(application) if offer.code in chosen and offer.key_value]
    if offers and at_window and not present:
        raise ApplicantNotPresentError("The applicant must be there and agree.")
    for offer in offers:
        _consent(offer, application_id, at_window=at_window, by=by, at=at)
    return offers


def _consent(offer: Offer, application_id: int, *, at_window: bool, by: User, at: datetime) -> None:
    give_consent(
        source=offer.source.code,
        purpose=offer.purpose,
        subject_kind="application",
        subject_id=application_id,
        at_window=at_window,
        by=by,
        at=at,
    )


@transaction.atomic
def _take(
    application_id: int,
    offers: list[Offer],
    answers: list[SourceAnswer],
    fetched: list[_Taken],
    *,
    by: User,
    at: datetime,
) -> list[SourceReading]:
    """Put what came into the draft as it is now: it may have been typed in while the registers were asked."""
    application = locked_draft(application_id, by=by, at=at)
    _settle(fetched, by=by, at=at)
    readings = []
    for offer, answer, documents in zip(offers, answers, fetched, strict=True):
        taken = _compared(offer, answer, application, at)
        origins = {key: {"by": OriginKind.SOURCE.value, "source": offer.source.code} for key in taken.values}
        store_answers(application, taken.values, by=by, at=at, origins=origins)
        readings.append(_reading(application, offer, answer, [taken, documents], by=by, at=at))
    touch(application, at)
    return readings


def _compared(offer: Offer, answer: SourceAnswer, application: Application, at: datetime) -> _Taken:
    """Tell what an answer fills, where it differs from what stands there, and what it does not give."""
    taken = _Taken()
    for element in offer.elements:
        value = _clean(element, answer.data.get(element.code), application.answers, at)
        now = application.answers.get(element.code)
        if value in EMPTY:
            taken.missing.append(element.code)
        elif now in EMPTY:
            taken.values[element.code] = value
            taken.filled.append(element.code)
        elif same(now, value):
            taken.filled.append(element.code)
        elif application.origins.get(element.code, {}).get("source") == offer.source.code:
            # It came from this very register, which knows better by now.
            taken.values[element.code] = value
            taken.filled.append(element.code)
        else:
            taken.differing[element.code] = value
    return taken


def _clean(element: Element, value: object, answers: Mapping[str, Any], at: datetime) -> object:
    """Return a register's value as the form stores it; None for one the form would not take from anybody."""
    raw = value if isinstance(value, bool) or value is None else str(value)
    try:
        return type_of(element).clean(element, raw, Context(today=timezone.localdate(at), siblings=answers))
    except (InvalidValueError, InvalidRowsError):
        _log.warning("A register gave a value that %s does not take.", element.code)
        return None


def _fetched(offer: Offer, answer: SourceAnswer, application: Application, *, by: User, at: datetime) -> _Taken:
    """Keep the records of the documents an answer gives, unsettled; a record that lacks a field is no document."""
    taken = _Taken()
    for need in offer.documents:
        record = offer.source.documents[need.code]
        missing = [name for name in record.fields if answer.fields.get(name) in EMPTY]
        if not answer.found or not answer.is_holders or missing:
            taken.missing.append(need.code)
            continue
        source, department = offer.source, department_by_code(offer.source.department)
        try:
            file = take_fetched_record(
                record=RegisterRecord(
                    source=source.code,
                    source_name={"zh": source.name_zh, "en": source.name_en},
                    department={"zh": department.name_zh, "en": department.name_en},
                    title={"zh": need.material.name_zh, "en": need.material.name_en},
                    key=_masked(offer),
                    basis={"zh": source.basis_zh, "en": source.basis_en},
                    rows=[(source.labels[name], answer.fields[name]) for name in record.fields],
                    fields={name: answer.fields[name] for name in record.fields},
                ),
                subject_kind="application",
                subject_id=application.pk,
                material_code=need.code,
                language=application.language,
                by=by,
                at=at,
            )
            taken.files.append(file)
            taken.filled.append(need.code)
        except TypesettingError:
            _log.exception("The record of %s cannot be printed.", need.code)
            taken.missing.append(need.code)
    return taken


def _masked(offer: Offer) -> str:
    return mask_id_number(offer.key_value) if offer.key_element.type == "id_number" else offer.key_value

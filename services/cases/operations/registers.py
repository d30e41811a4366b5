"""Ask a register for an application and keep what it gave: the question, the consent, records on disk, the reading."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.access.masking import mask_id_number
from services.cases.models import Application, SourceReading
from services.cases.queries.prefilling import Offer
from services.documents.models import Upload
from services.documents.operations import RegisterRecord, settle_fetched_record, take_fetched_record
from services.documents.operations.uploads import drop_upload
from services.documents.typesetting import TypesettingError
from services.exchange.operations import Question, SourceAnswer, give_consent
from services.forms.types import EMPTY
from services.parties.queries import department_by_code

if TYPE_CHECKING:
    from portal.accounts.models import User

_log = logging.getLogger(__name__)


class ApplicantNotPresentError(Exception):
    """At the window a register is read only after the clerk has recorded that the applicant stands there and agrees."""


@dataclass
class Taken:
    """What an answer gave: values to fill, values that differ from hers, codes it did not give.

    files: records that are on disk and count once they are settled under the application's lock.
    """

    values: dict[str, Any] = field(default_factory=dict)
    differing: dict[str, Any] = field(default_factory=dict)
    filled: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    files: list[Upload] = field(default_factory=list)


def agree_to(offer: Offer, application_id: int, *, at_window: bool, by: User, at: datetime) -> None:
    """Store the applicant's consent to an offer; at the window the clerk records what she said."""
    give_consent(
        source=offer.source.code,
        purpose=offer.purpose,
        subject_kind="application",
        subject_id=application_id,
        at_window=at_window,
        by=by,
        at=at,
    )


def question_of(offer: Offer, holders: Collection[str]) -> Question:
    """Return what is asked for an offer. holders: names of the application's people."""
    return Question(
        source=offer.source.code,
        purpose=offer.purpose,
        key=offer.key_value,
        key_element=offer.key_element.code,
        holders=holders,
    )


def note_reading(
    application: Application, offer: Offer, answer: SourceAnswer, taken: Sequence[Taken], *, by: User, at: datetime
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


def take_records(offer: Offer, answer: SourceAnswer, application: Application, *, by: User, at: datetime) -> Taken:
    """Keep the records of the documents an answer gives, unsettled; a record that lacks a field is no document."""
    taken = Taken()
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


def settle_records(fetched: Sequence[Taken], *, by: User, at: datetime) -> None:
    """Let records count; the caller holds the application's lock and knows that it still takes them."""
    for one in fetched:
        for file in one.files:
            settle_fetched_record(upload=file, by=by, at=at)


def drop_records(fetched: Sequence[Taken]) -> None:
    """Throw records away that never counted."""
    for one in fetched:
        for file in one.files:
            drop_upload(file)


def _masked(offer: Offer) -> str:
    return mask_id_number(offer.key_value) if offer.key_element.type == "id_number" else offer.key_value

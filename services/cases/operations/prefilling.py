"""Fill in a draft and fetch its documents from the registers the applicant agreed to.

What she typed is never replaced without asking, a register that is slow, broken or empty never blocks, and what it did
is kept: beside what was filled, and where she must enter it herself.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from services.cases.enums import OriginKind
from services.cases.models import Application, SourceReading
from services.cases.operations.drafts import is_at_counter, locked_draft, store_answers, touch
from services.cases.operations.registers import (
    ApplicantNotPresentError,
    Taken,
    agree_to,
    drop_records,
    note_reading,
    question_of,
    settle_records,
    take_records,
)
from services.cases.queries.forms import form_of
from services.cases.queries.prefilling import (
    Offer,
    holders_of,
    latest_readings,
    prefill_offers,
    profile_of,
)
from services.exchange.operations import SourceAnswer, ask_sources, withdraw_consent
from services.forms.comparing import same
from services.forms.schema import Element
from services.forms.types import EMPTY, Context, InvalidRowsError, InvalidValueError, type_of
from services.forms.types.places import DEEPER

if TYPE_CHECKING:
    from portal.accounts.models import User

_log = logging.getLogger(__name__)


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
    questions = [question_of(offer, holders) for offer in offers]
    answers = ask_sources(questions, subject_kind="application", subject_id=application_id, by=by, at=at)
    fetched = [
        take_records(offer, answer, application, by=by, at=at) for offer, answer in zip(offers, answers, strict=True)
    ]
    try:
        return _take(application_id, offers, answers, fetched, by=by, at=at)
    except BaseException:  # it was filed, or taken to the counter, while the registers were asked
        drop_records(fetched)
        raise


@transaction.atomic
def fill_from_profile(*, application_id: int, by: User, at: datetime) -> list[str]:
    """Put into her own draft what she is registered with here, so that nobody is asked what this portal knows of her.

    Only what this form asks and nobody answered yet, and only for the party she is herself: whoever fills in for
    another is shown nothing of the other's (PIPL art. 6). She confirms it with the section it stands in.
    Returns the codes of the elements. Raises NotAllowedError, AlreadySubmittedError.
    """
    application = locked_draft(application_id, by=by, at=at)
    known = {} if is_at_counter(application) else profile_of(application, by)
    filled = {}
    for use in form_of(application).uses:
        element, now = use.element, application.answers.get(use.element.code)
        value = _clean(element, known.get(element.code), {**application.answers, **known}, at)
        if now in EMPTY and value not in EMPTY:
            filled[element.code] = value
    if filled:
        origins = {code: {"by": OriginKind.PROFILE.value} for code in filled}
        store_answers(application, filled, by=by, at=at, origins=origins)
        touch(application, at)
    return list(filled)


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
        agree_to(offer, application_id, at_window=at_window, by=by, at=at)
    return offers


@transaction.atomic
def _take(
    application_id: int,
    offers: list[Offer],
    answers: list[SourceAnswer],
    fetched: list[Taken],
    *,
    by: User,
    at: datetime,
) -> list[SourceReading]:
    """Put what came into the draft as it is now: it may have been typed in while the registers were asked."""
    application = locked_draft(application_id, by=by, at=at)
    settle_records(fetched, by=by, at=at)
    readings = []
    for offer, answer, documents in zip(offers, answers, fetched, strict=True):
        taken = _compared(offer, answer, application, at)
        origins = {key: {"by": OriginKind.SOURCE.value, "source": offer.source.code} for key in taken.values}
        store_answers(application, taken.values, by=by, at=at, origins=origins)
        readings.append(note_reading(application, offer, answer, [taken, documents], by=by, at=at))
    touch(application, at)
    return readings


def _compared(offer: Offer, answer: SourceAnswer, application: Application, at: datetime) -> Taken:
    """Tell what an answer fills, where it differs from what stands there, and what it does not give."""
    taken = Taken()
    for element in offer.elements:
        value = _clean(element, answer.data.get(element.code), application.answers, at)
        now = application.answers.get(element.code)
        if value in EMPTY:
            taken.missing.append(element.code)
        elif now in EMPTY:
            taken.values[element.code] = value
            taken.filled.append(element.code)
        elif same(now, value) or _lies_in(element, now, value):
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
    except (InvalidValueError, InvalidRowsError) as error:
        if isinstance(error, InvalidValueError) and error.code == DEEPER:
            return raw  # a district: the register knows no street office, the form asks on
        _log.warning("A register gave a value that %s does not take.", element.code)
        return None


def _lies_in(element: Element, now: object, value: object) -> bool:
    """Whether the place she chose lies in the one a register gives, which goes less far down."""
    return element.type == "place" and str(now).startswith(str(value))

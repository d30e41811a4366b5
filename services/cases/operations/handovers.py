"""Hand a draft over to the counter and back, or from the counter to its applicant, with a code that works once."""

from __future__ import annotations

import secrets
import unicodedata
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from services.access.encryption import blind_index, blind_indexes
from services.access.enums import Purpose
from services.access.operations import one_after_another, record_access
from services.access.queries import count_of_accesses
from services.cases.enums import ApplicationState, Channel, HandOverState, HandOverTo, OriginKind
from services.cases.models import Application, HandOver
from services.cases.operations.drafts import (
    AlreadySubmittedError,
    HandedOverError,
    NotAllowedError,
    locked_draft,
)
from services.cases.operations.telling import tell_applicants
from services.cases.origins import confirmed, read_origin
from services.cases.permissions import is_clerk, may_fill_for
from services.documents.queries import uploads_of

if TYPE_CHECKING:
    from portal.accounts.models import User

CODE_DIGITS = 8
VALID_FOR = timedelta(hours=24)
MOST_CODES_AN_HOUR = 10
MOST_WRONG_AN_HOUR = 10
#: How the access log names a code that opened nothing; `Purpose.HANDED_OVER` is one that did.
WRONG_CODE = "wrong hand-over code"


class TooManyCodesError(Exception):
    """She made very many codes for this draft within an hour."""


class TooManyTriesError(Exception):
    """She entered very many wrong codes within an hour."""


class WrongCodeError(Exception):
    """No draft waits under this code: mistyped, used, taken back or expired; or it is meant for the other side."""


class NotHersError(Exception):
    """The code is right, but the draft is of somebody she may not act for."""


class NothingHandedOverError(Exception):
    """The draft is not (or no longer) handed over."""


@transaction.atomic
def make_code(*, application_id: int, by: User, at: datetime) -> tuple[HandOver, str]:
    """Make a code for a draft; one made before and not used stops working.

    What an applicant fills in on line goes to the counter, what a clerk began at the window goes to the applicant.
    Returns the hand-over and the code, which is shown once and stored as a hash only.
    Raises NotAllowedError, HandedOverError, AlreadySubmittedError, TooManyCodesError.
    """
    application = locked_draft(application_id, by=by, at=at)
    rows = application.handovers.all()
    if rows.filter(taken_at__isnull=False, ended_at__isnull=True).exists():
        raise HandedOverError("It is at the counter now.")
    if rows.filter(made_at__gt=at - timedelta(hours=1)).count() >= MOST_CODES_AN_HOUR:
        raise TooManyCodesError
    rows.filter(ended_at__isnull=True).update(ended_at=at, ended_by=by)
    code = _free_code()
    made = HandOver.objects.create(
        application=application,
        to=HandOverTo.APPLICANT if application.channel == Channel.COUNTER else HandOverTo.COUNTER,
        code_hash=blind_index(code, field="handover.code").hex(),
        made_by=by,
        made_at=at,
        expires_at=at + VALID_FOR,
    )
    return made, code


def take(*, code: str, by: User, at: datetime, to: HandOverTo) -> Application:
    """Take a draft by its code.

    to: COUNTER when a clerk takes it, to fill it in beside its applicant; APPLICANT when she goes on on line with what
    was begun at the window. Wrong codes are recorded and limited.
    Effects: the code is used up; the access log and, at the counter, the applicant know who took it.
    Raises NotAllowedError, TooManyTriesError, WrongCodeError, NotHersError.
    """
    if to == HandOverTo.COUNTER and not is_clerk(by, at):
        raise NotAllowedError("Only window clerks take drafts with a code.")
    found = _tried(code, to, by=by, at=at)
    if found is None:
        raise WrongCodeError
    own = may_fill_for(by, found.application.party, channel=Channel.ONLINE, at=at)
    if own != (to == HandOverTo.APPLICANT):  # a clerk does not serve herself
        record_access(
            reader=by,
            subject_kind="application",
            subject_id=found.application_id,
            fields=[],
            purpose=Purpose.HANDED_OVER,
            at=at,
            allowed=False,
        )
        raise NotHersError
    return _take(found.pk, by=by, at=at)


def _tried(code: str, to: HandOverTo, *, by: User, at: datetime) -> HandOver | None:
    """Return the hand-over behind a code, None after writing down a wrong one. Her tries follow one another."""
    with one_after_another(WRONG_CODE, by.pk):
        if count_of_accesses(reader=by, purpose=WRONG_CODE, since=at - timedelta(hours=1)) >= MOST_WRONG_AN_HOUR:
            raise TooManyTriesError
        found = _waiting(code, to, at)
        if found is None:
            record_access(
                reader=by, subject_kind="handover", subject_id="", fields=[], purpose=WRONG_CODE, at=at, allowed=False
            )
        return found


@transaction.atomic
def _take(handover_id: int, *, by: User, at: datetime) -> Application:
    application = _locked(HandOver.objects.values_list("application_id", flat=True).get(pk=handover_id))
    handover = HandOver.objects.get(pk=handover_id)
    if handover.state(at) != HandOverState.WAITING:
        raise WrongCodeError
    handover.taken_by, handover.taken_at, handover.before = by, at, snapshot(application)
    if handover.to == HandOverTo.APPLICANT:
        handover.ended_by, handover.ended_at, handover.after = by, at, handover.before
        handover.before = {}
        application.channel, application.filed_by = Channel.ONLINE, by
        application.save(update_fields=["channel", "filed_by"])
    handover.save()
    if handover.to == HandOverTo.COUNTER:
        record_access(
            reader=by,
            subject_kind="application",
            subject_id=application.pk,
            fields=sorted(application.answers),
            purpose=Purpose.HANDED_OVER,
            at=at,
        )
        tell_applicants(application, "draft_at_counter", at=at, round=handover.pk)
    return application


@transaction.atomic
def hand_back(*, application_id: int, by: User, at: datetime) -> HandOver:
    """Give a draft back to its applicant: she sees what changed and confirms it. Only the clerk who holds it.

    Raises NotAllowedError, NothingHandedOverError, AlreadySubmittedError.
    """
    application, handover = _locked_held(application_id)
    if handover.taken_by_id != by.pk:
        raise NotAllowedError("Another clerk holds this draft.")
    _end(handover, application, by=by, at=at)
    tell_applicants(application, "draft_back_from_counter", at=at, round=handover.pk)
    return handover


@transaction.atomic
def take_back(*, application_id: int, by: User, at: datetime) -> HandOver:
    """Revoke a code, or take the draft back from the counter. Whoever may fill it in on line, or who made the code.

    Raises NotAllowedError, NothingHandedOverError, AlreadySubmittedError.
    """
    application = _locked(application_id)
    handover = application.handovers.filter(ended_at__isnull=True).first()
    if handover is None:
        raise NothingHandedOverError
    if handover.made_by_id != by.pk and not may_fill_for(by, application.party, channel=Channel.ONLINE, at=at):
        raise NotAllowedError("She may not act for this applicant.")
    _end(handover, application, by=by, at=at)
    return handover


@transaction.atomic
def file_at_counter(*, application_id: int, by: User, at: datetime) -> Application:
    """Make a draft held with a code an application of the window: the applicant signs on paper there.

    Raises NotAllowedError, NothingHandedOverError, AlreadySubmittedError.
    """
    application, handover = _locked_held(application_id)
    if handover.taken_by_id != by.pk:
        raise NotAllowedError("Another clerk holds this draft.")
    _end(handover, application, by=by, at=at)
    handover.confirmed_at = at  # on paper, with everything else
    handover.save(update_fields=["confirmed_at"])
    application.channel, application.filed_by = Channel.COUNTER, by
    application.save(update_fields=["channel", "filed_by"])
    return application


@transaction.atomic
def confirm_changes(*, application_id: int, by: User, at: datetime) -> Application:
    """Confirm everything that was entered at the counter. Confirming twice changes nothing.

    Raises NotAllowedError, HandedOverError, AlreadySubmittedError.
    """
    application = locked_draft(application_id, by=by, at=at)
    if application.channel == Channel.COUNTER:
        raise NotAllowedError("At the window the applicant confirms on paper.")
    application.origins = confirmed(application.origins, from_counter(application), at=at)
    application.save(update_fields=["origins"])
    application.handovers.filter(ended_at__isnull=False, taken_at__isnull=False, confirmed_at__isnull=True).update(
        confirmed_at=at
    )
    return application


def from_counter(application: Application) -> list[str]:
    """Return the codes of the answers that a clerk entered and the applicant has not confirmed yet."""
    stored = {code: read_origin(one) for code, one in application.origins.items()}
    return [code for code, one in stored.items() if one.by == OriginKind.CLERK and one.waits_for_confirmation]


def snapshot(application: Application) -> dict[str, Any]:
    """Return what a draft holds, to compare with later: answers, situation and documents."""
    files = uploads_of("application", application.pk)
    return {
        "answers": dict(application.answers),
        "situation": dict(application.situation),
        "documents": [[one.material_code, one.original_name, one.public_id] for one in files],
    }


def _free_code() -> str:
    while True:
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
        taken = HandOver.objects.filter(code_hash__in=_hashes(code), taken_at__isnull=True, ended_at__isnull=True)
        if not taken.exists():
            return code


def _hashes(code: str) -> list[str]:
    return [one.hex() for one in blind_indexes(code, field="handover.code")]


def _waiting(code: str, to: HandOverTo, at: datetime) -> HandOver | None:
    digits = "".join(one for one in unicodedata.normalize("NFKC", code) if one.isascii() and one.isdigit())
    if len(digits) != CODE_DIGITS:
        return None
    rows = HandOver.objects.filter(code_hash__in=_hashes(digits), to=to, taken_at__isnull=True, ended_at__isnull=True)
    return (
        rows.filter(expires_at__gt=at, application__state=ApplicationState.DRAFT).select_related("application").first()
    )


def _locked(application_id: int) -> Application:
    rows = Application.objects.select_for_update(of=("self",)).select_related("bundle__bundle", "service__item")
    application = rows.select_related("filed_by").get(pk=application_id)
    if application.state != ApplicationState.DRAFT:
        raise AlreadySubmittedError("This application was submitted already.")
    return application


def _locked_held(application_id: int) -> tuple[Application, HandOver]:
    application = _locked(application_id)
    handover = application.handovers.filter(taken_at__isnull=False, ended_at__isnull=True).first()
    if handover is None:
        raise NothingHandedOverError
    return application, handover


def _end(handover: HandOver, application: Application, *, by: User, at: datetime) -> None:
    handover.ended_by, handover.ended_at = by, at
    if handover.taken_at is not None:
        handover.after = snapshot(application)
        if handover.after == handover.before:
            handover.confirmed_at = at  # nothing changed, nothing to confirm
    handover.save()

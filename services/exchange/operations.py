"""Ask the registers of other departments, so that nobody brings what the government already holds.

A register that is slow, broken or empty never blocks: the answer says so within seconds, and the document is handed in.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F, Q
from stdnum.cn import uscc as credit_code
from stdnum.exceptions import ValidationError

from services.access.encryption import blind_index
from services.access.masking import mask_id_number
from services.exchange import gateway
from services.exchange.enums import CallError, Outcome
from services.exchange.models import CachedAnswer, SourceCall, SourceHealth
from services.exchange.sources import Source, source_of

if TYPE_CHECKING:
    from portal.accounts.models import User

KEPT_FOR = timedelta(minutes=10)
FAILURES_BEFORE_REST = 5
REST = timedelta(seconds=30)
IN_FORCE = frozenset({"存续", "在营", "开业", "在册", "active"})


class PurposeNotAllowedError(Exception):
    """The source may not be asked for this purpose."""


@dataclass(frozen=True, kw_only=True)
class SourceAnswer:
    """What a source said. data: by data element, empty unless found. checked_at: when the register was really asked."""

    source: str
    outcome: Outcome
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)
    checked_at: datetime
    error: CallError = CallError.NONE
    cached: bool = False

    @property
    def found(self) -> bool:
        """Say whether the register has the entry."""
        return self.outcome == Outcome.FOUND


@dataclass(frozen=True, kw_only=True)
class LicenceCheck:
    """Whether a business licence exists, is in force and belongs to whom the applicant says.

    found: the register has it. matches: it is in force and the legal representative is the given one.
    outcome UNAVAILABLE: nobody could say; go on with the document. data: by data element, for prefill.
    """

    outcome: Outcome
    found: bool
    matches: bool
    name: str
    status: str
    checked_at: datetime
    source: str
    error: CallError
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)


def ask_source(
    *,
    source: str,
    purpose: str,
    key: str,
    subject_kind: str,
    subject_id: str | int,
    by: User | None,
    at: datetime,
) -> SourceAnswer:
    """Ask a register about one key, or use an answer of the last ten minutes for the same purpose.

    Effects: one SourceCall row always (masked key, no values); the answer kept encrypted; the register's health. After
    five failures in a row it rests for thirty seconds, then one question probes it. The HTTP call is made outside any
    transaction of this operation; do not call it while holding locks.

    Args:
        source: code in data/sources.yaml.
        purpose: one of the source's purposes.
        key: the entry's key, e.g. a credit code; normalised here.
        subject_kind, subject_id: what it is asked for, e.g. ("application", "12").
        by: who asks; None for the system.
        at: when.

    Raises:
        UnknownSourceError, PurposeNotAllowedError. Never for a failing source.
    """
    described = source_of(source)
    if purpose not in described.purposes:
        raise PurposeNotAllowedError(f"{source} may not be asked for {purpose}.")
    key = unicodedata.normalize("NFKC", key).strip().upper()
    index = blind_index(key, field=f"source_key|{described.key}")
    begun = time.monotonic()
    answer = _kept_answer(described, purpose, index, at) or _fresh_answer(described, purpose, key, index, at)
    SourceCall.objects.create(
        source=source,
        purpose=purpose,
        key_masked=mask_id_number(key)[:60],
        key_index=index,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
        asked_by=by,
        asked_at=at,
        outcome=answer.outcome,
        error=answer.error,
        fields=sorted(answer.data),
        cached=answer.cached,
        milliseconds=round((time.monotonic() - begun) * 1000),
    )
    return answer


def verify_business_licence(
    *,
    uscc: str,
    legal_representative: str,
    subject_kind: str,
    subject_id: str | int,
    by: User | None,
    at: datetime,
) -> LicenceCheck:
    """Check with the register of businesses that a licence exists, is in force and is led by this person.

    uscc: unified social credit code; one with a wrong check character is not asked about at all.
    legal_representative: the name to compare; widths and spaces are ignored, nothing else.
    """
    code = unicodedata.normalize("NFKC", uscc).strip().upper()
    try:
        credit_code.validate(code)
    except ValidationError:
        return _licence_check(SourceAnswer(source="business-registry", outcome=Outcome.NOT_FOUND, checked_at=at), "")
    answer = ask_source(
        source="business-registry",
        purpose="licence-check",
        key=code,
        subject_kind=subject_kind,
        subject_id=subject_id,
        by=by,
        at=at,
    )
    return _licence_check(answer, legal_representative)


def forget_old_answers(*, at: datetime) -> int:
    """Delete kept answers that are too old to be used; return how many."""
    return CachedAnswer.objects.filter(checked_at__lte=at - KEPT_FOR).delete()[0]


def _licence_check(answer: SourceAnswer, legal_representative: str) -> LicenceCheck:
    status = str(answer.data.get("entry.status", ""))
    registered = _bare(str(answer.data.get("organisation.legal_representative", "")))
    return LicenceCheck(
        outcome=answer.outcome,
        found=answer.found,
        matches=answer.found and status in IN_FORCE and registered != "" and registered == _bare(legal_representative),
        name=str(answer.data.get("organisation.name", "")),
        status=status,
        checked_at=answer.checked_at,
        source=answer.source,
        error=answer.error,
        data=answer.data,
    )


def _bare(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def _kept_answer(source: Source, purpose: str, index: bytes, at: datetime) -> SourceAnswer | None:
    kept = CachedAnswer.objects.filter(
        source=source.code, purpose=purpose, key_index=index, checked_at__gt=at - KEPT_FOR, checked_at__lte=at
    ).first()
    if kept is None:
        return None
    return SourceAnswer(
        source=source.code,
        outcome=Outcome.FOUND if kept.found else Outcome.NOT_FOUND,
        data=kept.data,
        checked_at=kept.checked_at,
        cached=True,
    )


def _fresh_answer(source: Source, purpose: str, key: str, index: bytes, at: datetime) -> SourceAnswer:
    if not _may_ask(source, at):
        return _unavailable(source, CallError.RESTING, at)
    try:
        reply = gateway.fetch(source, key=key, purpose=purpose)
    except gateway.GatewayError as error:
        _note_failure(source, error.kind, at)
        return _unavailable(source, error.kind, at)
    _note_success(source, at)
    CachedAnswer.objects.update_or_create(
        source=source.code,
        purpose=purpose,
        key_index=index,
        defaults={"found": reply.found, "data": dict(reply.data), "checked_at": at},
    )
    outcome = Outcome.FOUND if reply.found else Outcome.NOT_FOUND
    return SourceAnswer(source=source.code, outcome=outcome, data=reply.data, checked_at=at)


def _unavailable(source: Source, error: CallError, at: datetime) -> SourceAnswer:
    return SourceAnswer(source=source.code, outcome=Outcome.UNAVAILABLE, checked_at=at, error=error)


def _may_ask(source: Source, at: datetime) -> bool:
    health = SourceHealth.objects.filter(source=source.code).first()
    if health is None or health.rests_until is None:
        return True
    # One probe after the rest: whoever moves the instant on may ask, everybody else waits for what it finds.
    probe = SourceHealth.objects.filter(source=source.code, rests_until=health.rests_until, rests_until__lte=at)
    return probe.update(rests_until=at + REST) == 1


def _note_failure(source: Source, error: CallError, at: datetime) -> None:
    if error == CallError.NOT_CONFIGURED:
        return
    with transaction.atomic():
        SourceHealth.objects.bulk_create([SourceHealth(source=source.code)], ignore_conflicts=True)
        row = SourceHealth.objects.filter(source=source.code)
        row.update(failures=F("failures") + 1, last_failure_at=at, last_error=error)
        row.filter(failures__gte=FAILURES_BEFORE_REST).update(rests_until=at + REST)


def _note_success(source: Source, at: datetime) -> None:
    SourceHealth.objects.bulk_create([SourceHealth(source=source.code)], ignore_conflicts=True)
    stale = Q(last_success_at=None) | Q(last_success_at__lt=at) | ~Q(failures=0)
    SourceHealth.objects.filter(stale, source=source.code).update(
        failures=0, rests_until=None, last_success_at=at, last_error=CallError.NONE
    )

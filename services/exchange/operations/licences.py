"""Check a business licence with its register."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from stdnum.cn import uscc as credit_code
from stdnum.exceptions import ValidationError

from services.exchange.enums import CallError, Outcome
from services.exchange.operations.asking import SourceAnswer, ask_source, bare_name

if TYPE_CHECKING:
    from portal.accounts.models import User

IN_FORCE = frozenset({"存续", "在营", "开业", "在册", "active"})


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


def _licence_check(answer: SourceAnswer, legal_representative: str) -> LicenceCheck:
    status = str(answer.data.get("entry.status", ""))
    registered = bare_name(str(answer.data.get("organisation.legal_representative", "")))
    return LicenceCheck(
        outcome=answer.outcome,
        found=answer.found,
        matches=answer.found
        and status in IN_FORCE
        and registered != ""
        and registered == bare_name(legal_representative),
        name=str(answer.data.get("organisation.name", "")),
        status=status,
        checked_at=answer.checked_at,
        source=answer.source,
        error=answer.error,
        data=answer.data,
    )

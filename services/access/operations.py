"""Writes of the access log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from services.access.models import AccessLog

if TYPE_CHECKING:
    from portal.accounts.models import User


def record_access(
    *,
    reader: User,
    subject_kind: str,
    subject_id: str | int,
    fields: Iterable[str],
    purpose: str,
    case_ref: str = "",
    at: datetime,
    allowed: bool = True,
) -> AccessLog:
    """Write down that `reader` saw, or was refused, these fields of a subject (PIPL art. 51, 54).

    It is written in the caller's transaction. A refusal must be recorded before the refusing exception is raised and
    outside the transaction that the exception rolls back.

    Args:
        reader: who looked.
        subject_kind: "person", "application", "case", "upload"…
        subject_id: the subject's id; "" when a look-up found nobody.
        fields: the names of the fields shown, never their values.
        purpose: why, in words the person concerned understands.
        case_ref: the number of the case it was done for, if any.
        at: when.
        allowed: False for a refused attempt.
    """
    return AccessLog.objects.create(
        reader=reader,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
        fields=list(fields),
        purpose=purpose,
        case_ref=case_ref,
        at=at,
        allowed=allowed,
    )

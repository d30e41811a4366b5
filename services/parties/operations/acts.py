"""Write down what somebody did in another's name."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from services.parties.enums import ActKind
from services.parties.models import Act
from services.parties.queries import Acting

if TYPE_CHECKING:
    from portal.accounts.models import User


def record_act(
    *, acting: Acting, kind: ActKind, subject_kind: str, subject_id: str | int, detail: str = "", by: User, at: datetime
) -> Act:
    """Keep that somebody did something in a principal's name, in the caller's transaction.

    acting: for whom, and by which mandate. detail: a word that helps to recognise it, such as a number; nothing secret.
    """
    return Act.objects.create(
        **{f"{acting.party.kind}_id": acting.party.id},
        by=by,
        kind=kind,
        mandate_id=acting.mandate_id,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
        detail=detail[:200],
        at=at,
    )

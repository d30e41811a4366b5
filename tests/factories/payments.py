"""Fees and payments, made directly where the way there does not matter."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from services.cases.models import Case
from services.payments.enums import Difference, FactKind
from services.payments.models import Attempt, DayDifference, FeeDue, PaymentFact
from tests.factories.cases import FILED_AT


def make_fee(case: Case, *, fen: int | None = 8_000, demanded: bool = True, **values: Any) -> FeeDue:
    """Return a fee demanded for a case, of so many fen. demanded: whether the fact says so."""
    words = {"name": ("不动产登记费", "Registration fee"), "rate": ("每件", "per case"), "basis": ("依据", "basis")}
    pairs = {
        f"{name}_{language}": word
        for name, both in words.items()
        for language, word in zip(("zh", "en"), both, strict=True)
    }
    due = FeeDue.objects.create(
        **{
            "number": f"JF-2026-{case.pk:06d}",
            "case": case,
            "line": 1,
            "full_fen": fen,
            "demanded_at": FILED_AT,
            **pairs,
            **values,
        }
    )
    if demanded:
        PaymentFact.objects.create(due=due, kind=FactKind.DEMANDED, amount_fen=fen, at=FILED_AT)
    return due


def make_payment(
    due: FeeDue, *kinds: FactKind, by: Any, fen: int = 8_000, closed: bool = True, at: datetime = FILED_AT
) -> Attempt:
    """Return a payment of a fee with facts of these kinds."""
    attempt = Attempt.objects.create(
        number=f"{due.number}-{due.attempts.count() + 1}",
        due=due,
        amount_fen=fen,
        started_by=by,
        started_at=at,
        asked_at=at,
        closed_at=at if closed else None,
    )
    for kind in kinds:
        PaymentFact.objects.create(due=due, attempt=attempt, kind=kind, amount_fen=fen, at=at)
    return attempt


def make_difference() -> DayDifference:
    """Return a difference of a day's books that nobody has seen to."""
    return DayDifference.objects.create(
        day=date(2026, 3, 2), order="X-1", kind=Difference.ONLY_THERE, theirs_fen=100, found_at=FILED_AT
    )

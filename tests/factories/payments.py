"""Fees and payments, made directly where the way there does not matter."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.cases.models import Case
from services.payments.enums import Difference, FactKind
from services.payments.models import DayDifference, FeeDue, PaymentFact
from tests.factories.cases import FILED_AT


def make_fee(case: Case, *, fen: int | None = 8_000, **values: Any) -> FeeDue:
    """Return a fee demanded for a case, of so many fen."""
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
    PaymentFact.objects.create(due=due, kind=FactKind.DEMANDED, amount_fen=fen, at=FILED_AT)
    return due


def make_difference() -> DayDifference:
    """Return a difference of a day's books that nobody has seen to."""
    return DayDifference.objects.create(
        day=date(2026, 3, 2), order="X-1", kind=Difference.ONLY_THERE, theirs_fen=100, found_at=FILED_AT
    )

"""What came in and went out within a span."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Sum

from services.payments.enums import FactKind
from services.payments.models import PaymentFact

_KINDS = (
    FactKind.DEMANDED,
    FactKind.PAID,
    FactKind.RECONCILED,
    FactKind.FAILED,
    FactKind.REFUND_OWED,
    FactKind.REFUNDED,
)


def books_between(since: datetime, until: datetime) -> list[tuple[str, int, int]]:
    """Return per kind of fact its word, how many there were and their sum in fen, from `since` up to `until`."""
    rows = PaymentFact.objects.filter(at__gte=since, at__lte=until, kind__in=_KINDS).order_by()
    counted = {row["kind"]: row for row in rows.values("kind").annotate(count=Count("id"), fen=Sum("amount_fen"))}
    return [
        (str(kind.label), counted[kind]["count"], counted[kind]["fen"] or 0)
        if kind in counted
        else (str(kind.label), 0, 0)
        for kind in _KINDS
    ]

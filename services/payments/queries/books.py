"""What came in and went out within a span."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncDate

from services.payments.enums import AT_WINDOW, FactKind, Means
from services.payments.models import DayDifference, PaymentFact

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


@dataclass(frozen=True, kw_only=True)
class Till:
    """What the windows recorded on a local day by one means and nobody has compared yet. fen: the sum."""

    day: date
    means: Means
    count: int
    fen: int


def takings_of(day: date, means: Means) -> QuerySet[PaymentFact]:
    """Return the payments taken at the windows on a local day by one means that were not matched yet."""
    return _unmatched().filter(at__date=day, attempt__means=means).select_related("attempt").order_by("at", "id")


def _unmatched() -> QuerySet[PaymentFact]:
    matched = PaymentFact.objects.filter(kind=FactKind.RECONCILED).values("attempt_id")
    return PaymentFact.objects.filter(kind=FactKind.PAID, attempt__means__in=AT_WINDOW).exclude(attempt_id__in=matched)


def tills_to_close(today: date) -> list[Till]:
    """Return the tills of days before `today` that were not compared, the oldest first."""
    noted = set(DayDifference.objects.filter(order__in=_orders()).values_list("order", flat=True))
    rows = _unmatched().annotate(day=TruncDate("at")).filter(day__lt=today).order_by("day", "attempt__means")
    sums = rows.values("day", "attempt__means").annotate(count=Count("id"), fen=Sum("amount_fen"))
    tills = [
        Till(day=row["day"], means=Means(row["attempt__means"]), count=row["count"], fen=row["fen"]) for row in sums
    ]
    return [till for till in tills if till_order(till.day, till.means) not in noted]


def _orders() -> list[str]:
    days = _unmatched().annotate(day=TruncDate("at")).values_list("day", "attempt__means").order_by().distinct()
    return [till_order(day, Means(means)) for day, means in days]


def till_order(day: date, means: Means) -> str:
    """Return the name under which a till's difference is kept among those with the payment service."""
    return f"{means}-{day.isoformat()}"

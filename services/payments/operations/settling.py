"""Reconcile: ask the payment service about open payments, give back what is owed, read its list of a day."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from django.db import transaction

from services.cases.operations.drafts import NotAllowedError
from services.payments.enums import Difference, FactKind, Means
from services.payments.gateway import GatewayAnswerError, GatewayDownError, Order, PaymentGateway, gateway
from services.payments.models import Attempt, DayDifference, PaymentFact
from services.payments.operations.demanding import locked_due, note_fact, tell_fee
from services.payments.operations.paying import OtherMoneyError, note_order
from services.payments.permissions import can_settle_differences

if TYPE_CHECKING:
    from portal.accounts.models import User

log = structlog.get_logger(__name__)
#: An open payment is asked about when nothing was heard of it for so long.
ASK_AFTER = timedelta(minutes=1)
#: A payment nobody made within this time counts as failed; if it is paid after all, its money is taken or given back.
EXPIRES_AFTER = timedelta(hours=24)
#: At most so many questions or refunds in one round, so that a round ends.
ROUND = 50


def ask_about(attempt: Attempt, *, at: datetime, service: PaymentGateway | None = None) -> bool:
    """Ask the payment service about one payment and note the answer; returns whether it told something new.

    Holds no lock while the other side thinks. Raises GatewayDownError.
    """
    told = (service or gateway()).order(attempt.number)
    Attempt.objects.filter(pk=attempt.pk, closed_at__isnull=True).update(asked_at=at)
    try:
        if told.state == "unknown" or (told.state == "open" and at - attempt.started_at > EXPIRES_AFTER):
            if at - attempt.started_at <= ASK_AFTER:
                return False
            return note_order(_as_failed(attempt), at=at, source="expired").new
        return note_order(told, at=at, source="question").new
    except OtherMoneyError as error:
        log.error("payment_of_another_amount", order=attempt.number, field=error.field)
        return False


def _as_failed(attempt: Attempt) -> Order:
    return Order(
        number=attempt.number, state="failed", amount_fen=attempt.amount_fen, currency="CNY", gateway_number=""
    )


def ask_about_open_payments(*, at: datetime) -> int:
    """Ask about the payments nothing was heard of for a while, the longest first; returns how many told something."""
    waiting = Attempt.objects.filter(closed_at__isnull=True, asked_at__lte=at - ASK_AFTER).order_by("asked_at", "id")
    news = 0
    for attempt in waiting[:ROUND]:
        try:
            news += ask_about(attempt, at=at)
        except GatewayAnswerError as error:  # of this order only: it waits its turn again, behind the others
            Attempt.objects.filter(pk=attempt.pk, closed_at__isnull=True).update(asked_at=at)
            log.error("payment_answer_unreadable", order=attempt.number, error=str(error))
        except GatewayDownError as error:
            log.warning("payment_service_down", error=str(error))
            break
    return news


def give_back_what_is_owed(*, at: datetime) -> int:
    """Give money back that is owed, and note it; returns how many. A crash in between gives back once: same number.

    What the payment service refuses is tried again in the next round, and keeps nobody else from her money.
    """
    done = PaymentFact.objects.filter(kind=FactKind.REFUNDED).values("attempt_id")
    owed = PaymentFact.objects.filter(kind=FactKind.REFUND_OWED, attempt__means=Means.ONLINE)
    owed = owed.exclude(attempt_id__in=done)
    count = 0
    for fact in owed.select_related("attempt").order_by("at", "id")[: ROUND * 10]:
        assert fact.attempt is not None
        if count == ROUND:
            break
        try:
            number = gateway().refund(number=fact.attempt.number, amount_fen=fact.attempt.amount_fen)
        except GatewayAnswerError as error:
            log.error("refund_refused", order=fact.attempt.number, error=str(error))
            continue
        except GatewayDownError as error:
            log.warning("refund_not_made", order=fact.attempt.number, error=str(error))
            break
        count += note_refund(fact.attempt, number, at=at)
    return count


@transaction.atomic
def note_refund(attempt: Attempt, number: str, *, at: datetime, by: User | None = None) -> int:
    """Note that the money of a payment was given back, once; return how many are new. number: of the receipt."""
    _root, due = locked_due(attempt.due_id)
    if PaymentFact.objects.filter(attempt=attempt, kind=FactKind.REFUNDED).exists():
        return 0
    money: dict[str, Any] = {"attempt": attempt, "amount_fen": attempt.amount_fen, "gateway_number": number}
    note_fact(due, FactKind.REFUNDED, at=at, by=by, **money)
    tell_fee(due, "fee_refunded", at=at, round=attempt.pk % 100, amount_fen=attempt.amount_fen)
    return 1


def reconcile_day(day: date, *, at: datetime) -> int:
    """Compare our books of a local day with the payment service's list; returns how many differences are open.

    Effects: what it lists as paid and we did not know is noted as paid; each order on both is matched, once; each
    difference is kept for a manager, once; so is money given back by one side alone. Raises GatewayDownError.
    """
    theirs = {order.number: order for order in gateway().orders_paid_on(day)}
    matched = PaymentFact.objects.filter(kind=FactKind.RECONCILED).values("attempt_id")
    known = set(Attempt.objects.filter(number__in=theirs, pk__in=matched).values_list("number", flat=True))
    for order in theirs.values():
        if order.number not in known:
            _match(order, day, at=at)
    paid = PaymentFact.objects.filter(kind=FactKind.PAID, at__date=day, at__lt=at, attempt__means=Means.ONLINE)
    paid = paid.exclude(attempt_id__in=matched)
    for fact in paid.select_related("attempt"):  # what the list of another day named is matched with that
        assert fact.attempt is not None
        _differ(day, fact.attempt.number, Difference.ONLY_HERE, ours=fact.attempt.amount_fen, theirs=None, at=at)
    _compare_refunds(day, at=at)
    return DayDifference.objects.filter(day=day, settled_at__isnull=True).count()


def _compare_refunds(day: date, *, at: datetime) -> None:
    """Compare what went back on a local day: what only they gave back, and what we noted and they do not know.

    What we owe is no difference: the next round gives it back under the same number, and notes it.
    """
    theirs = {order.number: order for order in gateway().orders_refunded_on(day)}
    going = PaymentFact.objects.filter(kind__in=(FactKind.REFUNDED, FactKind.REFUND_OWED), attempt__number__in=theirs)
    known = set(going.values_list("attempt__number", flat=True))
    for order in theirs.values():
        if order.number not in known:
            _differ(day, order.number, Difference.BACK_THERE, ours=None, theirs=order.amount_fen, at=at)
    ours = PaymentFact.objects.filter(
        kind=FactKind.REFUNDED, at__date=day, at__lt=at, attempt__means=Means.ONLINE
    ).exclude(attempt__number__in=theirs)
    for fact in ours.select_related("attempt"):
        assert fact.attempt is not None
        # Given back just before midnight and noted after it, it stands on the list of the day before.
        if gateway().order(fact.attempt.number).state != "refunded":
            _differ(day, fact.attempt.number, Difference.BACK_HERE, ours=fact.attempt.amount_fen, theirs=None, at=at)


def _match(order: Order, day: date, *, at: datetime) -> None:
    attempt = Attempt.objects.filter(number=order.number).first()
    if attempt is None:
        _differ(day, order.number, Difference.ONLY_THERE, ours=None, theirs=order.amount_fen, at=at)
        return
    try:
        note_order(order, at=at, source="day")
    except OtherMoneyError:
        _differ(day, order.number, Difference.AMOUNT, ours=attempt.amount_fen, theirs=order.amount_fen, at=at)
        return
    _note_matched(attempt, order, at=at)


@transaction.atomic
def _note_matched(attempt: Attempt, order: Order, *, at: datetime) -> None:
    _root, due = locked_due(attempt.due_id)
    kinds = set(PaymentFact.objects.filter(attempt=attempt).values_list("kind", flat=True))
    if FactKind.PAID in kinds and FactKind.RECONCILED not in kinds:
        money: dict[str, Any] = {
            "attempt": attempt,
            "amount_fen": order.amount_fen,
            "gateway_number": order.gateway_number,
        }
        note_fact(due, FactKind.RECONCILED, at=at, **money)


def _differ(day: date, order: str, kind: Difference, *, ours: int | None, theirs: int | None, at: datetime) -> None:
    values = {"ours_fen": ours, "theirs_fen": theirs, "found_at": at}
    _row, new = DayDifference.objects.get_or_create(day=day, order=order, kind=kind, defaults=values)
    if new:
        log.error("payment_books_differ", order=order, kind=str(kind))


@transaction.atomic
def settle_difference(*, difference_id: int, note: str, by: User, at: datetime) -> DayDifference:
    """Mark a difference as seen to, saying how; twice is once. Raises NotAllowedError, ValueError for no words."""
    if not can_settle_differences(by, at):
        raise NotAllowedError("Only a manager settles differences of the books.")
    if not note.strip() or any(unicodedata.category(one) in ("Cc", "Cs") for one in note):
        raise ValueError("Say what was found and done, on one line.")
    row = DayDifference.objects.select_for_update().get(pk=difference_id)
    if row.settled_at is None:
        row.settled_at, row.settled_by, row.note = at, by, note.strip()[:300]
        row.save(update_fields=["settled_at", "settled_by", "note"])
    return row

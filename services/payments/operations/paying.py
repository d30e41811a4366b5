"""Start a payment, and note what the payment service says of it: paid once, whoever says it and however often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
from django.db import transaction

from services.cases.operations.acting import done_in_name
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.papers import deliver, issue_case_paper
from services.parties.enums import ActKind
from services.payments.enums import FactKind, FeeState
from services.payments.gateway import CURRENCY, Order
from services.payments.models import Attempt, FeeDue, PaymentFact
from services.payments.operations.demanding import issue_what_waited, locked_due, note_fact, tell_fee, yuan
from services.payments.permissions import may_pay
from services.payments.queries.fees import standing_of
from workflows.wake import wake

if TYPE_CHECKING:
    from portal.accounts.models import User

log = structlog.get_logger(__name__)
SETTLE_TASK = "services.payments.tasks.settle_payments_task"


class NothingToPayError(Exception):
    """The fee is paid, no longer due, or has no amount yet."""


class NotOnlineError(Exception):
    """This fee is paid at a window: the guide of the service does not say that it can be paid online."""


class OtherMoneyError(ValueError):
    """The payment service speaks of another amount or currency than the order. field: which."""

    def __init__(self, field: str) -> None:
        super().__init__(f"The {field} is not that of the order.")
        self.field = field


@dataclass(frozen=True, kw_only=True)
class Noted:
    """What became of a word of the payment service. new: it told something unknown."""

    attempt: Attempt
    new: bool


@transaction.atomic
def start_payment(*, due_id: int, by: User, at: datetime) -> Attempt:
    """Return the open payment of a fee, a new one if there is none; the caller then opens it at the payment service.

    Two tabs and a double click get the same one. Effects: the attempt and its fact.
    Raises NotAllowedError, NothingToPayError, NotOnlineError.
    """
    _root, due = locked_due(due_id)
    if not may_pay(by, due, at):
        raise NotAllowedError("She may not pay for this applicant.")
    if not due.case.service.pays_online:
        raise NotOnlineError("This fee is paid at a window.")
    standing = standing_of(due)
    if not standing.can_be_paid or not due.amount_fen:
        raise NothingToPayError("There is nothing to pay.")
    if standing.open_attempt is not None:
        return standing.open_attempt
    attempt = Attempt.objects.create(
        number=f"{due.number}-{due.attempts.count() + 1}",
        due=due,
        amount_fen=due.amount_fen,
        started_by=by,
        started_at=at,
        asked_at=at,
    )
    note_fact(due, FactKind.STARTED, at=at, by=by, attempt=attempt, amount_fen=attempt.amount_fen)
    return attempt


@transaction.atomic
def note_order(order: Order, *, at: datetime, source: str) -> Noted:
    """Note what the payment service says of an order, from its call, our question or its list of a day.

    Paid is paid once per order, also when it comes twenty times at once or after the order counted as failed. Money
    that is not due any more (withdrawn meanwhile, paid by another order), or not in this amount since the department
    set another, is owed back at once. source: for the facts.
    Effects: facts, the open payment is closed, the receipt, notices, a result that waited is issued.
    Raises Attempt.DoesNotExist, OtherMoneyError.
    """
    attempt = Attempt.objects.get(number=order.number)
    _root, due = locked_due(attempt.due_id)
    attempt = Attempt.objects.select_for_update().get(pk=attempt.pk)
    if order.state in ("paid", "failed"):
        if order.currency != CURRENCY:
            raise OtherMoneyError("currency")
        if order.amount_fen != attempt.amount_fen:
            raise OtherMoneyError("amount")
    if order.state == "paid":
        _close(attempt, at)
        new = money_came(due, attempt, number=order.gateway_number, by=None, at=at, note=source)
        if new:
            done_in_name(due.case.application, ActKind.PAID, by=attempt.started_by, at=at)
        return Noted(attempt=attempt, new=new)
    if order.state == "failed" and attempt.closed_at is None:
        _close(attempt, at)
        note_fact(due, FactKind.FAILED, at=at, attempt=attempt, note=source)
        return Noted(attempt=attempt, new=True)
    return Noted(attempt=attempt, new=False)


def _close(attempt: Attempt, at: datetime) -> None:
    attempt.closed_at = attempt.closed_at or at
    attempt.save(update_fields=["closed_at"])


def money_came(due: FeeDue, attempt: Attempt, *, number: str, by: User | None, at: datetime, note: str) -> bool:
    """Note that a payment was made, once; return whether that was new. The caller holds the lock.

    number: of the payment service, or of the receipt at the window. Effects: the fact, the receipt, notices, a result
    that waited is issued; what is not due any more is owed back.
    """
    if PaymentFact.objects.filter(attempt=attempt, kind=FactKind.PAID).exists():
        return False
    before = standing_of(due)
    money: dict[str, Any] = {"attempt": attempt, "amount_fen": attempt.amount_fen, "gateway_number": number}
    note_fact(due, FactKind.PAID, at=at, by=by, note=note, **money)
    if not before.can_be_paid:  # withdrawn meanwhile, or paid by another order
        owe_refund(due, attempt, at=at, note="not_due")
        return True
    if attempt.amount_fen != due.amount_fen:  # set or reduced after this order counted as failed
        owe_refund(due, attempt, at=at, note="other_amount")
        return True
    amount = yuan(attempt.amount_fen)
    paper = issue_case_paper(
        due.case,
        "fee_receipt",
        by=None,
        at=at,
        fee={"zh": due.name_zh, "en": due.name_en},
        fee_basis={"zh": due.basis_zh, "en": due.basis_en},
        amount={"zh": f"{amount}元", "en": f"{amount} yuan"},
        paid_at=at,
        payment_number=due.number,
        gateway_number=number or attempt.number,
    )
    deliver(paper, due.case.application, at=at)
    tell_fee(due, "fee_paid", at=at)
    issue_what_waited(due.case, at=at)
    return True


def owe_refund(due: FeeDue, attempt: Attempt, *, at: datetime, note: str, by: User | None = None) -> None:
    """Note that the money of a paid order goes back; once. Effects: the fact, notices, a wake-up. Holds the lock."""
    if PaymentFact.objects.filter(attempt=attempt, kind=FactKind.REFUND_OWED).exists():
        return
    amount: dict[str, Any] = {"attempt": attempt, "amount_fen": attempt.amount_fen}
    note_fact(due, FactKind.REFUND_OWED, at=at, by=by, note=note, **amount)
    tell_fee(due, "fee_refund_owed", at=at, round=attempt.pk % 100, amount_fen=attempt.amount_fen)
    wake(SETTLE_TASK)


def fees_end(due_ids: list[int], *, event: str, at: datetime, by: User | None) -> None:
    """Cancel the fees of a case that ends without its result, and owe back what was paid unless the law keeps it.

    What nobody has paid is no longer due either way. event: withdrawn, refused or ended (its premise is missing,
    another body is competent). The caller holds the lock.
    """
    for due_id in due_ids:
        _root, due = locked_due(due_id)
        kept = event in due.kept_when and standing_of(due).state == FeeState.PAID
        if kept or due.facts.filter(kind=FactKind.CANCELLED).exists():
            continue
        note_fact(due, FactKind.CANCELLED, at=at, by=by, note=event)
        for fact in due.facts.filter(kind=FactKind.PAID).select_related("attempt"):
            if fact.attempt is not None:
                owe_refund(due, fact.attempt, at=at, note=event, by=by)

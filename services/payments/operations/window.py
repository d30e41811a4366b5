"""Fees at the window: taken in cash or at the terminal, given back there, and compared with the till of the day.

What is recorded here are the same facts as those of the payment service; only who tells them differs: a clerk, with the
number of the receipt or of the terminal's slip.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from services.cases.operations.drafts import NotAllowedError
from services.cases.permissions import is_clerk
from services.payments.enums import AT_WINDOW, Difference, FactKind, Means
from services.payments.models import Attempt, DayDifference, FeeDue, PaymentFact
from services.payments.operations.demanding import locked_due, note_fact
from services.payments.operations.paying import NothingToPayError, money_came
from services.payments.operations.settling import note_refund
from services.payments.permissions import can_settle_differences
from services.payments.queries.books import takings_of, till_order
from services.payments.queries.fees import owed_at_window, standing_of

if TYPE_CHECKING:
    from portal.accounts.models import User

_RECEIPT = re.compile(r"[A-Z0-9][A-Z0-9-]{2,39}")


class ReceiptError(ValueError):
    """The receipt number is none, or stands for another payment. The message is a sentence for the clerk."""


class AmountChangedError(Exception):
    """The fee is another one than the page showed: the clerk looks again before taking money."""


@transaction.atomic
def take_at_window(
    *, due_id: int, means: Means, amount_fen: int, receipt_number: str, by: User, at: datetime
) -> Attempt:
    """Record that a fee was paid at the window, in cash or at the terminal. The same receipt again changes nothing.

    amount_fen: what the page showed and the clerk took. Effects: the payment and its fact, the electronic receipt,
    notices, a result that waited is issued. An order that is open at the payment service stays open; if it is paid too,
    its money is owed back. Raises NotAllowedError, ReceiptError, AmountChangedError, NothingToPayError.
    """
    _root, due = locked_due(due_id)
    if not is_clerk(by, at):
        raise NotAllowedError("Only a window clerk takes money.")
    number = _checked(receipt_number)
    known = Attempt.objects.filter(means=means, receipt_number=number).first()
    if known is not None and known.due_id == due_id:
        return known
    if means not in AT_WINDOW:
        raise ReceiptError(_("Choose how it was paid."))
    if not standing_of(due).can_be_paid or not due.amount_fen:
        raise NothingToPayError("There is nothing to pay.")
    if due.amount_fen != amount_fen:
        raise AmountChangedError("The fee was set or reduced meanwhile.")
    attempt = _attempt(due, means, number, by=by, at=at)
    money_came(due, attempt, number=number, by=by, at=at, note=str(means))
    return attempt


def _checked(number: str) -> str:
    number = unicodedata.normalize("NFKC", number).strip().upper()
    if not _RECEIPT.fullmatch(number):
        raise ReceiptError(_("Enter the number of the receipt or slip: 3 to 40 letters, digits and hyphens."))
    return number


def _attempt(due: FeeDue, means: Means, number: str, *, by: User, at: datetime) -> Attempt:
    values: dict[str, Any] = {"amount_fen": due.amount_fen, "started_by": by, "started_at": at, "asked_at": at}
    try:
        with transaction.atomic():
            return Attempt.objects.create(
                number=f"{due.number}-{due.attempts.count() + 1}",
                due=due,
                means=means,
                receipt_number=number,
                closed_at=at,
                **values,
            )
    except IntegrityError as error:
        raise ReceiptError(_("This receipt stands for another payment already. Please check its number.")) from error


@transaction.atomic
def give_back_at_window(*, due_id: int, receipt_number: str, by: User, at: datetime) -> int:
    """Record that what was paid at the window and is owed back was given back there; returns how many payments.

    receipt_number: of the slip the person signed. Twice is once. Effects: facts, notices.
    Raises NotAllowedError, ReceiptError, NothingToPayError: nothing paid at the window is owed back.
    """
    _root, due = locked_due(due_id)
    if not is_clerk(by, at):
        raise NotAllowedError("Only a window clerk gives money back.")
    number = _checked(receipt_number)
    owed = owed_at_window(due)
    if not owed:
        if due.facts.filter(kind=FactKind.REFUNDED, gateway_number=number).exists():
            return 0
        raise NothingToPayError("Nothing is owed back at the window.")
    return sum(note_refund(attempt, number, at=at, by=by) for attempt in owed)


@transaction.atomic
def close_till(*, day: date, means: Means, counted_fen: int, by: User, at: datetime) -> DayDifference | None:
    """Compare what the windows recorded on a local day with what was counted, or with the terminal's own report.

    counted_fen: before anything was given back. Equal: every payment is matched. Else: the difference is kept for a
    manager, as those with the payment service are. Twice is once. Returns the difference.
    Raises NotAllowedError, ValueError: a day that is not over has no books.
    """
    if not can_settle_differences(by, at):
        raise NotAllowedError("Only a manager closes the books of a day.")
    if day >= timezone.localdate(at):
        raise ValueError(_("This day is not over: its till is closed tomorrow."))
    facts = list(takings_of(day, means))
    ours = sum(fact.amount_fen or 0 for fact in facts)
    if counted_fen != ours:
        values = {"ours_fen": ours, "theirs_fen": counted_fen, "found_at": at}
        order = till_order(day, means)
        return DayDifference.objects.get_or_create(day=day, order=order, kind=Difference.AMOUNT, defaults=values)[0]
    for fact in facts:
        _match(fact, by=by, at=at)
    return None


def _match(fact: PaymentFact, *, by: User, at: datetime) -> None:
    _root, due = locked_due(fact.due_id)
    if not due.facts.filter(kind=FactKind.RECONCILED, attempt=fact.attempt).exists():
        note_fact(due, FactKind.RECONCILED, at=at, by=by, attempt=fact.attempt, amount_fen=fact.amount_fen)

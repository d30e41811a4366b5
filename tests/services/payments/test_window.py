"""Fees at the window: the same facts as online, told by a clerk with a receipt number, compared with the till."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from portal.management.invariants import check_invariants
from services.cases.models import Case
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.steps import complete_step
from services.cases.operations.withdrawals import withdraw_application
from services.documents.models import Paper
from services.notifications.models import Notice
from services.payments.enums import FeeState, Means
from services.payments.models import Attempt, DayDifference, FeeDue
from services.payments.operations.demanding import reduce_fee
from services.payments.operations.paying import NothingToPayError, NotOnlineError, note_order, start_payment
from services.payments.operations.settling import give_back_what_is_owed, reconcile_day
from services.payments.operations.window import (
    AmountChangedError,
    ReceiptError,
    close_till,
    give_back_at_window,
    take_at_window,
)
from services.payments.queries.books import tills_to_close
from tests.factories.applications import filed_application, open_task, user
from tests.portal.applicant.test_payments import signed_in
from tests.services.cases.conftest import MORNING
from tests.services.payments.conftest import accept, decide, house
from tests.services.payments.test_fees import kinds, paid, sound, standing

pytestmark = pytest.mark.usefixtures("city")
LATER = MORNING + timedelta(hours=1)
NEXT_DAY = LATER + timedelta(days=1)


def take(due: FeeDue, number: str = "SJ-0001", *, by: str = "clerk", **more: Any) -> Attempt:
    given = {"means": Means.CASH, "amount_fen": 8_000, "at": LATER, **more}
    return take_at_window(due_id=due.pk, receipt_number=number, by=user(by), **given)


def test_taken_in_cash_the_result_is_issued_and_the_books_agree(service) -> None:
    case = house()
    accept(case, LATER)
    due = FeeDue.objects.get()
    decide(case, "grant", LATER)
    assert case.issued_at is None
    online = start_payment(due_id=due.pk, by=user("owner"), at=LATER)  # she began on her telephone and then came
    for who in ("owner", "manager", "planning-approver"):
        with pytest.raises(NotAllowedError):
            take(due, by=who)
    for wrong in ("", "1", "收据一", "A\0B", "x" * 41):
        with pytest.raises(ReceiptError):
            take(due, wrong)
    with pytest.raises(AmountChangedError):
        take(due, amount_fen=7_999)
    with pytest.raises(ReceiptError):
        take(due, means=Means.ONLINE)
    at = LATER + timedelta(hours=1)
    assert take(due, " sj-0001 ", at=at) == take(due, at=at)  # a double click
    with pytest.raises(NothingToPayError):
        take(due, "SJ-0002")
    case.refresh_from_db()
    assert case.issued_at == at
    assert standing(due).state == FeeState.PAID
    assert Paper.objects.get(kind="fee_receipt").facts["gateway_number"] == "SJ-0001"
    assert Notice.objects.filter(kind="fee_paid", channel="inbox", recipient=user("owner")).count() == 1

    assert note_order(paid(online.number, 8_000), at=at, source="test").new  # and paid online too: that goes back
    assert standing(due).state == FeeState.PAID
    assert kinds(due)[-1] == "refund_owed"
    sound()


def test_what_was_paid_at_the_window_is_given_back_at_the_window(service) -> None:
    case = house()
    accept(case, LATER)
    due = FeeDue.objects.get()
    take(due)
    with pytest.raises(NothingToPayError):
        give_back_at_window(due_id=due.pk, receipt_number="TK-1", by=user("clerk"), at=LATER)
    withdraw_application(application_id=case.application_id, by=user("owner"), at=LATER)
    assert standing(due).state == FeeState.REFUND_OWED
    assert give_back_what_is_owed(at=LATER) == 0  # never asked of the payment service, which knows no such order
    shown = signed_in("owner").get(reverse("applicant:payment", args=[due.public_id])).content.decode()
    assert "get your money back" in shown
    with pytest.raises(NotAllowedError):
        give_back_at_window(due_id=due.pk, receipt_number="TK-1", by=user("owner"), at=LATER)
    assert give_back_at_window(due_id=due.pk, receipt_number="TK-1", by=user("clerk"), at=LATER) == 1
    assert give_back_at_window(due_id=due.pk, receipt_number="TK-1", by=user("clerk"), at=LATER) == 0
    assert standing(due).state == FeeState.REFUNDED
    assert kinds(due) == ["demanded", "paid", "cancelled", "refund_owed", "refunded"]
    sound()
    _at, findings = check_invariants(only=["I11"])
    owed = next(finding for finding in findings if finding.check.says.startswith("Money that is owed back"))
    assert owed.broken.count == 0


def test_a_receipt_stands_for_one_payment_and_the_till_is_compared_once(service) -> None:
    dues = []
    for use, fen in (("residential", 8_000), ("other", 55_000)):
        case = house(use=use)
        accept(case, LATER)
        dues.append((FeeDue.objects.get(case=case), fen))
    take(dues[0][0])
    with pytest.raises(ReceiptError):
        take(dues[1][0], amount_fen=dues[1][1])
    take(dues[1][0], "SJ-0002", amount_fen=dues[1][1])
    assert reconcile_day(LATER.date(), at=NEXT_DAY) == 0  # not the payment service's
    assert tills_to_close(LATER.date()) == []
    [till] = tills_to_close(NEXT_DAY.date())
    assert (till.count, till.fen) == (2, 63_000)
    close = {"day": till.day, "means": till.means, "by": user("manager"), "at": NEXT_DAY}
    with pytest.raises(NotAllowedError):
        close_till(**{**close, "by": user("clerk")}, counted_fen=63_000)
    with pytest.raises(ValueError, match=r"not over|结束"):
        close_till(**{**close, "at": LATER}, counted_fen=63_000)
    difference = close_till(**close, counted_fen=60_000)
    assert close_till(**close, counted_fen=60_000) == difference
    assert (difference.ours_fen, difference.theirs_fen) == (63_000, 60_000)
    assert tills_to_close(NEXT_DAY.date()) == []  # a manager sees to it among the differences
    assert close_till(**close, counted_fen=63_000) is None  # counted again: it agrees after all
    assert [kinds(due)[-1] for due, _fen in dues] == ["reconciled", "reconciled"]
    assert DayDifference.objects.count() == 1
    sound()


def id_card(reason: str) -> Case:
    case = filed_application(service="id-card", situation={"card_reason": reason}, at=MORNING).cases.get()
    complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=LATER)
    return case


@pytest.mark.parametrize(("reason", "fen"), [("first", None), ("expired", 2_000), ("lost", 4_000)])
def test_a_fee_that_is_not_paid_online_is_demanded_and_paid_at_a_window(reason: str, fen: int | None) -> None:
    case = id_card(reason)
    due = FeeDue.objects.filter(case=case).first()
    assert (due.amount_fen if due else None) == fen
    if due is None:
        return
    with pytest.raises(NotOnlineError):
        start_payment(due_id=due.pk, by=user("owner"), at=LATER)
    owner, clerk = signed_in("owner"), signed_in("clerk")
    page = reverse("applicant:payment", args=[due.public_id])
    words = owner.get(page).content.decode()
    assert "Pay at a window" in words
    assert "Zhengzhou Government Service Hall" in words
    assert reverse("applicant:pay", args=[due.public_id]) not in words
    assert owner.post(reverse("applicant:pay", args=[due.public_id])).headers["location"] == page

    counter = reverse("counter:application", args=[case.application.public_id])
    address = reverse("counter:take_fee", args=[case.application.public_id, due.public_id])
    assert address in clerk.get(counter).content.decode()
    for wrong in ({}, {"means": "cash", "fen": "x"}, {"means": "cash", "fen": str(fen), "receipt": "收"}):
        assert clerk.post(address, wrong).status_code == 302
        assert not Attempt.objects.exists()
    assert owner.post(address, {"means": "cash", "fen": fen, "receipt": "A-1"}).status_code == 404
    clerk.post(address, {"means": "terminal", "fen": fen, "receipt": "POS-1"})
    assert standing(due).state == FeeState.PAID
    assert "POS-1" in owner.get(page).content.decode()


def test_a_manager_closes_the_till_on_her_page_and_a_reduced_fee_is_not_taken_in_full(service) -> None:
    case = house()
    accept(case, LATER)
    due = FeeDue.objects.get()
    reduce_fee(due_id=due.pk, code="small-enterprise", by=user("planning-head"), at=LATER)
    with pytest.raises(NothingToPayError):
        take(due)
    other = house(use="other")
    accept(other, LATER)
    take(FeeDue.objects.get(case=other), amount_fen=55_000)
    manager, page = signed_in("manager"), reverse("oversight:payments")
    till = f"cash-{LATER.date().isoformat()}"
    assert till in manager.get(page).content.decode()
    for wrong in ("", "x", "NaN", "1e99", "-1", "1.005", "550\0"):
        manager.post(reverse("oversight:close_till"), {"till": till, "counted": wrong})
    assert not DayDifference.objects.exists()
    assert (
        signed_in("auditor").post(reverse("oversight:close_till"), {"till": till, "counted": "550"}).status_code == 403
    )
    manager.post(reverse("oversight:close_till"), {"till": till, "counted": "550.00"})
    assert till not in manager.get(page).content.decode()

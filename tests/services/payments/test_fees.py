"""Fees are demanded on acceptance, hold back nothing but the result, and are given back when a case ends without it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from portal.desk.views.fees import fen
from portal.management.invariants import check_invariants
from services.cases.enums import CaseState
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.withdrawals import withdraw_application
from services.documents.models import Paper
from services.notifications.models import Notice
from services.payments.enums import FactKind, FeeState
from services.payments.gateway import Order
from services.payments.models import DayDifference, FeeDue, PaymentFact
from services.payments.operations.demanding import (
    FeeClosedError,
    WrongAmountError,
    assess_fee,
    demand_fees,
    reduce_fee,
    yuan,
)
from services.payments.operations.paying import NothingToPayError, OtherMoneyError, note_order, start_payment
from services.payments.operations.settling import (
    ask_about_open_payments,
    give_back_what_is_owed,
    note_refund,
    reconcile_day,
    settle_difference,
)
from services.payments.queries.fees import standing_of, with_facts
from tests.factories.applications import filed_application, user
from tests.services.cases.conftest import MORNING
from tests.services.payments.conftest import accept, decide, house
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.usefixtures("city")
LATER = MORNING + timedelta(hours=1)


def standing(due: FeeDue):
    return standing_of(with_facts(FeeDue.objects.filter(pk=due.pk)).get())


def kinds(due: FeeDue) -> list[str]:
    return list(due.facts.order_by("id").values_list("kind", flat=True))


def paid(number: str, fen: int, state: str = "paid", currency: str = "CNY") -> Order:
    return Order(number=number, state=state, amount_fen=fen, currency=currency, gateway_number="G-1")


def sound() -> None:
    _at, findings = check_invariants(only=["I13"])
    assert len(findings) == 6
    assert [finding.check.says for finding in findings if finding.broken.count] == []


def test_a_house_is_accepted_decided_and_its_certificate_waits_for_eighty_yuan() -> None:
    case = house()
    assert not FeeDue.objects.exists()
    accept(case, LATER)
    due = FeeDue.objects.get()
    assert (due.full_fen, due.amount_fen, due.basis_zh) == (8_000, 8_000, "发改价格规〔2016〕2559号")
    case.refresh_from_db()
    assert demand_fees(case, at=LATER) == []
    assert Paper.objects.filter(kind="fee_notice").count() == 1
    assert Notice.objects.filter(kind="fee_due", channel="inbox", recipient=user("owner")).count() == 1

    decide(case, "grant", LATER + timedelta(hours=1))
    assert case.state == CaseState.GRANTED  # no payment, and nothing but the certificate waits
    assert case.issued_at is None
    assert not Paper.objects.filter(kind="certificate").exists()
    assert Notice.objects.filter(kind="result_waits").exists()
    assert standing(due).holds_back

    at = LATER + timedelta(hours=3)
    attempt = start_payment(due_id=due.pk, by=user("owner"), at=at)
    assert start_payment(due_id=due.pk, by=user("owner"), at=at) == attempt  # two tabs pay one order
    with pytest.raises(NotAllowedError):
        start_payment(due_id=due.pk, by=user("owner2"), at=at)
    for wrong, field in (
        (paid(attempt.number, 7_999), "amount"),
        (paid(attempt.number, 8_000, currency="USD"), "currency"),
    ):
        with pytest.raises(OtherMoneyError) as refused:
            note_order(wrong, at=at, source="test")
        assert refused.value.field == field
    assert note_order(paid(attempt.number, 8_000), at=at, source="test").new
    assert not note_order(paid(attempt.number, 8_000), at=at, source="test").new
    case.refresh_from_db()
    assert case.issued_at == at
    assert case.delivered_at == at
    assert Paper.objects.filter(kind="certificate").count() == 1
    assert Paper.objects.get(kind="fee_receipt").facts["amount"]["zh"] == "80.00元"
    assert standing(due).state == FeeState.PAID
    assert kinds(due) == ["demanded", "started", "paid"]
    with pytest.raises(NothingToPayError):
        start_payment(due_id=due.pk, by=user("owner"), at=at)
    sound()


def test_paid_before_the_decision_the_certificate_is_issued_at_once_and_a_shop_costs_more() -> None:
    case = house(use="other")
    accept(case, LATER)
    due = FeeDue.objects.get()
    assert due.amount_fen == 55_000
    attempt = start_payment(due_id=due.pk, by=user("owner"), at=LATER)
    note_order(paid(attempt.number, 55_000, state="failed"), at=LATER, source="test")
    assert standing(due).state == FeeState.DUE
    note_order(paid(attempt.number, 55_000), at=LATER, source="test")  # it was paid after all
    decide(case, "grant", LATER + timedelta(hours=1))
    assert case.issued_at is not None
    sound()


def test_what_was_paid_goes_back_when_she_withdraws_before_the_decision(service) -> None:
    case = house()
    accept(case, LATER)
    due = FeeDue.objects.get()
    attempt = start_payment(due_id=due.pk, by=user("owner"), at=LATER)
    service.book.open(
        {
            "order": attempt.number,
            "amount_fen": 8_000,
            "currency": "CNY",
            "title": "",
            "return_url": "",
            "notify_url": "",
        }
    )
    service.book.settle(service.book._orders[attempt.number], "paid")
    ask_about_open_payments(at=LATER)
    assert standing(due).state == FeeState.STARTED  # asked about after a minute only
    ask_about_open_payments(at=LATER + timedelta(minutes=2))
    assert standing(due).state == FeeState.PAID
    withdraw_application(application_id=case.application_id, by=user("owner"), at=LATER + timedelta(minutes=3))
    assert standing(due).state == FeeState.REFUND_OWED
    at = LATER + timedelta(minutes=4)
    assert give_back_what_is_owed(at=at) == 1
    assert give_back_what_is_owed(at=at) == 0
    assert standing(due).state == FeeState.REFUNDED
    assert kinds(due) == ["demanded", "started", "paid", "cancelled", "refund_owed", "refunded"]
    assert Notice.objects.filter(kind="fee_refunded", channel="inbox", recipient=user("owner")).count() == 1
    sound()


def test_money_that_comes_after_the_end_goes_back_and_a_refusal_gives_it_back_too() -> None:
    case = house()
    accept(case, LATER)
    due = FeeDue.objects.get()
    attempt = start_payment(due_id=due.pk, by=user("owner"), at=LATER)
    decide(case, "refuse", LATER + timedelta(minutes=1))
    assert standing(due).state == FeeState.CANCELLED
    note_order(paid(attempt.number, 8_000), at=LATER + timedelta(minutes=9), source="test")
    assert standing(due).state == FeeState.REFUND_OWED
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentFact.objects.filter(due=due).update(amount_fen=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentFact.objects.create(due=due, attempt=attempt, kind=FactKind.PAID, amount_fen=8_000, at=LATER)
    sound()


def test_the_department_sets_an_amount_and_applies_the_reduction_that_lets_the_result_go() -> None:
    situation = {"shelter": "pay"}
    case = filed_application(service="air-defence-review", situation=situation, at=MORNING).cases.get()
    accept(case, LATER)
    due = FeeDue.objects.get()
    assert standing(due).state == FeeState.TO_ASSESS
    approver = user("airdefence-approver")
    with pytest.raises(NotAllowedError):
        assess_fee(due_id=due.pk, full_fen=100, by=user("planning-approver"), at=LATER)
    for wrong in (0, -1, 10**12):
        with pytest.raises(WrongAmountError):
            assess_fee(due_id=due.pk, full_fen=wrong, by=approver, at=LATER)
    assess_fee(due_id=due.pk, full_fen=1_234_501, by=approver, at=LATER)
    decide(case, "grant", LATER + timedelta(hours=1), staff="airdefence")
    assert case.issued_at is None
    with pytest.raises(WrongAmountError):
        reduce_fee(due_id=due.pk, code="nothing", by=approver, at=LATER)
    assert reduce_fee(due_id=due.pk, code="schools", by=approver, at=LATER).amount_fen == 617_251  # never half a fen
    reduce_fee(due_id=due.pk, code="public-housing", by=approver, at=LATER + timedelta(hours=2))
    case.refresh_from_db()
    assert case.issued_at is not None
    assert standing(due).state == FeeState.NOTHING
    with pytest.raises(FeeClosedError):
        assess_fee(due_id=due.pk, full_fen=5, by=approver, at=LATER)
    sound()


def test_the_books_of_a_day_are_compared_and_differences_wait_for_a_manager(service) -> None:
    at = database_now()
    case = house(at=at - timedelta(hours=2))
    accept(case, at - timedelta(hours=1))
    due = FeeDue.objects.get()
    attempt = start_payment(due_id=due.pk, by=user("owner"), at=at)
    order = {"currency": "CNY", "title": "", "return_url": "", "notify_url": ""}
    for number, amount in ((attempt.number, 8_000), ("JF-STRANGE-1", 300)):
        service.book.settle(service.book.open({**order, "order": number, "amount_fen": amount}), "paid")
    day = (at + timedelta(hours=8)).date()
    for _twice in range(2):
        assert reconcile_day(day, at=at) == 1
    assert standing(due).state == FeeState.PAID  # the message was lost, the list knows it
    assert kinds(due) == ["demanded", "started", "paid", "reconciled"]
    difference = DayDifference.objects.get()
    assert (difference.order, difference.kind, difference.theirs_fen) == ("JF-STRANGE-1", "only_there", 300)
    with pytest.raises(NotAllowedError):
        settle_difference(difference_id=difference.pk, note="x", by=user("auditor"), at=at)
    settle_difference(difference_id=difference.pk, note="测试订单", by=user("manager"), at=at)
    assert reconcile_day(day, at=at) == 0
    sound()


def test_money_that_went_back_on_one_side_alone_is_a_difference(service) -> None:
    at = database_now()
    case = house(at=at - timedelta(hours=2))
    accept(case, at - timedelta(hours=1))
    due = FeeDue.objects.get()
    attempt = start_payment(due_id=due.pk, by=user("owner"), at=at)
    words = {"currency": "CNY", "title": "", "return_url": "", "notify_url": ""}
    row = service.book.open({**words, "order": attempt.number, "amount_fen": 8_000})
    service.book.settle(row, "paid")
    service.book.give_back({"order": attempt.number, "amount_fen": 8_000})  # there only, by hand
    day, later = (at + timedelta(hours=8)).date(), at + timedelta(minutes=1)
    for _twice in range(2):
        assert reconcile_day(day, at=later) == 1
    found = DayDifference.objects.get()
    assert (found.order, found.kind, found.ours_fen, found.theirs_fen) == (attempt.number, "back_there", None, 8_000)
    assert "refunded" not in kinds(due), "we gave nothing back"
    settle_difference(difference_id=found.pk, note="窗口已核实", by=user("manager"), at=later)

    note_refund(attempt, "DEMO-R-1", at=later)  # noted now, and known there: both sides agree
    assert reconcile_day(day, at=later + timedelta(minutes=1)) == 0
    DayDifference.objects.all().delete()
    row.state, row.refunded_at = "paid", ""  # they know nothing of what we noted
    assert reconcile_day(day, at=later + timedelta(minutes=1)) == 1
    assert DayDifference.objects.get().kind == "back_here"


@given(st.integers(0, 10**13))
def test_yuan_and_fen_are_each_others_inverse(amount: int) -> None:
    assert fen(yuan(amount)) == amount
    assert Decimal(yuan(amount)) * 100 == amount


@pytest.mark.parametrize("typed", ["", "abc", "1.005", "NaN", "Infinity", "1e-9", "１2x"])
def test_what_is_no_whole_fen_is_refused(typed: str) -> None:
    with pytest.raises(WrongAmountError):
        fen(typed)


def test_money_of_an_order_whose_amount_was_set_anew_goes_back_instead_of_paying_too_much() -> None:
    case = filed_application(service="air-defence-review", situation={"shelter": "pay"}, at=MORNING).cases.get()
    accept(case, LATER)
    due, approver, payer = FeeDue.objects.get(), user("airdefence-approver"), user("owner")
    assess_fee(due_id=due.pk, full_fen=10_000, by=approver, at=LATER)
    first = start_payment(due_id=due.pk, by=payer, at=LATER)
    note_order(paid(first.number, 10_000, state="failed"), at=LATER, source="test")
    assess_fee(due_id=due.pk, full_fen=20_000, by=approver, at=LATER)
    second = start_payment(due_id=due.pk, by=payer, at=LATER)
    note_order(paid(first.number, 10_000), at=LATER, source="test")  # it was paid after all
    assert standing(due).state == FeeState.STARTED
    assert not Paper.objects.filter(kind="fee_receipt").exists()
    note_order(paid(second.number, 20_000), at=LATER, source="test")
    assert (standing(due).state, standing(due).paid_fen) == (FeeState.PAID, 30_000)
    owed = due.facts.get(kind=FactKind.REFUND_OWED)
    assert (owed.attempt, owed.amount_fen, owed.note) == (first, 10_000, "other_amount")
    told = Notice.objects.filter(kind="fee_refund_owed", channel="inbox").first()
    assert told is not None
    assert told.params["amount"] == "100.00"
    sound()


def test_a_fee_that_is_kept_when_she_withdraws_is_no_longer_due_if_nobody_paid_it() -> None:
    for pays in (False, True):
        case = house()
        accept(case, LATER)
        due = FeeDue.objects.get(case=case)
        FeeDue.objects.filter(pk=due.pk).update(kept_when=["withdrawn"])
        if pays:
            attempt = start_payment(due_id=due.pk, by=user("owner"), at=LATER)
            note_order(paid(attempt.number, 8_000), at=LATER, source="test")
        withdraw_application(application_id=case.application_id, by=user("owner"), at=LATER)
        assert standing(due).state == (FeeState.PAID if pays else FeeState.CANCELLED)
    sound()


def test_one_order_the_service_cannot_speak_of_keeps_nobody_else_waiting(service) -> None:
    owners, dues = ("owner", "owner2"), []
    for number, owner in enumerate(owners):
        case = filed_application(
            service="house-title-transfer",
            situation={"house_use": "residential", "has_mortgage": False},
            at=MORNING + timedelta(minutes=number),
            by=owner,
        ).cases.get()
        accept(case, LATER)
        dues.append(FeeDue.objects.get(case=case))
    attempts = [start_payment(due_id=due.pk, by=user(owner), at=LATER) for due, owner in zip(dues, owners, strict=True)]
    for attempt in attempts:
        content = {"order": attempt.number, "amount_fen": 8_000, "currency": "CNY"}
        order = service.book.open({**content, "title": "", "return_url": "", "notify_url": ""})
        service.book.settle(order, "paid")
    service.book._orders[attempts[0].number].state = "quantum"
    at = LATER + timedelta(minutes=2)
    ask_about_open_payments(at=at)
    assert [standing(due).state for due in dues] == [FeeState.STARTED, FeeState.PAID]

    service.book._orders[attempts[0].number].state = "paid"
    ask_about_open_payments(at=at + timedelta(minutes=2))
    for due, owner in zip(dues, owners, strict=True):
        withdraw_application(application_id=due.case.application_id, by=user(owner), at=at)
    service.book._orders[attempts[0].number].amount_fen = 1  # it will refuse to give this back
    assert give_back_what_is_owed(at=at) == 1
    assert [standing(due).state for due in dues] == [FeeState.REFUND_OWED, FeeState.REFUNDED]

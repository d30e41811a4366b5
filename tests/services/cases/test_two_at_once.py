"""Two acts on one application at the same instant: exactly one of them counts, whichever was first, in every round."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from portal.management.invariants import check_invariants
from services.access.models import AccessLog
from services.cases.enums import ApplicationState, CaseState, HandOverTo
from services.cases.models import Application, Case, HandOver
from services.cases.operations.answering import answer_supplement
from services.cases.operations.asking import Missing, ask_supplement
from services.cases.operations.drafts import AlreadySubmittedError, save_draft
from services.cases.operations.handovers import WrongCodeError, make_code, take
from services.cases.operations.sections import save_section
from services.cases.operations.signing import ChangedSinceReviewError, sign_as_applicant
from services.cases.operations.steps import complete_step
from services.cases.operations.submission import review_hash, submit_application
from services.cases.operations.withdrawals import NothingToWithdrawError, withdraw_application
from services.payments.enums import FactKind, FeeState
from services.payments.gateway import Order
from services.payments.models import FeeDue, PaymentFact
from services.payments.operations.paying import NothingToPayError, note_order, start_payment
from services.payments.queries.fees import standing_of, with_facts
from services.ratings.models import Rating
from services.ratings.operations.rating import rate_case
from tests.factories.applications import filed_application, open_task, ready_draft, user
from tests.services.cases.conftest import MORNING
from tests.services.cases.test_notices_at_once import at_once, city  # noqa: F401 - a fixture
from workflows.models import Run
from workflows.operations.history import first_broken_row
from workflows.operations.jobs import run_due_jobs
from workflows.operations.tasks import TaskClosedError

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("city")]
AT = MORNING + timedelta(hours=1)
ROUNDS = 2
Act = Callable[[], Any]
HOUSE: dict[str, Any] = {
    "service": "house-title-transfer",
    "situation": {"house_use": "residential", "has_mortgage": False},
}


def _sound(application: Application) -> None:
    run = Application.objects.get(pk=application.pk).run
    assert run is None or first_broken_row(run) is None
    findings = check_invariants(only=["I2", "I3", "I7", "I8", "I9", "I13"])[1]
    assert [finding.check.says for finding in findings if finding.broken.count] == []


def _submit(draft: Application, text_hash: str) -> Act:
    return partial(
        submit_application,
        application_id=draft.pk, reviewed_hash=text_hash, signed=True, consents=[], by=user("owner"), at=AT,
    )  # fmt: skip


def _a_draft_is_filed_as_reviewed_or_changed_but_never_both() -> None:
    for _ in range(ROUNDS):
        draft = ready_draft(service="sign-filing", at=MORNING)
        text_hash, owner = review_hash(draft), user("owner")
        change = partial(save_draft, application_id=draft.pk, answers={"sign.text": "改"}, by=owner, at=AT)
        typed = partial(
            save_section,
            application_id=draft.pk, section="sign", sent={"sign.text": "另"}, base={}, chosen={}, by=owner, at=AT,
        )  # fmt: skip
        sign = partial(sign_as_applicant, application_id=draft.pk, reviewed_hash=text_hash, by=owner, at=AT)
        hand_over = partial(make_code, application_id=draft.pk, by=owner, at=AT)
        raised = at_once(_submit(draft, text_hash), change, sign, hand_over, _submit(draft, text_hash), typed)
        assert {type(one) for one in raised} <= {AlreadySubmittedError, ChangedSinceReviewError}
        draft.refresh_from_db()
        filed = draft.state == ApplicationState.SUBMITTED
        assert Run.objects.filter(application=draft).count() == int(filed)
        assert (draft.answers["sign.text"] in ("改", "另")) is not filed
        assert draft.signatures.filter(voided_at__isnull=True).exclude(text_hash=review_hash(draft)).count() == 0
        _sound(draft)


def _one_of_two_windows_takes_a_draft_that_is_not_filed_meanwhile() -> None:
    for _ in range(ROUNDS):
        draft = ready_draft(service="sign-filing", at=MORNING)
        _made, code = make_code(application_id=draft.pk, by=user("owner"), at=AT)
        takes = [partial(take, code=code, by=user(name), at=AT, to=HandOverTo.COUNTER) for name in ("clerk", "clerk2")]
        raised = at_once(*takes, _submit(draft, review_hash(draft)))
        draft.refresh_from_db()
        held = HandOver.objects.filter(application=draft, taken_at__isnull=False, ended_at__isnull=True)
        assert held.count() <= 1
        assert AccessLog.objects.filter(
            subject_id=str(draft.pk), purpose="handed_over", allowed=True
        ).count() <= 1  # fmt: skip
        assert WrongCodeError in {type(one) for one in raised} or AlreadySubmittedError in {type(one) for one in raised}


def _withdrawn_or_decided_paid_or_given_back_never_both() -> None:
    for number in range(ROUNDS):
        case = filed_application(**HOUSE, at=MORNING + timedelta(seconds=number)).cases.get()
        complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=AT)
        for node, outcome, role in (("handle", "recommend_grant", "handler"), ("check", "agree", "checker")):
            complete_step(
                task_id=open_task(case, node).pk, outcome=outcome, by=user(f"planning-{role}"), at=AT, reasons="依据。"
            )
        due = FeeDue.objects.get(case=case)
        attempt = start_payment(due_id=due.pk, by=user("owner"), at=AT)
        paid = Order(
            number=attempt.number, state="paid", amount_fen=attempt.amount_fen, currency="CNY", gateway_number="G"
        )
        approve = partial(
            complete_step,
            task_id=open_task(case, "approve").pk, outcome="grant", by=user("planning-approver"), at=AT, reasons="依据",
        )  # fmt: skip
        withdraw = partial(withdraw_application, application_id=case.application_id, by=user("owner"), at=AT)
        pays = partial(note_order, paid, at=AT, source="test")
        again = partial(start_payment, due_id=due.pk, by=user("owner"), at=AT)
        raised = at_once(approve, withdraw, pays, withdraw, pays, again)
        assert {type(one) for one in raised} <= {TaskClosedError, NothingToWithdrawError, NothingToPayError}
        for second in range(4):
            run_due_jobs(at=AT + timedelta(seconds=second))
        case.refresh_from_db()
        assert PaymentFact.objects.filter(due=due, kind=FactKind.PAID).count() == 1
        state = standing_of(with_facts(FeeDue.objects.filter(pk=due.pk)).get()).state
        if case.state == CaseState.WITHDRAWN:
            assert (state, case.decided_at, case.issued_at) == (FeeState.REFUND_OWED, None, None)
        else:
            assert (case.state, state) == (CaseState.GRANTED, FeeState.PAID)
            assert case.issued_at is not None
        _sound(case.application)


def _a_supplement_is_answered_once_and_a_case_rated_once() -> None:
    for number in range(ROUNDS):
        at = MORNING + timedelta(seconds=number)
        case = filed_application(service="dog-registration", situation={"dog_restricted": False}, at=at).cases.get()
        decide = open_task(case, "decide")
        complete_step(task_id=decide.pk, outcome="grant", by=user("clerk"), at=AT)
        for second in range(4):
            run_due_jobs(at=AT + timedelta(seconds=second))
        rate = partial(
            rate_case, case_id=case.pk, level="dissatisfied", named=True, channel="1", by=user("owner"), at=AT
        )
        assert at_once(rate, rate, rate) == []
        assert Rating.objects.filter(case=case).count() == 1

        asked = filed_application(**HOUSE, at=at).cases.get()
        code = asked.application.offer.materials.first().code
        ask_supplement(
            task_id=open_task(asked, "intake").pk,
            missing=[Missing(kind="material", code=code, reason="请重新提交。")],
            by=user("clerk"),
            at=AT,
        )
        answer = partial(answer_supplement, case_id=asked.pk, answers={}, by=user("owner"), at=AT)
        withdraw = partial(withdraw_application, application_id=asked.application_id, by=user("owner"), at=AT)
        acts = [answer, answer, *([withdraw] if number else [])]
        raised = at_once(*acts)
        assert {type(one) for one in raised} <= {TaskClosedError}
        asked = Case.objects.get(pk=asked.pk)
        assert asked.state == (CaseState.WITHDRAWN if number else CaseState.FILED)
        assert asked.supplements.filter(answered_at__isnull=False).count() <= 1
        _sound(asked.application)


def test_of_two_acts_at_once_one_counts() -> None:
    _a_draft_is_filed_as_reviewed_or_changed_but_never_both()
    _one_of_two_windows_takes_a_draft_that_is_not_filed_meanwhile()
    _withdrawn_or_decided_paid_or_given_back_never_both()
    _a_supplement_is_answered_once_and_a_case_rated_once()

"""One item of a bundle is taken back: what depends on it ends, the others go on, nothing waits for it any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.cases.enums import ApplicationResult, ApplicationState, CaseState
from services.cases.models import Application, Case, Withdrawal
from services.cases.operations.asking import Missing, ask_supplement
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.holds import hold_application, release_application
from services.cases.operations.withdrawals import NothingToWithdrawError, withdraw_case
from services.cases.queries.timeline import timeline_of
from services.documents.models import Paper
from services.notifications.models import Notice
from tests.factories.applications import RESTAURANT, filed_application, filed_restaurant, open_task, user
from tests.services.cases.conftest import MORNING
from tests.services.cases.test_main_job import decide, do, work
from workflows.models import Clock, HistoryEvent, Task
from workflows.operations.history import first_broken_row

pytestmark = pytest.mark.usefixtures("city")
AT = MORNING + timedelta(hours=2)


def take_back(application: Application, part: str, *, by: str = "owner2", at=AT, reason: str = "") -> Case:
    return withdraw_case(case_id=application.cases.get(part=part).pk, by=user(by), at=at, reason=reason)


def told(kind: str, name: str = "owner2") -> int:
    return Notice.objects.filter(kind=kind, channel="inbox", recipient=user(name)).count()


def test_one_of_four_parallel_items_ends_and_the_three_others_are_decided() -> None:
    application = filed_restaurant(at=MORNING)
    for case in application.cases.all():
        do(case, "intake", "accept", "clerk", MORNING + timedelta(hours=1))
    with pytest.raises(NotAllowedError):
        take_back(application, "sign-filing", by="citizen")
    for _ in range(2):
        case = take_back(application, "sign-filing", reason="招牌不做了")
    case.refresh_from_db()
    assert (case.state, case.closed_at) == (CaseState.WITHDRAWN, AT)
    assert Withdrawal.objects.get(case=case).why == "招牌不做了"
    assert not Clock.objects.filter(subject_kind="case", subject_id=str(case.pk), stopped_at__isnull=True).exists()
    assert not Task.objects.filter(run=case.run, state__in=("ready", "claimed")).exists()
    assert Paper.objects.filter(kind="withdrawal_receipt", subject_id=str(case.pk)).count() == 1
    assert told("one_case_withdrawn") == 1
    [event] = HistoryEvent.objects.filter(root=application.run, kind="withdrawn")
    assert (event.by, event.detail["case"]) == (user("owner2"), case.pk)

    others = application.cases.exclude(pk=case.pk)
    assert {one.state for one in others} == {CaseState.ACCEPTED}
    assert all(
        Clock.objects.filter(subject_kind="case", subject_id=str(one.pk), stopped_at__isnull=True).exists()
        for one in others
    )
    for one in others:
        decide(one, "grant", AT + timedelta(hours=1))
    application.refresh_from_db()
    assert (application.state, application.result) == (ApplicationState.CLOSED, ApplicationResult.PARTLY_DONE)
    assert first_broken_row(application.run) is None
    with pytest.raises(NothingToWithdrawError):
        take_back(application, "food-licence", at=AT + timedelta(days=1))


def test_what_needs_the_item_ends_with_it_and_is_told_the_true_reason() -> None:
    application = filed_application(bundle="open-restaurant", situation=RESTAURANT, at=MORNING)
    do(application.cases.get(part="business-licence"), "intake", "accept", "clerk", MORNING + timedelta(hours=1))
    with pytest.raises(NothingToWithdrawError):
        take_back(application, "food-licence", by="owner")  # not filed yet
    lane = next(one for one in timeline_of(application, at=AT).lanes if one.case.part == "business-licence")
    assert not lane.closed
    take_back(application, "business-licence", by="owner")
    work(AT + timedelta(minutes=1))
    application.refresh_from_db()
    assert application.state == ApplicationState.WITHDRAWN
    ended = application.cases.exclude(part="business-licence")
    assert {one.state for one in ended} == {CaseState.ENDED}
    assert all("您撤回了" in one.end_reason_zh and "You withdrew" in one.end_reason_en for one in ended)
    assert told("case_dependant_ended", "owner") == ended.count()
    assert told("bundle_partly_closed", "owner") == 0
    assert not Paper.objects.filter(kind="closing_notice").exists()
    assert not Clock.objects.filter(root=application.run, stopped_at__isnull=True).exists()
    assert not Task.objects.filter(root=application.run, state__in=("ready", "claimed")).exists()


def test_all_taken_back_one_by_one_is_an_application_taken_back() -> None:
    application = filed_restaurant(at=MORNING)
    for minutes, case in enumerate(application.cases.order_by("position")):
        take_back(application, case.part, at=AT + timedelta(minutes=minutes))
    work(AT + timedelta(hours=1))
    application.refresh_from_db()
    assert application.state == ApplicationState.WITHDRAWN
    assert not Paper.objects.filter(kind="closing_notice").exists()


def test_the_notice_that_waited_for_its_check_goes_out_without_it() -> None:
    application = filed_restaurant(at=MORNING)
    cases = list(application.cases.order_by("position"))
    missing = [Missing(kind="element", code="person.mobile", reason="请填写本人手机号。")]
    for case in cases[:-1]:
        ask_supplement(task_id=open_task(case, "intake").pk, missing=missing, by=user("clerk"), at=AT)
    assert told("supplement_needed") == 0
    take_back(application, cases[0].part, at=AT)  # what was recorded about it is forgotten
    assert told("supplement_needed") == 0
    take_back(application, cases[-1].part, at=AT)  # nobody else has to look: the two others are told now
    assert told("supplement_needed") == 1
    assert application.notices.get().supplements.count() == 2


def test_an_item_of_a_held_application_ends_and_the_others_stand_still_until_released() -> None:
    application = filed_restaurant(at=MORNING)
    hold_application(application_id=application.pk, reason="系统维护", by=user("manager"), at=MORNING)
    take_back(application, "sign-filing")
    application.refresh_from_db()
    assert application.state == ApplicationState.SUBMITTED
    assert application.holds.filter(released_at=None).exists()
    release_application(application_id=application.pk, by=user("manager"), at=AT + timedelta(minutes=1))
    for case in application.cases.exclude(part="sign-filing"):
        do(case, "intake", "accept", "clerk", AT + timedelta(hours=1))
    assert application.cases.get(part="sign-filing").state == CaseState.WITHDRAWN

"""The main job by both routes, through the operations, on real PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services.cases.enums import ApplicationResult, CaseState
from services.cases.models import Case
from services.cases.operations.steps import OutsideResult, complete_step, declare_premises_ready
from services.exchange.enums import Outcome
from services.notifications.models import Notice
from services.parties.models import Organisation
from tests.factories.applications import RESTAURANT, filed_application, open_task, user
from tests.services.cases.conftest import MORNING
from workflows.models import Clock, Task
from workflows.operations.history import first_broken_row
from workflows.operations.jobs import run_due_jobs

pytestmark = pytest.mark.usefixtures("city")

STAFF = {"SCJG": "food", "XF": "fire", "CGJ": "city"}


def do(case: Case, node: str, outcome: str, name: str, at: datetime, **more) -> None:
    complete_step(task_id=open_task(case, node).pk, outcome=outcome, by=user(name), at=at, **more)


def work(at: datetime) -> None:
    for second in range(4):
        run_due_jobs(at=at + timedelta(seconds=second))


def decide(case: Case, outcome: str, at: datetime, **more) -> None:
    prefix = STAFF[case.department.code]
    do(case, "handle", f"recommend_{outcome}", f"{prefix}-handler", at, reasons="依据现场核查。")
    do(case, "check", "agree", f"{prefix}-checker", at + timedelta(minutes=1))
    do(case, "approve", outcome, f"{prefix}-approver", at + timedelta(minutes=2), reasons="依据现场核查。", **more)
    work(at + timedelta(minutes=3))


def test_licence_first_then_four_departments_in_parallel() -> None:
    application = filed_application(bundle="open-restaurant", situation=RESTAURANT, at=MORNING)
    licence = application.cases.get(part="business-licence")
    assert licence.state == CaseState.FILED
    assert {case.state for case in application.cases.exclude(pk=licence.pk)} == {CaseState.PLANNED}
    at = MORNING + timedelta(hours=1)
    do(licence, "intake", "accept", "clerk", at)
    outside = OutsideResult(number="91410105MA0000101U", decided_on=at.date())
    decide(licence, "grant", at, outside=outside)
    licence.refresh_from_db()
    assert licence.state == CaseState.GRANTED
    assert licence.decided_at < licence.issued_at <= licence.delivered_at
    application.refresh_from_db()
    assert application.holder.kind == "organisation"
    assert Organisation.objects.get(pk=application.holder.id).uscc == "91410105MA0000101U"

    at += timedelta(days=1)
    declare_premises_ready(task_id=Task.objects.get(node="premises_ready").pk, by=user("owner"), at=at)
    branches = list(application.cases.exclude(pk=licence.pk).order_by("position"))
    assert [case.state for case in branches] == [CaseState.FILED] * 4
    for case in branches:
        do(case, "intake", "accept", "clerk", at)
    running = Clock.objects.filter(kind="promised", stopped_at__isnull=True)
    assert len({clock.due_on for clock in running}) > 1  # each branch by its own limit
    for number, case in enumerate(branches):
        application.refresh_from_db()
        assert application.closed_at is None
        decide(case, "grant", at + timedelta(hours=number))
    application.refresh_from_db()
    assert application.result == ApplicationResult.ALL_DONE
    assert first_broken_row(application.run) is None
    kinds = Notice.objects.filter(channel="inbox", recipient=user("owner")).values_list("kind", flat=True)
    assert sorted(kinds).count("bundle_closed") == 1


def test_licence_held_is_verified_and_a_refusal_delays_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    class Answer:
        outcome, found, matches, name = Outcome.FOUND, True, True, "郑州老街坊餐饮管理有限公司（演示）"

    monkeypatch.setattr("services.cases.operations.entities.verify_business_licence", lambda **_: Answer())
    application = filed_application(
        bundle="open-restaurant",
        situation={**RESTAURANT, "has_licence": True, "premises_ready": True},
        given={"organisation.uscc": "91410100MA0000074E"},
        by="owner2",
        at=MORNING,
    )
    assert application.cases.filter(state=CaseState.FILED).count() == 0
    work(MORNING + timedelta(minutes=1))
    branches = list(application.cases.order_by("position"))
    assert [case.state for case in branches] == [CaseState.FILED] * 4
    at = MORNING + timedelta(hours=1)
    for case in branches:
        do(case, "intake", "accept", "clerk", at)
    fire = application.cases.get(part="fire-safety-check")
    decide(fire, "refuse", at)
    application.refresh_from_db()
    assert application.closed_at is None
    for case in application.cases.exclude(pk=fire.pk):
        decide(case, "grant", at + timedelta(hours=1))
    application.refresh_from_db()
    assert application.result == ApplicationResult.PARTLY_DONE
    fire.refresh_from_db()
    assert fire.state == CaseState.REFUSED
    assert fire.delivered_at is not None


@pytest.mark.parametrize(("matches", "outcome"), [(False, Outcome.FOUND), (False, Outcome.UNAVAILABLE)])
def test_a_licence_the_register_does_not_confirm_is_looked_at_by_the_window(
    monkeypatch: pytest.MonkeyPatch, matches: bool, outcome: Outcome
) -> None:
    class Answer:
        found, name = outcome is Outcome.FOUND, ""

    Answer.matches, Answer.outcome = matches, outcome
    monkeypatch.setattr("services.cases.operations.entities.verify_business_licence", lambda **_: Answer())
    application = filed_application(
        bundle="open-restaurant",
        situation={**RESTAURANT, "has_licence": True, "premises_ready": False},
        given={"organisation.uscc": "91410100MA0000074E"},
        by="owner2",
        at=MORNING,
    )
    work(MORNING + timedelta(minutes=1))
    task = Task.objects.get(node="check_licence")
    assert task.subject_kind == "application"
    at = MORNING + timedelta(hours=1)
    if outcome is Outcome.UNAVAILABLE:
        complete_step(task_id=task.pk, outcome="confirmed", by=user("clerk"), at=at)
        assert Task.objects.filter(node="premises_ready").exists()
        application.refresh_from_db()
        assert Organisation.objects.get(pk=application.holder.id).uscc == "91410100MA0000074E"
        return
    complete_step(task_id=task.pk, outcome="not_confirmed", by=user("clerk"), at=at, reasons="执照与申请人不符。")
    work(at)
    application.refresh_from_db()
    assert application.result == ApplicationResult.NONE_DONE
    assert {case.state for case in application.cases.all()} == {CaseState.ENDED}
    assert all("执照与申请人不符。" in case.end_reason_zh and case.end_reason_en for case in application.cases.all())


def test_dependants_of_a_refused_licence_end_with_reasons() -> None:
    application = filed_application(bundle="open-restaurant", situation=RESTAURANT, at=MORNING)
    licence = application.cases.get(part="business-licence")
    do(licence, "intake", "accept", "clerk", MORNING + timedelta(hours=1))
    decide(licence, "refuse", MORNING + timedelta(hours=2))
    application.refresh_from_db()
    assert application.result == ApplicationResult.NONE_DONE
    ended = application.cases.exclude(pk=licence.pk)
    assert {case.state for case in ended} == {CaseState.ENDED}
    assert all(licence.service.name_zh in case.end_reason_zh for case in ended)

"""After acceptance a question stops no clock; a later service runs none before the day its input exists."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.demo.samples import sample_situation
from services.cases.enums import CaseState
from services.cases.models import Application, Case, InformationRequest
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.limits import UnknownPauseRuleError
from services.cases.operations.requests import (
    NothingAnsweredError,
    NothingAskedError,
    NotUnderReviewError,
    PlannedDaysMissingError,
    answer_request,
    request_information,
)
from services.cases.operations.steps import OutsideResult, complete_step, declare_premises_ready
from services.cases.queries.timeline import timeline_of
from services.catalogue.queries import current_version
from services.documents.queries import papers_of
from services.notifications.models import Notice
from services.parties.models import Membership
from tests.factories.applications import RESTAURANT, filed_application, open_task, user
from tests.services.cases.conftest import MORNING
from workflows.models import Clock, ClockPause, Run, Task
from workflows.operations.history import first_broken_row
from workflows.operations.jobs import run_due_jobs

pytestmark = pytest.mark.usefixtures("city")

AT = MORNING + timedelta(hours=1)


def clocks_of(case: Case) -> list[tuple]:
    rows = Clock.objects.filter(subject_kind="case", subject_id=str(case.pk)).order_by("id")
    return list(rows.values_list("kind", "due_at", "stopped_at", "warn_at"))


def do(case: Case, node: str, outcome: str, name: str, at=AT, **more) -> None:
    complete_step(task_id=open_task(case, node).pk, outcome=outcome, by=user(name), at=at, **more)


def test_a_question_stops_no_clock_and_is_answered_once() -> None:
    case = filed_application(service="sign-filing", at=MORNING).cases.get()
    given = {"case_id": case.pk, "text": "招牌何时安装？", "by": user("city-handler"), "at": AT}
    with pytest.raises(NotUnderReviewError):  # before acceptance there is the one-time notice
        request_information(**given)
    do(case, "intake", "accept", "clerk")
    with pytest.raises(NotAllowedError):
        request_information(**{**given, "by": user("clerk")})
    with pytest.raises(NothingAskedError):
        request_information(**{**given, "text": " "})
    before = clocks_of(case)
    asked = request_information(**given)
    assert request_information(**given).pk == asked.pk
    later = AT + timedelta(days=1)
    with pytest.raises(NotAllowedError):
        answer_request(request_id=asked.pk, text="x", by=user("owner2"), at=later)
    with pytest.raises(NothingAnsweredError):
        answer_request(request_id=asked.pk, text="", by=user("owner"), at=later)
    for text in ("下周。", "另一个答复"):
        answered = answer_request(request_id=asked.pk, text=text, by=user("owner"), at=later)
    assert (answered.answer, answered.answered_at) == ({"text": "下周。"}, later)
    assert clocks_of(case) == before
    case.refresh_from_db()
    assert case.state == CaseState.ACCEPTED
    told = Notice.objects.filter(channel="inbox")
    assert told.filter(kind="information_requested", recipient=user("owner")).count() == 1
    assert told.filter(kind="information_given").get().recipient == user("city-handler")
    assert first_broken_row(case.run) is None


def test_only_a_cited_rule_of_the_service_itself_pauses_until_she_answers() -> None:
    situation = sample_situation(current_version("disability-certificate").questions.all(), {})
    case = filed_application(service="disability-certificate", situation=situation, at=MORNING).cases.get()
    (rule,) = case.service.rules.pauses
    do(case, "intake", "accept", "clerk")
    person = Membership.objects.filter(department=case.department, role="handler").first().user
    given = {"case_id": case.pk, "text": "请参加评定。", "by": person, "at": AT}
    with pytest.raises(PlannedDaysMissingError):
        request_information(**given, rule=rule.code)
    with pytest.raises(UnknownPauseRuleError):
        request_information(**given, rule="site-visit", planned_days=3)
    asked = request_information(**given, rule=rule.code, planned_days=3)
    paused = ClockPause.objects.filter(clock__subject_id=str(case.pk))
    assert {one.reason for one in paused} == {"service_rule"}
    assert all(one.citation for one in paused)
    assert papers_of("case", case.pk).filter(kind="pause_notice").count() == 1
    answer_request(request_id=asked.pk, text="已参加。", by=user("owner"), at=AT + timedelta(days=2))
    assert all(one.to_on is not None for one in paused.all())
    assert first_broken_row(Run.objects.get(pk=case.run.root_key)) is None


def test_nothing_is_asked_or_answered_once_it_is_decided() -> None:
    case = filed_application(service="sign-filing", at=MORNING).cases.get()
    do(case, "intake", "accept", "clerk")
    asked = request_information(case_id=case.pk, text="？", by=user("city-handler"), at=AT)
    do(case, "handle", "recommend_grant", "city-handler")
    do(case, "check", "agree", "city-checker")
    do(case, "approve", "grant", "city-approver")
    with pytest.raises(NotUnderReviewError):
        answer_request(request_id=asked.pk, text="x", by=user("owner"), at=AT)
    with pytest.raises(NotUnderReviewError):
        request_information(case_id=case.pk, text="x", by=user("city-handler"), at=AT)
    assert InformationRequest.objects.get().answered_at is None


def _waits_without_clocks(application: Application, parts: list[str], at) -> None:
    """Hold that these cases are planned, have no clock and no task, and that the timeline says why."""
    lanes = {lane.case.part: lane for lane in timeline_of(application, at=at).lanes}
    for name in parts:
        lane = lanes[name]
        assert (lane.case.state, lane.case.filed_at, lane.clock, lane.light) == (CaseState.PLANNED, None, None, "")
        assert clocks_of(lane.case) == []
        assert list(lane.tasks) == []
        assert lane.waits_zh, name
        assert lane.waits_en, name


def test_a_later_service_is_filed_when_its_input_exists_and_runs_no_clock_before() -> None:
    application = filed_application(bundle="open-restaurant", situation=RESTAURANT, at=MORNING)
    licence = application.cases.get(part="business-licence")
    later = [case.part for case in application.cases.exclude(pk=licence.pk)]
    assert "food-licence" in later
    _waits_without_clocks(application, later, MORNING)
    do(licence, "intake", "accept", "clerk")
    do(licence, "handle", "recommend_grant", "food-handler")
    do(licence, "check", "agree", "food-checker")
    _waits_without_clocks(application, later, AT)
    outside = OutsideResult(number="91410105MA0000101U", decided_on=AT.date())
    do(licence, "approve", "grant", "food-approver", outside=outside)
    for second in range(4):
        run_due_jobs(at=AT + timedelta(seconds=second))
    _waits_without_clocks(application, later, AT)  # the premises are not ready: weeks may pass, no time runs
    ready = AT + timedelta(days=20)
    declare_premises_ready(task_id=Task.objects.get(node="premises_ready").pk, by=user("owner"), at=ready)
    for case in application.cases.exclude(pk=licence.pk):
        assert (case.state, case.filed_at) == (CaseState.FILED, ready)
        assert {kind for kind, *_ in clocks_of(case)} >= {"one_time_notice"}
        assert "promised" not in {kind for kind, *_ in clocks_of(case)}

    food, sign = application.cases.get(part="food-licence"), application.cases.get(part="sign-filing")
    accepted = ready + timedelta(days=1)
    do(food, "intake", "accept", "clerk", accepted)
    for node, outcome, role in (("handle", "recommend_grant", "handler"), ("check", "agree", "checker")):
        do(food, node, outcome, f"food-{role}", accepted + timedelta(hours=1))
    do(food, "approve", "grant", "food-approver", accepted + timedelta(hours=2))
    for second in range(4):
        run_due_jobs(at=accepted + timedelta(hours=3, seconds=second))
    for case in (food, sign):
        case.refresh_from_db()
    assert food.filed_at < food.accepted_at < food.decided_at < food.issued_at <= food.delivered_at
    assert {paper.department for paper in papers_of("case", food.pk)} == {"SCJG"}
    assert (sign.state, sign.accepted_at) == (CaseState.FILED, None)  # each has its own acceptance and decision
    assert first_broken_row(Run.objects.get(pk=application.run_id)) is None

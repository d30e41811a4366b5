"""One notice of everything several departments miss: recorded, merged, sent in time, answered once."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml

from services.cases.consequences import _release_notice
from services.cases.enums import CaseState, ReleaseCause
from services.cases.models import Application, Case, OneTimeNotice, Supplement
from services.cases.operations.answering import answer_supplement, keep_typed
from services.cases.operations.asking import (
    EarlyReasonMissingError,
    Missing,
    NothingRecordedError,
    SecondNoticeError,
    SupervisorReasonMissingError,
    allow_second_notice,
    ask_supplement,
    send_notice_now,
)
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.holds import hold_application
from services.cases.operations.steps import NothingMarkedError, complete_step
from services.cases.queries.notices import second_notices, things_asked, waiting_of
from services.documents.models import Paper
from services.notifications.models import Notice
from tests.factories.applications import filed_application, filed_restaurant, open_task, user
from tests.services.cases.conftest import MORNING
from workflows.clocks.effects import Consequence, ThresholdReached
from workflows.enums import TaskState
from workflows.models import Clock, Run, Timer
from workflows.operations.history import first_broken_row
from workflows.operations.jobs import run_due_jobs
from workflows.operations.tasks import TaskClosedError, TaskHeldError, claim_task
from workflows.operations.thresholds import publish_threshold_rules
from workflows.operations.timers import sweep_timers

pytestmark = pytest.mark.usefixtures("city")

AT = MORNING + timedelta(hours=1)
PLAN = Missing(kind="material", code="layout-plan", reason="请标注尺寸。")
PLACE = Missing(kind="element", code="premises.address", reason="与证明不一致。")
SIGN = Missing(kind="element", code="sign.text", reason="请与执照一致。")


def part(application: Application, name: str) -> Case:
    return application.cases.select_related("department", "run", "application").get(part=name)


def ask(case: Case, *missing: Missing, at: datetime = AT, by: str = "clerk") -> Supplement:
    return ask_supplement(task_id=open_task(case, "intake").pk, missing=missing, by=user(by), at=at)


def accept(case: Case, at: datetime = AT) -> None:
    complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=at)


def legal(case: Case) -> Clock:
    return Clock.objects.filter(subject_id=str(case.pk), kind="one_time_notice").latest("id")


def reach(*cases: Case, at: datetime) -> None:
    """Let the rule of the legal clock come due for cases, as the sweep does."""
    _release_notice([(_reached(legal(case)), Consequence(do="release_notice")) for case in cases], at)


def _reached(clock: Clock) -> ThresholdReached:
    return ThresholdReached(
        clock_id=clock.pk,
        root_id=clock.root_id,
        subject_kind="case",
        subject_id=clock.subject_id,
        clock_kind=clock.kind,
        department=clock.department,
        threshold="notice_release",
        light="",
        rules=1,
        due_at=clock.due_at,
        late=False,
        superseded=False,
        consequences=(),
    )


def told(application: Application, kind: str = "supplement_needed") -> int:
    return Notice.objects.filter(kind=kind, channel="inbox", recipient=application.filed_by).count()


def holds(application: Application) -> bool:
    return first_broken_row(Run.objects.get(pk=application.run_id)) is None


def test_a_single_service_waits_for_nobody() -> None:
    case = filed_application(service="sign-filing", at=MORNING).cases.get()
    supplement = ask(case, SIGN)
    assert supplement.notice.cause == ReleaseCause.ALL_JUDGED
    case.refresh_from_db()
    assert case.state == CaseState.SUPPLEMENT
    assert Paper.objects.get(kind="supplement_notice").subject_kind == "case"
    assert told(case.application) == 1
    assert ask(case, SIGN).pk == supplement.pk
    assert OneTimeNotice.objects.count() == 1


def test_questions_wait_stop_no_clock_and_go_out_as_one_when_the_last_case_is_judged() -> None:
    application = filed_restaurant(at=MORNING)
    food, fire = part(application, "food-licence"), part(application, "fire-safety-check")
    sign, drain = part(application, "sign-filing"), part(application, "drainage-permit")
    assert ask(food, PLAN, PLACE).notice is None
    food.refresh_from_db()
    assert (food.state, legal(food).stopped_at, told(application)) == (CaseState.FILED, None, 0)
    waiting = waiting_of(food)
    assert [one.case_id for one in waiting.recorded] == [food.pk]
    assert {one.pk for one in waiting.unjudged} == {fire.pk, sign.pk, drain.pk}
    assert waiting.until == legal(food).due_at
    assert waiting_of(sign) is None
    accept(drain)
    ask(fire, PLAN)
    assert OneTimeNotice.objects.count() == 0
    later = AT + timedelta(days=1)
    ask(sign, SIGN, at=later)
    notice = OneTimeNotice.objects.get()
    assert (notice.cause, notice.released_at, notice.supplements.count()) == (ReleaseCause.ALL_JUDGED, later, 3)
    for case in (food, fire, sign):
        case.refresh_from_db()
        assert (case.state, legal(case).stopped_at) == (CaseState.SUPPLEMENT, later)
        assert case.opinions.get().outcome == "supplement"
        assert open_task(case, "supplement").opened_at == later
    drain.refresh_from_db()
    assert drain.state == CaseState.ACCEPTED
    paper = Paper.objects.get(kind="supplement_notice")
    assert (paper.subject_kind, paper.department) == ("application", "ZWB")
    assert [group["department"]["en"] for group in paper.facts["departments"]] == [
        food.department.name_en,
        fire.department.name_en,
        sign.department.name_en,
    ]
    assert [len(group["missing"]) for group in paper.facts["departments"]] == [2, 1, 1]
    assert told(application) == 1
    assert holds(application)


def test_a_thing_that_two_departments_ask_for_stands_once_and_one_answer_counts_for_both() -> None:
    application = filed_restaurant(at=MORNING)
    food, fire = part(application, "food-licence"), part(application, "fire-safety-check")
    for name in ("sign-filing", "drainage-permit"):
        accept(part(application, name))
    ask(food, PLAN, PLACE)
    ask(fire, PLACE, Missing(kind="element", code="fire.exits", reason="请核对。"))
    notice = OneTimeNotice.objects.get()
    groups = things_asked(notice)
    assert [[thing.code for thing in group.things] for group in groups] == [
        ["layout-plan", "premises.address"],
        ["fire.exits"],
    ]
    shared = groups[0].things[1]
    assert [one.department.code for one in shared.reasons] == ["SCJG", "XF"]
    with pytest.raises(NotAllowedError):
        answer_supplement(case_id=food.pk, answers={"sign.text": "x"}, by=user("owner2"), at=AT)
    later = AT + timedelta(days=2)
    answers = {"premises.address": "演示路210号", "fire.exits": "3"}
    own = answer_supplement(case_id=fire.pk, answers=answers, by=user("owner2"), at=later)
    assert set(own.changes) == set(answers)
    for case in (food, fire):
        case.refresh_from_db()
        assert case.state == CaseState.FILED
        assert case.supplements.get().changes["premises.address"]["after"] == "演示路210号"
        assert (legal(case).started_at, legal(case).stopped_at) == (later, None)
        assert open_task(case, "intake").round == 2
    application.refresh_from_db()
    assert application.answers["premises.address"] == "演示路210号"
    assert told(application, "supplement_received") == 1
    with pytest.raises(TaskClosedError):
        answer_supplement(case_id=food.pk, answers={}, by=user("owner2"), at=later)
    assert holds(application)


def test_the_legal_time_sends_what_is_recorded_and_later_questions_are_their_own_notice() -> None:
    application = filed_restaurant(at=MORNING)
    food, sign = part(application, "food-licence"), part(application, "sign-filing")
    ask(food, PLAN)
    soon = legal(food).due_at - timedelta(days=1)
    for _ in range(2):
        reach(food, sign, at=soon)
    notice = OneTimeNotice.objects.get()
    assert (notice.cause, notice.released_by, notice.released_at) == (ReleaseCause.LAST_DAY, None, soon)
    food.refresh_from_db()
    assert (food.state, legal(food).stopped_at) == (CaseState.SUPPLEMENT, soon)
    assert legal(sign).stopped_at is None
    # Now the legal time of the others is nearly over too: what they ask does not wait.
    last_day = legal(sign).due_at - timedelta(hours=3)
    assert ask(sign, SIGN, at=last_day).notice.number == 2
    assert (told(application), holds(application)) == (2, True)


def test_the_sweep_sends_it_by_the_published_rule() -> None:
    rules = yaml.safe_load(Path("services/supervision/data/rules.yaml").read_text(encoding="utf-8"))["rules"]
    own = [rule for rule in rules if rule["code"] == "notice_release"]
    publish_threshold_rules(rules=own, note="", by=None, at=MORNING)
    application = filed_restaurant(at=MORNING)
    food, sign = part(application, "food-licence"), part(application, "sign-filing")
    ask(food, PLAN)
    due_at = Timer.objects.get(subject_kind="clock", subject_id=str(legal(food).pk), kind="notice_release").due_at
    assert MORNING < due_at < legal(food).due_at
    sweep_timers(at=due_at - timedelta(minutes=1))
    assert not OneTimeNotice.objects.exists()
    for _ in range(2):
        sweep_timers(at=due_at)
    assert OneTimeNotice.objects.get().cause == ReleaseCause.LAST_DAY
    assert ask(sign, SIGN, at=due_at + timedelta(minutes=1)).notice.number == 2
    assert holds(application)


def test_the_rule_of_a_case_without_questions_sends_nothing() -> None:
    application = filed_restaurant(at=MORNING)
    food = part(application, "food-licence")
    reach(food, at=legal(food).due_at - timedelta(days=1))
    assert not OneTimeNotice.objects.exists()


def test_a_clerk_sends_it_now_with_a_reason() -> None:
    application = filed_restaurant(at=MORNING)
    food, sign = part(application, "food-licence"), part(application, "sign-filing")
    with pytest.raises(NothingRecordedError):
        send_notice_now(case_id=food.pk, reason="x", by=user("clerk"), at=AT)
    ask(food, PLAN)
    with pytest.raises(EarlyReasonMissingError):
        send_notice_now(case_id=food.pk, reason=" ", by=user("clerk"), at=AT)
    with pytest.raises(NotAllowedError):
        send_notice_now(case_id=food.pk, reason="x", by=user("food-handler"), at=AT)
    sent = send_notice_now(case_id=sign.pk, reason="申请人就在窗口。", by=user("clerk2"), at=AT)
    assert (sent.cause, sent.reason, sent.released_by) == (ReleaseCause.SENT_NOW, "申请人就在窗口。", user("clerk2"))
    again = send_notice_now(case_id=food.pk, reason="x", by=user("clerk2"), at=AT)
    assert again.pk == sent.pk
    assert (OneTimeNotice.objects.count(), told(application), holds(application)) == (1, 1, True)


def test_recording_again_replaces_and_accepting_forgets() -> None:
    application = filed_restaurant(at=MORNING)
    food, sign = part(application, "food-licence"), part(application, "sign-filing")
    with pytest.raises(NothingMarkedError):
        complete_step(task_id=open_task(food, "intake").pk, outcome="supplement", by=user("clerk"), at=AT)
    ask(food, PLAN)
    ask(food, PLACE, by="clerk2")
    assert [item["code"] for item in food.supplements.get().items] == ["premises.address"]
    claim_task(task_id=open_task(sign, "intake").pk, by=user("clerk2"), at=AT)
    with pytest.raises(TaskHeldError):
        ask(sign, SIGN)
    accept(food)
    assert not food.supplements.exists()
    food.refresh_from_db()
    assert food.state == CaseState.ACCEPTED
    events = Run.objects.get(pk=application.run_id).history.values_list("kind", flat=True)
    assert "questions_withdrawn" in events
    assert holds(application)


def test_the_last_case_that_is_accepted_sends_what_the_others_ask() -> None:
    application = filed_restaurant(at=MORNING)
    ask(part(application, "food-licence"), PLAN)
    for name in ("fire-safety-check", "sign-filing"):
        accept(part(application, name))
    assert not OneTimeNotice.objects.exists()
    drain = part(application, "drainage-permit")
    complete_step(
        task_id=open_task(drain, "intake").pk,
        outcome="not_competent",
        by=user("clerk"),
        at=AT,
        reasons="由上级办理。",
        competent_body="河南省住房和城乡建设厅",
    )
    assert OneTimeNotice.objects.get().cause == ReleaseCause.ALL_JUDGED
    assert holds(application)


def test_a_colleague_who_took_the_case_meanwhile_does_not_stop_the_notice() -> None:
    application = filed_restaurant(at=MORNING)
    food = part(application, "food-licence")
    ask(food, PLAN)
    claim_task(task_id=open_task(food, "intake").pk, by=user("clerk2"), at=AT)
    reach(food, at=legal(food).due_at - timedelta(days=1))
    task = open_task(food, "intake")
    assert (task.state, task.closed_by) == (TaskState.DONE, user("clerk"))


def test_what_is_recorded_is_told_before_an_application_is_held() -> None:
    application = filed_restaurant(at=MORNING)
    ask(part(application, "food-licence"), PLAN)
    for _ in range(2):
        hold_application(application_id=application.pk, reason="等待答复。", by=user("manager"), at=AT)
    assert OneTimeNotice.objects.get().cause == ReleaseCause.BEFORE_HOLD


def test_a_second_notice_takes_a_second_person_and_is_counted() -> None:
    case = filed_application(service="sign-filing", at=MORNING).cases.get()
    ask(case, SIGN)
    answer_supplement(case_id=case.pk, answers={"sign.text": "新"}, by=user("owner"), at=AT)
    again = ask(case, SIGN)
    assert (again.round, again.notice, again.needs_supervisor) == (2, None, True)
    waits = Notice.objects.filter(kind="second_notice_waits", channel="inbox")
    assert {one.recipient.username for one in waits} == {"city-head", "manager"}
    reach(case, at=legal(case).due_at)  # no time of the law sends what no supervisor allowed
    with pytest.raises(SecondNoticeError):
        send_notice_now(case_id=case.pk, reason="x", by=user("clerk"), at=AT)
    head = user("city-head")
    with pytest.raises(SupervisorReasonMissingError):
        allow_second_notice(case_id=case.pk, reason=" ", by=head, at=AT)
    for name in ("clerk", "food-head", "city-handler"):
        with pytest.raises(NotAllowedError):
            allow_second_notice(case_id=case.pk, reason="x", by=user(name), at=AT)
    allowed = allow_second_notice(case_id=case.pk, reason="材料前后矛盾。", by=head, at=AT)
    assert (allowed.supervisor_reason, allowed.approved_by, allowed.notice.number) == ("材料前后矛盾。", head, 2)
    with pytest.raises(NothingRecordedError):
        allow_second_notice(case_id=case.pk, reason="x", by=head, at=AT)
    counted = second_notices(since=MORNING, until=AT + timedelta(days=1))
    assert [(one.department.code, one.asked, one.again) for one in counted] == [("CGJ", 1, 1)]
    assert holds(case.application)


def test_what_is_typed_is_kept_until_it_is_handed_in() -> None:
    case = filed_application(service="sign-filing", at=MORNING).cases.get()
    notice = ask(case, SIGN).notice
    keep_typed(notice_id=notice.pk, typed={"sign.text": "半句", "sign.width": "9"}, by=user("owner"), at=AT)
    notice.refresh_from_db()
    assert notice.typed == {"sign.text": "半句"}
    with pytest.raises(NotAllowedError):
        keep_typed(notice_id=notice.pk, typed={}, by=user("owner2"), at=AT)
    answer_supplement(case_id=case.pk, answers={"sign.text": "整句"}, by=user("owner"), at=AT)
    notice.refresh_from_db()
    assert (notice.typed, notice.answered_at) == ({}, AT)
    with pytest.raises(TaskClosedError):
        keep_typed(notice_id=notice.pk, typed={}, by=user("owner"), at=AT)


def test_reminders_of_one_notice_are_one_message() -> None:
    application = filed_restaurant(at=MORNING)
    for name, item in (("food-licence", PLAN), ("fire-safety-check", PLAN), ("sign-filing", SIGN)):
        ask(part(application, name), item)
    accept(part(application, "drainage-permit"))
    at = AT + timedelta(days=10)
    sweep_timers(at=at)
    run_due_jobs(at=at)
    run_due_jobs(at=at)
    assert told(application) == 2  # the notice and one reminder

"""An applicant who never answers a one-time notice: nobody is closed by silence, the window looks and decides."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.demo.samples import sample_situation
from services.cases.enums import ApplicationResult, CaseState
from services.cases.models import Case
from services.cases.operations.answering import answer_supplement
from services.cases.operations.asking import Missing, ask_supplement
from services.cases.operations.limits import copy_due_to_tasks, start_notice_clock
from services.cases.operations.steps import ReasonsMissingError, complete_step
from services.cases.queries.board import BoardFilter, board_for
from services.cases.queries.timeline import timeline_of
from services.catalogue.queries import current_version
from services.documents.queries import papers_of
from services.notifications.models import Notice
from tests.factories.applications import RESTAURANT, filed_application, open_task, user
from tests.services.cases.conftest import MORNING
from workflows.enums import TaskState
from workflows.models import Clock, Task, Timer
from workflows.operations.history import first_broken_row
from workflows.operations.jobs import run_due_jobs
from workflows.operations.tasks import TaskClosedError, claim_task
from workflows.operations.timers import sweep_timers

pytestmark = pytest.mark.usefixtures("city")

AT = MORNING + timedelta(hours=1)


def asked(service: str = "sign-filing", node: str = "intake", **more) -> Case:
    case = filed_application(service=service, at=MORNING, **more).cases.get()
    code = case.service.materials.order_by("order").last().code
    ask_supplement(
        task_id=open_task(case, node).pk,
        missing=[Missing(kind="material", code=code, reason="请附尺寸。")],
        by=user("clerk"),
        at=AT,
    )
    case.refresh_from_db()
    return case


def correction(case: Case) -> Clock:
    return Clock.objects.filter(subject_id=str(case.pk), kind="correction").latest("id")


def run_out(case: Case):
    """Let the applicant's time pass without an answer; return the instant."""
    late = correction(case).due_at
    sweep_timers(at=late)
    run_due_jobs(at=late)
    sweep_timers(at=late)
    return late


def told(case: Case, kind: str) -> int:
    return Notice.objects.filter(kind=kind, channel="inbox", recipient=case.application.filed_by).count()


def test_the_notice_says_until_when_and_the_drawing_s_timer_ends_then() -> None:
    case = asked()
    clock = correction(case)
    assert (clock.limit_amount, clock.limit_unit) == (30, "working_days")
    timer = Timer.objects.get(root=case.run.root_key, payload__node="supplement_overdue")
    assert timer.due_at == clock.due_at
    paper = papers_of("case", case.pk).get(kind="supplement_notice")
    assert paper.facts["reply_by"] == clock.due_on.isoformat()


def test_the_applicant_s_own_time_lights_no_light_and_warns_nobody() -> None:
    case = asked()
    run_out(case)
    told = Notice.objects.filter(kind__startswith="deadline_")
    assert set(told.values_list("kind", "recipient__username")) == {
        ("deadline_reminder", "owner"),
        ("deadline_reminder", "agent"),
    }
    case = asked()
    lane = timeline_of(case.application, at=AT).lanes[0]
    assert (lane.light, lane.clock) == ("", correction(case))
    board = board_for(user("manager"), wanted=BoardFilter(), at=correction(case).due_at)
    assert {one.light(board.at) for one in board.standings if one.case_id == case.pk} == {""}


@pytest.mark.parametrize(
    ("service", "node", "more"),
    [
        ("sign-filing", "intake", {}),
        ("prepackaged-food-filing", "decide", {"by": "owner2"}),
        ("fire-safety-promise", "intake", {}),
        ("id-card", "intake", {}),
        ("subsistence-allowance", "intake", {}),
    ],
)
def test_every_process_hands_the_silence_to_the_window(service: str, node: str, more: dict) -> None:
    situation = sample_situation(current_version(service).questions.all(), {})
    case = filed_application(service=service, situation=situation, at=MORNING, **more).cases.get()
    element = case.application.answers and next(iter(case.application.answers))
    ask_supplement(
        task_id=open_task(case, node).pk,
        missing=[Missing(kind="element", code=element, reason="请更正。")],
        by=user("clerk"),
        at=AT,
    )
    case.refresh_from_db()
    late = run_out(case)
    task = open_task(case, "no_answer")
    assert (task.state, task.role, task.department) == (TaskState.READY, "clerk", "ZWB")
    assert open_task(case, "supplement").state == TaskState.CANCELLED
    assert correction(case).stopped_at is not None
    assert Notice.objects.filter(kind="task_waiting", subject_id=str(task.pk)).exists()
    # Its own limit says until when, or a clock that ends earlier because the law counts from receipt.
    own = Timer.objects.get(root=case.run.root_key, payload__node="no_answer", kind="limit").due_at
    running = Clock.objects.filter(subject_id=str(case.pk), stopped_at=None).values_list("due_at", flat=True)
    assert own > late
    assert task.due_at == min([own, *running])


def test_waiting_again_opens_the_same_notice_and_tells_until_when() -> None:
    case = asked()
    late = run_out(case)
    complete_step(task_id=open_task(case, "no_answer").pk, outcome="wait_again", by=user("clerk"), at=late)
    again = complete_step(task_id=open_task(case, "no_answer").pk, outcome="wait_again", by=user("clerk"), at=late)
    assert again.state == TaskState.DONE
    case.refresh_from_db()
    assert (case.state, case.supplements.count()) == (CaseState.SUPPLEMENT, 1)
    assert open_task(case, "supplement").round == 2
    assert correction(case).stopped_at is None
    assert correction(case).due_at > late
    assert told(case, "supplement_waits") == 1
    reminders = Timer.objects.filter(root=case.run.root_key, payload__node="supplement_reminder", fired_at=None)
    assert reminders.filter(cancelled_at=None).count() == 1
    answer_supplement(case_id=case.pk, answers={}, by=user("owner"), at=late + timedelta(days=1))
    case.refresh_from_db()
    assert case.state == CaseState.FILED
    assert not Clock.objects.filter(subject_id=str(case.pk), kind="correction", stopped_at=None).exists()
    assert first_broken_row(case.run) is None


def test_closing_says_why_decides_nothing_and_is_told() -> None:
    case = asked()
    late = run_out(case)
    task = open_task(case, "no_answer")
    with pytest.raises(ReasonsMissingError):
        complete_step(task_id=task.pk, outcome="close", by=user("clerk"), at=late, reasons=" ")
    for _ in range(2):
        complete_step(task_id=task.pk, outcome="close", by=user("clerk"), at=late, reasons="两次电话联系未果。")
    case.refresh_from_db()
    assert (case.state, case.decided_at, case.closed_at) == (CaseState.NOT_SUPPLIED, None, late)
    assert case.run.__class__.objects.get(pk=case.run_id).outcome == "not_supplied"
    assert not Clock.objects.filter(subject_id=str(case.pk), stopped_at=None).exists()
    paper = papers_of("case", case.pk).get(kind="not_supplied_notice")
    assert paper.facts["reason"] == "两次电话联系未果。"
    assert paper.facts["missing"][0]["reason"] == "请附尺寸。"
    assert told(case, "case_not_supplied") == 1
    case.application.refresh_from_db()
    assert case.application.result == ApplicationResult.NONE_DONE
    with pytest.raises(TaskClosedError):
        answer_supplement(case_id=case.pk, answers={}, by=user("owner"), at=late)


def test_an_answer_counts_until_the_window_has_decided() -> None:
    case = asked()
    late = run_out(case)
    claim_task(task_id=open_task(case, "no_answer").pk, by=user("clerk"), at=late)
    answer_supplement(case_id=case.pk, answers={}, by=user("owner"), at=late + timedelta(hours=1))
    case.refresh_from_db()
    assert case.state == CaseState.FILED
    assert open_task(case, "no_answer").state == TaskState.DONE
    assert open_task(case, "intake").round == 2
    assert told(case, "supplement_waits") == 0
    with pytest.raises(TaskClosedError):
        complete_step(task_id=open_task(case, "no_answer").pk, outcome="close", by=user("clerk"), at=late, reasons="x")


def test_one_that_is_closed_delays_no_sibling_and_ends_what_needed_it() -> None:
    application = filed_application(bundle="open-restaurant", situation=RESTAURANT, at=MORNING)
    licence = application.cases.get(part="business-licence")
    ask_supplement(
        task_id=open_task(licence, "intake").pk,
        missing=[Missing(kind="element", code="organisation.name", reason="重名。")],
        by=user("clerk"),
        at=AT,
    )
    late = run_out(licence)
    complete_step(
        task_id=open_task(licence, "no_answer").pk, outcome="close", by=user("clerk"), at=late, reasons="一直未回复。"
    )
    for second in range(3):
        run_due_jobs(at=late + timedelta(seconds=second))
    application.refresh_from_db()
    assert application.result == ApplicationResult.NONE_DONE
    ended = application.cases.exclude(pk=licence.pk)
    assert {case.state for case in ended} == {CaseState.ENDED}


def test_a_task_s_own_limit_outlives_a_later_clock_and_yields_to_an_earlier_one() -> None:
    case = asked()
    late = run_out(case)
    task = open_task(case, "no_answer")
    own = Timer.objects.get(root=case.run.root_key, payload__node="no_answer", kind="limit").due_at
    assert task.due_at == own
    start_notice_clock(case, root=case.run, by=None, at=late - timedelta(days=2))
    copy_due_to_tasks(case.pk)
    task.refresh_from_db()
    assert task.due_at == Clock.objects.get(subject_id=str(case.pk), stopped_at=None).due_at < own
    Clock.objects.filter(subject_id=str(case.pk), stopped_at=None).update(stopped_at=late)
    copy_due_to_tasks(case.pk)
    assert Task.objects.get(pk=task.pk).due_at == own

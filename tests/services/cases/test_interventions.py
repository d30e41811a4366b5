"""What managers do where work stands, or must stand, still."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.cases.enums import ApplicationState, CaseState
from services.cases.models import Case, Hold, Opinion
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.holds import (
    HoldReasonMissingError,
    NothingToHoldError,
    hold_application,
    release_application,
)
from services.cases.operations.interventions import NotAColleagueError, give_task, retry_step, skip_step
from services.cases.operations.passing import send_back, take_next
from services.cases.operations.refusals import REFUSALS, sentence_for
from services.cases.operations.steps import (
    FourEyesError,
    ReasonsMissingError,
    complete_step,
    declare_premises_ready,
)
from services.cases.operations.withdrawals import withdraw_application
from services.cases.permissions import DEPARTMENT_ROLES
from services.cases.queries.colleagues import colleagues_for
from services.cases.queries.timeline import history_of_case, skipped_jobs_of, steps_back_of, timeline_of
from services.notifications.models import Notice
from services.parties.models import Membership
from tests.factories.applications import filed_application, open_task, user
from tests.services.cases.conftest import MORNING
from workflows.enums import JobState, RunState, TaskState
from workflows.models import HistoryEvent, Job, Run, Task
from workflows.operations.tasks import (
    NotReturnableError,
    RunSuspendedError,
    TaskClosedError,
    TaskHeldError,
    claim_task,
)

pytestmark = pytest.mark.usefixtures("city")

AT = MORNING + timedelta(hours=1)
LATER = AT + timedelta(hours=1)


def accepted(service: str = "sign-filing") -> Case:
    case = filed_application(service=service, at=MORNING).cases.get()
    complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=AT)
    case.refresh_from_db()
    return case


def second_post(name: str, role: str, department: str) -> None:
    place = Membership.objects.filter(department__code=department).first().department
    Membership.objects.create(user=user(name), department=place, role=role, since=MORNING - timedelta(days=1))


def hold(case: Case, by: str = "manager", reason: str = "等待上级答复。", at=AT) -> Hold:
    return hold_application(application_id=case.application_id, reason=reason, by=user(by), at=at)


def test_held_nothing_moves_and_the_law_s_limits_go_on() -> None:
    case = accepted()
    with pytest.raises(NotAllowedError):
        hold(case, by="auditor")
    with pytest.raises(HoldReasonMissingError):
        hold(case, reason="  ")
    first = hold(case)
    assert hold(case, reason="别的原因", at=LATER) == first
    assert timeline_of(case.application, at=AT).hold == first
    assert Run.objects.get(pk=case.run.root_key).state == RunState.SUSPENDED
    task = open_task(case, "handle")
    with pytest.raises(RunSuspendedError) as refused:
        complete_step(task_id=task.pk, outcome="recommend_grant", by=user("city-handler"), at=LATER)
    assert "暂缓办理" in sentence_for(refused.value)
    with pytest.raises(RunSuspendedError):
        claim_task(task_id=task.pk, by=user("city-handler"), at=LATER)
    assert not Opinion.objects.filter(task=task).exists()
    assert Notice.objects.filter(kind="application_held", channel="inbox", recipient=user("owner")).count() == 1
    for _ in range(2):
        release_application(application_id=case.application_id, by=user("manager"), at=LATER)
    first.refresh_from_db()
    assert (first.released_by, first.released_at) == (user("manager"), LATER)
    assert Notice.objects.filter(kind="application_released", channel="inbox", recipient=user("owner")).count() == 1
    complete_step(task_id=task.pk, outcome="recommend_grant", by=user("city-handler"), at=LATER)
    kinds = [event.kind for event in history_of_case(case)]
    assert kinds.count("run_suspended") == kinds.count("run_resumed") == 1


def test_only_managers_release_and_closed_applications_are_not_held() -> None:
    case = accepted()
    hold(case)
    with pytest.raises(NotAllowedError):
        release_application(application_id=case.application_id, by=user("city-head"), at=LATER)
    withdraw_application(application_id=case.application_id, by=user("owner"), at=LATER)
    assert not Hold.objects.filter(released_at=None).exists()
    with pytest.raises(NothingToHoldError):
        hold(case)


def test_a_held_application_can_be_withdrawn() -> None:
    case = accepted()
    hold(case)
    application = withdraw_application(application_id=case.application_id, by=user("owner"), at=LATER)
    assert application.state == ApplicationState.WITHDRAWN
    case.refresh_from_db()
    assert case.state == CaseState.WITHDRAWN


def test_held_the_applicant_s_own_steps_wait_too() -> None:
    case = accepted()
    task = Task.objects.create(
        run=case.run, root=case.run, subject_kind="case", subject_id=str(case.pk), node="premises_ready", round=1,
        role="applicant", outcomes=["ready"], opened_at=AT,
    )  # fmt: skip
    hold(case)
    with pytest.raises(RunSuspendedError):
        declare_premises_ready(task_id=task.pk, by=user("owner"), at=LATER)


def test_a_task_goes_to_a_colleague_of_its_post_and_to_nobody_else() -> None:
    case = accepted()
    second_post("fire-handler", "handler", "CGJ")
    task = open_task(case, "handle")
    claim_task(task_id=task.pk, by=user("city-handler"), at=AT)
    with pytest.raises(NotAllowedError):
        give_task(task_id=task.pk, to=user("fire-handler"), by=user("city-head"), at=LATER)
    with pytest.raises(NotAColleagueError):
        give_task(task_id=task.pk, to=user("city-checker"), by=user("manager"), at=LATER)
    for _ in range(2):
        give_task(task_id=task.pk, to=user("fire-handler"), by=user("manager"), at=LATER)
    task.refresh_from_db()
    assert (task.state, task.assignee) == (TaskState.CLAIMED, user("fire-handler"))
    event = HistoryEvent.objects.get(kind="task_reassigned", root_id=case.run.root_key)
    assert (event.by, event.detail["to"]) == (user("manager"), user("fire-handler").pk)
    assert Notice.objects.filter(kind="task_given", recipient=user("fire-handler")).count() == 1
    with pytest.raises(TaskHeldError):
        complete_step(task_id=task.pk, outcome="recommend_grant", by=user("city-handler"), at=LATER)
    complete_step(task_id=task.pk, outcome="recommend_grant", by=user("fire-handler"), at=LATER)
    second_post("fire-handler", "checker", "CGJ")
    assert user("fire-handler") not in colleagues_for(open_task(case, "check"), case, LATER)
    with pytest.raises(TaskClosedError):
        give_task(task_id=task.pk, to=user("city-handler"), by=user("manager"), at=LATER)


@pytest.fixture
def job() -> Job:
    case = accepted()
    for node, outcome, who in (("handle", "recommend_grant", "handler"), ("check", "agree", "checker")):
        complete_step(task_id=open_task(case, node).pk, outcome=outcome, by=user(f"city-{who}"), at=AT)
    complete_step(task_id=open_task(case, "approve").pk, outcome="grant", by=user("city-approver"), at=AT)
    Job.objects.update(state=JobState.INCIDENT, attempts=6, last_error="OSError")
    return Job.objects.select_related("run__case").get(node="issue")


def test_a_failed_step_is_skipped_with_a_reason_once(job: Job) -> None:
    manager = user("manager")
    with pytest.raises(NotAllowedError):
        skip_step(job_id=job.pk, reason="已手工制证。", by=user("auditor"), at=LATER)
    with pytest.raises(ReasonsMissingError):
        skip_step(job_id=job.pk, reason=" ", by=manager, at=LATER)
    assert skip_step(job_id=job.pk, reason="已手工制证。", by=manager, at=LATER)
    assert not skip_step(job_id=job.pk, reason="又一次", by=manager, at=LATER)
    assert not retry_step(job_id=job.pk, by=manager, at=LATER)
    case = job.run.case
    assert [(one.node, one.reason) for one in skipped_jobs_of(case)] == [("issue", "已手工制证。")]
    assert [event.by for event in history_of_case(case) if event.kind == "job_skipped"] == [manager]
    assert Job.objects.filter(run=job.run, node="deliver").exists()


def test_a_failed_step_is_set_going_again_by_managers_only(job: Job) -> None:
    with pytest.raises(NotAllowedError):
        retry_step(job_id=job.pk, by=user("auditor"), at=LATER)
    assert retry_step(job_id=job.pk, by=user("manager"), at=LATER)
    assert Job.objects.get(pk=job.pk).state == JobState.QUEUED


def first_reviewed() -> Case:
    """An allowance case that the street office forwarded to the civil affairs bureau."""
    case = accepted("subsistence-allowance")
    complete_step(task_id=open_task(case, "first_review").pk, outcome="forward", by=user("street-handler"), at=AT)
    return case


def test_the_upper_level_sends_back_to_the_first_review_with_reasons() -> None:
    case = first_reviewed()
    task, handler = open_task(case, "handle"), user("civil-handler")
    assert [step.id for step in steps_back_of(task)] == ["first_review"]
    about = {"task_id": task.pk, "to_node": "first_review", "at": LATER}
    with pytest.raises(NotAllowedError):
        send_back(**about, reasons="入户调查缺签字。", by=user("civil-checker"))
    with pytest.raises(ReasonsMissingError):
        send_back(**about, reasons="", by=handler)
    with pytest.raises(NotReturnableError):
        send_back(**{**about, "to_node": "intake"}, reasons="入户调查缺签字。", by=handler)
    assert not Opinion.objects.filter(task=task).exists()
    for _ in range(2):
        send_back(**about, reasons="入户调查缺签字。", by=handler)
    opinion = Opinion.objects.get(task=task)
    assert (opinion.outcome, opinion.reasons, opinion.by) == ("send_back", "入户调查缺签字。", handler)
    again = open_task(case, "first_review")
    assert (again.round, again.state, again.department) == (2, TaskState.READY, "JDB")
    assert again.due_at is not None
    with pytest.raises(TaskClosedError):
        send_back(**about, reasons="x", by=user("civil-head"))
    complete_step(task_id=again.pk, outcome="forward", by=user("street-handler"), at=LATER)
    assert open_task(case, "handle").round == 2


def test_four_eyes_hold_for_sending_back() -> None:
    case = first_reviewed()
    Opinion.objects.filter(case=case).update(role="checker", by=user("civil-handler"))
    with pytest.raises(FourEyesError):
        send_back(
            task_id=open_task(case, "handle").pk, to_node="first_review", reasons="x", by=user("civil-handler"), at=AT
        )


def test_the_next_task_is_the_most_urgent_she_may_do() -> None:
    handler, roles = user("city-handler"), DEPARTMENT_ROLES
    assert take_next(roles=roles, by=handler, at=AT) is None
    first, second = accepted(), accepted()
    Task.objects.filter(subject_id=str(second.pk), node="handle").update(due_at=AT)
    taken = take_next(roles=roles, by=handler, at=LATER)
    assert taken == open_task(second, "handle")
    assert take_next(roles=roles, by=handler, at=LATER, since=AT) == taken  # pressed twice
    assert take_next(roles=roles, by=handler, at=LATER) == open_task(first, "handle")
    assert take_next(roles=roles, by=user("fire-handler"), at=LATER) is None
    assert take_next(roles=roles, by=user("clerk"), at=LATER) is None


def test_who_did_another_step_of_the_most_urgent_case_gets_the_one_behind_it() -> None:
    second_post("city-handler", "checker", "CGJ")
    mine, other = accepted(), accepted()
    complete_step(task_id=open_task(mine, "handle").pk, outcome="recommend_grant", by=user("city-handler"), at=AT)
    Task.objects.filter(subject_id=str(mine.pk), node="check").update(due_at=AT)
    assert take_next(roles=DEPARTMENT_ROLES, by=user("city-handler"), at=LATER) == open_task(other, "handle")
    assert open_task(mine, "check").assignee is None


def test_every_refusal_has_its_sentence() -> None:
    for refusal in REFUSALS:
        if refusal is not TaskHeldError:
            assert sentence_for(refusal("something"))

"""What people do with applications and cases, each with what refuses it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from portal.demo.samples import sample_situation
from services import supervision
from services.cases.enums import ApplicationState, CaseState, Channel
from services.cases.models import Application, Case
from services.cases.operations.answering import answer_supplement
from services.cases.operations.asking import Missing, NothingMarkedError, ask_supplement
from services.cases.operations.drafts import (
    AlreadySubmittedError,
    NotAllowedError,
    StaleDraftError,
    save_draft,
    start_draft,
)
from services.cases.operations.limits import (
    NoRunningClockError,
    NotTheHeadError,
    extend_case,
    pause_case,
    resume_case,
)
from services.cases.operations.steps import (
    FourEyesError,
    OutsideResult,
    OutsideResultMissingError,
    ReasonsMissingError,
    complete_step,
    declare_premises_ready,
)
from services.cases.operations.submission import (
    ChangedSinceReviewError,
    IncompleteApplicationError,
    NotSignedError,
    find_problems,
    review_hash,
    submit_application,
)
from services.cases.operations.withdrawals import NothingToWithdrawError, withdraw_application
from services.cases.permissions import applications_of, cases_visible_to
from services.catalogue.queries import current_bundle_version, current_version
from services.documents.queries import papers_of
from services.notifications.models import Notice
from services.parties.identity_numbers import IdentityNumberError
from services.parties.models import Membership
from services.parties.queries import person_of
from tests.factories.applications import RESTAURANT, filed_application, open_task, user
from tests.services.cases.conftest import MORNING
from workflows.enums import PauseReason, TaskState
from workflows.models import Clock, Task
from workflows.operations.jobs import run_due_jobs
from workflows.operations.tasks import TaskClosedError, TaskHeldError, claim_task
from workflows.operations.thresholds import publish_threshold_rules
from workflows.operations.timers import sweep_timers

pytestmark = pytest.mark.usefixtures("city")

AT = MORNING + timedelta(hours=1)


def sign_case(**more) -> Case:
    return filed_application(service="sign-filing", at=MORNING, **more).cases.get()


def accepted() -> Case:
    case = sign_case()
    complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=AT)
    case.refresh_from_db()
    return case


def draft(by: str = "owner", **more) -> Application:
    person = user(by)
    return start_draft(
        offer=current_bundle_version("open-restaurant"), party=person_of(person).ref, by=person, at=MORNING, **more
    )


def test_a_draft_is_for_somebody_she_may_act_for() -> None:
    with pytest.raises(NotAllowedError):
        start_draft(
            offer=current_version("sign-filing"), party=person_of(user("owner2")).ref, by=user("owner"), at=MORNING
        )
    by_agent = start_draft(
        offer=current_version("sign-filing"), party=person_of(user("owner")).ref, by=user("agent"), at=MORNING
    )
    assert by_agent.party == person_of(user("owner")).ref
    with pytest.raises(NotAllowedError):
        start_draft(
            offer=current_version("sign-filing"),
            party=person_of(user("owner")).ref,
            by=user("owner"),
            at=MORNING,
            channel=Channel.COUNTER,
        )


def test_a_draft_keeps_what_was_typed_and_tells_the_older_tab() -> None:
    owner, made = user("owner"), draft(situation=RESTAURANT)
    made = save_draft(application_id=made.pk, answers={"sign.text": "x", "sign.width": "1"}, by=owner, at=AT)
    with pytest.raises(StaleDraftError) as stale:
        save_draft(application_id=made.pk, answers={"sign.text": "y"}, by=owner, at=AT, expected_version=0)
    assert stale.value.version == made.draft_version
    made = save_draft(application_id=made.pk, answers={"sign.width": None}, by=owner, at=AT)
    assert made.answers == {"sign.text": "x"}
    with pytest.raises(NotAllowedError):
        save_draft(application_id=made.pk, answers={}, by=user("owner2"), at=AT)


def test_submitting_needs_everything_reviewed_signed_and_complete() -> None:
    owner, made = user("owner"), draft()
    given = {"application_id": made.pk, "consents": [], "by": owner, "at": AT}
    with pytest.raises(NotSignedError):
        submit_application(**given, reviewed_hash=review_hash(made), signed=False)
    with pytest.raises(ChangedSinceReviewError):
        submit_application(**given, reviewed_hash="another", signed=True)
    with pytest.raises(IncompleteApplicationError) as incomplete:
        submit_application(**given, reviewed_hash=review_hash(made), signed=True)
    assert "situation" in {problem.kind for problem in incomplete.value.problems}
    with pytest.raises(NotAllowedError):  # the agent's mandate does not include signing
        submit_application(**{**given, "by": user("agent")}, reviewed_hash=review_hash(made), signed=True)


def test_a_stop_rule_keeps_an_application_from_being_filed() -> None:
    situation = {**RESTAURANT, "residential_building": True, "has_flue": False}
    problems = find_problems(draft(situation=situation), at=AT)
    assert "stop" in {problem.kind for problem in problems}
    assert all(problem.zh and problem.en for problem in problems)


def test_submitting_twice_files_once() -> None:
    application = filed_application(service="sign-filing", at=MORNING)
    again = submit_application(
        application_id=application.pk,
        reviewed_hash=application.reviewed_hash,
        signed=True,
        consents=[],
        by=user("owner"),
        at=AT,
    )
    assert again.number == application.number
    assert Case.objects.filter(application=application).count() == 1
    with pytest.raises(AlreadySubmittedError):
        save_draft(application_id=application.pk, answers={}, by=user("owner"), at=AT)


def test_acceptance_starts_the_promise_and_twice_is_once() -> None:
    case = accepted()
    assert case.state == CaseState.ACCEPTED
    kinds = set(Clock.objects.filter(subject_id=str(case.pk), stopped_at__isnull=True).values_list("kind", flat=True))
    assert kinds == {"promised", "statutory"}
    task = complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=AT)
    assert task.state == TaskState.DONE
    with pytest.raises(TaskClosedError):
        complete_step(task_id=task.pk, outcome="accept", by=user("clerk2"), at=AT)


def test_a_task_is_its_posts_alone() -> None:
    case = sign_case()
    task = open_task(case, "intake")
    with pytest.raises(NotAllowedError):
        complete_step(task_id=task.pk, outcome="accept", by=user("city-handler"), at=AT)
    claim_task(task_id=task.pk, by=user("clerk2"), at=AT)
    with pytest.raises(TaskHeldError):
        complete_step(task_id=task.pk, outcome="accept", by=user("clerk"), at=AT)


def test_deciding_takes_three_different_people() -> None:
    case = accepted()
    handler = user("city-handler")
    complete_step(task_id=open_task(case, "handle").pk, outcome="recommend_grant", by=handler, at=AT)
    department = Membership.objects.get(user=handler).department
    for role in ("checker", "approver"):
        Membership.objects.create(user=handler, department=department, role=role, since=MORNING - timedelta(days=1))
    with pytest.raises(FourEyesError):
        complete_step(task_id=open_task(case, "check").pk, outcome="agree", by=handler, at=AT)
    complete_step(task_id=open_task(case, "check").pk, outcome="agree", by=user("city-checker"), at=AT)
    with pytest.raises(FourEyesError):
        complete_step(task_id=open_task(case, "approve").pk, outcome="grant", by=handler, at=AT)


def test_an_answer_against_the_applicant_has_reasons() -> None:
    case = accepted()
    task = open_task(case, "handle")
    with pytest.raises(ReasonsMissingError):
        complete_step(task_id=task.pk, outcome="recommend_refuse", by=user("city-handler"), at=AT, reasons="  ")


def test_an_outside_decision_is_recorded_with_number_and_day() -> None:
    application = filed_application(bundle="open-restaurant", situation=RESTAURANT, at=MORNING)
    case = application.cases.get(part="business-licence")
    complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=AT)
    complete_step(task_id=open_task(case, "handle").pk, outcome="recommend_grant", by=user("food-handler"), at=AT)
    complete_step(task_id=open_task(case, "check").pk, outcome="agree", by=user("food-checker"), at=AT)
    grant = {"task_id": open_task(case, "approve").pk, "outcome": "grant", "by": user("food-approver"), "at": AT}
    with pytest.raises(OutsideResultMissingError):
        complete_step(**grant)
    with pytest.raises(IdentityNumberError):
        complete_step(**grant, outside=OutsideResult(number="91410105MA0000101X", decided_on=AT.date()))
    yesterday = AT.date() - timedelta(days=1)
    complete_step(**grant, outside=OutsideResult(number="91410105MA0000101U", decided_on=yesterday))
    case.refresh_from_db()
    assert case.entered_late


def test_not_our_competence_names_the_right_body() -> None:
    case = sign_case()
    complete_step(
        task_id=open_task(case, "intake").pk,
        outcome="not_competent",
        by=user("clerk"),
        at=AT,
        reasons="由省级部门办理。",
        competent_body="河南省住房和城乡建设厅",
    )
    case.refresh_from_db()
    assert case.state == CaseState.NOT_COMPETENT
    assert case.competent_body == "河南省住房和城乡建设厅"
    assert papers_of("case", case.pk).filter(kind="not_competent_notice").count() == 1
    assert case.application.__class__.objects.get(pk=case.application_id).state == ApplicationState.CLOSED


def test_one_notice_lists_everything_and_only_that_opens() -> None:
    case, clerk = sign_case(), user("clerk")
    task = open_task(case, "intake")
    with pytest.raises(NothingMarkedError):
        ask_supplement(task_id=task.pk, missing=[], by=clerk, at=AT)
    missing = [
        Missing(kind="element", code="sign.text", reason="与执照名称不一致。"),
        Missing(kind="material", code="sign-design", reason="请附尺寸。"),
    ]
    ask_supplement(task_id=task.pk, missing=missing, by=clerk, at=AT)
    case.refresh_from_db()
    assert case.state == CaseState.SUPPLEMENT
    running = Clock.objects.filter(subject_id=str(case.pk), stopped_at__isnull=True)
    assert set(running.values_list("kind", flat=True)) == {"correction"}
    later = AT + timedelta(hours=2)
    with pytest.raises(NotAllowedError):
        answer_supplement(case_id=case.pk, answers={"sign.width": "9"}, by=user("owner"), at=later)
    with pytest.raises(NotAllowedError):
        answer_supplement(case_id=case.pk, answers={}, by=user("owner2"), at=later)
    answered = answer_supplement(case_id=case.pk, answers={"sign.text": "新招牌"}, by=user("owner"), at=later)
    assert answered.changes["sign.text"]["after"] == "新招牌"
    with pytest.raises(TaskClosedError):
        answer_supplement(case_id=case.pk, answers={}, by=user("owner"), at=later)
    case.refresh_from_db()
    assert case.state == CaseState.FILED
    assert open_task(case, "intake").round == 2


def test_a_pause_moves_the_due_day_and_is_told() -> None:
    case = accepted()
    before = Clock.objects.get(subject_id=str(case.pk), kind="promised").due_on
    given = {"case_id": case.pk, "by": user("city-handler"), "at": AT}
    pause_case(**given, reason=PauseReason.EXPERT_REVIEW, from_on=AT.date(), planned_days=2)
    assert Clock.objects.get(subject_id=str(case.pk), kind="promised").due_on is None
    after = AT + timedelta(days=1)
    resume_case(case_id=case.pk, by=user("city-handler"), at=after)
    assert Clock.objects.get(subject_id=str(case.pk), kind="promised").due_on > before
    assert papers_of("case", case.pk).filter(kind="pause_notice").exists()


def test_only_the_head_extends_and_only_while_a_limit_runs() -> None:
    application = filed_application(bundle="open-restaurant", situation=RESTAURANT, at=MORNING)
    case = application.cases.get(part="business-licence")
    head = user("food-head")
    with pytest.raises(NoRunningClockError):
        extend_case(case_id=case.pk, amount=1, reason="案情复杂", by=head, at=AT)
    with pytest.raises(NoRunningClockError):
        pause_case(case_id=case.pk, reason=PauseReason.HEARING, from_on=AT.date(), planned_days=1, by=head, at=AT)
    complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=AT)
    with pytest.raises(NotTheHeadError):
        extend_case(case_id=case.pk, amount=1, reason="案情复杂", by=user("food-handler"), at=AT)
    before = Clock.objects.get(subject_id=str(case.pk), kind="statutory").due_on
    extend_case(case_id=case.pk, amount=1, reason="案情复杂", by=head, at=AT)
    assert Clock.objects.get(subject_id=str(case.pk), kind="statutory").due_on > before
    assert papers_of("case", case.pk).filter(kind="extension_notice").exists()


def test_withdrawing_ends_what_is_open_and_keeps_what_is_decided() -> None:
    application = filed_application(bundle="open-restaurant", situation=RESTAURANT, at=MORNING)
    with pytest.raises(NotAllowedError):
        withdraw_application(application_id=application.pk, by=user("owner2"), at=AT)
    withdraw_application(application_id=application.pk, by=user("owner"), at=AT)
    application.refresh_from_db()
    assert application.state == ApplicationState.WITHDRAWN
    assert {case.state for case in application.cases.all()} == {CaseState.WITHDRAWN}
    assert not Task.objects.filter(root=application.run, state__in=("ready", "claimed")).exists()
    assert not Clock.objects.filter(root=application.run, stopped_at__isnull=True).exists()
    assert withdraw_application(application_id=application.pk, by=user("owner"), at=AT).pk == application.pk
    with pytest.raises(NothingToWithdrawError):
        withdraw_application(application_id=draft().pk, by=user("owner"), at=AT)


def test_what_is_withdrawn_has_no_result_and_nobody_is_told_that_it_closed() -> None:
    application = filed_application(service="sign-filing", at=MORNING)
    withdraw_application(application_id=application.pk, by=user("owner"), at=AT)
    application.refresh_from_db()
    assert (application.state, application.result) == (ApplicationState.WITHDRAWN, "")
    told = set(Notice.objects.values_list("kind", flat=True))
    assert "case_withdrawn" in told
    assert not {kind for kind in told if kind.startswith(("bundle_", "please_rate"))}
    assert not papers_of("application", application.pk).filter(kind="closing_notice").exists()


def test_nothing_decided_can_be_withdrawn() -> None:
    case = filed_application(service="prepackaged-food-filing", at=MORNING).cases.get()
    complete_step(task_id=open_task(case, "decide").pk, outcome="grant", by=user("clerk"), at=AT)
    case.refresh_from_db()
    assert case.accepted_at == case.decided_at == AT
    with pytest.raises(NothingToWithdrawError):
        withdraw_application(application_id=case.application_id, by=user("owner"), at=AT)


def test_without_consent_papers_wait_at_the_window() -> None:
    case = filed_application(service="prepackaged-food-filing", at=MORNING, online=False).cases.get()
    complete_step(task_id=open_task(case, "decide").pk, outcome="grant", by=user("clerk"), at=AT)
    run_due_jobs(at=AT)
    run_due_jobs(at=AT + timedelta(seconds=1))
    case.refresh_from_db()
    assert case.issued_at is not None
    assert case.delivered_at is None
    assert Clock.objects.filter(subject_id=str(case.pk), kind="delivery", stopped_at__isnull=True).exists()


def test_limits_warn_at_their_instants_once() -> None:
    shipped = yaml.safe_load((Path(supervision.__file__).parent / "data" / "rules.yaml").read_text(encoding="utf-8"))
    publish_threshold_rules(rules=shipped["rules"], note="", by=None, at=MORNING)
    case = accepted()
    clock = Clock.objects.get(subject_id=str(case.pk), kind="promised")
    sweep_timers(at=clock.due_at - timedelta(seconds=1))
    assert Notice.objects.filter(kind="deadline_warning", channel="inbox").exists()
    assert not Notice.objects.filter(kind="deadline_overdue").exists()
    for _ in range(2):
        sweep_timers(at=clock.due_at)
    told = Notice.objects.filter(kind__in=("deadline_overdue", "deadline_escalated"), channel="inbox")
    names = Counter((notice.kind, notice.recipient.username) for notice in told)
    assert names == {("deadline_overdue", "city-handler"): 1, ("deadline_escalated", "city-head"): 1}


def test_an_applicants_task_is_not_staffs() -> None:
    application = filed_application(bundle="open-restaurant", situation=RESTAURANT, at=MORNING)
    case = application.cases.get(part="business-licence")
    ask_supplement(
        task_id=open_task(case, "intake").pk,
        missing=[Missing(kind="element", code="organisation.name", reason="重名。")],
        by=user("clerk"),
        at=AT,
    )
    with pytest.raises(NotAllowedError):
        complete_step(task_id=open_task(case, "supplement").pk, outcome="supplied", by=user("clerk"), at=AT)
    with pytest.raises(NotAllowedError):
        declare_premises_ready(task_id=open_task(case, "supplement").pk, by=user("owner2"), at=AT)


def test_everybody_sees_only_what_is_hers() -> None:
    case = sign_case()
    assert applications_of(user("owner"), AT).filter(pk=case.application_id).exists()
    assert not applications_of(user("owner2"), AT).filter(pk=case.application_id).exists()
    assert cases_visible_to(user("city-handler"), AT).filter(pk=case.pk).exists()
    assert not cases_visible_to(user("fire-handler"), AT).filter(pk=case.pk).exists()
    assert cases_visible_to(user("clerk"), AT).filter(pk=case.pk).exists()
    assert cases_visible_to(user("manager"), AT).filter(pk=case.pk).exists()
    assert not cases_visible_to(user("designer"), AT).exists()


def test_a_result_that_is_a_thing_is_announced_by_a_decision() -> None:
    situation = sample_situation(current_version("id-card").questions.all(), {})
    case = filed_application(service="id-card", situation=situation, at=MORNING).cases.get()
    complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=AT)
    run_due_jobs(at=AT)
    outside = OutsideResult(number="演示-41010000001", decided_on=AT.date())
    complete_step(
        task_id=open_task(case, "record_result").pk, outcome="grant", by=user("police-handler"), at=AT, outside=outside
    )
    for second in range(3):
        run_due_jobs(at=AT + timedelta(seconds=second))
    case.refresh_from_db()
    assert case.issued_at is not None
    assert [paper.kind for paper in papers_of("case", case.pk) if paper.kind == "decision_grant"] == ["decision_grant"]

"""The law's rules of time, one row per rule: the id of each test names its article (APL: Administrative Licensing Law).

Dates cross National Day 2026 (1–7 October, make-up Sat 10 October and Sun 20 September), Spring Festival 2026
(15–23 February, make-up Sat 14 and 28 February) and the end of the year, after which days are provisional.
"""

from __future__ import annotations

import io
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from portal.demo.samples import sample_picture, sample_situation
from services import supervision
from services.cases.enums import CaseState
from services.cases.models import Case, DeemedAct
from services.cases.operations.asking import Missing, ask_supplement
from services.cases.operations.deferrals import (
    NotDeferrableError,
    PromiseMissingError,
    StillMissingError,
    accept_with_deferral,
    hand_in_deferred,
)
from services.cases.operations.extensions import NotTheGovernmentError, extend_joint_limit
from services.cases.operations.hearings import (
    HearingDayError,
    HearingError,
    HearingTooLateError,
    call_hearing,
    close_hearing,
    offer_hearing,
    request_hearing,
)
from services.cases.operations.limits import NotTheHeadError, extend_case, pause_case, resume_case
from services.cases.operations.projection import project
from services.cases.operations.public_notices import (
    NoPublicNoticeError,
    PublicNoticeRunsError,
    begin_public_notice,
    close_public_notice,
)
from services.cases.operations.renewals import (
    RenewalReasonsMissingError,
    RenewalWindowError,
    ask_renewal,
    decide_renewal,
    open_renewal,
)
from services.cases.operations.silence import deem_accepted
from services.cases.operations.site_checks import CheckIncompleteError, record_site_check
from services.cases.operations.steps import complete_step
from services.cases.queries.deferrals import deferrable_and_missing
from services.cases.queries.timeline import timeline_of
from services.cases.queries.worklists import works
from services.catalogue.enums import VersionState
from services.catalogue.limit_rules import Period
from services.catalogue.queries import current_bundle_version, current_version
from services.documents.operations import store_upload
from services.documents.queries import papers_of
from services.notifications.models import Notice
from tests.factories.applications import RESTAURANT, filed_application, open_task, user
from tests.factories.clocks import at
from workflows.clocks.effects import Consequence, ThresholdReached
from workflows.consequences import consequence
from workflows.enums import PauseReason, TaskState
from workflows.models import Clock, HistoryEvent, Run, Task
from workflows.operations.clocks import ClockError
from workflows.operations.history import first_broken_row
from workflows.operations.jobs import run_due_jobs
from workflows.operations.tasks import TaskClosedError
from workflows.operations.thresholds import publish_threshold_rules
from workflows.operations.timers import sweep_timers
from workflows.queries.clocks import days_over_plan

pytestmark = pytest.mark.usefixtures("city")


def filed(service: str = "sign-filing", *, on: str = "2026-03-04 09:30", **more: Any) -> Case:
    """File a case of a service at a local instant."""
    situation = sample_situation(current_version(service).questions.all(), {})
    return filed_application(service=service, situation=situation, at=at(on), **more).cases.get()


def clock_of(case: Case, kind: str) -> Clock:
    return Clock.objects.filter(subject_kind="case", subject_id=str(case.pk), kind=kind).latest("id")


def has_clock(case: Case, kind: str) -> bool:
    return Clock.objects.filter(subject_kind="case", subject_id=str(case.pk), kind=kind).exists()


def accepted(case: Case, on: str, *, node: str = "intake") -> Case:
    complete_step(task_id=open_task(case, node).pk, outcome="accept", by=user("clerk"), at=at(on))
    return fresh(case)


def fresh(case: Case) -> Case:
    return Case.objects.select_related("service", "application").get(pk=case.pk)


def reach(name: str, clock: Clock, when: datetime) -> None:
    """Let a clock's end have its consequence, as a sweep does."""
    clock = Clock.objects.get(pk=clock.pk)
    reached = ThresholdReached(
        clock_id=clock.pk,
        root_id=clock.root_id,
        subject_kind=clock.subject_kind,
        subject_id=clock.subject_id,
        clock_kind=clock.kind,
        department=clock.department,
        threshold=name,
        light="",
        rules=0,
        due_at=clock.due_at or when,
        late=False,
        superseded=False,
        consequences=(),
    )
    consequence(name).carry([(reached, Consequence(do=name))], when)


# Start events, and days that do not count -----------------------------------------------------------------------------

START_EVENTS = [
    pytest.param("sign-filing", "2026-09-29 10:00", None, id="APL art. 42: the promise does not run from submission"),
    pytest.param(
        "sign-filing", "2026-09-29 10:00", ("2026-09-30 09:00", "2026-10-10"),
        id="APL art. 42, 82: 3 working days from acceptance on 30 Sep over National Day end on make-up Saturday 10 Oct",
    ),
    pytest.param(
        "sign-filing", "2026-02-12 10:00", ("2026-02-13 09:00", "2026-02-25"),
        id="APL art. 82: over Spring Festival, with make-up Saturday 14 Feb",
    ),
    pytest.param(
        "sign-filing", "2026-09-29 23:00", ("2026-09-30 18:30", "2026-10-10"),
        id="Civil Code art. 201: acceptance after close is day 0 all the same",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("service", "filed_on", "then"), START_EVENTS)
def test_the_promise_starts_at_acceptance(service: str, filed_on: str, then: tuple[str, str] | None) -> None:
    case = filed(service, on=filed_on)
    assert not has_clock(case, "promised")
    if then is not None:
        assert clock_of(accepted(case, then[0]), "promised").due_on == date.fromisoformat(then[1])


def test_building_law_art_8_the_limit_counts_from_receipt() -> None:
    case = filed("construction-permit", on="2026-09-28 10:00")
    statutory = clock_of(case, "statutory")
    # Seven calendar days end on Monday 5 October, a holiday: Civil Code art. 203 moves the end to the next working day.
    assert (statutory.starts_on_event, statutory.due_on) == ("receipt", date(2026, 10, 8))


NOTICE_DUE = [
    pytest.param("2026-09-25 10:00", "2026-10-09", id="APL art. 32(4): 5 working days over National Day"),
    pytest.param("2026-09-25 22:00", "2026-10-09", id="Civil Code art. 203: filed at night is filed that day"),
    pytest.param("2026-10-03 10:00", "2026-10-13", id="APL art. 32(4): filed on a holiday, make-up Saturday counts"),
    pytest.param("2026-02-13 10:00", "2026-02-27", id="APL art. 32(4): over Spring Festival, make-up Saturday 14 Feb"),
    pytest.param("2026-12-28 10:00", "2027-01-05", id="APL art. 82: over the year's end, provisional"),
]


@pytest.mark.parametrize(("filed_on", "due_on"), NOTICE_DUE)
def test_the_one_time_notice_is_due(filed_on: str, due_on: str) -> None:
    clock = clock_of(filed(on=filed_on), "one_time_notice")
    assert clock.due_on == date.fromisoformat(due_on)
    assert clock.provisional == due_on.startswith("2027")


def test_real_estate_regulation_art_17_everything_missing_is_told_on_the_spot() -> None:
    clock = clock_of(filed("house-title-transfer", on="2026-03-04 10:00"), "one_time_notice")
    assert (clock.limit_amount, clock.due_at) == (0, at("2026-03-04 17:00"))


# Silence --------------------------------------------------------------------------------------------------------------


def test_apl_art_32_4_silence_is_acceptance_back_dated_to_the_receipt() -> None:
    case = filed(on="2026-09-25 10:00")
    notice = clock_of(case, "one_time_notice")
    reach("deemed_acceptance", notice, notice.due_at)
    case = fresh(case)
    assert (case.state, case.deemed_accepted, case.accepted_at) == (CaseState.ACCEPTED, True, at("2026-09-25 10:00"))
    promised = clock_of(case, "promised")
    assert (promised.started_at, promised.due_on) == (at("2026-09-25 10:00"), date(2026, 9, 30))
    assert clock_of(case, "one_time_notice").stopped_at == notice.due_at
    check = open_task(case, "intake")
    assert (check.state, check.outcome, check.closed_by_id) == (TaskState.DONE, "accept", None)
    assert open_task(case, "handle").state == TaskState.READY
    assert DeemedAct.objects.get(case=case).citation_en == "Administrative Licensing Law, art. 32(4)"
    paper = papers_of("case", case.pk).get(kind="acceptance_notice")
    assert "32" in paper.facts["deemed_by"]["en"]
    assert Notice.objects.filter(kind="deemed_accepted", channel="inbox").count() == 1
    rows = HistoryEvent.objects.filter(kind="task_done", run=case.run)
    done = next(row for row in rows if row.detail["node"] == "intake")
    assert (done.by_id, done.detail["rule"]) == (None, "Administrative Licensing Law, art. 32(4)")
    assert first_broken_row(Run.objects.get(pk=case.run.root_key)) is None


def test_apl_art_32_4_a_sweep_that_runs_twice_accepts_once() -> None:
    case = filed()
    notice = clock_of(case, "one_time_notice")
    for _again in range(2):
        reach("deemed_acceptance", notice, notice.due_at)
    assert DeemedAct.objects.filter(case=case).count() == 1
    assert papers_of("case", case.pk).filter(kind="acceptance_notice").count() == 1


def test_apl_art_32_4_the_clerk_was_faster() -> None:
    case = filed()
    notice = clock_of(case, "one_time_notice")
    accepted(case, notice.due_at.strftime("%Y-%m-%d 10:00"))
    reach("deemed_acceptance", notice, notice.due_at)
    assert not fresh(case).deemed_accepted
    assert fresh(case).accepted_at != case.filed_at


def test_apl_art_32_4_the_law_was_faster_than_the_clerk() -> None:
    case = filed()
    notice, task = clock_of(case, "one_time_notice"), open_task(case, "intake")
    reach("deemed_acceptance", notice, notice.due_at)
    with pytest.raises(TaskClosedError):
        complete_step(task_id=task.pk, outcome="accept", by=user("clerk"), at=notice.due_at)


def test_apl_art_32_4_not_a_second_too_early() -> None:
    case = filed()
    notice = clock_of(case, "one_time_notice")
    assert not deem_accepted(clock_id=notice.pk, at=at("2026-03-11 16:59"))
    assert fresh(case).state == CaseState.FILED


# A service whose region has enacted more ------------------------------------------------------------------------------

SHIPPED_RULES = Path(supervision.__file__).parent / "data" / "rules.yaml"
RULE = {"citation": {"zh": "演示条例第一条", "en": "Demo Regulation, art. 1"}}


def enacted(code: str, **rules: Any) -> None:
    """Publish a new version of a shipped service with further rules, everything else as it is."""
    old = current_version(code)
    new = current_version(code)
    new.pk, new.number, new.state, new.checksum = None, old.number + 1, VersionState.DRAFT, "f" * 64
    new.limit_rules = {**old.limit_rules, **rules}
    new.save(force_insert=True)
    for name in ("materials", "legal_bases", "results", "questions", "stop_rules"):
        for row in getattr(old, name).all():
            row.pk = None
            setattr(row, "version" if hasattr(row, "version_id") else "service_version", new)
            row.save(force_insert=True)
    old.state, old.retired_at = VersionState.RETIRED, at("2026-01-31 09:00")
    old.save(update_fields=["state", "retired_at"])
    new.state, new.published_at = VersionState.IN_USE, at("2026-01-31 09:00")
    new.save()


def settings(*names: str) -> dict[str, Any]:
    return {"settings": {name: dict(RULE) for name in names}}


def asked(case: Case, on: str) -> Case:
    code = case.service.materials.order_by("order").last().code
    missing = [Missing(kind="material", code=code, reason="请补。")]
    ask_supplement(task_id=open_task(case, "intake").pk, missing=missing, by=user("clerk"), at=at(on))
    return fresh(case)


def decided(case: Case, on: str) -> Case:
    for node, outcome, who in (
        ("handle", "recommend_grant", "city-handler"),
        ("check", "agree", "city-checker"),
        ("approve", "grant", "city-approver"),
    ):
        complete_step(task_id=open_task(case, node).pk, outcome=outcome, by=user(who), at=at(on))
    return fresh(case)


def test_region_default_none_an_overdue_correction_is_no_withdrawal() -> None:
    case = asked(filed(), "2026-03-05 10:00")
    clock = clock_of(case, "correction")
    reach("deemed_withdrawal", clock, clock.due_at)
    assert fresh(case).state == CaseState.SUPPLEMENT


def test_region_rule_an_overdue_correction_counts_as_withdrawn() -> None:
    enacted("sign-filing", **settings("overdue_correction_withdrawn"))
    case = asked(filed(), "2026-03-05 10:00")
    clock = clock_of(case, "correction")
    sweep_timers(at=clock.due_at)  # the drawing's own timer asks the window at the same instant
    reach("deemed_withdrawal", clock, clock.due_at)
    case = fresh(case)
    assert (case.state, case.application.state) == (CaseState.WITHDRAWN, "closed")
    assert "Demo Regulation, art. 1" in case.end_reason_en
    assert papers_of("case", case.pk).filter(kind="withdrawal_notice").count() == 1
    assert not Clock.objects.filter(subject_id=str(case.pk), subject_kind="case", stopped_at=None).exists()


def test_apl_default_none_silence_is_no_grant() -> None:
    case = accepted(filed(), "2026-03-05 10:00")
    clock = clock_of(case, "statutory")
    reach("tacit_approval", clock, clock.due_at)
    assert fresh(case).state == CaseState.ACCEPTED


def test_region_rule_tacit_approval_is_granted_by_law_and_the_paper_says_so() -> None:
    enacted("sign-filing", **settings("tacit_approval"))
    case = accepted(filed(), "2026-03-05 10:00")
    clock = clock_of(case, "statutory")
    for _again in range(2):
        reach("tacit_approval", clock, clock.due_at)
    run_due_jobs(at=clock.due_at)
    case = fresh(case)
    assert (case.state, case.decided_at) == (CaseState.GRANTED, clock.due_at)
    assert {open_task(case, node).closed_by_id for node in ("handle", "check", "approve")} == {None}
    issued = [paper for paper in papers_of("case", case.pk) if "by_law" in paper.facts]
    assert issued
    assert issued[0].facts["by_law"]["en"] == "Demo Regulation, art. 1"


def test_region_rule_pre_check_within_a_working_day_only_where_enacted() -> None:
    assert not has_clock(filed(on="2026-09-30 10:00"), "pre_check")
    enacted("sign-filing", **settings("pre_check"))
    case = filed(on="2026-09-30 10:00")
    assert clock_of(case, "pre_check").due_on == date(2026, 10, 8)
    assert clock_of(accepted(case, "2026-10-08 09:00"), "pre_check").stopped_at == at("2026-10-08 09:00")


# Pauses, extension, delivery ------------------------------------------------------------------------------------------

ART_45 = ("hearing", "tender", "auction", "inspection", "testing", "quarantine", "appraisal", "expert_review")


@pytest.mark.parametrize("reason", [pytest.param(one, id=f"APL art. 45: {one} is not counted") for one in ART_45])
def test_the_closed_list_pauses_with_a_written_notice(reason: str) -> None:
    case = accepted(filed(on="2026-09-28 10:00"), "2026-09-28 11:00")  # due Thu 8 Oct: 29, 30 Sep, then after the week
    how = {"reason": PauseReason(reason), "from_on": date(2026, 9, 29), "planned_days": 3}
    pause_case(case_id=case.pk, **how, by=user("city-handler"), at=at("2026-09-29 09:00"))
    assert clock_of(case, "promised").due_on is None
    assert days_over_plan(clock_of(case, "promised"), at=at("2026-10-08 12:00")) == 0
    assert days_over_plan(clock_of(case, "promised"), at=at("2026-10-10 12:00")) == 2
    resume_case(case_id=case.pk, by=user("city-handler"), at=at("2026-10-08 16:00"))
    # 30 Sep and 8 Oct lie in the pause, which counts on both ends: Fri 9 Oct, Sat 10 Oct (make-up), Mon 12 Oct.
    assert clock_of(case, "promised").due_on == date(2026, 10, 12)
    assert papers_of("case", case.pk).filter(kind="pause_notice").count() == 1


def test_apl_art_45_a_site_visit_is_no_pause() -> None:
    case = accepted(filed(), "2026-03-05 10:00")
    for reason in ("site_visit", PauseReason.SERVICE_RULE):
        with pytest.raises(ClockError):
            pause_case(
                case_id=case.pk, reason=reason, from_on=date(2026, 3, 5), planned_days=2, by=user("city-handler"),
                at=at("2026-03-05 11:00"),
            )  # fmt: skip


def test_a_service_s_own_cited_rule_pauses_too() -> None:
    enacted("sign-filing", pauses=[{"code": "survey", "name": {"zh": "测绘", "en": "survey"}, **RULE}])
    case = accepted(filed(), "2026-03-05 10:00")
    pause_case(
        case_id=case.pk, reason=PauseReason.SERVICE_RULE, rule="survey", from_on=date(2026, 3, 5), planned_days=2,
        by=user("city-handler"), at=at("2026-03-05 11:00"),
    )  # fmt: skip
    assert "Demo Regulation, art. 1" in clock_of(case, "promised").pauses.get().citation


EXTENSIONS = [
    pytest.param("food-handler", 5, "2026-03-06 10:00", NotTheHeadError, id="APL art. 42: not by the handler"),
    pytest.param("food-head", 6, "2026-03-06 10:00", ClockError, id="APL art. 42: not longer than the rule says"),
    pytest.param("food-head", 5, "2026-04-20 10:00", ClockError, id="APL art. 42: not after the limit is over"),
    pytest.param("food-head", 5, "2026-03-06 10:00", None, id="APL art. 42: once, by the head of the department"),
]


@pytest.mark.parametrize(("who", "amount", "on", "refused"), EXTENSIONS)
def test_an_extension(who: str, amount: int, on: str, refused: type[Exception] | None) -> None:
    case = accepted(filed("food-licence", by="owner2"), "2026-03-05 10:00")
    how = {"case_id": case.pk, "amount": amount, "reason": "等待设备安装。", "by": user(who), "at": at(on)}
    if refused is not None:
        with pytest.raises(refused):
            extend_case(**how)
        return
    extend_case(**how)
    assert clock_of(case, "statutory").due_on == date(2026, 3, 26)
    with pytest.raises(ClockError):
        extend_case(**how)


def test_apl_art_44_delivery_within_ten_working_days_of_the_decision() -> None:
    case = filed("drainage-permit", on="2026-09-24 10:00", by="owner2")
    case = decided(accepted(case, "2026-09-24 11:00"), "2026-09-25 15:00")
    assert clock_of(case, "delivery").due_on == date(2026, 10, 15)
    run_due_jobs(at=at("2026-09-25 15:01"))
    run_due_jobs(at=at("2026-09-25 15:02"))
    assert clock_of(case, "delivery").stopped_at is not None  # delivered on line, as agreed


# Stages, the bundle's joint limit -------------------------------------------------------------------------------------


def test_a_step_s_share_runs_while_its_task_is_open() -> None:
    enacted("sign-filing", stages={"handle": {"amount": 1, "unit": "working_days"}})
    case = accepted(filed(on="2026-09-30 09:30"), "2026-09-30 10:00")
    task = open_task(case, "handle")
    share = Clock.objects.get(kind="stage", subject_kind="task", subject_id=str(task.pk))
    assert (share.due_on, task.due_at) == (date(2026, 10, 8), share.due_at)
    complete_step(task_id=task.pk, outcome="recommend_grant", by=user("city-handler"), at=at("2026-10-08 09:00"))
    share.refresh_from_db()
    assert share.stopped_at == at("2026-10-08 09:00")


def joint_bundle(amount: int = 45, extension: int = 15) -> None:
    """Give the restaurant bundle a joint limit under a cited rule."""
    old, new = current_bundle_version("open-restaurant"), current_bundle_version("open-restaurant")
    new.pk, new.number, new.state, new.checksum = None, old.number + 1, VersionState.DRAFT, "e" * 64
    new.joint_amount, new.joint_unit, new.joint_extension = amount, "working_days", extension
    new.joint_basis_zh, new.joint_basis_en = "演示条例第二条", "Demo Regulation, art. 2"
    new.save(force_insert=True)
    for name in ("parts", "questions", "stop_rules"):
        for row in getattr(old, name).all():
            row.pk, row.bundle_version = None, new
            row.save(force_insert=True)
    old.state, old.retired_at = VersionState.RETIRED, at("2026-01-31 09:00")
    old.save(update_fields=["state", "retired_at"])
    new.state, new.published_at = VersionState.IN_USE, at("2026-01-31 09:00")
    new.save()


def restaurant(on: str = "2026-03-04 09:30") -> Case:
    """File a restaurant whose owner begins with the business licence; return that case."""
    application = filed_application(bundle="open-restaurant", situation=RESTAURANT, at=at(on))
    return application.cases.get(part="business-licence")


def joint_clock(case: Case) -> Clock:
    return Clock.objects.get(subject_kind="application", subject_id=str(case.application_id), kind="joint")


def test_apl_art_42_2_no_joint_limit_without_a_cited_rule() -> None:
    case = accepted(restaurant(), "2026-03-05 10:00")
    assert not Clock.objects.filter(kind="joint", subject_id=str(case.application_id)).exists()


@pytest.mark.parametrize(
    ("amount", "winner"),
    [
        pytest.param(45, "promised", id="APL art. 42(2): the child's earlier limit wins over 45 days"),
        pytest.param(0, "joint", id="APL art. 42(2): an earlier joint limit wins over the child's"),
    ],
)
def test_bundle_and_child_limits_both_hold(amount: int, winner: str) -> None:
    joint_bundle(amount)
    case = restaurant()
    assert not Clock.objects.filter(kind="joint").exists()
    case = accepted(case, "2026-03-05 10:00")
    clocks = {"promised": clock_of(case, "promised"), "joint": joint_clock(case)}
    assert clocks["joint"].started_at == clocks["promised"].started_at
    task = Task.objects.get(run=case.run, state="ready")
    assert task.due_at == clocks[winner].due_at == min(clock.due_at for clock in clocks.values())
    lane = next(one for one in timeline_of(case.application, at=at("2026-03-05 10:30")).lanes if one.case == case)
    assert lane.clock == clocks[winner]
    assert works([task], at=at("2026-03-05 10:30"))[0].due_on == clocks[winner].due_on


def test_apl_art_42_2_the_joint_clock_pauses_only_while_no_branch_can_move() -> None:
    joint_bundle()
    case = accepted(restaurant(), "2026-03-05 10:00")
    how = {"reason": PauseReason.APPRAISAL, "from_on": date(2026, 3, 5), "planned_days": 3}
    pause_case(case_id=case.pk, **how, by=user("food-handler"), at=at("2026-03-05 11:00"))
    assert joint_clock(case).due_on is None  # the only filed branch stands still
    other = case.application.cases.exclude(pk=case.pk).first()
    root = Run.objects.get(pk=case.run.root_key)
    project(other, CaseState.FILED, root=root, by=None, at=at("2026-03-06 10:00"))
    assert joint_clock(case).due_on is not None  # a branch can move again
    project(other, CaseState.WITHDRAWN, root=root, by=None, at=at("2026-03-09 10:00"))
    assert joint_clock(case).pauses.get(to_on=None).from_on == date(2026, 3, 9)
    resume_case(case_id=case.pk, by=user("food-handler"), at=at("2026-03-10 10:00"))
    assert joint_clock(case).due_on is not None


def test_apl_art_42_2_the_people_s_government_extends_the_joint_limit_once() -> None:
    joint_bundle()
    case = accepted(restaurant(), "2026-03-05 10:00")
    how = {"application_id": case.application_id, "amount": 15, "reason": "多部门会审。", "at": at("2026-03-06 10:00")}
    with pytest.raises(NotTheGovernmentError):
        extend_joint_limit(**how, by=user("food-head"))
    before = joint_clock(case).due_on
    extend_joint_limit(**how, by=user("manager"))
    assert joint_clock(case).due_on > before
    with pytest.raises(ClockError):
        extend_joint_limit(**how, by=user("manager"))


def test_the_joint_clock_stops_when_the_last_case_is_closed() -> None:
    joint_bundle()
    case = accepted(restaurant(), "2026-03-05 10:00")
    root = Run.objects.get(pk=case.run.root_key)
    for one in case.application.cases.all():
        assert joint_clock(case).stopped_at is None
        project(one, CaseState.WITHDRAWN, root=root, by=None, at=at("2026-03-06 10:00"))
    assert joint_clock(case).stopped_at == at("2026-03-06 10:00")


# Deferred documents ---------------------------------------------------------------------------------------------------


def deferred(on: str = "2026-09-25 11:00") -> Case:
    case = filed("food-licence", on="2026-09-25 10:00", deferrable=False, by="owner2")
    codes = [need.code for need in deferrable_and_missing(case)]
    accept_with_deferral(
        task_id=open_task(case, "intake").pk, materials=codes, promise="本人承诺按期补交。", promised_by="张三",
        by=user("clerk"), at=at(on),
    )  # fmt: skip
    return fresh(case)


def test_henan_art_35_accepted_on_a_written_promise() -> None:
    case = deferred()
    assert (case.state, case.deferral.promised_by, case.deferral.recorded_by) == ("accepted", "张*", user("clerk"))
    assert clock_of(case, "deferred_documents").due_on == date(2026, 10, 15)
    paper = papers_of("case", case.pk).get(kind="deferred_notice")
    assert paper.facts["due_on"] == "2026-10-15"
    # The review goes on, and what it is due by is not what the applicant is due by.
    assert open_task(case, "handle").due_at == clock_of(case, "promised").due_at


def test_henan_art_35_no_promise_no_deferral() -> None:
    case = filed("food-licence", deferrable=False, by="owner2")
    codes = [need.code for need in deferrable_and_missing(case)]
    how = {"task_id": open_task(case, "intake").pk, "by": user("clerk"), "at": at("2026-03-05 10:00")}
    with pytest.raises(PromiseMissingError):
        accept_with_deferral(**how, materials=codes, promise=" ", promised_by="张三")
    with pytest.raises(NotDeferrableError):
        accept_with_deferral(**how, materials=["identity-card"], promise="承诺", promised_by="张三")


def test_henan_art_35_handing_in_stops_the_clock() -> None:
    case = deferred()
    with pytest.raises(StillMissingError):
        hand_in_deferred(case_id=case.pk, by=user("owner2"), at=at("2026-10-08 10:00"))
    for code in case.deferral.materials:
        handed_in(case, code, at("2026-10-08 10:00"))
    hand_in_deferred(case_id=case.pk, by=user("owner2"), at=at("2026-10-08 10:30"))
    assert clock_of(case, "deferred_documents").stopped_at == at("2026-10-08 10:30")


def handed_in(case: Case, code: str, when: datetime) -> None:
    store_upload(
        file=io.BytesIO(sample_picture(code)), original_name=f"{code}.png", declared_type="image/png",
        subject_kind="application", subject_id=case.application_id, material_code=code, by=user("owner2"), at=when,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "state"),
    [
        pytest.param({}, CaseState.ACCEPTED, id="default none: an overdue deferred document changes nothing"),
        pytest.param(
            settings("overdue_deferred_withdrawn"), CaseState.WITHDRAWN, id="region rule: counts as withdrawn"
        ),
    ],
)
def test_an_overdue_deferred_document(rules: dict[str, Any], state: str) -> None:
    if rules:
        enacted("food-licence", **rules)
    case = deferred()
    clock = clock_of(case, "deferred_documents")
    reach("deemed_withdrawal", clock, clock.due_at)
    assert fresh(case).state == state


# Hearing, publicity, check after the permit, renewal ------------------------------------------------------------------


def test_apl_art_47_a_hearing_from_its_offer_to_its_day() -> None:
    case = accepted(filed(on="2026-09-24 10:00"), "2026-09-25 10:00")
    who = {"case_id": case.pk, "by": user("city-handler")}
    offer_hearing(**who, at=at("2026-09-25 11:00"))
    assert clock_of(case, "hearing").due_on == date(2026, 10, 9)  # five working days over National Day
    request_hearing(**who, requested_by="张三", at=at("2026-09-28 10:00"))
    assert clock_of(case, "hearing").due_on == date(2026, 10, 30)  # twenty working days
    assert clock_of(case, "promised").due_on is None  # art. 45: not counted
    place = {"place": "三楼听证室", "at": at("2026-09-28 11:00")}
    with pytest.raises(HearingDayError):
        call_hearing(**who, held_on=date(2026, 10, 12), **place)  # six working days after its notice
    call_hearing(**who, held_on=date(2026, 10, 13), **place)
    with pytest.raises(HearingError):
        close_hearing(**who, at=at("2026-10-12 10:00"))
    close_hearing(**who, at=at("2026-10-13 16:00"))
    # Mon 28 Sep to Tue 13 Oct are not counted, both included.
    assert clock_of(case, "promised").due_on == date(2026, 10, 16)


def test_apl_art_47_too_late_to_ask_for_a_hearing() -> None:
    case = accepted(filed(on="2026-09-24 10:00"), "2026-09-25 10:00")
    who = {"case_id": case.pk, "by": user("city-handler")}
    offer_hearing(**who, at=at("2026-09-25 11:00"))
    with pytest.raises(HearingTooLateError):
        request_hearing(**who, requested_by="张三", at=at("2026-10-10 09:00"))
    close_hearing(**who, at=at("2026-10-10 09:30"))
    assert not clock_of(case, "promised").pauses.exists()


def test_publicity_pauses_only_where_the_cited_rule_says_so() -> None:
    rule = {"amount": 5, "unit": "working_days", "not_counted": True, **RULE}
    enacted("sign-filing", publicity=rule)
    case = accepted(filed(on="2026-09-24 10:00"), "2026-09-25 10:00")
    who = {"case_id": case.pk, "by": user("city-handler")}
    begin_public_notice(**who, place="公示栏", at=at("2026-09-28 10:00"))
    assert (clock_of(case, "publicity").due_on, clock_of(case, "promised").due_on) == (date(2026, 10, 10), None)
    with pytest.raises(PublicNoticeRunsError):
        close_public_notice(**who, objections="", at=at("2026-10-10 10:00"))
    close_public_notice(**who, objections="", at=at("2026-10-12 09:00"))
    assert clock_of(case, "promised").due_on == date(2026, 10, 15)


def test_no_publicity_without_a_rule() -> None:
    case = accepted(filed(), "2026-03-05 10:00")
    with pytest.raises(NoPublicNoticeError):
        begin_public_notice(case_id=case.pk, place="公示栏", by=user("city-handler"), at=at("2026-03-05 11:00"))


def test_fire_protection_law_art_15_the_check_after_a_decision_by_promise() -> None:
    case = accepted(filed("fire-safety-promise", on="2026-09-24 10:00"), "2026-09-24 11:00")
    complete_step(
        task_id=open_task(case, "approve").pk, outcome="grant", by=user("fire-approver"), at=at("2026-09-24 15:00")
    )
    for second in range(3):
        run_due_jobs(at=at(f"2026-09-24 15:0{second}"))
    clock = clock_of(case, "post_permit_check")
    assert (clock.due_on, clock.stopped_at) == (date(2026, 10, 29), None)  # twenty working days, after the case closed
    how = {"case_id": case.pk, "by": user("fire-handler"), "at": at("2026-10-12 10:00")}
    with pytest.raises(CheckIncompleteError):
        record_site_check(**how, passed=True, inspectors=("张三", ""), findings="")
    record_site_check(**how, passed=False, inspectors=("张三", "李四"), findings="疏散通道被占用。")
    assert clock_of(case, "post_permit_check").stopped_at == at("2026-10-12 10:00")


def test_two_months_are_counted_as_months() -> None:
    assert Period(amount=2, unit="months").counted_from(date(2026, 12, 31)) == (59, "calendar_days")  # Civil Code 202


def renewable(on: str = "2026-03-04 10:00") -> Case:
    """Return a granted case whose result is valid for a month, renewed within 10 to 2 working days before it ends."""
    case = decided(accepted(filed(on=on), "2026-03-05 09:00"), "2026-03-05 15:00")
    enacted_rule = {
        "opens_before": {"amount": 10, "unit": "working_days"},
        "closes_before": {"amount": 2, "unit": "working_days"},
        **RULE,
    }
    case.service.limit_rules = {**case.service.limit_rules, "renewal": enacted_rule}
    open_renewal(case, date(2026, 10, 12), root=Run.objects.get(pk=case.run.root_key), at=at("2026-03-05 15:10"))
    return case


def test_the_renewal_window_counts_back_from_the_expiry() -> None:
    renewal = renewable().renewals.get()
    assert (renewal.opens_on, renewal.closes_on) == (date(2026, 9, 21), date(2026, 10, 9))


def test_apl_art_50_asked_in_time_and_not_decided_is_renewed() -> None:
    case = renewable()
    with pytest.raises(RenewalWindowError):
        ask_renewal(case_id=case.pk, by=user("owner"), at=at("2026-09-18 10:00"))
    ask_renewal(case_id=case.pk, by=user("owner"), at=at("2026-09-22 10:00"))
    clock = clock_of(case, "renewal")
    assert (clock.starts_on_event, clock.due_on) == ("request", date(2026, 10, 12))
    for _again in range(2):
        reach("deemed_renewal", clock, clock.due_at)
    renewal = case.renewals.order_by("expires_on").first()
    assert (renewal.outcome, renewal.decided_by_id) == ("deemed", None)
    assert "50" in papers_of("case", case.pk).get(kind="renewal_notice").facts["rule"]["en"]


def test_apl_art_50_too_late_to_ask_and_silence_renews_nothing() -> None:
    case = renewable()
    clock = clock_of(case, "renewal")
    reach("deemed_renewal", clock, clock.due_at)  # nobody asked
    assert case.renewals.get().outcome == ""
    with pytest.raises(RenewalWindowError):
        ask_renewal(case_id=case.pk, by=user("owner"), at=at("2026-10-10 10:00"))


def test_apl_art_38_refusing_a_renewal_needs_reasons() -> None:
    case = renewable()
    ask_renewal(case_id=case.pk, by=user("owner"), at=at("2026-09-22 10:00"))
    how = {"case_id": case.pk, "granted": False, "by": user("city-approver"), "at": at("2026-09-25 10:00")}
    with pytest.raises(RenewalReasonsMissingError):
        decide_renewal(**how)
    decide_renewal(**how, reasons="场所已拆除。")
    assert case.renewals.get().outcome == "refused"


# With the sweep and the rules as they are shipped -------------------------------------------------------------------


def test_apl_art_32_4_the_sweep_accepts_by_the_shipped_rules() -> None:
    rules = yaml.safe_load(SHIPPED_RULES.read_text(encoding="utf-8"))["rules"]
    publish_threshold_rules(rules=rules, note="as shipped", by=None, at=at("2026-03-04 09:30"))
    case = filed(on="2026-12-28 10:00")  # the days reach into a year nobody has announced
    notice = clock_of(case, "one_time_notice")
    sweep_timers(at=notice.due_at)
    assert (fresh(case).state, fresh(case).deemed_accepted) == (CaseState.ACCEPTED, True)
    assert clock_of(case, "promised").provisional is False
    sweep_timers(at=notice.due_at)
    assert DeemedAct.objects.filter(case=case).count() == 1

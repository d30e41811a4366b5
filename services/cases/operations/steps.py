"""Complete the tasks of a case: the window's acceptance, the department's opinions, the applicant's acts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from services.cases.enums import OUTCOMES_AGAINST, CaseState, MaterialFinding
from services.cases.models import Case, MaterialCheck, Opinion, Supplement
from services.cases.operations import entities, unanswered
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.limits import running_clocks
from services.cases.operations.locked import Step, begin_step, closed_before, lock_again, locked_task
from services.cases.operations.papers import REMEDIES, deliver, issue_case_paper
from services.cases.operations.projection import project
from services.cases.operations.telling import tell_applicants, tell_applicants_of_case
from services.cases.permissions import application_about, can_work_on, may_answer_for
from services.cases.queries.casefiles import names_of_missing
from services.parties.enums import Role
from services.parties.identity_numbers import check_uscc
from workflows.enums import OPEN_TASK_STATES
from workflows.models import Clock, Run, Task
from workflows.operations.locking import lock_root, lock_task
from workflows.operations.tasks import TaskClosedError, UnknownOutcomeError, complete_locked_task, complete_task

if TYPE_CHECKING:
    from portal.accounts.models import User

#: Outcomes that must say why (Administrative Licensing Law, art. 32 and 38).
NEEDS_REASONS = frozenset({*OUTCOMES_AGAINST, "not_confirmed"})
#: Outcomes that decide a case, and the state each leads to.
DECISIONS = {"grant": CaseState.GRANTED, "refuse": CaseState.REFUSED}


class FourEyesError(Exception):
    """Handling, checking and approving a case takes three different people."""


class ReasonsMissingError(ValueError):
    """This outcome must say why."""


class OutsideResultMissingError(ValueError):
    """The decision is made in another system: its number and date must be recorded."""


class NothingMarkedError(ValueError):
    """A one-time notice must list what is missing."""


class SecondNoticeError(ValueError):
    """A second notice on one case needs a supervisor's reason."""


@dataclass(frozen=True, kw_only=True)
class Missing:
    """One thing a one-time notice asks for. kind: material or element; code: which; reason: what to do about it."""

    kind: str
    code: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class OutsideResult:
    """What another system decided: its number and its day."""

    number: str
    decided_on: date


@transaction.atomic
def complete_step(
    *,
    task_id: int,
    outcome: str,
    by: User,
    at: datetime,
    reasons: str = "",
    outside: OutsideResult | None = None,
    competent_body: str = "",
    findings: Mapping[str, tuple[str, str]] | None = None,
) -> Task:
    """Complete a staff task of a case with an outcome, and let the case move on.

    reasons: required for outcomes against the applicant. outside: number and day where the decision is made in
    another system. competent_body: the right body, where we are not competent.
    findings: material code -> (finding, reason) of the window's completeness check.
    The same person completing it again with the same outcome changes nothing.
    Effects: an opinion; the case's state, dates and clocks; papers; what the process opens next; notices owed.
    Raises NotAllowedError, FourEyesError, ReasonsMissingError, OutsideResultMissingError, IdentityNumberError (the
    recorded code of a new entity is wrong), TaskHeldError,
    TaskClosedError, UnknownOutcomeError.
    """
    step = begin_step(task_id, by=by, at=at)
    if closed_before(step.task, outcome, by=by):
        return step.task
    _check(step, outcome, reasons=reasons, outside=outside)
    return _complete(
        step, outcome, by=by, at=at, reasons=reasons, outside=outside, body=competent_body, findings=findings or {}
    )


@transaction.atomic
def complete_offered_step(
    *, task_id: int, roles: Collection[str], outcome: str, by: User, at: datetime, reasons: str = ""
) -> Case | None:
    """Complete a case's task of one of these roles with an outcome that the task offers, as a page shows them.

    Returns the case that moved on, None when she had completed it before. Raises Task.DoesNotExist, NotAllowedError
    for every other task, and what complete_step raises.
    """
    step = begin_step(task_id, by=by, at=at)
    if step.case is None or step.task.role not in roles:
        raise NotAllowedError("This task belongs to another page.")
    if closed_before(step.task, outcome, by=by):
        return None
    _check(step, outcome, reasons=reasons, outside=None)
    if outcome not in step.task.outcomes:
        raise UnknownOutcomeError(f"{outcome!r} is none of {', '.join(step.task.outcomes)}.")
    _complete(step, outcome, by=by, at=at, reasons=reasons, outside=None, body="", findings={})
    return step.case


def _complete(
    step: Step,
    outcome: str,
    *,
    by: User,
    at: datetime,
    reasons: str,
    outside: OutsideResult | None,
    body: str,
    findings: Mapping[str, tuple[str, str]],
) -> Task:
    locked, case, task = step.locked, step.case, step.task
    if case is None:
        application = application_about(task.subject_kind, task.subject_id)
        entities.note_licence_check(application, outcome, reasons=reasons.strip(), at=at)
        return complete_locked_task(locked, outcome=outcome, by=by, at=at)
    _record(case, task, outcome, by=by, at=at, reasons=reasons, findings=findings)
    if _apply(case, task, outcome, root=locked.root, by=by, at=at, reasons=reasons, outside=outside, body=body):
        locked = lock_again(step)
    return complete_locked_task(locked, outcome=outcome, by=by, at=at)


def _check(step: Step, outcome: str, *, reasons: str, outside: OutsideResult | None) -> None:
    case = step.case
    if not step.in_post:
        raise NotAllowedError("This task belongs to another post.")
    if outcome in NEEDS_REASONS and not reasons.strip():
        raise ReasonsMissingError("Please give the reasons.")
    if case is None:
        return
    if step.has_other_part:
        raise FourEyesError("You already acted on this case in another role; somebody else must do this step.")
    if outcome == "grant" and case.service.decision_place != "here" and outside is None:
        raise OutsideResultMissingError("Please record the number and the day of the outside decision.")
    if outcome == "grant" and case.part in entities.REGISTERING_PARTS:
        if outside is None:
            raise OutsideResultMissingError("Please record the code and the day of the registration.")
        check_uscc(outside.number)


def _record(
    case: Case,
    task: Task,
    outcome: str,
    *,
    by: User,
    at: datetime,
    reasons: str,
    findings: Mapping[str, tuple[str, str]],
) -> None:
    Opinion.objects.create(
        case=case, task=task, role=task.role, outcome=outcome, reasons=reasons.strip(), by=by, given_at=at
    )
    for material, (finding, reason) in findings.items():
        MaterialCheck.objects.update_or_create(
            case=case,
            material=material,
            defaults={
                "finding": MaterialFinding(finding),
                "reason": reason,
                "checked_by": by,
                "checked_at": at,
            },
        )


def _apply(
    case: Case,
    task: Task,
    outcome: str,
    *,
    root: Run,
    by: User,
    at: datetime,
    reasons: str,
    outside: OutsideResult | None,
    body: str,
) -> bool:
    """Do what an outcome means for the case beside its next step; returns whether it means anything."""
    if outcome == "accept":
        accept(case, root=root, by=by, at=at)
    elif outcome == "not_competent":
        case.competent_body = body
        project(case, CaseState.NOT_COMPETENT, root=root, by=by, at=at)
        paper = issue_case_paper(
            case, "not_competent_notice", by=by, at=at, reason=reasons, right_body=body or reasons, remedies=REMEDIES
        )
        deliver(paper, case.application, at=at)
        tell_applicants_of_case(case, "not_competent", at=at, reason=reasons)
    elif outcome == "wait_again":
        unanswered.wait_again(case, task, root=root, by=by, at=at)
    elif outcome == "close":
        unanswered.close_unanswered(case, root=root, by=by, at=at, reason=reasons)
    elif outcome in DECISIONS and task.role in (Role.APPROVER, Role.CLERK, Role.HANDLER):
        if outside is not None:
            case.outside_number, case.outside_decided_on = outside.number, outside.decided_on
            case.entered_late = outside.decided_on < timezone.localdate(at)
        if case.accepted_at is None:  # on the spot: accepted and decided in one visit
            accept(case, root=root, by=by, at=at, quietly=True)
        project(case, DECISIONS[outcome], root=root, by=by, at=at)
    else:
        return False
    return True


def accept(case: Case, *, root: Run, by: User | None, at: datetime, quietly: bool = False) -> None:
    """Accept a case: the promise starts. quietly: without notice, where the decision follows in the same visit."""
    project(case, CaseState.ACCEPTED, root=root, by=by, at=at)
    if quietly:
        return
    clocks = Clock.objects.filter(subject_kind="case", subject_id=str(case.pk), kind="promised", stopped_at=None)
    clock = clocks.get()
    paper = issue_case_paper(
        case,
        "acceptance_notice",
        by=by,
        at=at,
        limit={
            "zh": f"{clock.limit_amount}个{'工作日' if clock.limit_unit == 'working_days' else '自然日'}",
            "en": f"{clock.limit_amount} {clock.limit_unit.replace('_', ' ')}",
        },
        due_on=clock.due_on,
        materials=[
            {"zh": material.name_zh, "en": material.name_en} for material in case.service.materials.order_by("order")
        ],
    )
    deliver(paper, case.application, at=at)
    tell_applicants_of_case(case, "case_accepted", at=at, due=(clock.due_on or timezone.localdate(at)).isoformat())


@transaction.atomic
def ask_supplement(
    *,
    task_id: int,
    missing: Sequence[Missing],
    by: User,
    at: datetime,
    supervisor_reason: str = "",
    findings: Mapping[str, tuple[str, str]] | None = None,
) -> Supplement:
    """Tell the applicant once everything that is missing (Administrative Licensing Law, art. 32(4)).

    missing: only these open for her. supervisor_reason: needed for a second notice on one case.
    Effects: the notice as paper, the case waits for the applicant, the notice clock stops, notices owed.
    Raises NothingMarkedError, SecondNoticeError and what complete_step raises.
    """
    if not missing:
        raise NothingMarkedError("Mark at least one document or field and say what to do.")
    root, task, case = locked_task(task_id)
    if case is None:
        raise NotAllowedError("Only a case can be sent back for a supplement.")
    number = case.supplements.count() + 1
    if task.state in OPEN_TASK_STATES and number > 1 and not supervisor_reason.strip():
        raise SecondNoticeError("A second notice on one case needs a supervisor's reason.")
    complete_step(task_id=task_id, outcome="supplement", by=by, at=at, findings=findings)
    supplement, created = Supplement.objects.get_or_create(
        case=case,
        round=number if task.state in OPEN_TASK_STATES else number - 1,
        defaults={
            "items": [{"kind": item.kind, "code": item.code, "reason": item.reason} for item in missing],
            "supervisor_reason": supervisor_reason,
            "asked_by": by,
            "asked_at": at,
        },
    )
    if created:
        case.refresh_from_db()
        project(case, CaseState.SUPPLEMENT, root=root, by=by, at=at)
        names = names_of_missing(case, [(item.kind, item.code) for item in missing])
        patience = running_clocks(case, ("correction",))
        paper = issue_case_paper(
            case,
            "supplement_notice",
            by=by,
            at=at,
            reply_by=patience[0].due_on if patience else None,
            missing=[{"material": names[item.kind, item.code], "reason": item.reason} for item in missing],
        )
        deliver(paper, case.application, at=at)
        tell_applicants_of_case(case, "supplement_needed", at=at, round=number)
    return supplement


@transaction.atomic
def answer_supplement(*, case_id: int, answers: Mapping[str, Any], by: User, at: datetime) -> Supplement:
    """Hand in what a one-time notice asked for; only the marked fields change, documents were uploaded before.

    answers: element code -> new value, of the marked fields only.
    Effects: the application's answers, the differences kept with the notice, the window's check opens again with a
    new notice clock, notices owed. An answer that comes while the window still decides what to do without one counts.
    Raises NotAllowedError, TaskClosedError, RunSuspendedError.
    """
    run_id = Case.objects.values_list("run__root_id", "run_id").get(pk=case_id)
    root = lock_root(run_id[0] or run_id[1])
    case = Case.objects.select_related("application", "service__item", "department").get(pk=case_id)
    task = unanswered.open_applicants_step(case)
    supplement = case.supplements.order_by("-round").first()
    if task is None or supplement is None or supplement.answered_at is not None:
        raise TaskClosedError("This supplement was handed in already.")
    if not may_answer_for(by, case.application, at):
        raise NotAllowedError("She may not answer for this applicant.")
    marked = {item["code"] for item in supplement.items if item["kind"] == "element"}
    if extra := sorted(set(answers) - marked):
        raise NotAllowedError(f"Only the marked fields are open: {', '.join(extra)} is not.")
    application = case.application
    supplement.changes = {
        code: {"before": application.answers.get(code), "after": value} for code, value in answers.items()
    }
    supplement.answered_at = at
    supplement.save(update_fields=["changes", "answered_at"])
    application.answers = {**application.answers, **answers}
    application.changed_at = at
    application.save(update_fields=["answers", "changed_at"])
    task = unanswered.reopened(task, by=by, at=at)
    project(case, CaseState.FILED, root=root, by=by, at=at)
    complete_task(task_id=task.pk, outcome="supplied", by=by, at=at)
    tell_applicants(application, "supplement_received", at=at, round=supplement.round)
    return supplement


@transaction.atomic
def declare_premises_ready(*, task_id: int, by: User, at: datetime) -> Task:
    """The applicant declares that the premises are finished, so that what needs them can be filed."""
    locked = lock_task(task_id)
    task = locked.task
    if task.role != "applicant" or not can_work_on(by, task, at):
        raise NotAllowedError("She may not declare this for the applicant.")
    return complete_locked_task(locked, outcome="ready", by=by, at=at)

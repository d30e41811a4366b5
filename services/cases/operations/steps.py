"""Complete the tasks of a case: the window's acceptance, the department's opinions, the applicant's acts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from services.cases.enums import OUTCOMES_AGAINST, CaseState
from services.cases.models import Case, Opinion
from services.cases.operations import entities, unanswered
from services.cases.operations.asking import NothingMarkedError, note_findings
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.locked import Step, begin_step, closed_before, lock_again
from services.cases.operations.papers import deliver, issue_case_paper, remedies_of
from services.cases.operations.projection import project
from services.cases.operations.releasing import after_check
from services.cases.operations.telling import tell_applicants_of_case
from services.cases.permissions import application_about, can_work_on
from services.cases.queries.notices import NOTICE_OUTCOME
from services.catalogue.limit_rules import Cited
from services.parties.enums import Role
from services.parties.identity_numbers import check_uscc
from workflows.models import Clock, Run, Task
from workflows.operations.locking import lock_task
from workflows.operations.tasks import UnknownOutcomeError, complete_locked_task

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
    is_check = NOTICE_OUTCOME in task.outcomes  # a task that has ended forgets how it could have
    if case is None:
        application = application_about(task.subject_kind, task.subject_id)
        entities.note_licence_check(application, outcome, reasons=reasons.strip(), at=at)
        return complete_locked_task(locked, outcome=outcome, by=by, at=at)
    _record(case, task, outcome, by=by, at=at, reasons=reasons, findings=findings)
    if _apply(case, task, outcome, root=locked.root, by=by, at=at, reasons=reasons, outside=outside, body=body):
        locked = lock_again(step)
    done = complete_locked_task(locked, outcome=outcome, by=by, at=at)
    if is_check:
        after_check(case, root_id=locked.root.pk, by=by, at=at)
    return done


def _check(step: Step, outcome: str, *, reasons: str, outside: OutsideResult | None) -> None:
    case = step.case
    if outcome == NOTICE_OUTCOME:
        raise NothingMarkedError("A notice says what is missing: ask_supplement records it.")
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
    note_findings(case, findings, by=by, at=at)


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
            case,
            "not_competent_notice",
            by=by,
            at=at,
            reason=reasons,
            right_body=body or reasons,
            remedies=remedies_of(case.department),
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


def accept(
    case: Case,
    *,
    root: Run,
    by: User | None,
    at: datetime,
    quietly: bool = False,
    since: datetime | None = None,
    deemed_by: Cited | None = None,
) -> None:
    """Accept a case: the promise starts. quietly: without notice, where the decision follows in the same visit.

    since, deemed_by: from when and by which rule, where silence counts as acceptance (APL art. 32(4)).
    """
    project(case, CaseState.ACCEPTED, root=root, by=by, at=at, since=since)
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
            {"name": {"zh": material.name_zh, "en": material.name_en}}
            for material in case.service.materials.order_by("order")
        ],
        deemed_by={"zh": deemed_by.zh, "en": deemed_by.en} if deemed_by else None,
    )
    deliver(paper, case.application, at=at)
    kind = "deemed_accepted" if deemed_by else "case_accepted"
    tell_applicants_of_case(case, kind, at=at, due=(clock.due_on or timezone.localdate(at)).isoformat())


@transaction.atomic
def declare_premises_ready(*, task_id: int, by: User, at: datetime) -> Task:
    """The applicant declares that the premises are finished, so that what needs them can be filed."""
    locked = lock_task(task_id)
    task = locked.task
    if task.role != "applicant" or not can_work_on(by, task, at):
        raise NotAllowedError("She may not declare this for the applicant.")
    return complete_locked_task(locked, outcome="ready", by=by, at=at)

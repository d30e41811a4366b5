"""Record what a case misses. It is told the applicant together with what the other departments miss, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.db.models import Q

from services.cases.enums import MaterialFinding, ReleaseCause
from services.cases.models import Case, MaterialCheck, OneTimeNotice, Supplement
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.locked import begin_step, closed_before
from services.cases.operations.releasing import release, release_when_ready
from services.cases.operations.telling import tell_supervisors
from services.cases.permissions import can_work_on, may_supervise
from services.cases.queries.notices import NOTICE_OUTCOME, recorded_for, sendable_for, told
from workflows.enums import OPEN_TASK_STATES
from workflows.models import Run, Task
from workflows.operations.history import Fact, record_facts
from workflows.operations.locking import lock_root
from workflows.operations.tasks import check_open

if TYPE_CHECKING:
    from portal.accounts.models import User


class NothingMarkedError(ValueError):
    """A one-time notice must list what is missing."""


class NothingRecordedError(Exception):
    """Nothing waits to be told: it was sent already, or the case goes on."""


class SecondNoticeError(ValueError):
    """A second notice on one case needs a supervisor's reason."""


class SupervisorReasonMissingError(ValueError):
    """A supervisor who allows a second notice says why."""


class EarlyReasonMissingError(ValueError):
    """Whoever sends a notice before everybody has looked says why."""


@dataclass(frozen=True, kw_only=True)
class Missing:
    """One thing a one-time notice asks for. kind: material or element; code: which; reason: what to do about it."""

    kind: str
    code: str
    reason: str


@transaction.atomic
def ask_supplement(
    *,
    task_id: int,
    missing: Sequence[Missing],
    by: User,
    at: datetime,
    findings: Mapping[str, tuple[str, str]] | None = None,
) -> Supplement:
    """Record everything a case misses; it goes out as one notice with the other departments' (APL art. 32(4)).

    missing: only these will open for her. Recording again before the notice goes out replaces what was recorded.
    findings: material code -> (finding, reason) of the check.
    Effects: the questions and findings, history; the notice itself if nobody else is to be waited for
    (`releasing.release_when_ready`). Of a case asked before, its supervisors are told: it waits for their reason.
    Raises NothingMarkedError, NotAllowedError, TaskHeldError, TaskClosedError, RunSuspendedError.
    """
    if not missing:
        raise NothingMarkedError("Mark at least one document or field and say what to do.")
    step = begin_step(task_id, by=by, at=at)
    case, task = step.case, step.task
    if case is None or not step.in_post:
        raise NotAllowedError("This is no completeness check of her post.")
    if closed_before(task, NOTICE_OUTCOME, by=by):
        return told(case)[-1]
    if NOTICE_OUTCOME not in task.outcomes:
        raise NotAllowedError("This step asks the applicant nothing.")
    check_open(task, by)
    note_findings(case, findings or {}, by=by, at=at)
    supplement = _record(case, missing, by=by, at=at)
    root_id = step.locked.root.pk
    codes = [[item.kind, item.code] for item in missing]
    fact = Fact(run_id=task.run_id, kind="questions_recorded", detail={"round": supplement.round, "items": codes})
    record_facts(root=lock_root(root_id), facts=[fact], by=by, at=at)
    if supplement.needs_supervisor:
        tell_supervisors(case, at=at, round=supplement.round)
    release_when_ready(case.application_id, root_id=root_id, at=at)
    supplement.refresh_from_db()
    return supplement


def _record(case: Case, missing: Sequence[Missing], *, by: User, at: datetime) -> Supplement:
    supplement, _created = Supplement.objects.update_or_create(
        case=case,
        notice=None,
        defaults={
            "items": [{"kind": item.kind, "code": item.code, "reason": item.reason} for item in missing],
            "supervisor_reason": "",  # what a supervisor has not seen she has not allowed
            "approved_by": None,
            "approved_at": None,
            "asked_by": by,
            "asked_at": at,
        },
        create_defaults={
            "round": len(told(case)) + 1,
            "items": [{"kind": item.kind, "code": item.code, "reason": item.reason} for item in missing],
            "asked_by": by,
            "asked_at": at,
        },
    )
    return supplement


def note_findings(case: Case, findings: Mapping[str, tuple[str, str]], *, by: User, at: datetime) -> None:
    """Keep what the window found: material code -> (finding, reason). Found again replaces what was found before."""
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


@transaction.atomic
def allow_second_notice(*, case_id: int, reason: str, by: User, at: datetime) -> Supplement:
    """Let a case be asked a second time: the head of its department or a manager says why, having read what is asked.

    Never who recorded the questions. Twice is once; the first reason stays.
    Effects: the reason, history; the notice if nobody else is to be waited for.
    Raises NotAllowedError, SupervisorReasonMissingError, NothingRecordedError.
    """
    root, case = _locked(case_id)
    if not may_supervise(by, case, at):
        raise NotAllowedError("Only the head of the department or a manager may allow a second notice.")
    recorded = case.supplements.filter(notice__isnull=True).first()
    if recorded is None:
        raise NothingRecordedError("Nothing waits for a supervisor.")
    if not recorded.needs_supervisor:
        return recorded
    if recorded.asked_by_id == by.pk:
        raise NotAllowedError("Who asks a second time cannot be the supervisor who allows it.")
    if not reason.strip():
        raise SupervisorReasonMissingError("Say why this case is asked a second time.")
    recorded.supervisor_reason, recorded.approved_by, recorded.approved_at = reason.strip(), by, at
    recorded.save(update_fields=["supervisor_reason", "approved_by", "approved_at"])
    fact = Fact(run_id=case.run_id or root.pk, kind="second_notice_allowed", detail={"round": recorded.round})
    record_facts(root=root, facts=[fact], by=by, at=at)
    release_when_ready(case.application_id, root_id=root.pk, at=at)
    recorded.refresh_from_db()
    return recorded


@transaction.atomic
def send_notice_now(*, case_id: int, reason: str, by: User, at: datetime) -> OneTimeNotice:
    """Send what is recorded of a case's application before everybody has looked, saying why. Twice is once.

    Whoever may check one of the recorded cases may do it; the departments that have not looked yet ask in a notice of
    their own, within their own five days. Effects: as `releasing.release`.
    Raises NotAllowedError, EarlyReasonMissingError, SecondNoticeError, NothingRecordedError, RunSuspendedError.
    """
    root, case = _locked(case_id)
    if not _may_send(case, by, at):
        raise NotAllowedError("Only who checks these cases may send the notice.")
    sendable = sendable_for(case.application_id)
    if not sendable:
        return _sent_before(case)
    if not reason.strip():
        raise EarlyReasonMissingError("Say why the notice does not wait for the others.")
    for task in _checks(case).filter(run_id__in=[one.case.run_id for one in sendable]):
        check_open(task, None)
    return release(sendable, root_id=root.pk, cause=ReleaseCause.SENT_NOW, by=by, reason=reason.strip()[:500], at=at)


def _checks(case: Case) -> models.QuerySet[Task]:
    runs = Case.objects.filter(application_id=case.application_id).values("run_id")
    tasks = Task.objects.filter(run_id__in=runs, outcomes__contains=[NOTICE_OUTCOME], state__in=OPEN_TASK_STATES)
    return tasks.select_related("run", "root")


def _may_send(case: Case, by: User, at: datetime) -> bool:
    # A task that has ended keeps how it ended, not how it could have.
    is_check = Q(outcomes__contains=[NOTICE_OUTCOME]) | Q(outcome__in=(NOTICE_OUTCOME, "accept"))
    checks = Task.objects.filter(is_check, run__case=case.pk)
    return any(can_work_on(by, task, at) for task in checks)


def _sent_before(case: Case) -> OneTimeNotice:
    if recorded_for(case.application_id).exists():
        raise SecondNoticeError("What is recorded waits for a supervisor's reason.")
    sent = OneTimeNotice.objects.filter(supplements__case=case, cause=ReleaseCause.SENT_NOW).last()
    if sent is None:
        raise NothingRecordedError("Nothing waits to be told.")
    return sent


def _locked(case_id: int) -> tuple[Run, Case]:
    run = Run.objects.only("id", "root_id").filter(case__pk=case_id).first()
    if run is None:
        raise NothingRecordedError("This case is not filed yet.")
    root = lock_root(run.root_key)
    return root, Case.objects.select_related("application", "service__item", "department").get(pk=case_id)

"""Send one notice of everything the departments miss: when all have looked, when the law's time is nearly over, or now.

Every function here runs under the lock of the application's root run, which its caller holds: two clerks who judge the
last two cases at once send one notice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.cases.enums import CaseState, ReleaseCause
from services.cases.models import Application, Case, OneTimeNotice, Opinion, Supplement
from services.cases.operations.limits import running_clocks
from services.cases.operations.papers import (
    WINDOW_OFFICE,
    deliver,
    holder_facts,
    issue_case_paper,
    names_in_both,
)
from services.cases.operations.projection import project
from services.cases.operations.telling import tell_applicants, tell_applicants_of_case
from services.cases.queries.casefiles import names_of_missing
from services.cases.queries.notices import (
    NOTICE_OUTCOME,
    must_go_out,
    sendable_for,
    unjudged_cases,
)
from services.documents.models import Paper
from services.documents.operations import issue_paper
from workflows.enums import OPEN_TASK_STATES
from workflows.models import Task
from workflows.operations.history import Fact, record_facts
from workflows.operations.locking import lock_root, lock_task
from workflows.operations.tasks import complete_locked_task, release_task

if TYPE_CHECKING:
    from portal.accounts.models import User


def after_check(case: Case, *, root_id: int, by: User | None, at: datetime) -> None:
    """Follow a completeness check that ended without a notice: forget its questions, send the others' if it was last.

    by: None when the law ended it. Effects: what was recorded about this case is gone, with a line in the
    history; perhaps a notice.
    """
    waiting = Supplement.objects.filter(notice__isnull=True, case__application_id=case.application_id)
    recorded = list(waiting.select_related("case"))
    if not recorded:
        return
    for one in recorded:
        if one.case_id == case.pk:
            one.delete()
            fact = Fact(run_id=one.case.run_id or root_id, kind="questions_withdrawn", detail={"round": one.round})
            record_facts(root=lock_root(root_id), facts=[fact], by=by, at=at)
    release_when_ready(case.application_id, root_id=root_id, at=at)


def release_when_ready(application_id: int, *, root_id: int, at: datetime) -> OneTimeNotice | None:
    """Send what is recorded if nothing more can come, or if it may wait no longer; return the notice sent, if any.

    Nothing more can come when every filed case still before acceptance has its questions recorded. It may wait no
    longer from the instant of the rule `notice_release` on, or on the last legal day of any of its cases (art. 32(4)).
    """
    sendable = sendable_for(application_id)
    if not sendable:
        return None
    if not unjudged_cases(application_id).exists():
        return release(sendable, root_id=root_id, cause=ReleaseCause.ALL_JUDGED, at=at)
    if must_go_out(sendable, at):
        return release(sendable, root_id=root_id, cause=ReleaseCause.LAST_DAY, at=at)
    return None


def release_due(case_ids: Collection[int], *, at: datetime) -> None:
    """Send what is recorded about any of these cases, whose legal time is nearly over, with all that waits beside it.

    The sweep that calls this holds the locks of their roots. Cases without anything recorded are passed over.
    """
    waiting = Supplement.objects.filter(notice__isnull=True, case_id__in=case_ids, case__state=CaseState.FILED)
    applications = waiting.order_by("case__application_id").values_list("case__application_id", "case__run__root_id")
    for application_id, root_id in set(applications):
        sendable = sendable_for(application_id)
        if sendable and root_id is not None:
            release(sendable, root_id=root_id, cause=ReleaseCause.LAST_DAY, at=at)


def release(
    supplements: Sequence[Supplement],
    *,
    root_id: int,
    cause: ReleaseCause,
    at: datetime,
    by: User | None = None,
    reason: str = "",
) -> OneTimeNotice:
    """Send recorded questions of one application as one notice.

    by: who sent it before everybody had looked, and reason: why; None when the last check or the law's time did.
    Effects: the notice; each case waits for the applicant, its legal clock stops and her time to answer starts; one
    paper; one message to each person behind the application; history.
    """
    application = Application.objects.select_related("bundle", "service").get(pk=supplements[0].case.application_id)
    notice = OneTimeNotice.objects.create(
        application=application,
        number=application.notices.count() + 1,
        cause=cause,
        reason=reason,
        released_by=by,
        released_at=at,
    )
    for supplement in supplements:
        _end_check(supplement, notice, root_id=root_id, at=at)
    fact = Fact(run_id=root_id, kind="notice_released", detail={"notice": notice.number, "cause": str(cause)})
    record_facts(root=lock_root(root_id), facts=[fact], by=by, at=at)
    issued_by = by or supplements[-1].asked_by
    if len(supplements) == 1:
        _tell_of_one(supplements[0], by=issued_by, at=at)
    else:
        deliver(_merged_paper(notice, supplements, by=issued_by, at=at), application, at=at)
        tell_applicants(application, "supplement_needed", at=at, round=notice.number)
    return notice


def release_before_hold(application: Application, *, root_id: int, at: datetime) -> None:
    """Tell what is recorded before an application is held: the law's five days go on while it stands still."""
    if sendable := sendable_for(application.pk):
        release(sendable, root_id=root_id, cause=ReleaseCause.BEFORE_HOLD, at=at)


def _end_check(supplement: Supplement, notice: OneTimeNotice, *, root_id: int, at: datetime) -> None:
    """End a case's completeness check in the name of who recorded what is missing."""
    checks = Task.objects.filter(run__case=supplement.case_id, state__in=OPEN_TASK_STATES)
    task = checks.get(outcomes__contains=[NOTICE_OUTCOME])
    if task.assignee_id not in (None, supplement.asked_by_id):
        release_task(task_id=task.pk, by=supplement.asked_by, at=at)
    Opinion.objects.create(
        case=supplement.case,
        task=task,
        role=task.role,
        outcome=NOTICE_OUTCOME,
        by=supplement.asked_by,
        given_at=supplement.asked_at,
    )
    complete_locked_task(lock_task(task.pk), outcome=NOTICE_OUTCOME, by=supplement.asked_by, at=at)
    supplement.notice = notice
    supplement.save(update_fields=["notice"])
    case = Case.objects.select_related("application", "service__item", "department", "run").get(pk=supplement.case_id)
    project(case, CaseState.SUPPLEMENT, root=lock_root(root_id), by=supplement.asked_by, at=at)
    supplement.case = case


def _tell_of_one(supplement: Supplement, *, by: User, at: datetime) -> None:
    case = supplement.case
    patience = running_clocks(case, ("correction",))
    paper = issue_case_paper(
        case,
        "supplement_notice",
        by=by,
        at=at,
        reply_by=patience[0].due_on if patience else None,
        missing=_missing([supplement]),
    )
    deliver(paper, case.application, at=at)
    tell_applicants_of_case(case, "supplement_needed", at=at, round=supplement.round)


def _merged_paper(notice: OneTimeNotice, supplements: Sequence[Supplement], *, by: User, at: datetime) -> Paper:
    """Issue one paper that lists everything by department, in the name of the office that receives for all."""
    application = notice.application
    clocks = [clock for one in supplements for clock in running_clocks(one.case, ("correction",))]
    days = [clock.due_on for clock in clocks if clock.due_on is not None]
    by_department: dict[str, list[Supplement]] = {}
    for one in supplements:
        by_department.setdefault(one.case.department.code, []).append(one)
    return issue_paper(
        kind="supplement_notice",
        department=WINDOW_OFFICE,
        subject_kind="application",
        subject_id=str(application.pk),
        facts={
            "holder": holder_facts(application),
            "service": names_in_both(application.offer),
            "application_number": application.number,
            **({"reply_by": min(days)} if days else {}),
            "departments": [
                {
                    "department": names_in_both(asked[0].case.department),
                    "services": [{"name": names_in_both(one.case.service), "number": one.case.number} for one in asked],
                    "missing": _missing(asked),
                }
                for asked in by_department.values()
            ],
            "missing": _missing(supplements),
        },
        language=application.language,
        by=by,
        at=at,
    )


def _missing(asked: Sequence[Supplement]) -> list[dict[str, Any]]:
    """Return what the cases of one department miss, as papers want it."""
    rows = []
    for one in asked:
        names = names_of_missing(one.case, [(item["kind"], item["code"]) for item in one.items])
        rows += [{"material": names[item["kind"], item["code"]], "reason": item["reason"]} for item in one.items]
    return rows

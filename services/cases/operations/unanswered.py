"""What the window does when an applicant never answers a one-time notice: wait again, or close without a decision.

The law says when documents count as missing and that everything missing is told once (Administrative Licensing Law,
art. 32); it does not say that silence is a withdrawal. So no timer closes a case: it only asks a clerk to look.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone

from services.cases.enums import ANSWERING_NODES, SUPPLEMENT_NODE, UNANSWERED_NODE, CaseState
from services.cases.models import Case, Supplement
from services.cases.operations.limits import copy_due_to_tasks, start_correction_clock
from services.cases.operations.papers import deliver, issue_case_paper, remedies_of
from services.cases.operations.projection import project
from services.cases.operations.telling import tell_applicants, tell_applicants_of_case
from services.cases.queries.casefiles import names_of_missing
from workflows.enums import OPEN_TASK_STATES
from workflows.models import Run, Task
from workflows.operations.tasks import complete_task, release_task

if TYPE_CHECKING:
    from portal.accounts.models import User


def wait_again(case: Case, task: Task, *, root: Run, by: User, at: datetime) -> None:
    """Start the applicant's correction anew and tell her until when. The caller holds the lock and ends the task."""
    clock = start_correction_clock(case, root=root, by=by, at=at)
    copy_due_to_tasks(case.pk)
    due_on = clock.due_on if clock and clock.due_on else timezone.localdate(at)
    tell_applicants_of_case(case, "supplement_waits", at=at, round=task.round, due=due_on.isoformat())


def remind_of_notice(case: Case, *, at: datetime) -> None:
    """Remind the applicant of the notice that waits: one message, however many of its cases remind at once."""
    asked, step = unanswered_notice(case), open_applicants_step(case)
    if asked is None or asked.notice is None or step is None:
        return
    # Round 1000 and on: a reminder is another message than the notice it repeats, and one after waiting again another.
    again = 1000 * asked.notice.number + step.round
    tell_applicants(case.application, "supplement_needed", at=at, round=again)


def close_unanswered(case: Case, *, root: Run, by: User, at: datetime, reason: str) -> None:
    """Close a case without a decision: state, clocks, the notice with reasons and routes of appeal, notices owed."""
    asked = unanswered_notice(case)
    project(case, CaseState.NOT_SUPPLIED, root=root, by=by, at=at)
    items = asked.items if asked else []
    names = names_of_missing(case, [(item["kind"], item["code"]) for item in items])
    paper = issue_case_paper(
        case,
        "not_supplied_notice",
        by=by,
        at=at,
        asked_on=timezone.localdate(asked.asked_at if asked else at),
        missing=[{"material": names[item["kind"], item["code"]], "reason": item["reason"]} for item in items],
        reason=reason.strip(),
        remedies=remedies_of(case.department),
    )
    deliver(paper, case.application, at=at)
    tell_applicants_of_case(case, "case_not_supplied", at=at)


def unanswered_notice(case: Case) -> Supplement | None:
    """Return the one-time notice that waits for an answer."""
    told = case.supplements.filter(notice__isnull=False, answered_at__isnull=True)
    return told.select_related("notice").order_by("-round").first()


def open_applicants_step(case: Case) -> Task | None:
    """Return the step in which the applicant may answer: her own, or the window's while it has not decided yet."""
    return Task.objects.filter(run=case.run, node__in=ANSWERING_NODES, state__in=OPEN_TASK_STATES).first()


def reopened(task: Task, *, by: User, at: datetime) -> Task:
    """Return the applicant's step, opened again if the window was asked meanwhile: a late answer is an answer."""
    if task.node != UNANSWERED_NODE:
        return task
    release_task(task_id=task.pk, by=by, at=at)
    complete_task(task_id=task.pk, outcome="wait_again", by=by, at=at)
    return Task.objects.get(run=task.run_id, node=SUPPLEMENT_NODE, state__in=OPEN_TASK_STATES)

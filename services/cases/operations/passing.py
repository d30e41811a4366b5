"""Pass work on within a department: take the next task, send a case back to an earlier step."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from services.cases.models import Case, Opinion
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.locked import begin_step, closed_before
from services.cases.operations.steps import FourEyesError, ReasonsMissingError
from services.cases.permissions import has_other_part_in
from services.cases.queries.worklists import inbox_of
from services.parties.queries import posts_of
from workflows.enums import RunState, TaskState
from workflows.models import Task
from workflows.operations.tasks import TaskClosedError, TaskHeldError, claim_next_task, claim_task, return_task

if TYPE_CHECKING:
    from collections.abc import Collection

    from portal.accounts.models import User


@transaction.atomic
def send_back(*, task_id: int, to_node: str, reasons: str, by: User, at: datetime) -> Task:
    """Send a case back to an earlier step that its process allows (`os:returns`), saying why.

    The same person sending it back to the same step again changes nothing. Effects: an opinion with the reasons, the
    task closed as returned, the earlier step opened in a new round, its post told.
    Raises NotAllowedError, FourEyesError, ReasonsMissingError, NotReturnableError, TaskHeldError, TaskClosedError.
    """
    step = begin_step(task_id, by=by, at=at)
    task, case = step.task, step.case
    if closed_before(task, f"returned:{to_node}"[:40], by=by):
        return task
    if case is None or not step.in_post:
        raise NotAllowedError("This task belongs to another post.")
    if step.has_other_part:
        raise FourEyesError("You already acted on this case in another role; somebody else must do this step.")
    if not reasons.strip():
        raise ReasonsMissingError("Please give the reasons.")
    Opinion.objects.create(
        case=case, task=task, role=task.role, outcome="send_back", reasons=reasons.strip(), by=by, given_at=at
    )
    return return_task(task_id=task.pk, to_node=to_node, by=by, at=at)


@transaction.atomic
def take_next(*, roles: Collection[str], by: User, at: datetime, since: datetime | None = None) -> Task | None:
    """Take the most urgent free task of her posts with these roles that she may do, None if there is none.

    since: when she looked at her list; a task she took since then is returned instead of another, so that pressing
    twice takes one. Effects: the task is in her hands.
    """
    mine = inbox_of(by, at).filter(role__in=roles)
    if since is not None:
        taken = mine.filter(assignee=by, claimed_at__gte=since).order_by("-claimed_at", "-id").first()
        if taken is not None:
            return taken
    posts = [(post.department, post.role) for post in posts_of(by, at) if post.role in roles]
    point = transaction.savepoint()
    task = claim_next_task(posts=posts, by=by, at=at)
    if task is None or _may_do(by, task):
        return task
    # Somebody with two posts of a department did another step of this very case: the next one is for her.
    transaction.savepoint_rollback(point)
    free = mine.filter(state=TaskState.READY, run__state=RunState.ACTIVE, root__state=RunState.ACTIVE)
    return next((taken for one in free if _may_do(by, one) and (taken := _taken(one, by=by, at=at))), None)


def _may_do(by: User, task: Task) -> bool:
    case = Case.objects.filter(pk=int(task.subject_id)).first() if task.subject_kind == "case" else None
    return case is None or not has_other_part_in(by, case, task.role)


def _taken(task: Task, *, by: User, at: datetime) -> Task | None:
    try:
        return claim_task(task_id=task.pk, by=by, at=at)
    except (TaskHeldError, TaskClosedError):
        return None

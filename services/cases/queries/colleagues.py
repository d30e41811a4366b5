"""Who of a post may do a task of a case."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from services.cases.models import Case, Opinion
from services.cases.permissions import DECIDING_ROLES
from services.parties.queries import users_in_post
from workflows.models import Task

if TYPE_CHECKING:
    from portal.accounts.models import User


def colleagues_for(task: Task, case: Case | None, at: datetime) -> list[User]:
    """Return who may be given a task: everybody of its post who had no other deciding part in the case."""
    if task.role == "applicant":
        return []
    people = list(users_in_post(task.department, task.role, at))
    if case is None or task.role not in DECIDING_ROLES:
        return people
    others = Opinion.objects.filter(case=case, role__in=DECIDING_ROLES - {task.role}).values_list("by_id", flat=True)
    took_part = set(others)
    return [person for person in people if person.pk not in took_part]

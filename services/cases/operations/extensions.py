"""One extension of a bundle's joint limit, by the people's government of this level (APL art. 42¶2)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from services.cases.models import Application
from services.cases.operations.joint import running_joint_clock
from services.cases.operations.limits import NoRunningClockError, copy_due_to_tasks_of
from services.cases.operations.telling import tell_applicants_of_case
from services.cases.permissions import may_act_for_government
from workflows.enums import ExtensionAuthority
from workflows.models import Clock
from workflows.operations.clocks import extend_clock
from workflows.operations.locking import lock_root

if TYPE_CHECKING:
    from portal.accounts.models import User


class NotTheGovernmentError(Exception):
    """Only the people's government of this level extends a joint limit (APL art. 42¶2)."""


@transaction.atomic
def extend_joint_limit(*, application_id: int, amount: int, reason: str, by: User, at: datetime) -> Clock:
    """Lengthen a bundle's joint limit once, by who acts for the people's government, and tell the applicant why.

    Effects: the extension, what open tasks are due by, notices owed.
    Raises NotTheGovernmentError, NoRunningClockError and the clocks' own errors.
    """
    root_id = Application.objects.values_list("run_id", flat=True).get(pk=application_id)
    if root_id is None:
        raise NoRunningClockError("A draft has no limit.")
    lock_root(root_id)
    application = Application.objects.select_related("bundle").get(pk=application_id)
    if not may_act_for_government(by, at):
        raise NotTheGovernmentError("Only the people's government of this level extends a joint limit.")
    clock = running_joint_clock(application)
    if clock is None:
        raise NoRunningClockError("No joint limit is running.")
    clock = extend_clock(
        clock=clock, amount=amount, authority=ExtensionAuthority.GOVERNMENT, reason=reason, by=by, at=at
    )
    copy_due_to_tasks_of(application)
    due = clock.due_on or timezone.localdate(at)
    case = application.cases.select_related("application", "service__item", "department").order_by("position").first()
    if case is not None:
        tell_applicants_of_case(case, "extension_granted", at=at, round=clock.pk, reason=reason, due=due.isoformat())
    return clock

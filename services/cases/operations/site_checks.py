"""The check after a permit was given (事后核查), by two officials and within its limit, say after a promise."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from services.cases.models import Case, SiteCheck
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.limits import running_clocks, stop_clocks
from services.cases.permissions import works_for_department_of
from workflows.enums import ClockKind
from workflows.operations.locking import lock_root

if TYPE_CHECKING:
    from portal.accounts.models import User


class NoCheckDueError(ValueError):
    """No check after the permit is due for this case."""


class CheckIncompleteError(ValueError):
    """A check names two officials (APL art. 34), and says what is wrong if it was not passed."""


@transaction.atomic
def record_site_check(
    *, case_id: int, passed: bool, inspectors: tuple[str, str], findings: str, by: User, at: datetime
) -> SiteCheck:
    """Record the check after a permit; late ones are recorded too, and their clock shows it. Twice is once.

    inspectors: the two officials. findings: what they saw; needed when it was not passed.
    Effects: the check, its clock stops. Raises NotAllowedError, NoCheckDueError, CheckIncompleteError.
    """
    run_id = Case.objects.values_list("run__root_id", "run_id").get(pk=case_id)
    lock_root(run_id[0] or run_id[1])
    case = Case.objects.select_related("service__item", "department").get(pk=case_id)
    if not works_for_department_of(by, case, at):
        raise NotAllowedError("Only the department that decided checks.")
    known = SiteCheck.objects.filter(case=case).first()
    if known is not None:
        return known
    if not running_clocks(case, (ClockKind.POST_PERMIT_CHECK,)):
        raise NoCheckDueError("No check after the permit is due for this case.")
    names = [name.strip() for name in inspectors]
    if not all(names) or names[0] == names[1] or not (passed or findings.strip()):
        raise CheckIncompleteError("Name two officials, and say what is wrong if it was not passed.")
    check = SiteCheck.objects.create(
        case=case,
        passed=passed,
        findings=findings.strip(),
        inspectors="、".join(names),
        recorded_by=by,
        recorded_at=at,
    )
    stop_clocks(case, kinds=(ClockKind.POST_PERMIT_CHECK,), by=by, at=at)
    return check

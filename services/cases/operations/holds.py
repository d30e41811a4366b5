"""Let an application stand still, and go on: a manager's decision. The law's time limits go on meanwhile."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from services.cases.models import Application, Hold
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.releasing import release_before_hold
from services.cases.operations.telling import tell_applicants
from services.cases.permissions import can_intervene
from workflows.enums import OPEN_RUN_STATES, RunState
from workflows.models import Run
from workflows.operations.locking import lock_root
from workflows.operations.runs import resume_run, suspend_run

if TYPE_CHECKING:
    from portal.accounts.models import User


class HoldReasonMissingError(ValueError):
    """Whoever holds an application says why: the applicant reads it."""


class NothingToHoldError(Exception):
    """The application is closed or not filed yet: nothing of it moves."""


def check_manager(by: User, at: datetime) -> None:
    """Refuse everybody but a manager. Raises NotAllowedError."""
    if not can_intervene(by, at):
        raise NotAllowedError("Only a manager may do this.")


def _locked(application_id: int) -> tuple[Run, Application]:
    run_id = Application.objects.values_list("run_id", flat=True).get(pk=application_id)
    if run_id is None:
        raise NothingToHoldError("A draft does not move.")
    root = lock_root(run_id)
    return root, Application.objects.select_related("bundle", "service", "filed_by").get(pk=application_id)


@transaction.atomic
def hold_application(*, application_id: int, reason: str, by: User, at: datetime) -> Hold:
    """Let an application stand still with all its cases, saying why; time limits go on. Twice is once.

    Effects: what is recorded as missing is told first; its run is suspended, the reason is kept, notices owed.
    Raises NotAllowedError, HoldReasonMissingError, NothingToHoldError.
    """
    check_manager(by, at)
    if not reason.strip():
        raise HoldReasonMissingError("Say why the application is held.")
    root, application = _locked(application_id)
    if root.state not in OPEN_RUN_STATES:
        raise NothingToHoldError("This application is closed.")
    if root.state != RunState.SUSPENDED:
        release_before_hold(application, root_id=root.pk, at=at)
    suspend_run(run_id=root.pk, by=by, at=at)
    hold, created = Hold.objects.get_or_create(
        application=application,
        released_at=None,
        defaults={"reason": reason.strip()[:500], "held_by": by, "held_at": at},
    )
    if created:
        tell_applicants(application, "application_held", at=at, round=hold.pk, reason=hold.reason)
    return hold


@transaction.atomic
def release_application(*, application_id: int, by: User, at: datetime) -> None:
    """Let a held application go on; what came due meanwhile happens now. Twice is once.

    Effects: its run is resumed, the hold ends, notices owed. Raises NotAllowedError, NothingToHoldError.
    """
    check_manager(by, at)
    root, application = _locked(application_id)
    if root.state == RunState.SUSPENDED:
        resume_run(run_id=root.pk, by=by, at=at)
    hold = end_hold(application, by=by, at=at)
    if hold is not None:
        tell_applicants(application, "application_released", at=at, round=hold.pk)


def end_hold(application: Application, *, by: User | None, at: datetime) -> Hold | None:
    """Note that an application is not held any more, if it was; the caller holds the root's lock."""
    hold = application.holds.filter(released_at__isnull=True).first()
    if hold is not None:
        hold.released_by, hold.released_at = by, at
        hold.save(update_fields=["released_by", "released_at"])
    return hold

"""A public notice (公示) before a decision, where the service's own cited rule asks for one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from services.cases.models import Case, PublicNotice
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.limits import (
    NoRunningClockError,
    pause_review_clocks,
    resume_review_clocks,
    running_clocks,
    start_own_clock,
    stop_clocks,
)
from services.cases.permissions import works_for_department_of
from services.catalogue.limit_rules import PauseRule
from workflows.enums import ClockKind, PauseReason
from workflows.models import Run
from workflows.operations.locking import lock_root

if TYPE_CHECKING:
    from portal.accounts.models import User

REVIEW = (ClockKind.PROMISED, ClockKind.STATUTORY)


class NoPublicNoticeError(ValueError):
    """The service has no rule for a public notice, or none is open."""


class PublicNoticeRunsError(ValueError):
    """The days of the public notice are not over yet."""


def open_public_notice(case: Case) -> PublicNotice | None:
    """Return a case's public notice while it is not closed."""
    return case.public_notices.filter(closed_at__isnull=True).first()


def _locked(case_id: int, by: User, at: datetime) -> tuple[Run, Case]:
    run_id = Case.objects.values_list("run__root_id", "run_id").get(pk=case_id)
    root = lock_root(run_id[0] or run_id[1])
    case = Case.objects.select_related("application__bundle", "service__item", "department").get(pk=case_id)
    if not works_for_department_of(by, case, at):
        raise NotAllowedError("Only the department that decides a case publishes about it.")
    return root, case


@transaction.atomic
def begin_public_notice(*, case_id: int, place: str, by: User, at: datetime) -> PublicNotice:
    """Publish a case for the days its service's rule says; where the rule does not count them, the limits pause.

    place: where it hangs or stands. Once while one is open. Effects: the notice, its clock, the pause in writing.
    Raises NotAllowedError, NoPublicNoticeError, NoRunningClockError before acceptance and after the decision.
    """
    root, case = _locked(case_id, by, at)
    if (known := open_public_notice(case)) is not None:
        return known
    rules = case.service.rules
    rule = rules.publicity
    if rule is None or rule.span is None or not place.strip():
        raise NoPublicNoticeError("This service has no rule for a public notice, or the place is missing.")
    if not running_clocks(case, REVIEW):
        raise NoRunningClockError("No limit of this case is running.")
    notice = PublicNotice.objects.create(case=case, place=place.strip(), begun_at=at, begun_by=by)
    start_own_clock(case, ClockKind.PUBLICITY, rule.span, root=root, event="publication", by=by, at=at)
    if rules.publicity_not_counted:
        own = PauseRule(code="publicity", name=PUBLICITY, citation={"zh": rule.zh, "en": rule.en})
        pause_review_clocks(
            case,
            root=root,
            reason=PauseReason.SERVICE_RULE,
            from_on=timezone.localdate(at),
            planned=rule.span.amount,
            by=by,
            at=at,
            own=own,
        )
    return notice


PUBLICITY = {"zh": "公示", "en": "public notice"}


@transaction.atomic
def close_public_notice(*, case_id: int, objections: str, by: User, at: datetime) -> PublicNotice:
    """End a public notice once its days are over, with what was objected, "" for nothing; paused limits run again.

    Raises NotAllowedError, NoPublicNoticeError, PublicNoticeRunsError.
    """
    root, case = _locked(case_id, by, at)
    notice = open_public_notice(case)
    if notice is None:
        raise NoPublicNoticeError("No public notice is open.")
    clocks = running_clocks(case, (ClockKind.PUBLICITY,))
    if clocks and clocks[0].due_at is not None and at < clocks[0].due_at:
        raise PublicNoticeRunsError("The days of the public notice are not over yet.")
    notice.objections, notice.closed_at = objections.strip(), at
    notice.save(update_fields=["objections", "closed_at"])
    stop_clocks(case, kinds=(ClockKind.PUBLICITY,), by=by, at=at)
    paused = [one for one in running_clocks(case, REVIEW) if one.pauses.filter(to_on__isnull=True).exists()]
    if case.service.rules.publicity_not_counted and paused:
        resume_review_clocks(case, root=root, by=by, at=at)
    return notice

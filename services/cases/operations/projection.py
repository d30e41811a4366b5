"""The one place that sets a case's state, and the dates and clocks that go with each."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from services.cases.enums import CLOSED_CASE_STATES, CaseState
from services.cases.models import Case
from services.cases.operations.joint import settle_joint_clock
from services.cases.operations.limits import (
    copy_due_to_tasks,
    copy_due_to_tasks_of,
    start_correction_clock,
    start_delivery_clock,
    start_notice_clock,
    start_own_clock,
    start_pre_check_clock,
    start_review_clocks,
    stop_clocks,
)
from services.catalogue.models import ServiceVersion
from workflows.enums import ClockKind
from workflows.models import Run

if TYPE_CHECKING:
    from portal.accounts.models import User


#: What is looked at before acceptance.
BEFORE_ACCEPTANCE = (ClockKind.PRE_CHECK, ClockKind.ONE_TIME_NOTICE)
#: What a decision ends.
UNTIL_DECISION = (
    *BEFORE_ACCEPTANCE,
    ClockKind.PROMISED,
    ClockKind.STATUTORY,
    ClockKind.DEFERRED_DOCUMENTS,
    ClockKind.HEARING,
    ClockKind.PUBLICITY,
)


def project(
    case: Case, state: CaseState, *, root: Run, by: User | None, at: datetime, since: datetime | None = None
) -> None:
    """Move a case to a state; the same state again changes nothing. The caller holds the root's lock.

    since: from when an acceptance holds, where the law back-dates it to the receipt (APL art. 32(4)); by default `at`.
    Effects by state: FILED starts the one-time-notice clock (and the review clocks where the law counts from receipt)
    and stops the applicant's correction; SUPPLEMENT stops the first and starts the second; ACCEPTED stops the notice
    clock and starts the promised and statutory clocks; GRANTED and REFUSED stop these and start the delivery clock, and
    after a grant the post-permit check; every closed state stamps the instant. The bundle's joint clock follows, and
    the open tasks are due anew.
    """
    if case.state == state:
        return
    before, case.state = case.state, state
    match state:
        case CaseState.FILED:
            _file(case, before, root=root, by=by, at=at)
        case CaseState.SUPPLEMENT:
            stop_clocks(case, kinds=BEFORE_ACCEPTANCE, at=at)
            start_correction_clock(case, root=root, by=by, at=at)
        case CaseState.ACCEPTED:
            case.accepted_at = since or at
            stop_clocks(case, kinds=BEFORE_ACCEPTANCE, at=at)
            if case.service.clock_start != "receipt":
                start_review_clocks(case, root=root, starts_on_event="acceptance", by=by, at=at, since=since)
        case CaseState.GRANTED | CaseState.REFUSED:
            _decide(case, root=root, by=by, at=at)
        case CaseState.NOT_COMPETENT | CaseState.NOT_SUPPLIED | CaseState.WITHDRAWN | CaseState.ENDED:
            stop_clocks(case, kinds=None, at=at)
    if state in CLOSED_CASE_STATES and state not in (CaseState.GRANTED, CaseState.REFUSED):
        case.closed_at = at
    case.save()
    if settle_joint_clock(case.application, root=root, by=by, at=at):
        copy_due_to_tasks_of(case.application)
    else:
        copy_due_to_tasks(case.pk)


def _file(case: Case, before: str, *, root: Run, by: User | None, at: datetime) -> None:
    case.filed_at = case.filed_at or at
    stop_clocks(case, kinds=(ClockKind.CORRECTION,), at=at)
    start_notice_clock(case, root=root, by=by, at=at)
    if before != CaseState.PLANNED:
        return
    start_pre_check_clock(case, root=root, by=by, at=at)
    if case.service.clock_start == "receipt":
        start_review_clocks(case, root=root, starts_on_event="receipt", by=by, at=at)


def _decide(case: Case, *, root: Run, by: User | None, at: datetime) -> None:
    case.decided_at = at
    stop_clocks(case, kinds=UNTIL_DECISION, at=at)
    start_delivery_clock(case, root=root, by=by, at=at)
    check = case.service.rules.post_permit_check
    if case.state == CaseState.GRANTED and check is not None and check.span is not None:
        start_own_clock(case, ClockKind.POST_PERMIT_CHECK, check.span, root=root, event="decision", by=by, at=at)


def decided_here(version: ServiceVersion) -> bool:
    """Return whether the decision on a service is made in this system."""
    return version.decision_place == "here"

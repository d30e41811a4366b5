"""The one place that sets a case's state, and the dates and clocks that go with each."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from services.cases.enums import CLOSED_CASE_STATES, CaseState
from services.cases.models import Case
from services.cases.operations.limits import (
    copy_due_to_tasks,
    start_correction_clock,
    start_delivery_clock,
    start_notice_clock,
    start_review_clocks,
    stop_clocks,
)
from services.catalogue.models import ServiceVersion
from workflows.models import Run

if TYPE_CHECKING:
    from portal.accounts.models import User


def project(case: Case, state: CaseState, *, root: Run, by: User | None, at: datetime) -> None:
    """Move a case to a state; the same state again changes nothing. The caller holds the root's lock.

    Effects by state: FILED starts the one-time-notice clock (and the review clocks where the law counts from receipt)
    and stops the applicant's correction; SUPPLEMENT stops the first and starts the second; ACCEPTED stops the notice
    clock and starts the promised and statutory clocks; GRANTED and REFUSED stop these and start the delivery clock;
    every closed state stamps the instant. The case's open tasks are due anew.
    """
    if case.state == state:
        return
    before, case.state = case.state, state
    match state:
        case CaseState.FILED:
            case.filed_at = case.filed_at or at
            stop_clocks(case, kinds=("correction",), at=at)
            start_notice_clock(case, root=root, by=by, at=at)
            if case.service.clock_start == "receipt" and before == CaseState.PLANNED:
                start_review_clocks(case, root=root, starts_on_event="receipt", by=by, at=at)
        case CaseState.SUPPLEMENT:
            stop_clocks(case, kinds=("one_time_notice",), at=at)
            start_correction_clock(case, root=root, by=by, at=at)
        case CaseState.ACCEPTED:
            case.accepted_at = at
            stop_clocks(case, kinds=("one_time_notice",), at=at)
            if case.service.clock_start != "receipt":
                start_review_clocks(case, root=root, starts_on_event="acceptance", by=by, at=at)
        case CaseState.GRANTED | CaseState.REFUSED:
            case.decided_at = at
            stop_clocks(case, kinds=("one_time_notice", "promised", "statutory"), at=at)
            start_delivery_clock(case, root=root, by=by, at=at)
        case CaseState.NOT_COMPETENT | CaseState.NOT_SUPPLIED | CaseState.WITHDRAWN | CaseState.ENDED:
            stop_clocks(case, kinds=None, at=at)
    if state in CLOSED_CASE_STATES and state not in (CaseState.GRANTED, CaseState.REFUSED):
        case.closed_at = at
    case.save()
    copy_due_to_tasks(case.pk)


def decided_here(version: ServiceVersion) -> bool:
    """Return whether the decision on a service is made in this system."""
    return version.decision_place == "here"

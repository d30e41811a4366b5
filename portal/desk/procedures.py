"""What the page about a case offers of the law's procedures: hearing, public notice, the check after a permit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from portal.desk.forms import HearingForm, PublicNoticeForm, SiteCheckForm
from services.cases.models import Case, Hearing
from services.cases.operations.hearings import open_hearing
from services.cases.operations.public_notices import open_public_notice
from services.cases.permissions import works_for_department_of
from workflows.enums import ClockKind
from workflows.models import Clock
from workflows.queries.clocks import clocks_of

REVIEW = (ClockKind.PROMISED, ClockKind.STATUTORY)


def procedures_of(request: HttpRequest, case: Case, at: datetime) -> dict[str, Any]:
    """Return the procedures that stand open or may begin, and the forms for who works on the case."""
    running = {clock.kind: clock for clock in clocks_of("case", str(case.pk)) if clock.stopped_at is None}
    under_review = any(kind in running for kind in REVIEW)
    hearing, notice = open_hearing(case), open_public_notice(case)
    mine = works_for_department_of(request.user, case, at)
    publicity = case.service.rules.publicity
    check_due = running.get(ClockKind.POST_PERMIT_CHECK)
    return {
        "hearing": hearing,
        "hearing_clock": running.get(ClockKind.HEARING),
        "hearing_acts": _hearing_acts(hearing, running.get(ClockKind.HEARING), at) if mine and under_review else [],
        "hearing_form": HearingForm(),
        "public_notice": notice,
        "public_notice_clock": running.get(ClockKind.PUBLICITY),
        "may_publish": mine and under_review and publicity is not None,
        "public_notice_form": PublicNoticeForm(),
        "check_clock": check_due,
        "site_check": getattr(case, "site_check", None),
        "check_form": SiteCheckForm() if mine and check_due is not None else None,
    }


def _hearing_acts(hearing: Hearing | None, clock: Clock | None, at: datetime) -> list[str]:
    """Return what may be done next about a hearing."""
    if hearing is None:
        return ["offer"]
    if hearing.requested_at is None:
        over = clock is None or (clock.due_at is not None and clock.due_at < at)
        return ["close"] if over else ["request"]
    if hearing.held_on is not None and hearing.held_on <= timezone.localdate(at):
        return ["close"]
    return ["call"]

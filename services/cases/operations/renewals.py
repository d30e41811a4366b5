"""Renewal of what was granted for a time: its window, asking in time, deciding, and silence (APL art. 50)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from services.cases.enums import DeemedKind, RenewalOutcome
from services.cases.models import Case, DeemedAct, Renewal
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.limits import running_clocks, start_own_clock, stop_clocks
from services.cases.operations.papers import deliver, issue_case_paper, remedies_of
from services.cases.operations.telling import tell_applicants_of_case
from services.cases.permissions import is_approver_for, may_answer_for
from services.catalogue.limit_rules import RENEWAL_SILENCE, Period, months_after
from workflows.clocks import WorkingCalendar
from workflows.enums import ClockKind, LimitUnit
from workflows.models import Clock, Run
from workflows.operations.locking import lock_root
from workflows.queries.calendars import calendar_for

if TYPE_CHECKING:
    from portal.accounts.models import User


class RenewalWindowError(ValueError):
    """Renewal is asked for within its window: not before it opens, not after it has closed."""


class NoRenewalError(ValueError):
    """Nothing of this case can be renewed now."""


class RenewalReasonsMissingError(ValueError):
    """Refusing a renewal needs reasons (APL art. 38)."""


#: Without a limit of its own a renewal is decided like any application (APL art. 42).
STATUTORY_DAYS = 20


def _statutory_unit(case: Case) -> str:
    return case.service.statutory_unit or LimitUnit.WORKING_DAYS.value


def before(day: date, period: Period, calendar: WorkingCalendar) -> date:
    """Return the day that lies a period before another: working days, calendar days or months back."""
    if period.unit == "months":
        return months_after(day, -period.amount)
    if period.unit == LimitUnit.CALENDAR_DAYS or period.amount == 0:
        return day - timedelta(days=period.amount)
    left = period.amount
    while left:
        day -= timedelta(days=1)
        left -= calendar.is_working(day)
    return day


def open_renewal(case: Case, expires_on: date, *, root: Run, at: datetime) -> Renewal | None:
    """Note until when what was granted is valid and when its renewal is asked for, if its service renews at all.

    Effects: the renewal, and its clock until the window closes, whose thresholds remind the applicant. The caller holds
    the root's lock.
    """
    rule = case.service.rules.renewal
    if rule is None:
        return None
    calendar = calendar_for()
    renewal, created = Renewal.objects.get_or_create(
        case=case,
        expires_on=expires_on,
        defaults={
            "opens_on": before(expires_on, rule.opens, calendar),
            "closes_on": before(expires_on, rule.closes, calendar),
        },
    )
    if created:
        days = Period(amount=(renewal.closes_on - timezone.localdate(at)).days, unit=LimitUnit.CALENDAR_DAYS)
        start_own_clock(case, ClockKind.RENEWAL, days, root=root, event="issue", by=None, at=at)
    return renewal


def current_renewal(case: Case) -> Renewal | None:
    """Return the renewal of the validity that runs now, None where nothing is renewed."""
    return case.renewals.filter(outcome="").order_by("-expires_on").first()


def _locked(case_id: int) -> tuple[Run, Case, Renewal]:
    run_id = Case.objects.values_list("run__root_id", "run_id").get(pk=case_id)
    root = lock_root(run_id[0] or run_id[1])
    case = Case.objects.select_related("application__bundle", "service__item", "department").get(pk=case_id)
    renewal = current_renewal(case)
    if renewal is None:
        raise NoRenewalError("Nothing of this case can be renewed now.")
    return root, case, renewal


@transaction.atomic
def ask_renewal(*, case_id: int, by: User, at: datetime) -> Renewal:
    """Ask for the renewal of what a case gave, within its window (APL art. 50). Twice is once.

    Effects: the window's clock stops; the clock until expiry and the statutory limit for deciding start; notices owed.
    Raises NotAllowedError, NoRenewalError, RenewalWindowError.
    """
    root, case, renewal = _locked(case_id)
    if not may_answer_for(by, case.application, at):
        raise NotAllowedError("She may not ask for this holder.")
    if renewal.asked_at is not None:
        return renewal
    window = running_clocks(case, (ClockKind.RENEWAL,))
    over = not window or (window[0].due_at is not None and window[0].due_at < at)
    if over or timezone.localdate(at) < renewal.opens_on:
        raise RenewalWindowError("Renewal is asked for within its window.")
    renewal.asked_at, renewal.asked_by = at, by
    renewal.save(update_fields=["asked_at", "asked_by"])
    stop_clocks(case, kinds=(ClockKind.RENEWAL,), by=by, at=at)
    days = Period(amount=(renewal.expires_on - timezone.localdate(at)).days, unit=LimitUnit.CALENDAR_DAYS)
    start_own_clock(case, ClockKind.RENEWAL, days, root=root, event="request", by=by, at=at)
    law = Period(amount=case.service.statutory_amount or STATUTORY_DAYS, unit=_statutory_unit(case))
    start_own_clock(case, ClockKind.STATUTORY, law, root=root, event="renewal", by=by, at=at)
    tell_applicants_of_case(case, "renewal_asked", at=at, round=renewal.pk, due=renewal.expires_on.isoformat())
    return renewal


@transaction.atomic
def decide_renewal(*, case_id: int, granted: bool, by: User, at: datetime, reasons: str = "") -> Renewal:
    """Decide on a renewal that was asked for, before the old validity ends; by the department's approver.

    reasons: needed against the holder. Effects: outcome, paper, the clock stops, after a grant the next period's
    renewal, notices owed. Raises NotAllowedError, NoRenewalError, RenewalReasonsMissingError.
    """
    root, case, renewal = _locked(case_id)
    if not is_approver_for(by, case, at):
        raise NotAllowedError("Only the department's approver decides on a renewal.")
    if renewal.asked_at is None:
        raise NoRenewalError("Nobody has asked for this renewal.")
    if not granted and not reasons.strip():
        raise RenewalReasonsMissingError("Refusing a renewal needs reasons.")
    outcome = RenewalOutcome.GRANTED if granted else RenewalOutcome.REFUSED
    renewal.decided_by, renewal.reasons = by, reasons.strip()
    _end(renewal, outcome, root=root, case=case, by=by, at=at)
    return renewal


@transaction.atomic
def deem_renewed(*, clock_id: int, at: datetime) -> bool:
    """Renew what was asked for in time and not decided before it expired (APL art. 50); returns whether it was."""
    root = lock_root(Clock.objects.values_list("root_id", flat=True).get(pk=clock_id))
    clock = Clock.objects.get(pk=clock_id)
    if clock.stopped_at is not None or clock.kind != ClockKind.RENEWAL or clock.due_at is None or clock.due_at > at:
        return False
    rows = Case.objects.select_related("application__bundle", "application__service", "service__item", "department")
    case = rows.get(pk=int(clock.subject_id))
    renewal = current_renewal(case)
    if renewal is None or renewal.asked_at is None:
        return False
    DeemedAct.objects.create(
        case=case,
        kind=DeemedKind.RENEWAL,
        clock=clock,
        citation_zh=RENEWAL_SILENCE["zh"],
        citation_en=RENEWAL_SILENCE["en"],
        effective_at=at,
        done_at=at,
    )
    _end(renewal, RenewalOutcome.DEEMED, root=root, case=case, by=None, at=at)
    return True


def _end(renewal: Renewal, outcome: RenewalOutcome, *, root: Run, case: Case, by: User | None, at: datetime) -> None:
    renewal.outcome, renewal.decided_at = outcome, at
    renewal.save(update_fields=["outcome", "decided_at", "decided_by", "reasons"])
    stop_clocks(case, kinds=(ClockKind.RENEWAL, ClockKind.STATUTORY), by=by, at=at)
    refused = outcome == RenewalOutcome.REFUSED
    until = renewal.expires_on if refused else months_after(renewal.expires_on, validity_months(case))
    paper = issue_case_paper(
        case,
        "renewal_notice",
        by=by,
        at=at,
        outcome=_OUTCOMES[outcome],
        valid_until=until,
        reason=renewal.reasons or None,
        rule=RENEWAL_SILENCE if outcome == RenewalOutcome.DEEMED else None,
        remedies=remedies_of(case.department) if refused else None,
    )
    deliver(paper, case.application, at=at)
    kind = "renewal_refused" if refused else "renewal_granted"
    tell_applicants_of_case(case, kind, at=at, round=renewal.pk, due=until.isoformat())
    if not refused:
        open_renewal(case, until, root=root, at=at)


_OUTCOMES = {
    RenewalOutcome.GRANTED: {"zh": "准予延续", "en": "Renewed"},
    RenewalOutcome.REFUSED: {"zh": "不予延续", "en": "Not renewed"},
    RenewalOutcome.DEEMED: {"zh": "视为准予延续", "en": "Renewed by law: no decision was made before it expired"},
}


def validity_months(case: Case) -> int:
    """Return for how many months what a case gives is valid; 0 where it does not end."""
    return max((result.validity_months or 0 for result in case.service.results.all()), default=0)


def remind_of_renewal(*, clock_id: int, threshold: str, at: datetime) -> None:
    """Owe the holder the news until when renewal is asked for, once per threshold; not if she asked already."""
    clock = Clock.objects.get(pk=clock_id)
    if clock.stopped_at is not None or clock.starts_on_event != "issue":
        return
    rows = Case.objects.select_related("application__bundle", "application__service", "service__item", "department")
    case = rows.get(pk=int(clock.subject_id))
    renewal = current_renewal(case)
    if renewal is None:
        return
    rounds = {"renewal_early": 1, "renewal_soon": 2}
    tell_applicants_of_case(
        case,
        "renewal_due",
        at=at,
        round=renewal.pk * 10 + rounds.get(threshold, 0),
        due=renewal.closes_on.isoformat(),
        opens=renewal.opens_on.isoformat(),
    )

"""A hearing before the decision (APL art. 46–48): its right told, asked for, called, held.

Working days, art. 82: asked for within 5 of being told, held within 20 of being asked for, called at least 7 before.
The time of a hearing is not counted in the limits of the decision (art. 45).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from services.access.masking import mask_name
from services.cases.models import Case, Hearing
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.limits import (
    NoRunningClockError,
    pause_review_clocks,
    resume_review_clocks,
    running_clocks,
    start_own_clock,
    stop_clocks,
)
from services.cases.operations.papers import deliver, issue_case_paper
from services.cases.operations.telling import tell_applicants_of_case
from services.cases.permissions import works_for_department_of
from services.catalogue.limit_rules import Period
from workflows.enums import ClockKind, PauseReason
from workflows.models import Run
from workflows.operations.locking import lock_root
from workflows.queries.calendars import calendar_for

if TYPE_CHECKING:
    from portal.accounts.models import User

REVIEW = (ClockKind.PROMISED, ClockKind.STATUTORY)


class HearingError(ValueError):
    """The hearing does not stand where this could be done; or there is none."""


class HearingTooLateError(ValueError):
    """A hearing is asked for within five working days of being told (art. 47)."""


class HearingDayError(ValueError):
    """The day lies too soon after its notice, after the limit for holding it, or on a day off."""


def open_hearing(case: Case) -> Hearing | None:
    """Return a case's hearing while it is not closed."""
    return case.hearings.filter(closed_at__isnull=True).first()


def _locked(case_id: int, by: User, at: datetime) -> tuple[Run, Case, Hearing | None]:
    run_id = Case.objects.values_list("run__root_id", "run_id").get(pk=case_id)
    root = lock_root(run_id[0] or run_id[1])
    case = Case.objects.select_related("application__bundle", "service__item", "department").get(pk=case_id)
    if not works_for_department_of(by, case, at):
        raise NotAllowedError("Only the department that decides a case holds its hearing.")
    return root, case, open_hearing(case)


@transaction.atomic
def offer_hearing(*, case_id: int, by: User, at: datetime) -> Hearing:
    """Tell the applicant that she may ask for a hearing. Once while one is open.

    Effects: the hearing, the clock of five working days for asking, notices owed.
    Raises NotAllowedError, NoRunningClockError before acceptance and after the decision.
    """
    root, case, hearing = _locked(case_id, by, at)
    if hearing is not None:
        return hearing
    if not running_clocks(case, REVIEW):
        raise NoRunningClockError("No limit of this case is running.")
    hearing = Hearing.objects.create(case=case, offered_at=at, offered_by=by)
    days = Period(amount=case.service.rules.hearing.request)
    clock = start_own_clock(case, ClockKind.HEARING, days, root=root, event="offer", by=by, at=at)
    due = clock.due_on or timezone.localdate(at)
    tell_applicants_of_case(case, "hearing_offered", at=at, round=hearing.pk, due=due.isoformat())
    return hearing


@transaction.atomic
def request_hearing(*, case_id: int, requested_by: str, by: User, at: datetime) -> Hearing:
    """Record that somebody asked for the hearing, within the five working days. Twice is once.

    requested_by: her name; only its masked form is kept. Effects: the clock of twenty working days for holding it; the
    limits of the decision are paused from today, in writing. Raises NotAllowedError, HearingError, HearingTooLateError.
    """
    root, case, hearing = _locked(case_id, by, at)
    if hearing is None or not requested_by.strip():
        raise HearingError("Tell the right first, and name who asks.")
    if hearing.requested_at is not None:
        return hearing
    window = running_clocks(case, (ClockKind.HEARING,))
    if not window or (window[0].due_at is not None and at > window[0].due_at):
        raise HearingTooLateError("A hearing is asked for within five working days of being told.")
    hearing.requested_at, hearing.requested_by = at, mask_name(requested_by.strip())
    hearing.save(update_fields=["requested_at", "requested_by"])
    stop_clocks(case, kinds=(ClockKind.HEARING,), by=by, at=at)
    hold = case.service.rules.hearing.hold
    start_own_clock(case, ClockKind.HEARING, Period(amount=hold), root=root, event="request", by=by, at=at)
    if _can_pause(case, at):
        today = timezone.localdate(at)
        pause_review_clocks(case, root=root, reason=PauseReason.HEARING, from_on=today, planned=hold, by=by, at=at)
    return hearing


def _can_pause(case: Case, at: datetime) -> bool:
    """Return whether a limit runs that is not over and not paused: one that is over already is not excused."""
    clocks = running_clocks(case, REVIEW)
    return not _is_paused(case) and any(clock.due_at is not None and clock.due_at > at for clock in clocks)


def _is_paused(case: Case) -> bool:
    return any(clock.pauses.filter(to_on__isnull=True).exists() for clock in running_clocks(case, REVIEW))


@transaction.atomic
def call_hearing(*, case_id: int, held_on: date, place: str, by: User, at: datetime) -> Hearing:
    """Call the hearing for a day, told at least seven working days before; a later call replaces an earlier one.

    Effects: the day and place, a paper, notices owed. Raises NotAllowedError, HearingError, HearingDayError.
    """
    _root, case, hearing = _locked(case_id, by, at)
    if hearing is None or hearing.requested_at is None or not place.strip():
        raise HearingError("Nobody asked for a hearing, or its place is missing.")
    limit = running_clocks(case, (ClockKind.HEARING,))
    calendar, today = calendar_for(), timezone.localdate(at)
    notice = case.service.rules.hearing.notice
    too_soon = held_on < calendar.add_working_days(today, notice)
    too_late = bool(limit) and limit[0].due_on is not None and held_on > limit[0].due_on
    if too_soon or too_late or not calendar.is_working(held_on):
        raise HearingDayError("The day must be a working day, seven after its notice and within the limit.")
    hearing.called_at, hearing.held_on, hearing.place = at, held_on, place.strip()
    hearing.save(update_fields=["called_at", "held_on", "place"])
    paper = issue_case_paper(case, "hearing_notice", by=by, at=at, held_on=held_on, place=hearing.place)
    deliver(paper, case.application, at=at)
    tell_applicants_of_case(case, "hearing_called", at=at, round=paper.pk, due=held_on.isoformat(), place=hearing.place)
    return hearing


@transaction.atomic
def close_hearing(*, case_id: int, by: User, at: datetime) -> Hearing:
    """Note that the hearing was held, or that nobody asked in time; the limits of the decision run again.

    Raises NotAllowedError, HearingError before the day it was called for, or while somebody may still ask.
    """
    root, case, hearing = _locked(case_id, by, at)
    if hearing is None:
        raise HearingError("No hearing is open.")
    clocks = running_clocks(case, (ClockKind.HEARING,))
    if hearing.requested_at is None and clocks and clocks[0].due_at is not None and at <= clocks[0].due_at:
        raise HearingError("The applicant may still ask for it.")
    if hearing.requested_at and (hearing.held_on is None or timezone.localdate(at) < hearing.held_on):
        raise HearingError("It was not held yet.")
    hearing.closed_at = at
    hearing.save(update_fields=["closed_at"])
    stop_clocks(case, kinds=(ClockKind.HEARING,), by=by, at=at)
    if hearing.requested_at is not None and _is_paused(case):
        resume_review_clocks(case, root=root, by=by, at=at)
    return hearing

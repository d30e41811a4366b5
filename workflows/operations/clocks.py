"""Start, pause, resume, extend and stop clocks. Facts are written; the due instant and its timers follow from them."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from workflows.clocks import ClockExtended, ClockPaused, due
from workflows.clocks.rules import KINDS, PAUSES
from workflows.enums import PauseReason
from workflows.models import CalendarVersion, Clock, ClockExtension, ClockPause, Run
from workflows.operations.history import Fact, record_facts
from workflows.operations.locking import lock_root
from workflows.operations.schedule import schedule_clock
from workflows.queries.calendars import calendar_of, home_region, newest_version
from workflows.queries.clocks import clocks_with_facts, facts_of
from workflows.signals import effects_committed

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


#: A plan longer than a year is a slip of the pen.
LONGEST_PAUSE_DAYS = 250


class ClockError(Exception):
    """A clock cannot be changed like this. The message is a sentence for the person who tried."""


class ClockRunningError(ClockError):
    """The subject has a running clock of this kind already."""


class ClockStoppedError(ClockError):
    """The clock does not run any more."""


class ClockRanOutError(ClockError):
    """The limit is over already: what the law allows to lengthen it had to be done before."""


class PauseError(ClockError):
    """The law does not allow this pause."""


class ExtensionError(ClockError):
    """The law does not allow this extension."""


@transaction.atomic
def start_clock(
    *,
    root: Run,
    subject_kind: str,
    subject_id: str,
    kind: str,
    limit_amount: int,
    limit_unit: str,
    started_at: datetime,
    starts_on_event: str,
    by: AbstractBaseUser | None,
    at: datetime,
    department: str = "",
    region: str | None = None,
    extension_amount: int | None = None,
    extension_authority: str | None = None,
) -> Clock:
    """Start a clock for a subject.

    root: the root run, whose row is the lock. limit_amount: in limit_unit, 0 = on the spot. started_at: its local day
    is day 0; may lie before `at` (deemed acceptance). extension_amount, extension_authority: what the service's rule
    allows; by default what the law allows for this kind. Effects: the clock, its timers, history.
    Raises ClockRunningError, OutsideCalendarError, and KeyError for a kind nobody defined.
    """
    locked = lock_root(root.pk)
    rule = KINDS[kind]
    subject = {"subject_kind": subject_kind, "subject_id": subject_id, "kind": kind}
    if Clock.objects.filter(**subject, stopped_at__isnull=True).exists():
        raise ClockRunningError(_("This time limit runs already."))
    clock = Clock(
        root=locked,
        subject_kind=subject_kind,
        subject_id=subject_id,
        kind=kind,
        department=department,
        region=region or home_region(),
        limit_amount=limit_amount,
        limit_unit=limit_unit,
        extension_amount=(rule.extension or 0) if extension_amount is None else extension_amount,
        extension_authority=rule.authority if extension_authority is None else extension_authority,
        starts_on_event=starts_on_event,
        started_at=started_at,
        started_by_id=_key(by),
    )
    clock.save(force_insert=True)
    detail = {"limit": limit_amount, "unit": limit_unit, "event": starts_on_event}
    return _settled(locked, clock, "clock_started", detail, by=by, at=at, caller=root)


@transaction.atomic
def pause_clock(
    *,
    clock: Clock,
    reason: str,
    from_on: date,
    planned_days: int,
    by: AbstractBaseUser | None,
    at: datetime,
    citation: str = "",
) -> Clock:
    """Pause a running clock for time the law does not count (APL art. 45); the first day is not counted any more.

    reason: of PauseReason; for service_rule give the citation. planned_days: working days the applicant is told.
    A limit that is over already may be paused too, which excuses nothing: its due day stays.
    Effects: the pause, due instant undecided, timers cancelled, history, ClockPaused. Returns the clock as it is now.
    Raises ClockStoppedError, ClockRanOutError, PauseError.
    """
    locked, clock = _locked(clock)
    if clock.due_at is not None and clock.due_on is not None and clock.due_at <= at and from_on <= clock.due_on:
        raise ClockRanOutError(_("This time limit is over already."))
    if reason not in PauseReason.values:
        raise PauseError(_("The law does not count the time of this as a pause."))
    cited = citation.strip() or (PAUSES[reason].citation if reason in PAUSES else "")
    if not cited:
        raise PauseError(_("Name the rule of this service that allows the pause."))
    if not 1 <= planned_days <= LONGEST_PAUSE_DAYS:
        raise PauseError(_("Say how many working days the pause takes, up to a year: the applicant must be told."))
    if any(pause.to_on is None for pause in clock.pauses.all()):
        raise PauseError(_("This time limit is paused already."))
    if from_on < _local_day(clock, clock.started_at):
        raise PauseError(_("A pause cannot begin before the time limit started."))
    if from_on > _local_day(clock, at):
        raise PauseError(_("A pause cannot begin in the future: record it on the day it begins."))
    ClockPause.objects.create(
        clock=clock,
        reason=reason,
        citation=cited,
        from_on=from_on,
        planned_days=planned_days,
        recorded_at=at,
        recorded_by_id=_key(by),
    )
    detail = {"reason": reason, "from_on": from_on.isoformat(), "planned_days": planned_days}
    clock = _settled(locked, clock, "clock_paused", detail, by=by, at=at)
    effect = ClockPaused(
        clock_id=clock.pk,
        subject_kind=clock.subject_kind,
        subject_id=clock.subject_id,
        clock_kind=clock.kind,
        reason=reason,
        planned_days=planned_days,
    )
    effects_committed.send(sender=Clock, root=locked, effects=(effect,), by=by, at=at)
    return clock


@transaction.atomic
def resume_clock(*, clock: Clock, by: AbstractBaseUser | None, at: datetime, to_on: date | None = None) -> Clock:
    """End a clock's pause. to_on: last day that is not counted, by default the day of `at`.

    Effects: the pause gets its end, the due instant and timers are set anew, history. Raises PauseError when the clock
    is not paused or the end does not fit, ClockStoppedError.
    """
    locked, clock = _locked(clock)
    pause = next((one for one in clock.pauses.all() if one.to_on is None), None)
    if pause is None:
        raise PauseError(_("This time limit is not paused."))
    last = to_on or max(_local_day(clock, at), pause.from_on)
    if not pause.from_on <= last <= max(_local_day(clock, at), pause.from_on):
        raise PauseError(_("A pause ends between its first day and today."))
    _end_pause(pause, last, by=by, at=at)
    return _settled(locked, clock, "clock_resumed", {"to_on": last.isoformat()}, by=by, at=at)


@transaction.atomic
def extend_clock(
    *, clock: Clock, amount: int, authority: str, reason: str, by: AbstractBaseUser | None, at: datetime
) -> Clock:
    """Lengthen a limit, once, by the authority the law names, before it is over (APL art. 42).

    amount: in the limit's unit. reason: what the applicant is told.
    Effects: the extension, due instant and timers set anew, history, ClockExtended.
    Raises ClockStoppedError, ClockRanOutError, ExtensionError.
    """
    locked, clock = _locked(clock)
    if clock.due_at is not None and at >= clock.due_at:
        raise ClockRanOutError(_("This time limit is over already."))
    if not clock.extension_amount:
        raise ExtensionError(_("No rule allows this time limit to be extended."))
    if getattr(clock, "extension", None) is not None:
        raise ExtensionError(_("This time limit was extended already; the law allows it once."))
    if authority != clock.extension_authority:
        raise ExtensionError(_("This extension is granted by another authority."))
    if not 1 <= amount <= clock.extension_amount:
        raise ExtensionError(_("The extension may be at most %(amount)s.") % {"amount": clock.extension_amount})
    if not reason.strip():
        raise ExtensionError(_("Give the reason: the applicant must be told."))
    ClockExtension.objects.create(
        clock=clock, amount=amount, authority=authority, reason=reason.strip(), granted_at=at, granted_by_id=_key(by)
    )
    clock = _settled(locked, clock, "clock_extended", {"amount": amount, "authority": authority}, by=by, at=at)
    effect = ClockExtended(
        clock_id=clock.pk,
        subject_kind=clock.subject_kind,
        subject_id=clock.subject_id,
        clock_kind=clock.kind,
        amount=amount,
        due_on=clock.due_on,
    )
    effects_committed.send(sender=Clock, root=locked, effects=(effect,), by=by, at=at)
    return clock


@transaction.atomic
def stop_clock(*, clock: Clock, at: datetime, by: AbstractBaseUser | None = None) -> Clock:
    """Stop a clock: what was owed is done. Twice is once; the first instant stays.

    Effects: an open pause ends that day, timers that have not fired are cancelled, history. Raises ClockError when
    `at` lies before the start.
    """
    locked = lock_root(clock.root_id)
    clock = clocks_with_facts().get(pk=clock.pk)
    if clock.stopped_at is not None:
        return clock
    if at < clock.started_at:
        raise ClockError(_("A time limit cannot be met before it started."))
    for pause in clock.pauses.all():
        if pause.to_on is None:
            _end_pause(pause, max(_local_day(clock, at), pause.from_on), by=by, at=at)
    clock.stopped_at = at
    clock.save(update_fields=["stopped_at"])
    return _settled(locked, clock, "clock_stopped", {}, by=by, at=at)


def _locked(clock: Clock) -> tuple[Run, Clock]:
    """Lock the root, read the clock anew, and refuse one that does not run any more."""
    locked = lock_root(clock.root_id)
    clock = clocks_with_facts().get(pk=clock.pk)
    if clock.stopped_at is not None:
        raise ClockStoppedError(_("This time limit does not run any more."))
    return locked, clock


def _end_pause(pause: ClockPause, last: date, *, by: AbstractBaseUser | None, at: datetime) -> None:
    pause.to_on, pause.ended_at, pause.ended_by_id = last, at, _key(by)
    pause.save(update_fields=["to_on", "ended_at", "ended_by"])


def _settled(
    locked: Run,
    clock: Clock,
    event: str,
    detail: dict[str, Any],
    *,
    by: AbstractBaseUser | None,
    at: datetime,
    caller: Run | None = None,
) -> Clock:
    """Recompute the due instant and the timers from the facts, remember what happened, and return the clock anew."""
    clock = clocks_with_facts().get(pk=clock.pk)
    # What is finished keeps the calendar by which it was promised.
    version = clock.calendar_version if clock.stopped_at is not None else newest_version(clock.region)
    _recompute(clock, version, at, starts=caller is not None)
    due_on = clock.due_on.isoformat() if clock.due_on else None
    subject = {"clock": clock.pk, "clock_kind": clock.kind, "subject": [clock.subject_kind, clock.subject_id]}
    fact = Fact(run_id=locked.pk, kind=event, detail={**subject, **detail, "due_on": due_on})
    record_facts(root=locked, facts=[fact], by=by, at=at)
    if caller is not None:
        # The caller's copy of the row must not chain its next fact to a link that is no longer the last.
        caller.history_length, caller.history_head = locked.history_length, locked.history_head
    return clock


def _recompute(clock: Clock, version: CalendarVersion | None, at: datetime, *, starts: bool = False) -> None:
    calendar = calendar_of(version)
    facts = facts_of(clock)
    clock.due_on, clock.due_at, clock.provisional = due(facts, calendar)
    clock.calendar_version = version
    schedule_clock(clock, facts, calendar, at=at, starts=starts)
    clock.save(update_fields=["due_on", "due_at", "warn_at", "provisional", "calendar_version", "rules_number"])


def _local_day(clock: Clock, at: datetime) -> date:
    return at.astimezone(calendar_of(newest_version(clock.region)).zone).date()


def _key(user: AbstractBaseUser | None) -> int | None:
    return user.pk if user is not None else None

"""The joint limit of a bundle (APL art. 42¶2): 45 working days and 15 more by the people's government, where cited.

It stands beside the limits of the cases, and the earlier one wins. It starts with the first case's review, pauses only
while no branch can move, and stops when the last case is decided.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.utils import timezone

from services.cases.enums import CLOSED_CASE_STATES, CaseState
from services.cases.models import Application
from workflows.enums import ClockKind, ExtensionAuthority
from workflows.models import Clock, ClockPause, Run
from workflows.operations.clocks import pause_clock, resume_clock, start_clock, stop_clock

if TYPE_CHECKING:
    from portal.accounts.models import User

REVIEW = (ClockKind.PROMISED, ClockKind.STATUTORY)


def start_joint_clock(
    application: Application, *, root: Run, by: User | None, at: datetime, since: datetime
) -> Clock | None:
    """Start a bundle's joint clock if a cited rule gives it one; once. since: when the first case's review began."""
    bundle = application.bundle
    if bundle is None or bundle.joint_amount is None or _clocks(application).exists():
        return None
    return start_clock(
        root=root,
        subject_kind="application",
        subject_id=str(application.pk),
        kind=ClockKind.JOINT,
        department=bundle.lead_department.code,
        limit_amount=bundle.joint_amount,
        limit_unit=bundle.joint_unit,
        started_at=since,
        starts_on_event="first_acceptance",
        extension_amount=bundle.joint_extension,
        extension_authority=ExtensionAuthority.GOVERNMENT if bundle.joint_extension else "",
        by=by,
        at=at,
    )


def running_joint_clock(application: Application) -> Clock | None:
    """Return a bundle's joint clock while it runs."""
    return _clocks(application).filter(stopped_at__isnull=True).first()


def settle_joint_clock(application: Application, *, root: Run, by: User | None, at: datetime) -> bool:
    """Let the joint clock follow the branches; returns whether it changed. The caller holds the root's lock.

    Paused while every filed, undecided case is paused by law, from the day the last of them was; running as soon as one
    can move; stopped once every case is closed.
    """
    if application.bundle is None or application.bundle.joint_amount is None:
        return False
    clock = running_joint_clock(application)
    if clock is None:
        return False
    cases = dict(application.cases.values_list("pk", "state"))
    if all(state in CLOSED_CASE_STATES for state in cases.values()):
        stop_clock(clock=clock, by=by, at=at)
        return True
    filed = [str(pk) for pk, state in cases.items() if state not in (*CLOSED_CASE_STATES, CaseState.PLANNED)]
    pauses = _open_pauses(filed)
    stands = bool(filed) and set(filed) == set(pauses)
    paused = clock.pauses.filter(to_on__isnull=True).exists()
    if stands and not paused and not _is_over(clock, at):
        last = max(pauses.values(), key=lambda pause: pause.from_on)
        pause_clock(
            clock=clock,
            reason=last.reason,
            citation=last.citation,
            from_on=_first_day(clock, last.from_on, application),
            planned_days=last.planned_days,
            by=by,
            at=at,
        )
    elif paused and not stands:
        resume_clock(clock=clock, by=by, at=at)
    return stands != paused


def _first_day(clock: Clock, last: date, application: Application) -> date:
    """Return from when no branch could move: the last pause's first day, or the later day on which one was closed."""
    closed = application.cases.filter(closed_at__isnull=False).values_list("closed_at", "decided_at")
    moved = [timezone.localdate(instant) for row in closed for instant in row if instant is not None]
    return max([last, timezone.localdate(clock.started_at), *moved])


def _open_pauses(cases: list[str]) -> dict[str, ClockPause]:
    """Return by case the pause that stops its promise, or its statutory limit, now."""
    rows = ClockPause.objects.filter(
        to_on__isnull=True,
        clock__subject_kind="case",
        clock__subject_id__in=cases,
        clock__kind__in=REVIEW,
        clock__stopped_at__isnull=True,
    )
    return {pause.clock.subject_id: pause for pause in rows.select_related("clock").order_by("from_on", "id")}


def _is_over(clock: Clock, at: datetime) -> bool:
    return clock.due_at is not None and clock.due_at <= at


def _clocks(application: Application) -> QuerySet[Clock]:
    return Clock.objects.filter(subject_kind="application", subject_id=str(application.pk), kind=ClockKind.JOINT)

"""Set, cancel and fire timers. A timer fires once, at or after its instant, whoever sweeps and however often."""

from __future__ import annotations

import logging
import traceback
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from workflows.clocks import ClockFacts, ClockWarned, Light, WorkingCalendar, warn_at
from workflows.clocks.rules import KINDS
from workflows.engine.events import Triggered
from workflows.enums import RunState
from workflows.models import Clock, Run, Task, Timer
from workflows.operations.history import Fact, record_facts
from workflows.operations.locking import try_lock_root
from workflows.operations.node_timers import EVENT, SUBJECT
from workflows.operations.transition import Transition
from workflows.signals import TaskOverdue, effects_committed

log = logging.getLogger(__name__)

CLOCK = "clock"
#: A timer that fires later than this after its instant says so: somebody may have acted in the meantime.
LATE_AFTER = timedelta(minutes=2)
#: Pauses after a timer's first, second … failure; then the last one again and again.
BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120))


def schedule_clock(clock: Clock, facts: ClockFacts, calendar: WorkingCalendar, *, at: datetime) -> None:
    """Make a clock's timers match its facts; the caller holds the root's lock.

    A stopped or undecided clock has none waiting. One that has fired stays fired: each light is told once per clock.
    """
    wanted = {} if clock.stopped_at else _instants(facts, calendar, clock)
    known = {timer.kind: timer for timer in Timer.objects.filter(subject_kind=CLOCK, subject_id=str(clock.pk))}
    for kind, timer in known.items():
        if timer.fired_at is None:
            _move(timer, wanted.get(kind), at)
    Timer.objects.bulk_create(
        Timer(root_id=clock.root_id, subject_kind=CLOCK, subject_id=str(clock.pk), kind=kind, due_at=due_at)
        for kind, due_at in wanted.items()
        if kind not in known
    )


def _instants(facts: ClockFacts, calendar: WorkingCalendar, clock: Clock) -> dict[str, datetime]:
    """Return when each light of a clock is due, in order; a statutory clock only turns black."""
    warning = warn_at(facts, calendar)
    if clock.due_at is None or warning is None:
        return {}
    if KINDS[clock.kind].statutory:
        return {Light.BLACK: clock.due_at}
    return {Light.YELLOW: warning, Light.RED: clock.due_at}


def _move(timer: Timer, due_at: datetime | None, at: datetime) -> None:
    if due_at is None:
        if timer.cancelled_at is None:
            timer.cancelled_at = at
            timer.save(update_fields=["cancelled_at"])
    elif timer.due_at != due_at or timer.cancelled_at is not None:
        timer.due_at, timer.cancelled_at = due_at, None
        timer.save(update_fields=["due_at", "cancelled_at"])


def due_timers(at: datetime) -> QuerySet[Timer]:
    """Return the timers that must fire by `at`, the earliest first."""
    waiting = Timer.objects.filter(fired_at__isnull=True, cancelled_at__isnull=True, due_at__lte=at)
    waiting = waiting.filter(Q(postponed_until__isnull=True) | Q(postponed_until__lte=at))
    # What the drawing says waits while a case is suspended; the law's limits do not.
    return waiting.exclude(subject_kind=SUBJECT, root__state=RunState.SUSPENDED).order_by("due_at", "id")


def sweep_timers(*, at: datetime, limit: int = 500) -> int:
    """Fire the timers due at `at`, the earliest first, and return how many this sweep fired.

    limit: how many due timers are looked at. Any number of sweeps may run at once: each timer fires in a short
    transaction of its own, under the lock of its root run's row; a root somebody else holds is left to the next
    sweep, and so are its later timers, which keeps every case's timers in order.
    Effects per timer: fired_at, history, and ClockWarned or what the process does at that boundary. A failure is
    logged, kept on the row, tried again later, and stops no other timer.
    """
    roots = dict.fromkeys(due_timers(at).values_list("root_id", flat=True)[:limit])
    return sum(_fire_due_of(root_id, at) for root_id in roots)


def _fire_due_of(root_id: int, at: datetime) -> int:
    fired = 0
    while True:
        timer: Timer | None = None
        try:
            with transaction.atomic():
                root = try_lock_root(root_id)
                timer = due_timers(at).filter(root=root_id).first() if root is not None else None
                if root is None or timer is None:
                    return fired
                _fire(root, timer, at)
            fired += 1
        except Exception as error:
            # One timer that cannot fire must not keep every other case's timers waiting.
            if timer is None:
                raise
            # Where, not what: an error's message may hold personal data, a database's even the whole row.
            where = traceback.format_tb(error.__traceback__)
            about = {"timer": timer.pk, "kind": timer.kind, "error": type(error).__name__, "where": where}
            log.error("timer failed", extra=about)
            if not _postpone(timer, error, at):
                return fired


def _fire(root: Run, timer: Timer, at: datetime) -> None:
    timer.fired_at = at
    timer.save(update_fields=["fired_at"])
    if timer.subject_kind == SUBJECT:
        _fire_in_process(root, timer, at)
        return
    clock = Clock.objects.get(pk=int(timer.subject_id))
    late = at - timer.due_at > LATE_AFTER
    detail = {"clock": clock.pk, "clock_kind": clock.kind, "level": timer.kind, "late": late}
    record_facts(root=root, facts=[Fact(run_id=root.pk, kind="clock_warned", detail=detail)], by=None, at=at)
    effect = ClockWarned(
        clock_id=clock.pk,
        level=timer.kind,
        late=late,
        subject_kind=clock.subject_kind,
        subject_id=clock.subject_id,
        clock_kind=clock.kind,
        department=clock.department,
        due_at=clock.due_at or timer.due_at,
    )
    effects_committed.send(sender=Clock, root=root, effects=(effect,), by=None, at=at)


def _fire_in_process(root: Run, timer: Timer, at: datetime) -> None:
    """Let a timer event act in its run, or tell that a task is past its own limit."""
    place = {"node": timer.payload["node"], "round": timer.payload["round"]}
    run_id = timer.payload["run_id"]
    run = root if run_id == root.pk else Run.objects.get(pk=run_id)
    step = Transition(root, by=None, at=at, since=timer.due_at)
    if timer.kind == EVENT:
        step.note(run, "timer_fired", **place)
        step.push(run, Triggered(**place, fired=timer.round - 1))
    else:
        task = Task.objects.get(run=run, **place)
        step.note(run, "task_overdue", **place, late=at - timer.due_at > LATE_AFTER)
        step.tell(TaskOverdue(task=task))
    step.commit()


@transaction.atomic
def _postpone(timer: Timer, error: Exception, at: datetime) -> bool:
    """Note a failure for later; False when somebody else holds the root now and the next sweep must see to it."""
    if try_lock_root(timer.root_id) is None:
        return False
    timer.refresh_from_db()
    if timer.fired_at is not None or timer.cancelled_at is not None:
        return True
    timer.postponed_until = at + BACKOFF[min(timer.failures, len(BACKOFF) - 1)]
    timer.failures += 1
    timer.last_error = type(error).__name__  # the class only: a message may hold personal data
    timer.save(update_fields=["failures", "postponed_until", "last_error"])
    return True

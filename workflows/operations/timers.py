"""Fire timers. A timer fires once, at or after its instant, whoever sweeps and however often."""

from __future__ import annotations

import logging
import time
import traceback
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from workflows.engine.events import Triggered
from workflows.enums import RunState
from workflows.models import Run, Task, Timer
from workflows.operations.firing import LATE_AFTER, due_of_roots, fire_thresholds
from workflows.operations.locking import anything_due, claim_roots_with_due_timers, try_lock_root
from workflows.operations.node_timers import EVENT, SUBJECT
from workflows.operations.thresholds import SWEEP_TASK
from workflows.operations.transition import Transition
from workflows.signals import TaskOverdue
from workflows.wake import wake

log = logging.getLogger(__name__)

#: Pauses after a timer's first, second … failure; then the last one again and again.
BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120))
#: A Celery task has 240 seconds; a sweep that is not done by then asks for another.
SWEEP_SECONDS = 180.0
#: How long a step should hold its cases; whoever works on one of them waits so long at most.
STEP_SECONDS = 0.4
FEWEST, MOST = 100, 1000


def due_timers(at: datetime) -> QuerySet[Timer]:
    """Return the timers that must fire by `at`, the earliest first."""
    waiting = Timer.objects.filter(fired_at__isnull=True, cancelled_at__isnull=True, due_at__lte=at)
    waiting = waiting.filter(Q(postponed_until__isnull=True) | Q(postponed_until__lte=at))
    # What the drawing says waits while a case is suspended; the law's limits do not.
    return waiting.exclude(subject_kind=SUBJECT, root__state=RunState.SUSPENDED).order_by("due_at", "id")


def sweep_timers(*, at: datetime, seconds: float = SWEEP_SECONDS) -> int:
    """Fire the timers due at `at` until none is left or the time is spent, and return how many this sweep fired.

    seconds: after which no further step begins. Any number of sweeps may run at once: each step claims the roots of
    some hundred timers, the earliest due, in one short transaction; a root that somebody else holds is left to the
    next sweep, and so are its later timers, which keeps every case's timers in order.
    Effects per timer: fired_at, history, and the consequences of its rule or what the process does at that boundary.
    A failure is logged, kept on the row, tried again later, and stops no other timer. While much is due, another
    worker is woken to help.
    """
    sweep = _Sweep(at)
    until = time.monotonic() + seconds
    while sweep.step():
        if time.monotonic() >= until:
            wake(SWEEP_TASK)
            break
    return sweep.fired


class _Sweep:
    """One sweep: how many fired, which roots it left to the next one, and how many roots a step takes."""

    def __init__(self, at: datetime) -> None:
        self.at, self.fired, self.size = at, 0, 2 * FEWEST
        self._left: set[int] = set()
        self._called = False

    def step(self) -> bool:
        """Claim some roots and fire what they have due; False when there was nothing to claim."""
        if not anything_due(self.at):
            return False
        began, roots = time.monotonic(), dict[int, Run]()
        try:
            with transaction.atomic():
                roots = claim_roots_with_due_timers(self.at, self.size, self._left)
                fired, alone = self._fire_together(roots)
            self.fired += fired
        except Exception as error:
            if not roots:
                raise
            # One case that fails must not keep the others waiting: each of them by itself then.
            log.warning("sweep step failed", extra={"roots": len(roots), "error": type(error).__name__})
            alone = list(roots)
        for root_id in alone:
            self._fire_alone(root_id)
        self._call_for_help(len(roots))
        self._fit(len(roots), time.monotonic() - began)
        return bool(roots)

    def _fire_together(self, roots: dict[int, Run]) -> tuple[int, list[int]]:
        """Fire the timers of roots that only clocks wait for; return how many, and which roots the process waits in."""
        if not roots:
            return 0, []
        due = due_of_roots(list(roots), self.at)
        drawn = {timer.root_id for timer in due if not timer.of_clock}
        fired = fire_thresholds(roots, [timer for timer in due if timer.root_id not in drawn], self.at)
        return fired, sorted(drawn)

    def _fire_alone(self, root_id: int) -> None:
        """Fire one root's timers one by one, each in a transaction of its own."""
        while True:
            timer: Timer | None = None
            try:
                with transaction.atomic():
                    root = try_lock_root(root_id)
                    timer = due_timers(self.at).filter(root=root_id).first() if root is not None else None
                    if root is None:
                        self._left.add(root_id)
                    if root is None or timer is None:
                        return
                    _fire(root, timer, self.at)
                self.fired += 1
            except Exception as error:
                if timer is None:
                    raise
                _complain(timer, error)
                if not _postpone(timer, error, self.at):
                    self._left.add(root_id)
                    return

    def _call_for_help(self, claimed: int) -> None:
        if claimed >= self.size and not self._called:
            self._called = True
            wake(SWEEP_TASK)

    def _fit(self, claimed: int, took: float) -> None:
        """Take so many roots next time that a step lasts about as long as it should."""
        if claimed >= self.size or took > STEP_SECONDS:
            fitting = int(self.size * min(2.0, STEP_SECONDS / max(took, 0.001)))
            self.size = max(FEWEST, min(MOST, fitting))


def _fire(root: Run, timer: Timer, at: datetime) -> None:
    if timer.subject_kind != SUBJECT:
        due = [one for one in due_of_roots([root.pk], at) if one.of_clock]
        fire_thresholds({root.pk: root}, due, at, most=1)
        return
    timer.fired_at = at
    timer.save(update_fields=["fired_at"])
    _fire_in_process(root, timer, at)


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


def _complain(timer: Timer, error: Exception) -> None:
    # Where, not what: an error's message may hold personal data, a database's even the whole row.
    where = traceback.format_tb(error.__traceback__)
    about = {"timer": timer.pk, "kind": timer.kind, "error": type(error).__name__, "where": where}
    log.error("timer failed", extra=about)


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

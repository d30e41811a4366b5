"""Celery entries: wake up, one operation."""

from __future__ import annotations

from celery import shared_task

from workflows.operations.jobs import run_due_jobs
from workflows.operations.messages import deliver_messages, start_due_runs
from workflows.operations.recomputation import recompute
from workflows.operations.thresholds import follow_threshold_rules
from workflows.operations.timers import sweep_timers
from workflows.operations.watch import note_standstills, record_progress
from workflows.queries.calendars import database_now
from workflows.queries.watch import CANARY

#: Sweep and this together stay below the soft limit of a task.
FOLLOW_SECONDS = 30.0


@shared_task(name="workflows.tasks.sweep_timers_task")
def sweep_timers_task() -> None:
    """Fire the timers that are due by PostgreSQL's clock; let clocks follow rules that were published meanwhile."""
    sweep_timers(at=database_now())
    follow_threshold_rules(at=database_now(), seconds=FOLLOW_SECONDS)


@shared_task(name="workflows.tasks.run_due_jobs_task")
def run_due_jobs_task() -> None:
    """Carry out the service tasks that are due by PostgreSQL's clock."""
    run_due_jobs(at=database_now())


@shared_task(name="workflows.tasks.deliver_messages_task")
def deliver_messages_task() -> None:
    """Deliver messages and signals, and start the processes that are due, by PostgreSQL's clock."""
    now = database_now()
    deliver_messages(at=now)
    start_due_runs(at=now)


@shared_task(name="workflows.tasks.recompute_clocks_task")
def recompute_clocks_task() -> None:
    """Recompute open clocks for calendars that changed, slice by slice."""
    recompute(now=database_now)


@shared_task(name="workflows.tasks.canary_task")
def canary_task() -> None:
    """Show that a message still gets from beat through the broker and a worker to the database."""
    record_progress(name=CANARY, at=database_now())


@shared_task(name="workflows.tasks.note_standstills_task")
def note_standstills_task() -> None:
    """Look for cases that nothing will move any more."""
    note_standstills(at=database_now())

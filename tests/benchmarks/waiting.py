"""Clocks with timers by the hundred thousand: one of each is made by the program, the others are copies of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.benchmarks.filling import continue_numbers, copy_rows, settle, unguarded, without_indexes
from tests.factories.clocks import RunFactory, at, running_clock
from workflows.models import Clock, Run, Timer

#: When clocks began, and when what waits is due: long before any clock that is read while measuring.
BEGAN, DUE = at("2026-09-21 10:00"), at("2026-10-08 17:00")
#: Numbers of copies begin above every number that the program gave.
FIRST = 1_000


def seed(subject_kind: str = "bench") -> Clock:
    """Start one clock, as the program does."""
    return running_clock(RunFactory.create(), subject_kind=subject_kind, started=f"{BEGAN:%Y-%m-%d %H:%M}")


def copy_clocks(clock: Clock, count: int) -> None:
    """Copy a clock and its run; the history of each copy begins anew."""
    key = f"{FIRST} + n"
    bare = {"history_length": "0", "history_head": r"'\x'::bytea"}
    with unguarded():
        numbers = f"generate_series(0, {count - 1}) n where o.id = "
        copy_rows(Run, {"id": key, "subject_id": key, **bare}, f"workflows_run o, {numbers}{clock.root_id}")
        changed = {"id": key, "root_id": key, "subject_id": key}
        copy_rows(Clock, changed, f"workflows_clock o, {numbers}{clock.pk}")
    for model in (Run, Clock):
        continue_numbers(model)


def copy_timers(timer: Timer, count: int, clocks: int, *, due: str, round: str = "1", fired: str = "null") -> None:
    """Copy a timer for the clocks in turn. due, round, fired: SQL in which `n` counts from 0."""
    clock = f"{FIRST} + n % {clocks}"
    changed = {
        "id": "(select coalesce(max(id), 0) from workflows_timer) + 1 + n",
        "root_id": clock,
        "subject_id": clock,
        "round": round,
        "due_at": due,
        "fired_at": fired,
        "cancelled_at": "null",
    }
    with unguarded(), without_indexes(Timer):
        numbers = f"generate_series(0, {count - 1}) n where o.id = {timer.pk}"
        copy_rows(Timer, changed, f"workflows_timer o, {numbers}")
    continue_numbers(Timer)


def instant(moment: datetime, step: timedelta = timedelta(), every: int = 1) -> str:
    """Return SQL for an instant that moves on by `step` after `every` copies."""
    return f"timestamptz '{moment.isoformat()}' + (n / {every}) * interval '{step.total_seconds()} seconds'"


__all__ = ["BEGAN", "DUE", "FIRST", "copy_clocks", "copy_timers", "instant", "seed", "settle"]

"""Recompute the timers that a drawing sets in working or calendar days: limits of tasks and timer events."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from workflows.clocks import OutsideCalendarError, WorkingCalendar
from workflows.enums import LimitUnit
from workflows.models import RecomputationSlice, Run, Timer
from workflows.operations.history import record_of_roots
from workflows.operations.locking import lock_free_roots
from workflows.operations.node_timers import LIMIT, after
from workflows.queries.calendars import calendar_for, home_region
from workflows.queries.definitions import graph_of
from workflows.signals import due_days_moved

log = logging.getLogger(__name__)

#: A limit counts from the opening of its task, a timer event from the instant it names itself.
_READ = """select t.id, t.root_id, t.kind, r.id, r.definition_id, t.payload ->> 'node', coalesce(
 (t.payload ->> 'since')::timestamptz, task.opened_at), t.due_at, task.id, r.subject_kind, r.subject_id
 from workflows_timer t join workflows_run r on r.id = (t.payload ->> 'run_id')::bigint
 left join workflows_task task on t.kind = 'limit' and task.run_id = r.id and task.node = t.payload ->> 'node'
 and task.round = (t.payload ->> 'round')::int
 where t.subject_kind = 'node' and t.fired_at is null and t.cancelled_at is null and t.id"""
_RANGE, _KEYS = " between %s and %s", " = any(%s)"
_MOVE = """update workflows_timer t set due_at = x.due_at from unnest(%s::bigint[], %s::timestamptz[]) x(id, due_at)
 where t.id = x.id"""
#: What presses most, as it is copied when a task opens: its own limit, or a running clock of what it is about.
_TASKS = """update workflows_task t set due_at = least(x.due_at, (select min(c.due_at) from workflows_clock c
 where c.subject_kind = t.subject_kind and c.subject_id = t.subject_id and c.stopped_at is null))
 from unnest(%s::bigint[], %s::timestamptz[]) x(id, due_at) where t.id = x.id and t.state in ('ready', 'claimed')"""


class _Row(NamedTuple):
    """A timer that waits, and from when it counts."""

    id: int
    root_id: int
    kind: str
    run_id: int
    definition_id: int
    node: str
    since: datetime | None
    due_at: datetime
    task_id: int | None
    subject_kind: str
    subject_id: str


def recompute_timer_slice(part: RecomputationSlice, *, at: datetime) -> list[int]:
    """Recompute the drawn timers of a slice; returns those whose case is held now. They count in the home region.

    Effects: the slice's counts; per timer that moved its instant, what its task is due by, and history.
    """
    which, keys = (_KEYS, [part.left]) if part.left is not None else (_RANGE, [part.first, part.last])
    rows, calendar = _read(which, keys), calendar_for(home_region())
    if part.left is None:
        part.looked_at = len(rows)
    found = list(_changes(rows, calendar))
    roots = lock_free_roots(row.root_id for row, _ in found)
    ours = [row.id for row, _ in found if row.root_id in roots]
    changed = list(_changes(_read(_KEYS, [ours]), calendar)) if ours else []
    if changed:
        _write(changed, roots, at)
    days = [(row.due_at.astimezone(calendar.zone).date(), due.astimezone(calendar.zone).date()) for row, due in changed]
    part.changed += len(changed)
    part.moved += sum(before != after for before, after in days)
    return [row.id for row, _ in found if row.root_id not in roots]


def _read(which: str, keys: list[Any]) -> list[_Row]:
    with connection.cursor() as cursor:
        cursor.execute(f"{_READ} {which} order by t.id", keys)
        return [_Row(*row) for row in cursor.fetchall()]


def _changes(rows: Iterable[_Row], calendar: WorkingCalendar) -> Iterator[tuple[_Row, datetime]]:
    """Yield the timers that are due at another instant than they stand at, with that instant."""
    for row in rows:
        node = graph_of(row.definition_id).nodes[row.node]
        span = node.limit if row.kind == LIMIT else node.timer and node.timer.span
        if not span or span.unit not in LimitUnit.values or row.since is None:
            continue  # seconds and fixed dates know no calendar
        try:
            due_at = after(span, row.since, calendar)
        except OutsideCalendarError:
            log.error("timer beyond its calendar", extra={"timer": row.id})
            continue
        if due_at != row.due_at:
            yield row, due_at


def _write(changed: Sequence[tuple[_Row, datetime]], roots: Mapping[int, Run], at: datetime) -> None:
    of_tasks = [(row.task_id, due_at) for row, due_at in changed if row.task_id is not None]
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, [[row.id for row, _ in changed], [due_at for _, due_at in changed]])
        cursor.execute(_TASKS, [[key for key, _ in of_tasks], [due_at for _, due_at in of_tasks]])
    subjects = [(row.subject_kind, row.subject_id) for row, _ in changed if row.task_id is not None]
    due_days_moved.send(sender=Timer, changes=(), subjects=subjects, at=at)
    record_of_roots([(roots[row.root_id], "timer_recomputed", _detail(row, due_at)) for row, due_at in changed], at=at)


def _detail(row: _Row, due_at: datetime) -> dict[str, Any]:
    instants = {"before": row.due_at.isoformat(), "after": due_at.isoformat()}
    return {"run": row.run_id, "node": row.node, **instants}

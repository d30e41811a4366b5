"""The lock of a case is the row of its root run: one lock, taken first, so that nothing deadlocks and joins are safe.

Without it nearly every pair of last branches that finish together loses its join, and so does a lock taken after the
rows were read (`tests/workflows/operations/test_join_race.py`). Every action begins here, so the statements are written
by hand: one round trip, and a quarter of the processor time of a composed one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models

from workflows.models import ProcessDefinition, Run, Task
from workflows.queries.calendars import home_region

#: NO KEY: rows that refer to the run can be written meanwhile.
_ROOT = "select * from workflows_run where id = %s for no key update"
_ROOT_OF_JOB = (
    "select * from workflows_run where id = (select root_id from workflows_job where id = %s) for no key update"
)


def lock_root(root_id: int) -> Run:
    """Lock and return a root run's row. Call it before reading anything the operation relies on.

    Does not hinder foreign keys to the row (FOR NO KEY UPDATE). Raises Run.DoesNotExist; needs a transaction.
    """
    return _only(_ROOT, root_id)


def lock_root_of_job(job_id: int) -> Run:
    """Lock and return the root run of a job, as `lock_root`. A job never changes its root."""
    return _only(_ROOT_OF_JOB, job_id)


def lock_root_of_run(run_id: int) -> Run:
    """Lock and return the root of any run, as `lock_root`. A run never changes its root."""
    return lock_root(Run.objects.values_list("root_id", flat=True).get(pk=run_id) or run_id)


def try_lock_root(root_id: int) -> Run | None:
    """Lock a root run's row if nobody holds it, else return None at once: for sweeps that come round again."""
    return next(iter(Run.objects.raw(f"{_ROOT} skip locked", [root_id])), None)


#: The earliest due come first, but they are locked in ascending order, and what somebody holds is passed over. More are
#: looked at than taken, so that several sweeps at once find work for each. Only what a sweep needs is read of each run.
_WITH_DUE_TIMERS = """
with due as materialized (
    select timer.root_id from workflows_timer timer join workflows_run root on root.id = timer.root_id
    where timer.fired_at is null and timer.cancelled_at is null and timer.due_at <= %s
        and (timer.postponed_until is null or timer.postponed_until <= %s)
        and not (timer.subject_kind = 'node' and root.state = 'suspended') and timer.root_id <> all(%s)
    order by timer.due_at, timer.id limit %s
)
select id, history_length, history_head from workflows_run where id in (select root_id from due)
order by id limit %s for no key update skip locked
"""
SWEEPERS = 6
_FREE = """
select id, history_length, history_head from workflows_run where id = any(%s) order by id for no key update skip locked
"""
#: What every sweep asks first, since nearly always nothing is due: one round trip and no transaction.
_ANYTHING_DUE = """
select exists (select from workflows_timer where fired_at is null and cancelled_at is null and due_at <= %s
    and (postponed_until is null or postponed_until <= %s))
"""


def anything_due(at: datetime) -> bool:
    """Tell whether a timer may have to fire by `at`; of a suspended case, its drawn timers are counted as well."""
    with connection.cursor() as cursor:
        cursor.execute(_ANYTHING_DUE, [at, at])
        (found,) = cursor.fetchone()
    return bool(found)


def claim_roots_with_due_timers(at: datetime, most: int, passed: Iterable[int]) -> dict[int, Run]:
    """Lock up to `most` root runs that have timers due by `at` and that nobody holds; return them by key.

    passed: roots not to be taken. Only the columns of the history are read. Never waits; needs a transaction.
    """
    values = [at, at, list(passed), most * SWEEPERS, most]
    return {run.pk: run for run in Run.objects.raw(_WITH_DUE_TIMERS, values)}


def lock_free_roots(root_ids: Iterable[int]) -> dict[int, Run]:
    """Lock those of many root runs that nobody holds, without waiting, and return them by key, as they are claimed."""
    return {run.pk: run for run in Run.objects.raw(_FREE, [sorted(set(root_ids))])}


def _only(statement: str, key: int) -> Run:
    found = next(iter(Run.objects.raw(statement, [key])), None)
    if found is None:
        raise Run.DoesNotExist
    return found


class _Columns:
    """The columns of a model in a hand-made SELECT, and the way from a row back to an instance."""

    def __init__(self, model: type[models.Model], alias: str, *, without: Sequence[str] = ()) -> None:
        fields = [field for field in model._meta.concrete_fields if field.name not in without]
        self.model = model
        self.names = [field.attname for field in fields]
        self.text = ", ".join(f"{alias}.{field.column}" for field in fields)
        # Django lets its driver hand these on as text; the text type `json` the driver reads by itself.
        self._documents = [place for place, field in enumerate(fields) if field.db_type(connection) == "jsonb"]

    def instance(self, row: Sequence[Any]) -> Any:
        values = list(row[: len(self.names)])
        for place in self._documents:
            values[place] = json.loads(values[place])
        return self.model.from_db(connection.alias, self.names, values)


_CALENDAR = "(select id from workflows_calendarversion where region = %s order by number desc limit 1)"
_ROOTS, _RUNS, _TASKS = _Columns(Run, "root"), _Columns(Run, "run"), _Columns(Task, "task")
#: The root is named first, so it is locked first; rows that changed while we waited for it are read again, and all
#: three come as they are now (PostgreSQL: EvalPlanQual).
_TASK = f"""select {_ROOTS.text}, {_RUNS.text}, {_TASKS.text}, {_CALENDAR}
 from workflows_run root join workflows_task task on task.root_id = root.id
 join workflows_run run on run.id = task.run_id where task.id = %s for no key update of root, run, task"""  # noqa: S608
_DEFINITIONS = _Columns(ProcessDefinition, "definition", without=["source"])
_PUBLISHED = f"""select {_DEFINITIONS.text}, nextval(pg_get_serial_sequence('workflows_run', 'id')), {_CALENDAR}
 from workflows_processdefinition definition where key = %s and state = 'published'"""  # noqa: S608


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedTask:
    """A task as it is under its root's lock, `root` and `run` in place. calendar: the newest version's id, if any."""

    task: Task
    root: Run
    calendar: int | None


def lock_task(task_id: int) -> LockedTask:
    """Lock a task's root, then its run and itself, and return them. Raises Task.DoesNotExist; needs a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_TASK, [home_region(), task_id])
        row = cursor.fetchone()
    if row is None:
        raise Task.DoesNotExist
    width = len(_ROOTS.names)
    root, task = _ROOTS.instance(row), _TASKS.instance(row[2 * width :])
    task.root, task.run = root, root if task.run_id == root.pk else _RUNS.instance(row[width:])
    return LockedTask(task=task, root=root, calendar=row[-1])


@dataclass(frozen=True, kw_only=True, slots=True)
class NewRun:
    """What a run begins with: its definition, the key it will have, and the newest calendar version's id, if any."""

    definition: ProcessDefinition
    key: int
    calendar: int | None


def reserve_run(process_key: str) -> NewRun | None:
    """Return a process's published definition with the key of a new run of it, None when none is published."""
    with connection.cursor() as cursor:
        cursor.execute(_PUBLISHED, [home_region(), process_key])
        row = cursor.fetchone()
    if row is None:
        return None
    return NewRun(definition=_DEFINITIONS.instance(row), key=row[-2], calendar=row[-1])


def next_run_key() -> int:
    """Return the key that the next run will have."""
    with connection.cursor() as cursor:
        cursor.execute("select nextval(pg_get_serial_sequence('workflows_run', 'id'))")
        (key,) = cursor.fetchone()
    return int(key)

"""One department's 50 most urgent open tasks, among a million open ones and ten million closed ones."""

from __future__ import annotations

import re
import time
from statistics import median

from django.db import connection

from tests.benchmarks.cases import NOW, Engine
from tests.benchmarks.figure import Figure, Size
from tests.benchmarks.filling import copy_rows, settle, unguarded, without_indexes
from tests.benchmarks.ground import Ground
from workflows.enums import TaskState
from workflows.models import Task
from workflows.queries.tasks import tasks_of_posts

DEPARTMENTS = 100
ROWS = 50
#: Due within ten days, in no order.
DUE = f"timestamptz '{NOW.isoformat()}' + (hashint8(n) % 864000) * interval '1 second'"


def measure(ground: Ground, size: Size) -> Figure:
    """Fill the table, then ask for the first page of 50 posts, one after the other."""
    with ground.fresh_database(), Engine().told() as engine:
        task = engine.opened(engine.start(1))[0]
        _fill(task, size)
        plan = tasks_of_posts([_post(1)])[:ROWS].explain(analyze=True, buffers=True)
        rounds = [[_asked(number) for number in range(DEPARTMENTS // 2)] for _ in range(size.rounds)]
        used = re.findall(r"Index (?:Only )?Scan(?: Backward)? using (\w+)", plan)
        partial = bool(used) and all(map(_is_partial, used)) and "Seq Scan" not in plan
    return Figure(
        name="inbox",
        title=f"50 most urgent open tasks of {size.open_tasks:,} open and {size.closed_tasks:,} closed",
        unit="ms",
        value=median(one for took in rounds[1:] for one in took),
        must=5,
        hope=2,
        holds=partial,
        rounds={"median": [round(median(took), 2) for took in rounds]},
        detail={"slowest_ms": round(max(map(max, rounds)), 2), "indexes": used, "plan": plan.splitlines()},
    )


def _post(number: int) -> tuple[str, str]:
    return f"D{number % DEPARTMENTS}", ("handler", "checker")[number // DEPARTMENTS % 2]


def _asked(number: int) -> float:
    began = time.perf_counter()
    rows = list(tasks_of_posts([_post(number)])[:ROWS])
    took = (time.perf_counter() - began) * 1000
    assert len(rows) == ROWS
    return took


def _fill(task: Task, size: Size) -> None:
    """Copy a task as often as asked; open ones lie among the closed ones, as in life."""
    every = size.closed_tasks // size.open_tasks + 1
    changed = {
        "id": "1000 + n",
        "round": "1000 + n",
        "department": f"'D' || n % {DEPARTMENTS}",
        "role": f"(array['handler', 'checker'])[1 + n / {DEPARTMENTS} % 2]",
        "due_at": DUE,
        "state": f"case when n % {every} = 0 then '{TaskState.READY}' else '{TaskState.DONE}' end",
        "closed_at": f"case when n % {every} <> 0 then timestamptz '{NOW.isoformat()}' end",
    }
    with without_indexes(Task), unguarded():
        numbers = f"generate_series(1, {size.open_tasks + size.closed_tasks}) n where o.id = {task.pk}"
        copy_rows(Task, changed, f"workflows_task o, {numbers}")
    settle()


def _is_partial(index: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select indpred is not null from pg_index where indexrelid = %s::regclass", [index])
        return bool(cursor.fetchone()[0])

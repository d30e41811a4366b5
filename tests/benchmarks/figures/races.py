"""Five departments that complete their tasks at the same instant: how long until all are answered, and is all right."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

from django.db import connection

from tests.benchmarks.cases import Engine
from tests.benchmarks.drawing import DEPARTMENTS
from tests.benchmarks.figure import Figure, Size
from tests.benchmarks.ground import Ground
from workflows.enums import OPEN_TASK_STATES
from workflows.models import HistoryEvent, Task

PATIENCE = 60.0
BATCH = 50
WARM_UP = 5


def measure(ground: Ground, size: Size) -> Figure:
    """Race, then count in the database what became of every case."""
    took: list[float] = []
    with ground.fresh_database(), Engine().told() as engine, _departments(engine) as departments:
        for first in range(1, WARM_UP + size.races + 1, BATCH):
            numbers = range(first, min(first + BATCH, WARM_UP + size.races + 1))
            runs = [engine.start(number) for number in numbers]
            took += [departments.race(engine.opened(run)) for run in runs]
        counted = _faults(WARM_UP + size.races, departments.errors)
    took = took[WARM_UP:]
    batches = [median(took[start : start + BATCH]) for start in range(0, len(took), BATCH)]
    return Figure(
        name="races",
        title="5 departments completing at the same instant, all answered",
        unit="ms",
        value=median(took),
        must=40,
        hope=20,
        holds=not any(counted.values()),
        rounds={f"median_per_{BATCH}": [round(value, 1) for value in batches]},
        detail={
            **counted,
            "races": len(took),
            "p95_ms": round(sorted(took)[math.ceil(0.95 * len(took)) - 1], 1),
            "slowest_ms": round(max(took), 1),
            "errors": departments.errors[:3],
        },
    )


class _Departments:
    """Threads with connections of their own that wait for a task each and are let go together."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.errors: list[str] = []
        self._gate = threading.Barrier(len(DEPARTMENTS) + 1, timeout=PATIENCE)
        self._answered = threading.Barrier(len(DEPARTMENTS) + 1, timeout=PATIENCE)
        self._tasks: Sequence[Task] | None = None
        self._ends = [0.0] * len(DEPARTMENTS)
        self._threads = [threading.Thread(target=self._work, args=(place,)) for place in range(len(DEPARTMENTS))]
        for thread in self._threads:
            thread.start()

    def race(self, tasks: Sequence[Task]) -> float:
        """Return the milliseconds from the common start to the last answer."""
        self._tasks = tasks
        began = time.perf_counter()
        self._gate.wait()
        self._answered.wait()
        return (max(self._ends) - began) * 1000

    def close(self) -> None:
        self._tasks = None
        self._gate.wait()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _work(self, place: int) -> None:
        connection.ensure_connection()
        try:
            while True:
                self._gate.wait()
                if self._tasks is None:
                    return
                self._complete(self._tasks[place])
                self._ends[place] = time.perf_counter()
                self._answered.wait()
        finally:
            connection.close()

    def _complete(self, task: Task) -> None:
        try:
            self.engine.complete(task)
        except Exception as error:  # whatever it is, this department was not answered
            self.errors.append(repr(error))


@contextmanager
def _departments(engine: Engine) -> Iterator[_Departments]:
    departments = _Departments(engine)
    try:
        yield departments
    finally:
        departments.close()


def _faults(races: int, errors: Sequence[str]) -> dict[str, Any]:
    joins = Counter(HistoryEvent.objects.filter(kind="joined").values_list("root_id", flat=True))
    approvals = Counter(
        Task.objects.filter(node="approve", state__in=OPEN_TASK_STATES).values_list("root_id", flat=True)
    )
    return {
        "lost": races - len(joins.keys() & approvals.keys()),
        "doubled": sum(joins[run] > 1 or approvals[run] > 1 for run in joins.keys() | approvals.keys()),
        "unanswered": len(errors),
    }

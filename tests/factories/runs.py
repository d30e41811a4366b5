"""Published processes and runs about a subject that no service knows, so that only the engine acts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from tests.factories.clocks import at
from tests.factories.processes import bpmn, exclusive, graph, parallel, user_task
from workflows.engine.graph import Graph
from workflows.enums import DefinitionState
from workflows.models import ProcessDefinition, Run, Task
from workflows.operations.definitions import publish_process
from workflows.operations.runs import start_run

NOW = at("2026-09-29 10:00")
PATIENCE = 60.0  # seconds: far beyond any lock's wait, so that a hanging thread fails a test instead of the suite

#: Two branches and a join: each branch is one task.
TWO_BRANCHES = graph(
    (parallel("split"), parallel("join"), user_task("left"), user_task("right")),
    "start > split > left > join > end",
    "split > right > join",
    key="two-branches",
)
#: A task that may be done again and again.
ONE_TASK = graph(
    (exclusive("entry"), user_task("work", outcomes=("ok", "again")), exclusive("done", "done>end")),
    "start > entry > work > done > entry",
    "done > end",
    conditions={"done>entry": "outcome.work == 'again'"},
    key="one-task",
)


def publish(drawn: Graph, *, moment: datetime = NOW) -> ProcessDefinition:
    return publish_process(source=bpmn(drawn), at=moment)


def start(drawn: Graph, *, number: int = 1, data: Mapping[str, Any] | None = None, moment: datetime = NOW) -> Run:
    """Publish a graph unless it is, and start a run about ("probe", number)."""
    if not ProcessDefinition.objects.filter(key=drawn.key, state=DefinitionState.PUBLISHED).exists():
        publish(drawn)
    return start_run(
        process_key=drawn.key, subject_kind="probe", subject_id=str(number), data=data or {}, by=None, at=moment
    )


def task(run: Run, node: str, round: int = 1) -> Task:
    return Task.objects.get(run=run, node=node, round=round)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Carry out acts in threads with connections of their own, let go at the same instant; return what each gave.

    An exception is returned in its act's place.
    """
    gate = threading.Barrier(len(acts), timeout=PATIENCE)
    results: list[Any] = [None] * len(acts)

    def carry_out(place: int) -> None:
        try:
            connection.ensure_connection()
            gate.wait()
            results[place] = acts[place]()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=carry_out, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "an act hangs"
    return results

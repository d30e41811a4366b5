"""Back to an earlier step, only where the drawing allows it; other branches go on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.factories.accounts import UserFactory
from tests.factories.processes import boundary, graph, parallel, user_task
from tests.factories.runs import NOW, start, task
from workflows.engine.graph import Flow, Graph, Span
from workflows.enums import RunState, TaskState
from workflows.models import HistoryEvent, Run, Task, Timer
from workflows.operations.history import first_broken_row
from workflows.operations.runs import suspend_run
from workflows.operations.tasks import (
    NotReturnableError,
    RunSuspendedError,
    TaskClosedError,
    TaskHeldError,
    claim_task,
    complete_task,
    return_task,
)

pytestmark = pytest.mark.django_db


def returnable(drawn: Graph, source: str, *targets: str) -> Graph:
    """Return a graph in which a task may be sent back to earlier ones."""
    ways = {f"{source}->{target}": Flow(id=f"{source}->{target}", source=source, target=target) for target in targets}
    nodes = {**drawn.nodes, source: replace(drawn.nodes[source], returns=tuple(ways))}
    for way in ways.values():
        target = nodes[way.target]
        nodes[way.target] = replace(target, incoming=(*target.incoming, way.id))
    return replace(drawn, nodes=nodes, flows={**drawn.flows, **ways})


REVIEW = returnable(
    graph(
        (
            parallel("split"),
            parallel("join"),
            user_task("draft", limit=Span(amount=2, unit="calendar_days")),
            user_task("review", limit=Span(amount=1, unit="calendar_days")),
            boundary("remind", "review", interrupting=False),
            user_task("reminded"),
            user_task("beside"),
        ),
        "start > split > draft > review > join > end",
        "split > beside > join",
        "remind > reminded > end",
        key="reviewing",
    ),
    "review",
    "draft",
)


def test_a_task_sent_back_opens_the_earlier_step_anew_and_leaves_the_others_alone() -> None:
    run, (anna, bert) = start(REVIEW), UserFactory.create_batch(2)
    complete_task(task_id=task(run, "draft").pk, outcome="", by=anna, at=NOW)
    one = task(run, "review").pk
    claim_task(task_id=one, by=bert, at=NOW)
    later = NOW + timedelta(hours=1)
    return_task(task_id=one, to_node="draft", by=bert, at=later)
    return_task(task_id=one, to_node="draft", by=bert, at=later + timedelta(hours=1))
    review = task(run, "review")
    assert (review.state, review.closed_by, review.closed_at, review.outcome) == (
        TaskState.DONE, bert, later, "returned:draft",
    )  # fmt: skip
    assert task(run, "draft", 2).state == task(run, "beside").state == TaskState.READY
    pending = Timer.objects.filter(fired_at=None, cancelled_at=None)
    assert [one.payload["node"] for one in pending] == ["draft"], "what waited for the closed task goes with it"
    complete_task(task_id=task(run, "draft", 2).pk, outcome="", by=anna, at=later)
    complete_task(task_id=task(run, "review", 2).pk, outcome="", by=bert, at=later)
    complete_task(task_id=task(run, "beside").pk, outcome="", by=anna, at=later)
    run = Run.objects.get(pk=run.pk)
    assert (run.state, first_broken_row(run)) == (RunState.ENDED, None)
    (row,) = HistoryEvent.objects.filter(kind="task_returned")
    assert (row.by, row.detail) == (bert, {"node": "review", "round": 1, "to": "draft"})


def test_nobody_sends_a_task_back_where_the_drawing_does_not_allow_it() -> None:
    run, (anna, bert) = start(REVIEW), UserFactory.create_batch(2)
    complete_task(task_id=task(run, "draft").pk, outcome="", by=anna, at=NOW)
    one = task(run, "review").pk
    for node, to in (("beside", "draft"), ("review", "beside"), ("review", "nowhere")):
        with pytest.raises(NotReturnableError, match=f"cannot be sent back to {to}"):
            return_task(task_id=task(run, node).pk, to_node=to, by=anna, at=NOW)
    claim_task(task_id=one, by=bert, at=NOW)
    with pytest.raises(TaskHeldError):
        return_task(task_id=one, to_node="draft", by=anna, at=NOW)
    suspend_run(run_id=run.pk, by=None, at=NOW)
    with pytest.raises(RunSuspendedError):
        return_task(task_id=one, to_node="draft", by=bert, at=NOW)
    assert Task.objects.filter(run=run, node="draft").count() == 1


def test_a_task_that_is_done_is_not_sent_back() -> None:
    run, (anna, bert) = start(REVIEW), UserFactory.create_batch(2)
    complete_task(task_id=task(run, "draft").pk, outcome="", by=anna, at=NOW)
    one = task(run, "review").pk
    return_task(task_id=one, to_node="draft", by=anna, at=NOW)
    for by in (anna, bert):
        with pytest.raises(TaskClosedError):
            complete_task(task_id=one, outcome="", by=by, at=NOW)
    with pytest.raises(TaskClosedError):
        return_task(task_id=one, to_node="draft", by=bert, at=NOW)

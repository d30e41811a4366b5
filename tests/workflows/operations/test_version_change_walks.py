"""Any sound process, anywhere on any way through it: renamed it is the same, and a tail fits behind any path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.factories.processes import connected, user_task, whole_graphs
from tests.factories.runs import NOW, publish, start
from tests.factories.version_changes import CHILD as CALLED
from tests.factories.version_changes import brought_to_the_end, moved_to, renamed, rows
from workflows.actions import ActionContext, ActionResult, _registry, register
from workflows.engine.graph import Flow, Graph, NodeKind
from workflows.engine.verify import check
from workflows.enums import OPEN_TASK_STATES, RunState
from workflows.models import Run, Subscription, Task, Timer
from workflows.operations.jobs import run_due_jobs
from workflows.operations.messages import deliver_messages, send_message
from workflows.operations.tasks import complete_task, return_task
from workflows.operations.timers import sweep_timers
from workflows.operations.version_change import PlanKind
from workflows.queries.definitions import graph_of

pytestmark = pytest.mark.django_db


class Choosing:
    """What the jobs of a walk answer: at random, and in the end whatever leaves every loop."""

    def __init__(self) -> None:
        self.random: Any = None

    def choices(self) -> dict[str, Any]:
        return {f"n{number}": self.random.randrange(4) if self.random else 2 for number in range(60)}


@pytest.fixture(autouse=True)
def chosen() -> Iterator[Choosing]:
    choosing = Choosing()

    @register("probe.act")
    def act(context: ActionContext) -> ActionResult:
        return ActionResult(outcome="ok", data={"answers": {"choice": choosing.choices()}})

    yield choosing
    _registry.pop("probe.act", None)


def _asking(drawn: Graph) -> Graph:
    """Return a random process that may be published: conditions read what cases bring, loops what a task answers."""
    nodes = {
        name: replace(node, kind=NodeKind.MANUAL_TASK, reference="") if node.kind is NodeKind.SEND_TASK else node
        for name, node in drawn.nodes.items()
    }
    return connected(drawn.key, nodes, {name: _asked(drawn, flow) for name, flow in drawn.flows.items()})


def _asked(drawn: Graph, flow: Flow) -> Flow:
    if flow.condition is None:
        return flow
    if flow.target != "end" and int(flow.target[1:]) < int(flow.source[1:]):
        entry = drawn.nodes[flow.target]
        work = drawn.flows[entry.outgoing[0]].target
        return replace(flow, condition=f"outcome.{work} == 'more'")
    return replace(flow, condition=flow.condition.replace("choice.", "answers.choice."))


publishable = whole_graphs.map(_asking).filter(lambda drawn: not check(drawn).problems)


def _with_tail(drawn: Graph) -> Graph:
    flows = {name: replace(flow, target="tail") if flow.target == "end" else flow for name, flow in drawn.flows.items()}
    flows["out"] = Flow(id="out", source="tail", target="end")
    return connected(drawn.key, {**drawn.nodes, "tail": user_task("tail")}, flows)


def _walk(run: Run, user: Any, random: Any, steps: int) -> None:
    """Let up to `steps` things happen to a case, whatever may."""
    at = NOW
    for _ in range(steps):
        below = Run.objects.filter(pk=run.pk) | Run.objects.filter(root=run)
        at += timedelta(hours=1)
        what = random.choice(["task", "task", "task", "job", "message", "timer"])
        tasks = list(Task.objects.filter(run__in=below, state__in=OPEN_TASK_STATES).order_by("pk"))
        if what == "job":
            run_due_jobs(at=at, limit=1)
        elif what == "message" and (waits := Subscription.objects.filter(run__in=below).order_by("?").first()):
            send_message(name=waits.name, key=waits.key, data={"answers": {"choice": {"n1": 1}}}, at=at)
            deliver_messages(at=at)
        elif what == "timer" and (
            timer := Timer.objects.filter(fired_at=None, cancelled_at=None).order_by("due_at").first()
        ):
            at = max(at, timer.due_at)
            sweep_timers(at=at)
        elif tasks:
            _answer(random.choice(tasks), user, random, at)


def _answer(one: Task, user: Any, random: Any, at: Any) -> None:
    ways = graph_of(one.run.definition_id).nodes[one.node].returns
    if ways and random.random() < 0.5:
        return_task(task_id=one.pk, to_node=ways[0].partition("->")[2], by=user, at=at)
    else:
        complete_task(task_id=one.pk, outcome=random.choice(["ok", "more"]), by=user, at=at)


@settings(
    max_examples=50,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=publishable, random=st.randoms(use_true_random=False), steps=st.integers(0, 14))
def test_renamed_it_moves_untouched_and_with_a_tail_it_fits(
    chosen: Choosing, django_user_model: Any, drawn: Graph, random: Any, steps: int
) -> None:
    with transaction.atomic():
        user = django_user_model.objects.create(username="walker")
        chosen.random = random
        publish(CALLED)
        run = start(drawn, data={"reviewers": ["SCJG", "XF", "CG"], "answers": {"choice": chosen.choices()}})
        _walk(run, user, random, steps)
        run = Run.objects.get(pk=run.pk)
        if run.state == RunState.ACTIVE:
            _move_twice(run, drawn)
            chosen.random = None
            assert brought_to_the_end(run, at=NOW + timedelta(days=90)).outcome == "closed"
        transaction.set_rollback(True)


def _move_twice(run: Run, drawn: Graph) -> None:
    before = rows(run)
    answer = moved_to(run, publish(renamed(drawn)))
    assert answer.plan is not None
    assert (answer.plan.kind, answer.moved) == (PlanKind.AUTOMATIC, True)
    after = rows(run)
    assert after["run"][1:4] == before["run"][1:4]
    assert (after["timers"], after["waits"], after["jobs"]) == (before["timers"], before["waits"], before["jobs"])
    answer = moved_to(run, publish(_with_tail(drawn)))
    assert answer.plan is not None
    if before["run"][1].get("outcome") and not answer.moved:
        # What led to the end is over, only a branch beside it goes on: it is too late for a tail.
        assert {reason.element for reason in answer.plan.reasons} == {"tail"}
        return
    assert answer.plan.kind is PlanKind.FAST_FORWARD, [str(reason) for reason in answer.plan.reasons]
    assert rows(run)["run"][1:4] == before["run"][1:4], "what lies ahead changes nothing of where the run stands"
    for name in ("timers", "waits", "jobs"):
        assert rows(run)[name] == before[name]

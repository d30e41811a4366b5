"""Processes in two versions, and runs that are brought to a place and later to their end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tests.factories.accounts import UserFactory
from tests.factories.processes import connected, graph, user_task
from tests.factories.runs import NOW, publish, start
from workflows.engine.graph import Flow, Graph, Node
from workflows.enums import OPEN_TASK_STATES, JobState, RunState
from workflows.models import Job, ProcessDefinition, Run, Subscription, Task, Timer
from workflows.operations.history import first_broken_row
from workflows.operations.jobs import run_due_jobs
from workflows.operations.messages import deliver_messages, send_message
from workflows.operations.tasks import complete_task, return_task
from workflows.operations.timers import sweep_timers
from workflows.operations.version_change import Answer, PlanKind, migrate_run

#: What a process calls whose call activities name nothing else.
CHILD = graph([user_task("one"), user_task("two")], "start > one > two > end", key="probe-child")
EVERY = frozenset(PlanKind)
LATER = NOW + timedelta(hours=3)


def changed(drawn: Graph, **nodes: Mapping[str, Any]) -> Graph:
    """Return a graph of which some nodes have other fields."""
    return connected(
        drawn.key, {**drawn.nodes, **{n: replace(drawn.nodes[n], **f) for n, f in nodes.items()}}, dict(drawn.flows)
    )


def renamed(drawn: Graph) -> Graph:
    """Return a graph of which every element has another name."""
    nodes = {n: replace(node, name_zh=f"新{n}", name_en=f"New {n}") for n, node in drawn.nodes.items()}
    return replace(connected(drawn.key, nodes, dict(drawn.flows)), name_zh="新流程", name_en="New")


def redrawn(
    drawn: Graph, *added: Node, without: Iterable[str] = (), links: Iterable[str] = (), **asked: str | None
) -> Graph:
    """Return a graph with nodes added and others taken away, with their flows. links: "a > b"; "-a > b" cuts one.

    asked: conditions by the flow's name, with `_to_` for its ">".
    """
    gone = set(without)
    nodes = {**{n: node for n, node in drawn.nodes.items() if n not in gone}, **{node.id: node for node in added}}
    flows = {n: flow for n, flow in drawn.flows.items() if not gone & {flow.source, flow.target}}
    for link in links:
        source, target = (part.strip() for part in link.lstrip("-").split(">"))
        name = f"{source}>{target}"
        if link.startswith("-"):
            del flows[name]
        else:
            flows[name] = Flow(id=name, source=source, target=target)
    for written, condition in asked.items():
        name = written.replace("_to_", ">")
        flows[name] = replace(flows[name], condition=condition)
    return connected(drawn.key, nodes, flows)


def done(run: Run, node: str, outcome: str = "", number: int = 1, *, at: datetime = NOW) -> None:
    one = Task.objects.get(run=run, node=node, round=number)
    complete_task(task_id=one.pk, outcome=outcome, by=UserFactory.create(), at=at)


def sent_back(run: Run, node: str, to: str, number: int = 1) -> None:
    one = Task.objects.get(run=run, node=node, round=number)
    return_task(task_id=one.pk, to_node=to, by=UserFactory.create(), at=NOW)


def worked(*, at: datetime = NOW) -> None:
    """Let workers do all jobs."""
    while run_due_jobs(at=at):
        pass


def told(name: str, data: Mapping[str, Any] | None = None, *, at: datetime = NOW) -> None:
    send_message(name=name, data=data, at=at)
    assert deliver_messages(at=at) == 1


def fired(at: datetime) -> None:
    assert sweep_timers(at=at) > 0


def child_of(run: Run) -> Run:
    return Run.objects.get(parent=run)


def open_tasks(run: Run) -> list[str]:
    """Return the open tasks of a run, each written `node#round`."""
    found = Task.objects.filter(run=run, state__in=OPEN_TASK_STATES).order_by("node", "round")
    return [f"{one.node}#{one.round}" for one in found]


def rows(run: Run) -> dict[str, Any]:
    """Return all that a run has in the database: to be compared before and after."""
    run = Run.objects.get(pk=run.pk)
    return {
        "run": (run.definition_id, run.marking, run.learned, run.state, run.version),
        "tasks": list(Task.objects.filter(run=run).order_by("pk").values()),
        "jobs": list(Job.objects.filter(run=run).order_by("pk").values()),
        "timers": list(Timer.objects.filter(payload__run_id=run.pk).order_by("pk").values()),
        "waits": list(Subscription.objects.filter(run=run).order_by("pk").values()),
        "history": Run.objects.get(pk=run.root_key).history_length,
    }


def pending_timers(run: Run) -> dict[str, datetime]:
    """Return the timers of a run that are set, by kind and place."""
    pending = Timer.objects.filter(payload__run_id=run.pk, fired_at=None, cancelled_at=None)
    return {f"{one.kind} {one.payload['node']}#{one.payload['round']}": one.due_at for one in pending}


def brought_to_the_end(run: Run, *, at: datetime = LATER) -> Run:
    """Answer all that a run and those below it wait for, until nothing is open; return it as it is then."""
    below = Run.objects.filter(pk=run.pk) | Run.objects.filter(root=run)
    turn = count()
    for _ in range(400):
        worked(at=at)
        for one in Task.objects.filter(run__in=below, state__in=OPEN_TASK_STATES).order_by("pk")[:1]:
            outcome = "ok" if "ok" in one.outcomes else one.outcomes[0] if one.outcomes else ""
            complete_task(task_id=one.pk, outcome=outcome, by=one.assignee or UserFactory.create(), at=at)
            break
        else:
            waits = list(Subscription.objects.filter(run__in=below).order_by("pk"))
            if not waits:
                break
            one_of_them = waits[next(turn) % len(waits)]  # by turns: some wait for the same again and again
            send_message(name=one_of_them.name, key=one_of_them.key, at=at)
            deliver_messages(at=at)
    run = Run.objects.get(pk=run.pk)
    assert run.state == RunState.ENDED, (run.marking, open_tasks(run))
    assert not Job.objects.filter(run__in=below, state=JobState.QUEUED).exists()
    assert not pending_timers(run)
    assert first_broken_row(Run.objects.get(pk=run.root_key)) is None
    return run


def moved_to(
    run: Run, definition: ProcessDefinition, *, allow: frozenset[PlanKind] = EVERY, at: datetime = LATER
) -> Answer:
    assert definition.version is not None
    return migrate_run(run_id=run.pk, to_version=definition.version, allow=allow, by=None, at=at)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A process before and after, and how a run of the one came to where it is. words: of the reasons, if refused."""

    before: Graph
    after: Graph
    data: Mapping[str, Any] = field(default_factory=dict)
    way: Any = None
    words: tuple[str, ...] = ()

    def begin(self) -> tuple[Run, ProcessDefinition]:
        """Start a run of the old version, bring it on its way, and publish the new version."""
        run = start(self.before, data=self.data)
        if self.way is not None:
            self.way(run)
        return Run.objects.get(pk=run.pk), publish(self.after)

"""Random sound processes carried out on a real database, side by side with the pure step in memory.

The same events go both ways. After each step the markings are equal, the open rows are those the marking asks for, and
the history holds; at the end the case's story, told again from its history alone, ends at the same markings.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from portal.accounts.models import User
from tests.factories.accounts import UserFactory
from tests.factories.processes import exclusive, finish, graph, throw, user_task, whole_graphs
from tests.factories.runs import NOW, publish
from workflows.actions import ActionResult, _registry, register
from workflows.engine import events
from workflows.engine.advance import advance
from workflows.engine.graph import Graph, NodeKind, Trigger
from workflows.engine.marking import is_carried_out
from workflows.engine.state import Activity, State
from workflows.engine.verify import Report
from workflows.enums import OPEN_RUN_STATES, OPEN_TASK_STATES, JobState, RunState
from workflows.models import HistoryEvent, Job, Message, Run, Subscription, Task, Timer
from workflows.operations import definitions
from workflows.operations.history import first_broken_row
from workflows.operations.jobs import run_due_jobs, run_job
from workflows.operations.messages import deliver_messages, send_message, send_signal
from workflows.operations.runs import cancel_run, resume_run, start_run, suspend_run
from workflows.operations.tasks import RunSuspendedError, complete_task, return_task
from workflows.operations.timers import sweep_timers
from workflows.queries.definitions import graph_of

pytestmark = pytest.mark.django_db
#: After as many steps a walk is ended from outside.
STEPS = 25
DATA = {"reviewers": ["SCJG", "XF", "CG"]}
#: What the child that processes call may answer: it ends, fails, or escalates and ends.
CHILD = graph(
    (
        user_task("work", outcomes=("well", "failed", "loud")),
        exclusive("x", "x>end"),
        finish("failed", Trigger.ERROR, "E1"),
        throw("loud", Trigger.ESCALATION, "X1"),
    ),
    "start > work > x > end",
    "x > failed",
    "x > loud > end",
    conditions={"x>failed": "outcome.work == 'failed'", "x>loud": "outcome.work == 'loud'"},
    key="probe-child",
)
#: Where a run stands in the tree of a case: the steps down from its root, each the activity that called it.
Place = tuple[Activity, ...]


@dataclass
class InMemory:
    """A case and its children, moved by `advance` alone."""

    root: Graph
    child: Graph
    states: dict[Place, State] = field(default_factory=dict)
    heard: list[tuple[Place, events.Event]] = field(default_factory=list)

    def drawn(self, place: Place) -> Graph:
        return self.child if place else self.root

    def send(self, place: Place, event: events.Event) -> None:
        self.heard.append((place, event))
        queue = deque([(place, event)])
        while queue:
            where, happening = queue.popleft()
            after, effects = advance(self.drawn(where), self.states[where], happening)
            marking, data = json.loads(json.dumps([after.to_json(), dict(after.data)]))
            self.states[where] = State.from_json(marking, data)
            queue.extend(self._follow(where, effects, happening))

    def _follow(
        self, where: Place, effects: tuple[events.Effect, ...], cause: events.Event
    ) -> Iterator[tuple[Place, events.Event]]:
        taken = {(one.node, one.round) for one in effects if isinstance(one, events.ActivityCancelled)}
        outcome = cause.outcome if isinstance(cause, events.Cancelled) else "cancelled"
        for one in sorted(taken):
            if (*where, one) in self.states:
                yield (*where, one), events.Cancelled(outcome=outcome)
        for effect in effects:
            match effect:
                case events.ChildCalled() if (effect.node, effect.round) not in taken:
                    called = (*where, (effect.node, effect.round))
                    self.states[called] = State(data={"answers": {}})
                    yield called, events.Started()
                case events.RunEnded() if where and effect.error:
                    yield where[:-1], events.Failed(node=where[-1][0], round=where[-1][1], code=effect.error)
                case events.RunEnded() if where:
                    yield where[:-1], events.Completed(node=where[-1][0], round=where[-1][1], outcome=effect.outcome)
                case events.Thrown(trigger=Trigger.ESCALATION) if where:
                    yield where[:-1], events.Escalated(node=where[-1][0], round=where[-1][1], code=effect.name)


def place_of(run: Run) -> Place:
    return () if run.parent is None else (*place_of(run.parent), (run.parent_node, run.parent_round))


class Walk:
    """One case on the database and in memory."""

    def __init__(self, drawn: Graph, draw: Any, by: User) -> None:
        definition = publish(drawn)
        self.draw, self.by, self.at = draw, by, NOW
        self.choices = {node: draw(st.integers(0, 2)) for node in drawn.nodes if node.startswith("n")}
        data = {**DATA, "choice": self.choices}
        self.run = start_run(
            process_key=drawn.key, subject_kind="probe", subject_id="1", data=data, by=None, at=self.at
        )
        child = graph_of(definitions.ProcessDefinition.objects.get(key="probe-child").pk)
        self.mirror = InMemory(graph_of(definition.pk), child, {(): State(data=data)})
        self.mirror.send((), events.Started())
        self.compare()

    def step(self) -> None:
        """Do one of the things that can happen now, on both sides."""
        self.at += timedelta(minutes=1)
        self.draw(st.sampled_from(list(self._possible())))()
        self.compare()

    def _possible(self) -> Iterator[Any]:
        for one in Task.objects.filter(root=self.run, state__in=OPEN_TASK_STATES).select_related("run").order_by("id"):
            yield lambda one=one: self.complete(one)
            if graph_of(one.run.definition_id).nodes[one.node].returns:
                yield lambda one=one: self.give_back(one)
        if Job.objects.filter(root=self.run, state=JobState.QUEUED).exists():
            yield self.work
        if Timer.objects.filter(root=self.run, fired_at=None, cancelled_at=None).exists():
            yield self.wait
        for name, kind in Subscription.objects.filter(root=self.run).values_list("name", "kind").order_by("id"):
            yield lambda name=name, kind=kind: self.tell(name, kind)
        yield self.hold

    def complete(self, one: Task) -> None:
        outcome = self.draw(st.sampled_from(one.outcomes or ["", "ok"]))
        complete_task(task_id=one.pk, outcome=outcome, by=self.by, at=self.at)
        self.mirror.send(place_of(one.run), events.Completed(node=one.node, round=one.round, outcome=outcome))

    def give_back(self, one: Task) -> None:
        drawn = graph_of(one.run.definition_id)
        flow = drawn.nodes[one.node].returns[0]
        return_task(task_id=one.pk, to_node=drawn.flows[flow].target, by=self.by, at=self.at)
        self.mirror.send(place_of(one.run), events.Returned(node=one.node, round=one.round, flow=flow))

    def work(self) -> None:
        one = Job.objects.filter(root=self.run, state=JobState.QUEUED).select_related("run").order_by("id").first()
        assert one is not None
        assert run_job(job_id=one.pk, at=self.at)
        answered = events.Completed(node=one.node, round=one.round, outcome="acted", data={"acted": one.node})
        self.mirror.send(place_of(one.run), answered)

    def wait(self) -> None:
        """Let time pass until the next timer is due."""
        pending = Timer.objects.filter(root=self.run, fired_at=None, cancelled_at=None)
        self.at = max(self.at, pending.order_by("due_at").values_list("due_at", flat=True)[0])
        before = HistoryEvent.objects.filter(root=self.run).count()
        assert sweep_timers(at=self.at)
        self.hear("timer_fired", before)

    def tell(self, name: str, kind: str) -> None:
        data = {"told": name}
        if kind == "message":
            send_message(name=name, data=data, at=self.at)
        else:
            send_signal(name=name, data=data, at=self.at)
        self.deliver()

    def deliver(self) -> None:
        before = HistoryEvent.objects.filter(root=self.run).count()
        deliver_messages(at=self.at)
        self.hear("message_received", before)

    def hear(self, kind: str, before: int) -> None:
        """Tell memory what the database's sweep did, in its order."""
        kinds = {kind, "signal_received"} if kind == "message_received" else {kind}
        rows = HistoryEvent.objects.filter(root=self.run, seq__gt=before, kind__in=kinds).select_related("run")
        for row in rows.order_by("seq"):
            self.mirror.send(place_of(row.run), triggered(row))

    def hold(self) -> None:
        """Suspend the case: nothing moves it until it goes on."""
        suspend_run(run_id=self.run.pk, by=self.by, at=self.at)
        later = self.at + timedelta(days=40)
        with transaction.atomic():
            assert (run_due_jobs(at=later), sweep_timers(at=later), deliver_messages(at=self.at)) == (0, 0, 0)
            for one in Task.objects.filter(root=self.run, state__in=OPEN_TASK_STATES):
                with pytest.raises(RunSuspendedError):
                    complete_task(task_id=one.pk, outcome=(one.outcomes or [""])[0], by=self.by, at=self.at)
        self.compare()
        resume_run(run_id=self.run.pk, by=self.by, at=self.at)
        self.deliver()

    def cancel(self) -> None:
        cancel_run(run_id=self.run.pk, outcome="withdrawn", by=self.by, at=self.at)
        self.mirror.send((), events.Cancelled(outcome="withdrawn"))
        self.compare()

    # What must hold

    def compare(self) -> None:
        runs = {place_of(run): run for run in Run.objects.select_related("parent").filter(root=self.run)}
        runs[()] = Run.objects.get(pk=self.run.pk)
        assert runs.keys() == self.mirror.states.keys()
        for place, run in runs.items():
            state = self.mirror.states[place]
            assert State.from_json(run.marking, run.known) == state
            assert (run.state == RunState.ENDED, run.outcome) == (state.ended, state.outcome if state.ended else "")
            check_rows(run, graph_of(run.definition_id), state)
        assert first_broken_row(runs[()]) is None

    @property
    def ended(self) -> bool:
        return self.mirror.states[()].ended


def triggered(row: HistoryEvent) -> events.Triggered:
    data = Message.objects.get(pk=row.detail["message"]).data if "message" in row.detail else {}
    return events.Triggered(node=row.detail["node"], round=row.detail["round"], data=data)


def check_rows(run: Run, drawn: Graph, state: State) -> None:
    """Compare a run's open rows with what its marking waits and listens for."""
    resting = {one for one in state.waiting if is_carried_out(drawn.nodes[one[0]])}
    tasks = {one for one in resting if drawn.nodes[one[0]].kind is NodeKind.USER_TASK}
    children = {one for one in resting if drawn.nodes[one[0]].kind is NodeKind.CALL_ACTIVITY}
    listening = {*state.waiting, *state.armed} - resting
    timers = {one for one in listening if drawn.nodes[one[0]].trigger is Trigger.TIMER}
    subscriptions = {
        one
        for one in listening
        if drawn.nodes[one[0]].trigger in (Trigger.MESSAGE, Trigger.SIGNAL)
        or drawn.nodes[one[0]].kind is NodeKind.RECEIVE_TASK
    }
    pending = Timer.objects.filter(subject_id__startswith=f"{run.pk}:", fired_at=None, cancelled_at=None)
    assert _places(Task.objects.filter(run=run, state__in=OPEN_TASK_STATES)) == sorted(tasks)
    assert _places(Job.objects.filter(run=run, state=JobState.QUEUED)) == sorted(resting - tasks - children)
    assert _places(Subscription.objects.filter(run=run)) == sorted(subscriptions)
    called = Run.objects.filter(parent=run, state__in=OPEN_RUN_STATES).values_list("parent_node", "parent_round")
    assert sorted(called) == sorted(children)
    assert sorted((one.payload["node"], one.payload["round"]) for one in pending) == sorted(timers)


def _places(rows: Any) -> list[Activity]:
    return sorted(rows.values_list("node", "round"))


def told_again(walk: Walk) -> InMemory:
    """Return a case as its history tells it: every event from a row of it, and nothing else."""
    again = InMemory(walk.mirror.root, walk.mirror.child, {(): State(data={**DATA, "choice": walk.choices})})
    again.send((), events.Started())
    rows = HistoryEvent.objects.filter(root=walk.run).select_related("run__parent").order_by("seq")
    for row in rows:
        where, detail = place_of(row.run), row.detail
        place = {name: detail[name] for name in ("node", "round") if name in detail}
        match row.kind:
            case "task_done":
                again.send(where, events.Completed(**place, outcome=detail["outcome"]))
            case "job_done":
                data = json.loads(detail.get("answer", "{}"))
                again.send(where, events.Completed(**place, outcome=detail["outcome"], data=data))
            case "timer_fired" | "message_received" | "signal_received":
                again.send(where, triggered(row))
            case "task_returned":
                drawn = again.drawn(where)
                ways = drawn.nodes[detail["node"]].returns
                (flow,) = (way for way in ways if drawn.flows[way].target == detail["to"])
                again.send(where, events.Returned(**place, flow=flow))
            case "run_ended" if not where and not again.states[()].ended:
                again.send((), events.Cancelled(outcome=detail["outcome"]))
    return again


@pytest.fixture
def _language(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let random processes act, and be published unproven: they are sound, but may hold elements nothing reaches."""
    monkeypatch.setattr(definitions, "check_graph", lambda graph, **_: Report(problems=(), states=0))
    register("probe.act")(lambda context: ActionResult(outcome="acted", data={"acted": context.node}))
    yield
    del _registry["probe.act"]


@pytest.mark.usefixtures("_language")
@settings(
    max_examples=80,
    # Every example publishes and walks: making a counterexample smaller would take many minutes.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(drawn=whole_graphs, data=st.data())
def test_the_database_goes_the_way_of_the_pure_step(drawn: Graph, data: st.DataObject) -> None:
    with transaction.atomic():
        publish(CHILD)
        walk = Walk(drawn, data.draw, UserFactory.create(password="!"))
        for _ in range(STEPS):
            if walk.ended:
                break
            walk.step()
        if not walk.ended:
            walk.cancel()
        assert not Task.objects.filter(root=walk.run, state__in=OPEN_TASK_STATES).exists()
        assert told_again(walk).states == walk.mirror.states
        transaction.set_rollback(True)

"""Carry one event through the engine and store everything that follows, in the caller's transaction."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workflows.clocks import WorkingCalendar
from workflows.crash_points import crash_point
from workflows.engine import events
from workflows.engine.advance import EngineError, advance
from workflows.engine.graph import Graph, Trigger
from workflows.engine.state import State
from workflows.enums import OPEN_RUN_STATES, OPEN_TASK_STATES, RunState, TaskState
from workflows.models import Job, Message, ProcessDefinition, Run, Subscription, Task, Timer
from workflows.operations import node_timers
from workflows.operations.history import Fact, chained
from workflows.operations.locking import reserve_run
from workflows.operations.writes import Writes
from workflows.queries.calendars import calendar_for
from workflows.queries.definitions import UnknownProcessError, graph_of
from workflows.signals import (
    JobGaveUp,
    RunFinished,
    RunStarted,
    TaskDone,
    TaskOverdue,
    TaskReady,
    TaskTakenAway,
    effects_committed,
)
from workflows.wake import wake

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    Happening = RunStarted | RunFinished | TaskDone | TaskReady | TaskTakenAway | TaskOverdue | JobGaveUp

JOBS_TASK = "workflows.tasks.run_due_jobs_task"
MESSAGES_TASK = "workflows.tasks.deliver_messages_task"
#: A process may call a process, but not itself without end: definitions are published one by one, so only runs show it.
MAX_CALLS = 8
#: How long a message waits for a run that waits for it.
MESSAGE_LIFE = timedelta(days=30)
#: Effects that open a row somebody works on.
_BEGINNING = (events.TaskOpened, events.JobQueued, events.ChildCalled)
_MISSING = object()


class UncaughtFailureError(Exception):
    """A service task ended with a BPMN error that nothing in the process listens for. `code` names it."""

    def __init__(self, code: str) -> None:
        super().__init__(f"Nothing listens for the error {code}.")
        self.code = code


class Transition:
    """One step of a root run and everything below it. The caller holds the root's lock and calls `commit` once."""

    def __init__(
        self,
        root: Run,
        *,
        by: AbstractBaseUser | None,
        at: datetime,
        since: datetime | None = None,
        calendar: WorkingCalendar | None = None,
    ) -> None:
        """since: the instant a repeated timer counts on from, by default `at`. calendar: if it is known already."""
        self.root = root
        self.by = by
        self.at = at
        self.since = since or at
        self._calendar = calendar
        self.runs: dict[int, Run] = {root.pk: root}
        self.moved: set[int] = set()
        self.queue: deque[tuple[int, events.Event]] = deque()
        self.facts: list[Fact] = []
        self.happened: list[Happening] = []
        self.writes = Writes()

    def begin(self, run: Run, definition: ProcessDefinition, event: events.Started) -> None:
        """Let a run that is not stored yet begin."""
        self.writes.new_runs.append(run)
        self.note(run, "run_started", process=definition.key, version=definition.version)
        self.tell(RunStarted(run=run))
        self.push(run, event)

    def push(self, run: Run, event: events.Event) -> None:
        """Queue an event for a run below this root."""
        self.runs.setdefault(run.pk, run)
        self.queue.append((run.pk, event))

    def note(self, run: Run, kind: str, /, **detail: Any) -> None:
        """Remember a fact in the history. detail: codes and row numbers only."""
        self.facts.append(Fact(run_id=run.pk, kind=kind, detail=detail))

    def tell(self, happening: Happening) -> None:
        """Remember what the services are told at the end."""
        self.happened.append(happening)

    def close_task(self, task: Task, state: TaskState) -> None:
        """Close a task's row, and take away what only it waits for."""
        task.state, task.closed_at = state, self.at
        self.writes.closed_tasks.append(task)
        if graph_of(task.run.definition_id).nodes[task.node].limit is not None:
            self._end_timers(task.run_id, task.node, task.round)

    def commit(self) -> None:
        """Advance until nothing moves, then write everything and tell the services, once each."""
        while self.queue:
            run_id, event = self.queue.popleft()
            self._advance(self.runs[run_id], event)
        writes = self.writes
        writes.history = chained(root=self.root, facts=self.facts, by=self.by, at=self.at)
        if writes.history:
            self.moved.add(self.root.pk)
        new = {run.pk for run in writes.new_runs}
        writes.runs = [self.runs[run_id] for run_id in sorted(self.moved - new)]
        if any(fact.kind == "joined" for fact in self.facts):
            crash_point("join_before_write")
        writes.send()
        crash_point("step_before_commit")
        if writes.jobs:
            wake(JOBS_TASK)
        if writes.messages or writes.subscriptions:
            wake(MESSAGES_TASK)
        effects_committed.send(sender=Run, root=self.root, effects=tuple(self.happened), by=self.by, at=self.at)

    def _advance(self, run: Run, event: events.Event) -> None:
        graph = graph_of(run.definition_id)
        before = State.from_json(run.marking, run.known)
        after, effects = advance(graph, before, event)
        if after == before and not effects:
            return
        run.marking = after.to_json()
        run.learned = {name: value for name, value in after.data.items() if run.data.get(name, _MISSING) is not value}
        run.version += 1
        self.moved.add(run.pk)
        taken = {(effect.node, effect.round) for effect in effects if isinstance(effect, events.ActivityCancelled)}
        if taken:
            # What begins and is taken away in one and the same step never was.
            begun = {(effect.node, effect.round) for effect in effects if isinstance(effect, _BEGINNING)}
            effects = tuple(
                one for one in effects if not (isinstance(one, _BEGINNING) and (one.node, one.round) in taken)
            )
            outcome = event.outcome if isinstance(event, events.Cancelled) else "cancelled"
            self._take_away(run, taken - begun, outcome)
        for effect in effects:
            self._apply(run, graph, effect)

    def _apply(self, run: Run, graph: Graph, effect: events.Effect) -> None:
        match effect:
            case events.TaskOpened():
                self._open_task(run, graph, effect)
            case events.JobQueued():
                self._queue_job(run, effect)
            case events.ChildCalled():
                self._start_child(run, effect)
            case events.TimerSet():
                since = self.since if effect.fired else self.at
                due_at = node_timers.due_instant(effect.timer, since, self.calendar)
                counts = node_timers.counted_from(effect.timer, since)
                self._set_timer(run, effect.node, effect.round, node_timers.EVENT, due_at, effect.fired + 1, **counts)
            case events.Subscribed():
                self._subscribe(run, effect)
            case events.Disarmed() if graph.nodes[effect.node].timer is not None:
                self._end_timers(run.pk, effect.node, effect.round)
            case events.Disarmed():
                self.end_subscription(run.pk, effect.node, effect.round)
            case events.Thrown():
                self._throw(run, effect)
            case events.JoinFired():
                self.note(run, "joined", node=effect.node, round=effect.round)
            case events.RunEnded():
                self._end(run, effect)

    @property
    def calendar(self) -> WorkingCalendar:
        """The working calendar as it stands now."""
        if self._calendar is None:
            self._calendar = calendar_for()
        return self._calendar

    def _open_task(self, run: Run, graph: Graph, effect: events.TaskOpened) -> None:
        node = graph.nodes[effect.node]
        due_at = node_timers.after(node.limit, self.at, self.calendar) if node.limit is not None else None
        task = Task(
            run=run,
            root=self.root,
            subject_kind=run.subject_kind,
            subject_id=run.subject_id,
            node=node.id,
            round=effect.round,
            name_zh=node.name_zh,
            name_en=node.name_en,
            department=effect.department,
            role=effect.role,
            outcomes=list(node.outcomes),
            due_at=due_at,
            opened_at=self.at,
        )
        self.writes.tasks.append(task)
        if due_at is not None:
            self._set_timer(run, node.id, effect.round, node_timers.LIMIT, due_at)
        self.note(run, "task_opened", node=node.id, round=effect.round, department=effect.department, role=effect.role)
        self.tell(TaskReady(task=task))

    def _queue_job(self, run: Run, effect: events.JobQueued) -> None:
        where = {"node": effect.node, "round": effect.round, "action": effect.action}
        self.writes.jobs.append(Job(run=run, root=self.root, next_attempt_at=self.at, queued_at=self.at, **where))
        self.note(run, "job_queued", **where)

    def _set_timer(
        self, run: Run, node: str, number: int, kind: str, due_at: datetime, firing: int = 1, **since: str
    ) -> None:
        self.writes.timers.append(
            Timer(
                root=self.root,
                subject_kind=node_timers.SUBJECT,
                subject_id=node_timers.place_of(run.pk, node, number),
                kind=kind,
                round=firing,
                due_at=due_at,
                payload={"run_id": run.pk, "node": node, "round": number, **since},
            )
        )

    def _end_timers(self, run_id: int, node: str, number: int) -> None:
        place = node_timers.place_of(run_id, node, number)
        # What was set in this very step is not stored yet: it is forgotten instead.
        self.writes.timers = [timer for timer in self.writes.timers if timer.subject_id != place]
        self.writes.ended_timers.append({"subject_id": place})

    def _subscribe(self, run: Run, effect: events.Subscribed) -> None:
        where = {"node": effect.node, "round": effect.round, "name": effect.name, "key": effect.key}
        self.writes.subscriptions.append(
            Subscription(run=run, root=self.root, kind=effect.trigger, opened_at=self.at, **where)
        )
        self.note(run, "listening", node=effect.node, round=effect.round, kind=effect.trigger, name=effect.name)

    def end_subscription(self, run_id: int, node: str, number: int) -> None:
        """Take the row of a wait away that is over."""
        place = {"run_id": run_id, "node": node, "round": number}
        fresh = [
            one for one in self.writes.subscriptions if (one.run_id, one.node, one.round) != (run_id, node, number)
        ]
        if len(fresh) == len(self.writes.subscriptions):
            self.writes.ended_subscriptions.append(place)
        self.writes.subscriptions = fresh

    def _throw(self, run: Run, effect: events.Thrown) -> None:
        self.note(run, f"{effect.trigger}_sent", node=effect.node, name=effect.name)
        if effect.trigger is not Trigger.ESCALATION:
            self.writes.messages.append(
                Message(
                    kind=effect.trigger,
                    name=effect.name,
                    key=effect.key if effect.trigger is Trigger.MESSAGE else "",
                    sent_at=self.at,
                    expires_at=self.at + MESSAGE_LIFE,
                )
            )
        elif run.parent_id is not None:
            escalated = events.Escalated(node=run.parent_node, round=run.parent_round, code=effect.name)
            self.push(self._parent(run), escalated)

    def _start_child(self, parent: Run, effect: events.ChildCalled) -> None:
        self._refuse_endless_calls(parent)
        part = parent.known.get("parts", {}).get(effect.part, {}) if effect.part else {}
        process_key = part.get("process") or effect.called
        new = reserve_run(process_key)
        if new is None:
            raise UnknownProcessError(f"The process {process_key} is not published: load it with `load_processes`.")
        child = Run(
            pk=new.key,
            definition=new.definition,
            root=self.root,
            parent=parent,
            parent_node=effect.node,
            parent_round=effect.round,
            subject_kind=part.get("subject_kind", parent.subject_kind),
            subject_id=part.get("subject_id", parent.subject_id),
            data={"answers": parent.known.get("answers", {}), **part.get("data", {})},
            started_at=self.at,
        )
        self.begin(child, new.definition, events.Started())

    def _refuse_endless_calls(self, parent: Run) -> None:
        above: Run | None = parent
        for _ in range(MAX_CALLS):
            above = self._parent(above) if above is not None and above.parent_id is not None else None
        if above is not None:
            raise EngineError(f"{parent.subject_kind}: processes call each other more than {MAX_CALLS} deep.")

    def _take_away(self, run: Run, places: set[tuple[str, int]], outcome: str) -> None:
        # What this very step opened is not stored yet: it is forgotten instead.
        fresh = {(task.node, task.round) for task in self.writes.tasks if task.run_id == run.pk} & places
        self.writes.tasks = [t for t in self.writes.tasks if t.run_id != run.pk or (t.node, t.round) not in fresh]
        self.writes.jobs = [j for j in self.writes.jobs if j.run_id != run.pk or (j.node, j.round) not in places]
        self.happened = [
            one
            for one in self.happened
            if not (
                isinstance(one, TaskReady) and one.task.run_id == run.pk and (one.task.node, one.task.round) in fresh
            )
        ]
        for task in Task.objects.filter(run=run, state__in=OPEN_TASK_STATES).order_by("id"):
            if (task.node, task.round) in places:
                task.run = run
                self.close_task(task, TaskState.CANCELLED)
                self.tell(TaskTakenAway(task=task))
        begun = [child for child in self.writes.new_runs if child.parent_id == run.pk]
        for child in [*Run.objects.filter(parent=run, state__in=OPEN_RUN_STATES).order_by("id"), *begun]:
            if (child.parent_node, child.parent_round) in places:
                self.push(self.runs.get(child.pk, child), events.Cancelled(outcome=outcome))
        for node, number in sorted(fresh):
            self._end_timers(run.pk, node, number)
        for node, number in sorted(places):
            place = {"run_id": run.pk, "node": node, "round": number}
            self.writes.cancelled_jobs.append({**place, "closed_at": self.at})
            self.note(run, "activity_cancelled", node=node, round=number)

    def _end(self, run: Run, effect: events.RunEnded) -> None:
        run.state, run.outcome, run.ended_at = RunState.ENDED, effect.outcome, self.at
        self.note(run, "run_ended", outcome=effect.outcome, **({"error": effect.error} if effect.error else {}))
        self.tell(RunFinished(run=run, error=effect.error))
        if run.parent_id is None:
            return
        place: dict[str, Any] = {"node": run.parent_node, "round": run.parent_round}
        if effect.error:
            self.push(self._parent(run), events.Failed(**place, code=effect.error))
        else:
            self.push(self._parent(run), events.Completed(**place, outcome=effect.outcome))

    def _parent(self, run: Run) -> Run:
        assert run.parent_id is not None
        return self.runs.get(run.parent_id) or Run.objects.get(pk=run.parent_id)


def finish_task(step: Transition, task: Task, **more: str) -> None:
    """Tell a step that a task was completed: closes the row and queues the engine's event.

    more: what else the history keeps of it, say the rule of law that ended it when nobody did.
    """
    task.closed_by = step.by  # type: ignore[assignment]
    step.close_task(task, TaskState.DONE)
    step.note(task.run, "task_done", node=task.node, round=task.round, outcome=task.outcome, **more)
    step.tell(TaskDone(task=task))
    step.push(task.run, events.Completed(node=task.node, round=task.round, outcome=task.outcome))

"""Carry one event through the engine and store everything that follows, in the caller's transaction."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workflows.engine import events
from workflows.engine.advance import EngineError, advance
from workflows.engine.graph import Graph, Node
from workflows.engine.state import State
from workflows.enums import OPEN_TASK_STATES, JobState, RunState, TaskState
from workflows.models import Job, ProcessDefinition, Run, Task
from workflows.operations import boundary_timers
from workflows.operations.history import Fact, record_facts
from workflows.queries.definitions import graph_of, published_definition
from workflows.signals import (
    JobGaveUp,
    RunFinished,
    RunStarted,
    TaskDone,
    TaskReady,
    TaskTakenAway,
    effects_committed,
)
from workflows.wake import wake

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    Happening = RunStarted | RunFinished | TaskDone | TaskReady | TaskTakenAway | JobGaveUp

JOBS_TASK = "workflows.tasks.run_due_jobs_task"
#: A process may call a process, but not itself without end: definitions are published one by one, so only runs show it.
MAX_CALLS = 8


class Transition:
    """One step of a root run and everything below it. The caller holds the root's lock and calls `commit` once."""

    def __init__(self, root: Run, *, by: AbstractBaseUser | None, at: datetime) -> None:
        self.root = root
        self.by = by
        self.at = at
        self.runs: dict[int, Run] = {root.pk: root}
        self.moved: set[int] = set()
        self.queue: deque[tuple[int, events.Event]] = deque()
        self.facts: list[Fact] = []
        self.happened: list[Happening] = []
        self.new_tasks: list[Task] = []
        self.new_jobs: list[Job] = []
        self.timers: list[boundary_timers.Wanted] = []

    def push(self, run: Run, event: events.Event) -> None:
        """Queue an event for a run below this root."""
        self.runs.setdefault(run.pk, run)
        self.queue.append((run.pk, event))

    def note(self, run: Run, kind: str, **detail: Any) -> None:
        """Remember a fact in the history. detail: codes and row numbers only."""
        self.facts.append(Fact(run_id=run.pk, kind=kind, detail=detail))

    def commit(self) -> None:
        """Advance until nothing moves, then write runs, tasks, jobs, timers and history, and tell the services."""
        while self.queue:
            run_id, event = self.queue.popleft()
            self._advance(self.runs[run_id], event)
        for run_id in self.moved:
            self.runs[run_id].save(
                update_fields=["marking", "data", "state", "outcome", "version", "ended_at"],
            )
        Task.objects.bulk_create(self.new_tasks)
        Job.objects.bulk_create(self.new_jobs)
        boundary_timers.set_timers(root=self.root, wanted=self.timers, at=self.at)
        record_facts(root=self.root, facts=self.facts, by=self.by, at=self.at)
        if self.new_jobs:
            wake(JOBS_TASK)
        effects_committed.send(sender=Run, root=self.root, effects=tuple(self.happened), by=self.by, at=self.at)

    def _advance(self, run: Run, event: events.Event) -> None:
        graph = graph_of(run.definition)
        before = State.from_json(run.marking, run.data)
        after, effects = advance(graph, before, event)
        if after == before:
            return
        run.marking, run.data = after.to_json(), dict(after.data)
        run.version += 1
        self.moved.add(run.pk)
        for effect in effects:
            self._apply(run, graph, effect)

    def _apply(self, run: Run, graph: Graph, effect: events.Effect) -> None:
        match effect:
            case events.TaskOpened():
                self._open_task(run, graph.nodes[effect.node], effect)
            case events.JobQueued():
                self._queue_job(run, effect)
            case events.ChildCalled():
                self._start_child(run, effect)
            case events.TimerSet():
                assert effect.timer.span is not None
                self.timers.append(
                    boundary_timers.Wanted(run_id=run.pk, node=effect.node, round=effect.round, span=effect.timer.span)
                )
            case events.ActivityCancelled():
                self._take_away(run, effect)
            case events.Disarmed():
                self._cancel_timer(run, effect.node)
            case events.JoinFired():
                self.note(run, "joined", node=effect.node, round=effect.round)
            case events.RunEnded():
                self._end(run, effect.outcome)

    def _open_task(self, run: Run, node: Node, effect: events.TaskOpened) -> None:
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
            opened_at=self.at,
        )
        self.new_tasks.append(task)
        self.note(run, "task_opened", node=node.id, round=effect.round, department=effect.department, role=effect.role)
        self.happened.append(TaskReady(task=task))

    def _queue_job(self, run: Run, effect: events.JobQueued) -> None:
        self.new_jobs.append(
            Job(
                run=run,
                root=self.root,
                node=effect.node,
                round=effect.round,
                action=effect.action,
                next_attempt_at=self.at,
                queued_at=self.at,
            )
        )
        self.note(run, "job_queued", node=effect.node, round=effect.round, action=effect.action)

    def _start_child(self, parent: Run, effect: events.ChildCalled) -> None:
        self._refuse_endless_calls(parent)
        part = parent.data.get("parts", {}).get(effect.part, {}) if effect.part else {}
        child = self._create_run(
            definition=published_definition(part.get("process") or effect.called),
            subject_kind=part.get("subject_kind", parent.subject_kind),
            subject_id=part.get("subject_id", parent.subject_id),
            data={"answers": parent.data.get("answers", {}), **part.get("data", {})},
            parent=parent,
            node=effect.node,
            number=effect.round,
        )
        self.note(child, "run_started", process=child.definition.key, version=child.definition.version)
        self.happened.append(RunStarted(run=child))
        self.queue.append((child.pk, events.Started()))

    def _refuse_endless_calls(self, parent: Run) -> None:
        above: Run | None = parent
        for _ in range(MAX_CALLS):
            above = above.parent if above is not None else None
        if above is not None:
            raise EngineError(f"{parent.definition.key}: processes call each other more than {MAX_CALLS} deep.")

    def _create_run(
        self,
        *,
        definition: ProcessDefinition,
        subject_kind: str,
        subject_id: str,
        data: dict[str, Any],
        parent: Run,
        node: str,
        number: int,
    ) -> Run:
        child = Run.objects.create(
            definition=definition,
            root=self.root,
            parent=parent,
            parent_node=node,
            parent_round=number,
            subject_kind=subject_kind,
            subject_id=subject_id,
            data=data,
            started_at=self.at,
        )
        self.runs[child.pk] = child
        return child

    def _take_away(self, run: Run, effect: events.ActivityCancelled) -> None:
        place = {"run": run, "node": effect.node, "round": effect.round}
        for task in Task.objects.filter(**place, state__in=OPEN_TASK_STATES):
            task.state, task.closed_at = TaskState.CANCELLED, self.at
            task.save(update_fields=["state", "closed_at"])
            self.happened.append(TaskTakenAway(task=task))
        Job.objects.filter(**place, state__in=(JobState.QUEUED, JobState.INCIDENT)).update(
            state=JobState.CANCELLED, closed_at=self.at
        )
        children = Run.objects.select_related("definition").filter(
            parent=run, parent_node=effect.node, parent_round=effect.round, state=RunState.ACTIVE
        )
        for child in children:
            self.push(child, events.Cancelled(outcome=run.outcome or "cancelled"))
        self.note(run, "activity_cancelled", node=effect.node, round=effect.round)

    def _cancel_timer(self, run: Run, node: str) -> None:
        # A child that ends at once closes its call activity in the step that opened it: those are not stored yet.
        self.timers = [one for one in self.timers if one.run_id != run.pk or one.node != node]
        boundary_timers.cancel_timers(run=run, host=[node], at=self.at)

    def _end(self, run: Run, outcome: str) -> None:
        run.state, run.outcome, run.ended_at = RunState.ENDED, outcome, self.at
        self.note(run, "run_ended", outcome=outcome)
        self.happened.append(RunFinished(run=run))
        if run.parent_id is not None:
            parent = self.runs.get(run.parent_id) or Run.objects.select_related("definition").get(pk=run.parent_id)
            self.push(parent, events.Completed(node=run.parent_node, round=run.parent_round, outcome=outcome))


def task_done(step: Transition, task: Task) -> None:
    """Tell a step that a task was completed by hand: closes the row and queues the engine's event."""
    task.state, task.closed_at, task.closed_by = TaskState.DONE, step.at, step.by  # type: ignore[assignment]
    task.save(update_fields=["state", "closed_at", "closed_by", "outcome", "assignee"])
    step.note(task.run, "task_done", node=task.node, round=task.round, outcome=task.outcome)
    step.happened.append(TaskDone(task=task))
    step.push(task.run, events.Completed(node=task.node, round=task.round, outcome=task.outcome))

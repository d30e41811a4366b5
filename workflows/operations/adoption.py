"""Let a run's rows match another version of its process: its tasks' wording and limits, its timers, what it waits for.

The caller holds the root's lock. What is done stays done; an elapsed time stays elapsed: limits and timers count from
the instant at which their step opened, so one that the new version has made shorter may be due at once.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from workflows.clocks import WorkingCalendar
from workflows.engine.graph import Graph, Span
from workflows.engine.replay import Fit
from workflows.engine.state import Activity
from workflows.enums import OPEN_TASK_STATES
from workflows.models import Subscription, Task, Timer
from workflows.operations.node_timers import EVENT, LIMIT, SUBJECT, after, due_instant, place_of

if TYPE_CHECKING:
    from workflows.models import Run
    from workflows.operations.transition import Transition


def due_instants(fit: Fit, calendar: WorkingCalendar) -> dict[Activity, datetime]:
    """Return when the timers are due that a new version sets anew or otherwise. Raises EngineError for a bad date."""
    return {
        place: due_instant(timer.timer, timer.since, calendar)
        for place, timer in fit.timers.items()
        if timer != fit.timers_before.get(place)
    }


def reword_tasks(step: Transition, run: Run, old: Graph, new: Graph, calendar: WorkingCalendar) -> None:
    """Give a run's open tasks the names, answers and limits of the new version.

    A task is shown as due by its own limit unless a clock of the case pressed more and was copied to it: that stays.
    """
    for task in Task.objects.filter(run=run, state__in=OPEN_TASK_STATES).order_by("id"):
        before, after_it = old.nodes[task.node], new.nodes[task.node]
        task.name_zh, task.name_en, task.outcomes = after_it.name_zh, after_it.name_en, list(after_it.outcomes)
        if before.limit != after_it.limit:
            due_at = _end_of(after_it.limit, task, calendar)
            if task.due_at in (None, _end_of(before.limit, task, calendar)):
                task.due_at = due_at
            _set_limit(step, run, task, due_at)
        task.save(update_fields=["name_zh", "name_en", "outcomes", "due_at"])


def _end_of(limit: Span | None, task: Task, calendar: WorkingCalendar) -> datetime | None:
    return after(limit, task.opened_at, calendar) if limit is not None else None


def _set_limit(step: Transition, run: Run, task: Task, due_at: datetime | None) -> None:
    """Let the limit's timer be due at its new end; a task that was told to be late is told so again only if it is."""
    place = (task.node, task.round)
    fired = Timer.objects.filter(
        subject_kind=SUBJECT, subject_id=place_of(run.pk, *place), kind=LIMIT, fired_at__isnull=False
    ).count()
    if not fired or due_at is None or due_at > step.at:
        _set(step, run, place, LIMIT, due_at, fired + 1)


def reset_timers(step: Transition, run: Run, fit: Fit, dues: dict[Activity, datetime]) -> None:
    """Set and take away the timer events of a run as the new version draws them; those that it draws alike run on."""
    for place in fit.timers_before.keys() - fit.timers.keys():
        _set(step, run, place, EVENT, None, fit.timers_before[place].fired + 1)
    for place, due_at in sorted(dues.items()):
        before, timer = fit.timers_before.get(place), fit.timers[place]
        if before is not None and before.fired != timer.fired:
            _set(step, run, place, EVENT, None, before.fired + 1)
        _set(step, run, place, EVENT, due_at, timer.fired + 1)


def _set(step: Transition, run: Run, place: Activity, kind: str, due_at: datetime | None, number: int) -> None:
    """Let one timer be due at an instant, or never. One that has fired stays fired."""
    where = {"subject_kind": SUBJECT, "subject_id": place_of(run.pk, *place), "kind": kind, "round": number}
    known = Timer.objects.filter(**where, fired_at__isnull=True)
    if due_at is None:
        known.delete()
    elif not known.update(due_at=due_at, cancelled_at=None, postponed_until=None):
        payload = {"run_id": run.pk, "node": place[0], "round": place[1]}
        Timer.objects.create(root=step.root, due_at=due_at, payload=payload, **where)


def listen_anew(step: Transition, run: Run, fit: Fit) -> None:
    """Let a run wait for the messages and signals that the new version draws, and for no others."""
    rows = {(row.node, row.round): row for row in Subscription.objects.filter(run=run)}
    for place in sorted(rows.keys() - fit.waits.keys()):
        step.end_subscription(run.pk, *place)
    for place, wait in sorted(fit.waits.items(), key=lambda one: one[0]):
        wanted: dict[str, Any] = {"kind": str(wait.trigger), "name": wait.name, "key": wait.key}
        row = rows.get(place)
        if row is not None and all(getattr(row, name) == value for name, value in wanted.items()):
            continue
        if row is not None:
            # The row goes with its number: a signal sent before is not for the new wait.
            row.delete()
        step.writes.subscriptions.append(
            Subscription(run=run, root=step.root, node=place[0], round=place[1], opened_at=step.at, **wanted)
        )
        step.note(run, "listening", node=place[0], round=place[1], kind=wait.trigger, name=wait.name)

"""Start, cancel and move runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from workflows.engine.events import Cancelled, Started, Triggered
from workflows.engine.state import State
from workflows.enums import RunState
from workflows.models import Run
from workflows.operations.locking import lock_root
from workflows.operations.transition import Transition
from workflows.queries.definitions import published_definition
from workflows.signals import RunStarted

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


@transaction.atomic
def start_run(
    *,
    process_key: str,
    subject_kind: str,
    subject_id: str,
    data: Mapping[str, Any],
    by: AbstractBaseUser | None,
    at: datetime,
) -> Run:
    """Start a root run of a process's published version.

    subject_kind, subject_id: what the run is about, e.g. ("application", "12"). data: what conditions may read, and
    under "parts" what call activities carry out: part key -> {process, subject_kind, subject_id, data}.
    Effects: the run, its first tasks, jobs, child runs and timers, history; `effects_committed` is sent once.
    Raises UnknownProcessError.
    """
    run = Run.objects.create(
        definition=published_definition(process_key),
        subject_kind=subject_kind,
        subject_id=subject_id,
        data=dict(data),
        started_at=at,
    )
    step = Transition(run, by=by, at=at)
    step.note(run, "run_started", process=run.definition.key, version=run.definition.version)
    step.happened.append(RunStarted(run=run))
    step.push(run, Started())
    step.commit()
    return run


@transaction.atomic
def cancel_run(*, run_id: int, outcome: str, by: AbstractBaseUser | None, at: datetime) -> None:
    """End a run from outside, with everything below it; its caller goes on with `outcome`. Twice is once.

    outcome: what the caller's conditions and the services read, e.g. "withdrawn".
    Effects: open tasks, jobs, timers and child runs are taken away, in history; `effects_committed` is sent.
    """
    root_id = Run.objects.values_list("root_id", flat=True).get(pk=run_id) or run_id
    root = lock_root(root_id)
    run = root if run_id == root_id else Run.objects.select_related("definition").get(pk=run_id)
    if run.state != RunState.ACTIVE:
        return
    step = Transition(root, by=by, at=at)
    run.outcome = outcome
    step.push(run, Cancelled(outcome=outcome))
    step.commit()


@transaction.atomic
def fire_boundary_timer(*, run_id: int, node: str, round: int, at: datetime) -> None:
    """Let a due boundary timer act on its task; nothing happens if the task no longer waits."""
    root_id = Run.objects.values_list("root_id", flat=True).get(pk=run_id) or run_id
    root = lock_root(root_id)
    run = root if run_id == root_id else Run.objects.select_related("definition").get(pk=run_id)
    if (node, round) not in State.from_json(run.marking, run.data).armed:
        return
    step = Transition(root, by=None, at=at)
    step.note(run, "timer_fired", node=node, round=round)
    step.push(run, Triggered(node=node, round=round))
    step.commit()

"""Start, suspend, resume and end runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from workflows.clocks import WorkingCalendar
from workflows.engine.events import Cancelled, Started
from workflows.enums import OPEN_RUN_STATES, RunState
from workflows.models import ProcessDefinition, Run
from workflows.operations.locking import lock_root_of_run, next_run_key, reserve_run
from workflows.operations.transition import JOBS_TASK, MESSAGES_TASK, Transition
from workflows.queries.calendars import calendar_for, calendar_of_id
from workflows.queries.definitions import UnknownProcessError
from workflows.wake import wake

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
    new = reserve_run(process_key)
    if new is None:
        raise UnknownProcessError(f"The process {process_key} is not published: load it with `load_processes`.")
    about = {"subject_kind": subject_kind, "subject_id": subject_id, "data": dict(data)}
    return _begin(
        Run(pk=new.key, definition=new.definition, started_at=at, **about), calendar_of_id(new.calendar), by=by
    )


@transaction.atomic
def start_run_at(
    *,
    definition: ProcessDefinition,
    node: str,
    subject_kind: str,
    subject_id: str,
    data: Mapping[str, Any],
    by: AbstractBaseUser | None,
    at: datetime,
) -> Run:
    """Start a root run of this definition at one of its start events; else as `start_run`."""
    about = {"subject_kind": subject_kind, "subject_id": subject_id, "data": dict(data)}
    return _begin(
        Run(pk=next_run_key(), definition=definition, started_at=at, **about), calendar_for(), by=by, node=node
    )


def _begin(run: Run, calendar: WorkingCalendar, *, by: AbstractBaseUser | None, node: str = "") -> Run:
    step = Transition(run, by=by, at=run.started_at, calendar=calendar)
    step.begin(run, run.definition, Started(node=node))
    step.commit()
    return run


def locked_run(run_id: int) -> tuple[Run, Run]:
    """Lock a run's root and return root and run as they are now; the same object when the run is the root."""
    root = lock_root_of_run(run_id)
    return root, root if run_id == root.pk else Run.objects.get(pk=run_id)


@transaction.atomic
def cancel_run(*, run_id: int, outcome: str, by: AbstractBaseUser | None, at: datetime) -> None:
    """End a run from outside, with everything below it; its caller goes on with `outcome`. Twice is once.

    outcome: what the caller's conditions and the services read, e.g. "withdrawn" or "terminated".
    Effects: open tasks, jobs, timers, waits and child runs are taken away, in history; `effects_committed` is sent.
    """
    root, run = locked_run(run_id)
    if run.state not in OPEN_RUN_STATES:
        return
    step = Transition(root, by=by, at=at)
    step.push(run, Cancelled(outcome=outcome))
    step.commit()


@transaction.atomic
def suspend_run(*, run_id: int, by: AbstractBaseUser | None, at: datetime) -> None:
    """Hold a case as it stands: no task, job, timer or message moves it until `resume_run`. Twice is once.

    The whole case is held, whichever of its runs is named. Clocks of the law go on: only the law's own reasons pause
    them. Effects: the root is suspended, in history.
    """
    root = lock_root_of_run(run_id)
    if root.state == RunState.ACTIVE:
        _set_state(root, RunState.SUSPENDED, "run_suspended", by=by, at=at)


@transaction.atomic
def resume_run(*, run_id: int, by: AbstractBaseUser | None, at: datetime) -> None:
    """Let a suspended case go on; what came due meanwhile happens now, in order. Twice is once."""
    root = lock_root_of_run(run_id)
    if root.state == RunState.SUSPENDED:
        _set_state(root, RunState.ACTIVE, "run_resumed", by=by, at=at)
        wake(JOBS_TASK)
        wake(MESSAGES_TASK)


def _set_state(root: Run, state: RunState, fact: str, *, by: AbstractBaseUser | None, at: datetime) -> None:
    root.state = state
    step = Transition(root, by=by, at=at)
    step.note(root, fact)
    step.commit()

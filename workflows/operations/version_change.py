"""Move running cases to another version of their process: only where nothing of their path so far would be another.

(Not to be confused with the migrations of the database's tables.) What may move, and why the rest may not, is
described in `docs/versions.md`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import transaction

from workflows.bpmn.parse import parse_process
from workflows.engine.advance import EngineError
from workflows.engine.changes import Change, differences, is_harmless
from workflows.engine.graph import Graph
from workflows.engine.replay import Fit, Reason, fit
from workflows.engine.state import Activity, State
from workflows.enums import OPEN_RUN_STATES, DefinitionState
from workflows.models import ProcessDefinition, Run
from workflows.operations.adoption import due_instants, listen_anew, reset_timers, reword_tasks
from workflows.operations.locking import lock_root
from workflows.operations.runs import locked_run
from workflows.operations.transition import Transition
from workflows.queries.calendars import calendar_for
from workflows.queries.definitions import graph_of
from workflows.queries.stories import UntoldError, story_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


class PlanKind(StrEnum):
    """Whether and how a run may move."""

    AUTOMATIC = "automatic"
    FAST_FORWARD = "fast_forward"
    REFUSED = "refused"


class UnknownVersionError(LookupError):
    """There is no such published or retired version of this process."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What moving one run to one version means.

    reasons: why it may not, or why only after somebody has looked; empty for a change that is harmless. timers: those
    that will be set, each with the instant at which it will be due, which may have passed already.
    """

    kind: PlanKind
    reasons: tuple[Reason, ...] = ()
    timers: dict[Activity, datetime] = field(default_factory=dict)
    fit: Fit | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What became of one run. plan: None when there was nothing to do; moved: whether it has the new version now."""

    run_id: int
    root_id: int
    subject: str
    from_version: int
    to_version: int
    plan: Plan | None
    moved: bool


def plan_migration(definition_from: ProcessDefinition, definition_to: ProcessDefinition, run: Run) -> Plan:
    """Return whether a run may move from its version to another one, which may be a draft. Writes nothing.

    automatic: no change but texts, and who does steps not yet reached, and by when. fast_forward: the run's history,
    told to the new version, leads to the same open work. refused: it does not, or the history does not tell.
    """
    old, new = _graph(definition_from), _graph(definition_to)
    if old.key != new.key:
        raise ValueError(f"{old.key} and {new.key} are two processes, not two versions of one.")
    stands = State.from_json(run.marking, run.known)
    felt = [change for change in differences(old, new) if not is_harmless(change, old, stands)]
    return _replayed(old, new, run, stands, felt) if felt else Plan(kind=PlanKind.AUTOMATIC)


def _graph(definition: ProcessDefinition) -> Graph:
    if definition.state == DefinitionState.DRAFT:  # changes, so its graph is not kept
        return parse_process(definition.source.encode())
    return graph_of(definition.pk)


def _replayed(old: Graph, new: Graph, run: Run, stands: State, felt: Sequence[Change]) -> Plan:
    try:
        found = fit(old, new, data=run.data, story=story_of(run, old), stands=stands)
    except UntoldError as error:
        return _refused(Reason(element="", message=str(error)))
    if found.reasons:
        return _refused(*found.reasons)
    try:
        timers = due_instants(found, calendar_for())
    except EngineError as error:
        return _refused(Reason(element="", message=str(error)))
    noticed = tuple(Reason(element=change.element, message=str(change).partition(": ")[2]) for change in felt)
    return Plan(kind=PlanKind.FAST_FORWARD, reasons=noticed, timers=timers, fit=found)


def _refused(*reasons: Reason) -> Plan:
    return Plan(kind=PlanKind.REFUSED, reasons=reasons)


@transaction.atomic
def migrate_run(
    *, run_id: int, to_version: int, allow: Collection[PlanKind], by: AbstractBaseUser | None, at: datetime
) -> Answer:
    """Move one open run to another version of its process if its plan, made under the lock, is of an allowed kind.

    Only this run: its caller and the runs it called stay with theirs. A run that ended, or has that version already,
    is left alone. Effects of a move: definition and marking, the open tasks' wording, answers and limits, timers and
    waits, the fact `run_migrated`; all or nothing. Raises UnknownVersionError.
    """
    root, run = locked_run(run_id)
    to = version_of(run.definition.key, to_version)
    return _migrate(root, [run], to, allow, by=by, at=at)[0]


@transaction.atomic
def migrate_case(
    *,
    root_id: int,
    to: ProcessDefinition,
    from_versions: Collection[int],
    allow: Collection[PlanKind],
    by: AbstractBaseUser | None,
    at: datetime,
) -> list[Answer]:
    """Plan, and move as `migrate_run`, every open run of one case that has one of these versions of a process.

    All of them in one transaction under the root's lock. With nothing allowed it only plans.
    """
    root = lock_root(root_id)
    runs = Run.objects.filter(definition__key=to.key, definition__version__in=from_versions, state__in=OPEN_RUN_STATES)
    below = [root if run.pk == root.pk else run for run in (runs.filter(pk=root_id) | runs.filter(root=root_id))]
    return _migrate(root, sorted(below, key=lambda run: run.pk), to, allow, by=by, at=at)


def _migrate(
    root: Run,
    runs: Sequence[Run],
    to: ProcessDefinition,
    allow: Collection[PlanKind],
    *,
    by: AbstractBaseUser | None,
    at: datetime,
) -> list[Answer]:
    step, answers = Transition(root, by=by, at=at), []
    for run in runs:
        version = run.definition.version or 0
        waits = run.state in OPEN_RUN_STATES and run.definition_id != to.pk
        plan = plan_migration(run.definition, to, run) if waits else None
        moved = plan is not None and plan.kind in allow and plan.kind is not PlanKind.REFUSED
        if plan is not None and moved:
            _adopt(step, run, to, plan)
        answers.append(_answer(root, run, version, to, plan, moved=moved))
    if step.facts:
        step.commit()
    return answers


def _answer(root: Run, run: Run, version: int, to: ProcessDefinition, plan: Plan | None, *, moved: bool) -> Answer:
    return Answer(
        run_id=run.pk,
        root_id=root.pk,
        subject=f"{run.subject_kind} {run.subject_id}",
        from_version=version,
        to_version=to.version or 0,
        plan=plan,
        moved=moved,
    )


def _adopt(step: Transition, run: Run, to: ProcessDefinition, plan: Plan) -> None:
    """Let a run go on with another version; what the step cannot write itself is written at once."""
    old, new = graph_of(run.definition_id), graph_of(to.pk)
    step.note(
        run, "run_migrated", process=to.key, version=to.version, from_version=run.definition.version, plan=plan.kind
    )
    Run.objects.filter(pk=run.pk).update(definition=to)
    run.definition = to
    run.version += 1
    step.runs[run.pk] = run
    step.moved.add(run.pk)
    reword_tasks(step, run, old, new, calendar_for())
    if plan.fit is not None:
        run.marking = plan.fit.state.to_json()
        run.learned = {name: value for name, value in plan.fit.state.data.items() if run.data.get(name) is not value}
        reset_timers(step, run, plan.fit, plan.timers)
        listen_anew(step, run, plan.fit)


def version_of(key: str, version: int | None) -> ProcessDefinition:
    """Return a published or retired version of a process; None: the published one. Raises UnknownVersionError."""
    known = ProcessDefinition.objects.filter(key=key)
    wanted = {"version": version} if version is not None else {"state": DefinitionState.PUBLISHED}
    found = known.filter(**wanted).first()
    if found is None:
        what = f"version {version}" if version is not None else "published version"
        raise UnknownVersionError(f"There is no {what} of the process {key}.")
    return found

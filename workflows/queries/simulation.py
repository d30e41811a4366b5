"""Facts for the simulation: closed cases as they were, and the drawings that they may run through. Never writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from workflows.bpmn.parse import parse_process
from workflows.engine.graph import Graph
from workflows.enums import DefinitionState, RunState
from workflows.models import HistoryEvent, ProcessDefinition, Run
from workflows.queries.definitions import UnknownProcessError, graph_of, published_definition
from workflows.simulation.recorded import (
    ENDING,
    FAILED,
    OPENING,
    RETURNED,
    TAKEN_UP,
    Fact,
    Recording,
    end_from_outside,
    steps_of,
)
from workflows.simulation.time_axis import TimeAxis

ROWS_AT_ONCE = 2_000
_KINDS = (*OPENING, *TAKEN_UP, *ENDING, "activity_cancelled", "timer_fired", "run_started", "run_ended")
#: What answers are kept under: the simulation gives its own.
_ANSWERS = frozenset({"outcome", "outcomes"})
#: What a called run's beginning and end are in the history of its caller.
_OF_CALLED = {"run_started": "child_started", "run_ended": "child_ended"}


def published_graph(key: str) -> Graph | None:
    """Return the drawing that new runs of a process begin with, None while none is published."""
    try:
        return graph_of(published_definition(key).pk)
    except UnknownProcessError:
        return None


def draft_graph(key: str) -> Graph | None:
    """Return the draft of a process, None when there is none. Raises BpmnError."""
    draft = ProcessDefinition.objects.filter(key=key, state=DefinitionState.DRAFT).first()
    return parse_process(draft.source.encode()) if draft is not None else None


def recorded_cases(*, process: str, axis: TimeAxis, newest: int) -> tuple[Recording, ...]:
    """Return the runs of a process that ended last, with all that they called, in the order in which they began.

    Of any version: what is known about a step is known by its id. newest: how many at most.
    """
    ended = Run.objects.filter(definition__key=process, state=RunState.ENDED).order_by("-ended_at", "-pk")
    chosen = set(ended.values_list("pk", flat=True)[:newest])
    family = _Family.of(chosen)
    facts = _facts(family, axis)
    recordings = [_recording(family.runs[pk], family, facts, axis) for pk in chosen]
    return tuple(sorted(recordings, key=lambda one: (one.begins, one.name)))


@dataclass(slots=True)
class _Family:
    """Chosen runs and all that they called."""

    runs: dict[int, Run] = field(default_factory=dict)
    called_by: dict[int, list[Run]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, chosen: set[int]) -> _Family:
        family, ahead = cls(), chosen
        runs = Run.objects.select_related("definition").defer("definition__source", "marking", "history_head")
        for run in runs.filter(pk__in=chosen):
            family.runs[run.pk] = run
        while ahead:
            below = [run for run in runs.filter(parent__in=ahead).order_by("pk") if run.ended_at is not None]
            for run in below:
                family.runs[run.pk] = run
                assert run.parent_id is not None
                family.called_by[run.parent_id].append(run)
            ahead = {run.pk for run in below}
        return family


def _facts(family: _Family, axis: TimeAxis) -> Mapping[int, Sequence[Fact]]:
    """Return the facts of each run in order of recording, with the ends of what it called among them."""
    found: dict[int, list[Fact]] = defaultdict(list)
    roots = {run.root_key for run in family.runs.values()}
    rows = HistoryEvent.objects.filter(root__in=roots, kind__in=_KINDS).order_by("root", "seq")
    for run_id, at, kind, detail in rows.values_list("run_id", "at", "kind", "detail").iterator(ROWS_AT_ONCE):
        run = family.runs.get(run_id)
        if run is None:
            continue
        fact = Fact(
            second=axis.second(at),
            kind=kind,
            node=detail.get("node", ""),
            round=detail.get("round", 0),
            outcome=_outcome(kind, detail),
        )
        found[run_id].append(fact)
        if kind in _OF_CALLED and run.parent_id in family.runs:
            place = replace(fact, kind=_OF_CALLED[kind], node=run.parent_node, round=run.parent_round)
            found[run.parent_id].append(place)
    return found


def _outcome(kind: str, detail: Mapping[str, str]) -> str:
    if kind == "task_returned":
        return f"{RETURNED}{detail.get('to', '')}"
    if kind == "job_skipped":
        return "skipped"
    error = detail.get("error") if kind in ("job_done", "run_ended") else None
    return f"{FAILED}{error}" if error else detail.get("outcome", "")


def _recording(run: Run, family: _Family, facts: Mapping[int, Sequence[Fact]], axis: TimeAxis) -> Recording:
    assert run.ended_at is not None
    begins, own = axis.second(run.started_at), facts.get(run.pk, ())
    called: dict[str, list[Recording]] = defaultdict(list)
    for child in sorted(family.called_by.get(run.pk, ()), key=lambda one: one.parent_round):
        called[child.parent_node].append(_recording(child, family, facts, axis))
    # Whoever called it may have taken it away: then it did not end from outside, and would have gone on.
    taken_away = run.parent_id in family.runs and any(
        fact.kind == "activity_cancelled" and (fact.node, fact.round) == (run.parent_node, run.parent_round)
        for fact in facts.get(run.parent_id or 0, ())
    )
    return Recording(
        name=f"run-{run.pk}",
        process=run.definition.key,
        begins=begins,
        data=run.data,
        learned={name: value for name, value in run.learned.items() if name not in _ANSWERS},
        steps=steps_of(own, axis, until=axis.second(run.ended_at)),
        called={node: tuple(each) for node, each in called.items()},
        ended_from_outside=None if taken_away else end_from_outside(own, axis, begins),
    )

"""Timers drawn on the border of a task: set when the task opens, cancelled when it closes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflows.clocks import ClockFacts, Limit, Unit, WorkingCalendar, due
from workflows.engine.graph import Span
from workflows.models import Run, Timer
from workflows.operations import timers
from workflows.queries.calendars import calendar_for

SUBJECT = "node"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A boundary timer the engine asked for. span: how long after the task opened."""

    run_id: int
    node: str
    round: int
    span: Span


def set_timers(*, root: Run, wanted: Sequence[Wanted], at: datetime) -> None:
    """Set boundary timers that count from `at`; the caller holds the root's lock. Effects: one row each."""
    if not wanted:
        return
    calendar = calendar_for()
    Timer.objects.bulk_create(
        Timer(
            root=root,
            subject_kind=SUBJECT,
            subject_id=_subject_id(one.run_id, one.node),
            kind=timers.BOUNDARY,
            round=one.round,
            due_at=_instant(one.span, at, calendar),
            payload={"run_id": one.run_id, "node": one.node},
        )
        for one in wanted
    )


def cancel_timers(*, run: Run, host: Iterable[str], at: datetime) -> None:
    """Cancel the waiting timers of a task's boundary events. host: the ids of those events."""
    nodes = [_subject_id(run.pk, node) for node in host]
    if nodes:
        timers.cancel_timers(subject_kind=SUBJECT, subject_ids=nodes, at=at)


def _subject_id(run_id: int, node: str) -> str:
    return f"{run_id}:{node}"


def _instant(span: Span, at: datetime, calendar: WorkingCalendar) -> datetime:
    if span.unit == "seconds":
        return at + timedelta(seconds=span.amount)
    facts = ClockFacts(kind="stage", limit=Limit(span.amount, Unit(span.unit)), started_at=at)
    due_at = due(facts, calendar).due_at
    assert due_at is not None  # only a pause leaves it undecided
    return due_at

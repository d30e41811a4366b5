"""Timers drawn in a process: when they are due."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories.clocks import at
from workflows.engine.advance import EngineError
from workflows.engine.graph import Span, Timer
from workflows.operations.node_timers import after, due_instant
from workflows.queries.calendars import calendar_of

OPENED = at("2026-09-29 10:00")


@pytest.mark.parametrize(
    ("span", "due_at"),
    [
        (Span(amount=90, unit="seconds"), OPENED + timedelta(seconds=90)),
        (Span(amount=3, unit="working_days"), at("2026-10-09 17:00")),
        (Span(amount=5, unit="calendar_days"), at("2026-10-08 17:00")),
        (Span(amount=7, unit="working_hours"), at("2026-09-30 10:00")),
    ],
)
def test_a_span_counts_from_the_opening(span: Span, due_at: object) -> None:
    assert after(span, OPENED, calendar_of(None)) == due_at
    assert due_instant(Timer(span=span), OPENED, calendar_of(None)) == due_at


@pytest.mark.parametrize("date", ["2026-10-01T09:00:00+08:00", "2026-10-01T01:00:00+00:00", "2026-10-01T09:00:00"])
def test_a_date_is_an_instant_and_without_an_offset_the_regions(date: str) -> None:
    assert due_instant(Timer(date=date), OPENED, calendar_of(None)) == at("2026-10-01 09:00")


def test_a_date_that_is_none_is_refused() -> None:
    with pytest.raises(EngineError, match="is no instant"):
        due_instant(Timer(date="next week"), OPENED, calendar_of(None))

"""Reckoning many clocks gives what each of them gives alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from workflows.clocks import SHIPPED, ClockFacts, Extension, Light, Limit, Pause, Unit, due, instants, national_calendar
from workflows.clocks.reckoning import Reckoner
from workflows.clocks.rules import KINDS
from workflows.clocks.thresholds import code_of_light

RECKONER = Reckoner(national_calendar(), SHIPPED)
STARTS = st.integers(0, 1_800_000).map(lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))


@st.composite
def pauses(draw: st.DrawFn, start: datetime) -> tuple[Pause, ...]:
    found = []
    for _ in range(draw(st.integers(0, 2))):
        begin = start.date() + timedelta(days=draw(st.integers(0, 30)))
        open_end = draw(st.booleans())
        found.append(Pause(begin, None if open_end else begin + timedelta(days=draw(st.integers(0, 20)))))
    return tuple(found)


@given(st.data())
def test_it_gives_what_each_clock_gives_alone(data: st.DataObject) -> None:
    kind, unit = data.draw(st.sampled_from(sorted(KINDS))), data.draw(st.sampled_from(list(Unit)))
    amount, extension = data.draw(st.integers(0, 60)), data.draw(st.sampled_from([0, 0, 10]))
    start = data.draw(STARTS)
    stood_still = data.draw(pauses(start))
    facts = ClockFacts(
        kind=kind,
        limit=Limit(amount, unit),
        started_at=start,
        pauses=stood_still,
        extensions=(Extension(extension),) if extension else (),
    )
    for _ in range(2):  # computed, then remembered
        found = RECKONER.reckon(kind, unit.value, amount, start, pauses=stood_still, extension=extension)
        reached = instants(facts, RECKONER.calendar, SHIPPED)
        assert found[:3] == due(facts, RECKONER.calendar)
        assert dict(found.reached) == reached
        assert found.warn_at == reached.get(code_of_light(SHIPPED, kind, Light.YELLOW))

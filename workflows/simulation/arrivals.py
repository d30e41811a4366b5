"""Cases that are filed: made up, or like those of history."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from workflows.simulation.chance import mixed, number_of, share
from workflows.simulation.course import ComingCase
from workflows.simulation.recorded import Recording
from workflows.simulation.time_axis import TimeAxis

#: Without a stated number per day, cases are spread over a year, so that every season of the calendar has its part.
WORKING_DAYS_OF_A_YEAR = 250


def replayed(recordings: Sequence[Recording]) -> tuple[ComingCase, ...]:
    """Return the recorded cases as cases to come, each at its own instant and with its own data."""
    return tuple(
        ComingCase(name=recording.name, begins=recording.begins, data=recording.data, recording=recording)
        for recording in recordings
    )


def made_up(
    count: int,
    *,
    axis: TimeAxis,
    begins: int,
    per_day: float | None = None,
    data: Sequence[Mapping[str, Any]] = (),
    seed: int = 1,
) -> tuple[ComingCase, ...]:
    """Return cases that are filed from `begins` on in office hours.

    per_day: how many on average, at random and independently of each other (a Poisson process); None: evenly over one
    working year. data: each case has one of these, at random.
    """
    cases, worked = [], 0.0
    for number in range(1, count + 1):
        luck = mixed(seed, number_of("arrival"), number)
        if per_day is None:
            worked = (number - 1) * WORKING_DAYS_OF_A_YEAR * axis.per_day / count
        else:
            worked -= math.log1p(-share(luck)) * axis.per_day / per_day
        mine = data[int(share(mixed(luck, 1)) * len(data))] if data else {}
        cases.append(ComingCase(name=str(number), begins=axis.after(begins, int(worked)), data=mine))
    return tuple(cases)


def per_day_of(recordings: Sequence[Recording], axis: TimeAxis) -> float | None:
    """Return how many cases a working day brought, None when that cannot be told from so few."""
    begins = sorted(recording.begins for recording in recordings)
    days = axis.days(axis.worked(begins[-1]) - axis.worked(begins[0])) if begins else 0
    return (len(begins) - 1) / days if days > 0 else None

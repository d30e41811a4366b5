"""How many cases a second the engine finishes, against the floor in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from django.db import connection

from tests.benchmarks.cases import Engine, people
from tests.benchmarks.figure import Figure, Size
from tests.benchmarks.floor import Floor, laid
from tests.benchmarks.ground import Ground, dsn

WARM_UP = 5


def measure(ground: Ground, size: Size) -> Figure:
    """Let engine and floor finish the same cases in turns."""
    per_second, thinking = _in_turns(ground, size)
    medians = {name: median(values) for name, values in per_second.items()}
    ratios = [mine / least for mine, least in zip(per_second["engine"], per_second["floor"], strict=True)]
    return Figure(
        name="throughput",
        title="throughput, engine ÷ floor",
        unit="ratio",
        value=medians["engine"] / medians["floor"],
        must=0.35,
        hope=0.50,
        higher_is_better=True,
        rounds={name: [round(value, 1) for value in values] for name, values in per_second.items()},
        detail={
            "cases_per_second": {name: round(value, 1) for name, value in medians.items()},
            "ratio_per_round": [round(ratio, 3) for ratio in ratios],
            "python_ms_per_case": {name: round(median(values), 2) for name, values in thinking.items()},
            "cases_per_round": size.cases,
        },
    )


def _in_turns(ground: Ground, size: Size) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return cases per second, and milliseconds of this thread's own work per case, round by round."""
    per_second: dict[str, list[float]] = {"floor": [], "engine": []}
    thinking: dict[str, list[float]] = {"floor": [], "engine": []}
    with ground.fresh_database(), laid(dsn(connection.settings_dict)) as tables, Engine().told() as engine:
        floor = Floor(tables, {post: person.pk for post, person in people().items()})
        ways = {"floor": floor.finish, "engine": engine.finish}
        for act in ways.values():
            finish_all(act, WARM_UP, first=1)
        for number in range(size.rounds):
            first = WARM_UP + 1 + number * size.cases
            for name, act in ways.items():
                thought = time.thread_time()
                per_second[name].append(size.cases / finish_all(act, size.cases, first=first))
                thinking[name].append((time.thread_time() - thought) / size.cases * 1000)
    return per_second, thinking


def finish_all(act: Callable[[int], Any], cases: int, *, first: int) -> float:
    """Return the seconds it takes to finish some cases one after the other."""
    began = time.perf_counter()
    for number in range(first, first + cases):
        act(number)
    return time.perf_counter() - began

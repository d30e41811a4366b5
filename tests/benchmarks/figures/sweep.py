"""What a sweep costs when nothing is due, and whether what fired long ago makes it dearer."""

from __future__ import annotations

import contextlib
import time
from datetime import timedelta
from statistics import median

from tests.benchmarks.figure import Figure, Size
from tests.benchmarks.filling import settle
from tests.benchmarks.ground import Ground
from tests.benchmarks.waiting import BEGAN, DUE, copy_clocks, copy_timers, instant, seed
from workflows.models import Timer
from workflows.operations.timers import sweep_timers

SWEEPS = 200
#: Timers that fall due together, once in each round.
TOGETHER = 1_000
HOUR = timedelta(hours=1)


def empty(ground: Ground, size: Size) -> Figure:
    """Sweep again and again beside open timers of which none is due."""
    count, clocks = (100_000, 1_000) if size.quick else (1_000_000, 10_000)
    with ground.fresh_database():
        clock = seed()
        copy_clocks(clock, clocks)
        timer = Timer.objects.filter(subject_id=str(clock.pk)).first()
        copy_timers(timer, count, clocks, due=instant(DUE, timedelta(seconds=1)), round=f"1 + n / {clocks}")
        settle()
        rounds = [[_swept() for _ in range(SWEEPS)] for _ in range(size.rounds)]
    return Figure(
        name="empty_sweep",
        title=f"sweep when none of {count:,} open timers is due",
        unit="ms",
        value=median(one for took in rounds[1:] for one in took),
        must=2,
        hope=1,
        rounds={"median": [round(median(took), 3) for took in rounds]},
        detail={"slowest_ms": round(max(map(max, rounds)), 2)},
    )


def _swept() -> float:
    began = time.perf_counter()
    fired = sweep_timers(at=BEGAN)
    took = (time.perf_counter() - began) * 1000
    assert fired == 0
    return took


def finished(ground: Ground, size: Size) -> Figure:
    """Fire the same timers in turns in two databases, one with finished timers of ten years beside them."""
    many = 1_000_000 if size.quick else 10_000_000
    with contextlib.ExitStack() as stack:
        few = stack.enter_context(ground.database())
        with ground.using(few):
            timer = _waiting(size.rounds + 1)
        old = stack.enter_context(ground.database(like=few))
        with ground.using(old):
            copy_timers(timer, many, TOGETHER, due=_LONG_AGO, round=f"1000 + n / {TOGETHER}", fired=_LONG_AGO)
            settle()
        took: dict[str, list[float]] = {"none": [], "many": []}
        for number in range(size.rounds + 1):
            for name, database in {"none": few, "many": old}.items():
                with ground.using(database):
                    took[name].append(_fired(number))
    ratios = [with_many / alone for alone, with_many in zip(took["none"], took["many"], strict=True)][1:]
    change = (median(took["many"][1:]) / median(took["none"][1:]) - 1) * 100
    return Figure(
        name="finished",
        title=f"change of a sweep's cost beside {many:,} finished timers",
        unit="%",
        value=abs(change),
        must=15,
        hope=5,
        rounds={name: [round(one, 1) for one in values] for name, values in took.items()},
        detail={"change": round(change, 1), "ratio_per_round": [round(one, 3) for one in ratios]},
    )


_LONG_AGO = instant(BEGAN - timedelta(days=3650), timedelta(seconds=20))


def _waiting(rounds: int) -> Timer:
    """Make clocks with one timer for each round, an hour after the one before."""
    clock = seed()
    copy_clocks(clock, TOGETHER)
    timer: Timer = Timer.objects.get(subject_id=str(clock.pk), kind="red")
    due, number = instant(DUE, HOUR, TOGETHER), f"2 + n / {TOGETHER}"
    copy_timers(timer, rounds * TOGETHER, TOGETHER, due=due, round=number)
    Timer.objects.filter(subject_id=str(clock.pk)).exclude(pk=timer.pk).delete()
    Timer.objects.filter(pk=timer.pk).update(cancelled_at=BEGAN)  # only copies fire
    settle()
    return timer


def _fired(number: int) -> float:
    from django.db import connection

    connection.ensure_connection()
    began = time.perf_counter()
    fired = sweep_timers(at=DUE + number * HOUR)
    took = (time.perf_counter() - began) * 1000
    assert fired == TOGETHER, fired
    return took

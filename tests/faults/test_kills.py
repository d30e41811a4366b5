"""FT1 and FT2: processes die at any instant, and at the worst ones."""

from __future__ import annotations

import random
import signal
import time

import pytest

from tests.faults.parts import send, until
from tests.faults.plant import RECOVERED_WITHIN, Plant

pytestmark = pytest.mark.xdist_group("faults")


def test_workers_are_killed_at_random(plant: Plant) -> None:
    """FT1: a child, the main process alone (its children go on as orphans), or the whole tree, for some seconds."""
    chance, worker = random.Random(1), plant.parts["worker"]
    plant.town("review")
    kills, starts = 0, worker.starts
    for _ in range(3):
        plant.town("file", count=1)
        for _ in range(6):
            victims = {"child": worker.children[-1:], "main": [worker.pid], "tree": [worker.pid, *worker.children]}
            for pid in victims[chance.choice(sorted(victims))]:
                send(pid, signal.SIGKILL)
                kills += 1
            time.sleep(chance.uniform(0.05, 0.3))
    assert kills >= 6
    assert worker.starts > starts
    plant.drains()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["worker", "beat", "sweepd", "web", "valkey", "postgres"])
def test_a_single_kill_costs_less_than_three_minutes(plant: Plant, name: str) -> None:
    """Killed whole, with everything on its way; what is filed next is under way, and everybody told, in time."""
    plant.town("rest")
    part, first = plant.parts[name], signal.SIGQUIT if name == "postgres" else signal.SIGKILL
    began, starts = time.monotonic(), part.starts
    for pid in [part.pid] if name == "postgres" else [part.pid, *part.children]:
        send(pid, first)
    until(lambda: part.starts > starts, within=30, what=f"{name} is started again")
    plant.town("file", count=1)
    until(lambda: plant.left().keys() <= {"applications"}, within=RECOVERED_WITHIN, what=f"all goes on without {name}")
    print(f"{name}: recovered after {time.monotonic() - began:.1f} s")

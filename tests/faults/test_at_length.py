"""The same at length: hundreds of cases under every fault in turn, and a kill with the waits of real life."""

from __future__ import annotations

import contextlib
import random
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.faults.parts import send, until
from tests.faults.plant import Plant, nothing_lost_nothing_doubled

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]

APPLICATIONS = 60  # of four cases each
REAL_MINUTES = 3


def _kill(plant: Plant, name: str, chance: random.Random) -> None:
    part = plant.parts[name]
    if part.is_down:
        return
    victims = [part.pid, *part.children] if chance.random() < 0.5 else part.children[-1:] or [part.pid]
    for pid in victims:
        send(pid, signal.SIGKILL)


def _hang(plant: Plant, name: str, seconds: float) -> None:
    pid = plant.parts[name].pid
    send(pid, signal.SIGSTOP)
    time.sleep(seconds)
    send(pid, signal.SIGCONT)


def _end_sessions(plant: Plant) -> None:
    with contextlib.suppress(psycopg.Error):
        plant.rows("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()")


def _faults(plant: Plant, chance: random.Random) -> list[Callable[[], object]]:
    return [
        *(lambda name=name: _kill(plant, name, chance) for name in ("worker", "worker", "beat", "sweepd", "web")),
        lambda: plant.broker.flushall(),
        lambda: _hang(plant, "valkey", 2),
        lambda: _hang(plant, "worker", 2),
        lambda: send(plant.parts["postgres"].pid, signal.SIGQUIT),
        lambda: _end_sessions(plant),
        lambda: plant.post.mail.faults.extend(["451 later", "drop", 3.0]),
        lambda: plant.post.fail_texts(("silence", 4), ("status", 503)),
    ]


def test_hundreds_of_cases_under_every_fault(plant: Plant) -> None:
    chance = random.Random(2026)
    faults = _faults(plant, chance)
    for number in range(APPLICATIONS):
        plant.files(1)
        with contextlib.suppress(ConnectionError, OSError):
            faults[number % len(faults)]()
        chance.shuffle(faults) if number % len(faults) == 0 else None
    plant.whole()
    plant.drains(within=900)


def test_a_kill_in_real_time_costs_less_than_three_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing compressed: the worker dies with notices claimed, the hints are lost, and everybody is told in time."""
    monkeypatch.setenv("FAULTS_PACE", "1")
    with tempfile.TemporaryDirectory(prefix="one-stop-faults-") as folder, Plant(Path(folder)).running() as plant:
        plant.post.mail.faults.extend([1.9] * 20)
        plant.town("file", count=2)
        sending = "select 1 from notifications_notice where status = 'sending'"
        until(lambda: plant.rows(sending), within=60, what="a notice is being sent")
        worker = plant.parts["worker"]
        for pid in [worker.pid, *worker.children]:
            send(pid, signal.SIGKILL)
        plant.broker.flushall()
        plant.post.mail.faults.clear()
        began = time.monotonic()
        until(lambda: plant.left().keys() <= {"applications"}, within=REAL_MINUTES * 60, what="everybody is told")
        print(f"recovered after {time.monotonic() - began:.0f} s")
        plant.town("review")
        plant.drains(within=600)
        nothing_lost_nothing_doubled(plant)

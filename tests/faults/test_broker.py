"""FT3, FT6 and FT7: the broker forgets, dies, hangs; everybody sweeps at once; messages come twice and out of order."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import subprocess
import sys
import time
from typing import Any
from uuid import uuid4

import pytest
import redis

from portal.demo.stack import ROOT, _command, _procfile
from tests.faults.clerk import Clerk, percentile
from tests.faults.parts import Part, send, until
from tests.faults.plant import Plant

pytestmark = pytest.mark.xdist_group("faults")


def test_the_broker_forgets_everything_again_and_again(plant: Plant) -> None:
    plant.files(1)
    for _ in range(6):
        plant.broker.flushall()
        time.sleep(0.5)
    plant.files(1)


def test_without_a_broker_everything_is_done_all_the_same(plant: Plant) -> None:
    plant.parts["valkey"].down()
    plant.files(1)
    plant.drains()
    assert plant.parts["valkey"].is_down


@pytest.mark.slow
def test_a_hung_broker_delays_nobody(plant: Plant) -> None:
    """One request may be delayed by a second, once; 95 of 100 stay below one."""
    plant.town("rest")
    plant.town("file", count=2)
    with Clerk(plant, "clerk") as clerk:
        until(lambda: len(clerk.tasks()) >= 8, within=60, what="eight tasks at the window")
        send(plant.parts["valkey"].pid, signal.SIGSTOP)
        tasks, usual = clerk.tasks(), _work(clerk, [])
        send(plant.parts["valkey"].pid, signal.SIGSTOP)
        hung = _work(clerk, tasks)
        send(plant.parts["valkey"].pid, signal.SIGCONT)
    # What a busy machine takes without any fault is no fault of the broker.
    assert percentile(hung, 95) < 1.0 + percentile(usual, 95), (sorted(usual), sorted(hung))
    assert max(hung) < 2.0 + max(usual), (sorted(usual), sorted(hung))


def _work(clerk: Clerk, tasks: list[dict[str, Any]]) -> list[float]:
    """Complete tasks and look at the list between them; return how long each request took."""
    clerk.seconds.clear()
    for task in tasks:
        clerk.complete(task, "accept")
        clerk.tasks()
    for _ in range(20 - len(tasks)):
        clerk.tasks()
    return list(clerk.seconds)


@pytest.mark.slow
def test_everybody_sweeps_at_once(plant: Plant) -> None:
    """FT6: two beats, two sweepers, and two more by hand."""
    beat = plant.parts["beat"]
    second = Part("beat2", [*beat.command[:-1], str(plant.var / "beat2-schedule")], beat.log, beat.environment)
    second.up()
    try:
        plant.files(2)
        by_hand = [_sweep_by_hand(plant) for _ in range(2)]
        for one in by_hand:
            one.wait(120)
        plant.drains()
    finally:
        second.down(signal.SIGTERM)
    # In the crowd a sweep may have waited too long for a lock, which it says; alone, it must not.
    assert _sweep_by_hand(plant).wait(120) == 0
    told = plant.rows(
        "select count(*), count(distinct (detail ->> 'clock') || (detail ->> 'threshold'))"
        " from workflows_historyevent where kind in ('clock_warned', 'clock_reached')"
    )
    assert told[0][0] == told[0][1] > 0


def _sweep_by_hand(plant: Plant) -> subprocess.Popen[bytes]:
    command = [*_command("sweepd", _procfile()["sweepd"], 0, plant.var), "--once"]
    with (plant.var / "log" / "by-hand.log").open("ab") as log:
        return subprocess.Popen(command, cwd=ROOT, env=plant.environment, stderr=log)


@pytest.mark.slow
def test_messages_come_twice_and_out_of_order(plant: Plant) -> None:
    """FT7: every message that waits is doubled or trebled, and the heap is shuffled."""
    chance, doubled = random.Random(7), set()
    plant.town("review")
    plant.town("file", count=1)
    end = time.monotonic() + 6
    while time.monotonic() < end:
        with contextlib.suppress(redis.RedisError):
            waiting = [json.loads(one) for one in plant.broker.lrange("celery", 0, -1)]
            fresh = [one for one in waiting if one["properties"]["delivery_tag"] not in doubled]
            copies = [_copy(one) for one in fresh for _ in range(chance.choice((1, 2)))]
            doubled |= {one["properties"]["delivery_tag"] for one in (*fresh, *copies)}
            chance.shuffle(copies)
            for one in copies:
                (plant.broker.lpush if chance.random() < 0.5 else plant.broker.rpush)("celery", json.dumps(one))
        time.sleep(0.02)
    # Whatever the workers take before we see it is doubled by hand: the same tasks, many at once.
    subprocess.run(
        [sys.executable, "-m", "tests.faults.shout"], cwd=ROOT, env=plant.environment, check=True, timeout=120
    )


def _copy(message: dict[str, object]) -> dict[str, object]:
    copy = json.loads(json.dumps(message))
    copy["properties"]["delivery_tag"] = str(uuid4())
    return dict(copy)

"""A worker that runs and gets nothing done ends itself; one that gets on is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portal.celery import Watchdog

HANGS = """
import sys, time
from billiard import Process
from portal.celery import end_at_once
child = Process(target=time.sleep, args=(600,))
child.start()
print(child.pid, flush=True)
end_at_once()
"""


@pytest.fixture
def sign(tmp_path: Path) -> Path:
    (tmp_path / "worker-alive").touch()
    return tmp_path / "worker-alive"


def test_no_progress_for_too_long_gives_up(sign: Path) -> None:
    given_up: list[bool] = []
    watchdog = Watchdog(sign, within=180, give_up=lambda: given_up.append(True))
    now = time.monotonic()
    watchdog.look(now + 179)
    assert not given_up
    watchdog.look(now + 181)
    assert given_up


def test_each_progress_begins_the_wait_anew_whatever_the_clock_says(sign: Path) -> None:
    given_up: list[bool] = []
    watchdog = Watchdog(sign, within=180, give_up=lambda: given_up.append(True))
    now = time.monotonic()
    for number in range(1, 5):
        os.utime(sign, ns=(0, 10**18 * (-1) ** number))  # a clock that jumps years to and fro
        watchdog.look(now + 170 * number)
    assert not given_up


def test_a_sign_that_never_comes_gives_up_too(tmp_path: Path) -> None:
    given_up: list[bool] = []
    Watchdog(tmp_path / "missing", within=1, give_up=lambda: given_up.append(True)).look(time.monotonic() + 2)
    assert given_up


def test_giving_up_leaves_no_child_behind() -> None:
    done = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stderr
    child = int(done.stdout)
    end = time.monotonic() + 30
    while time.monotonic() < end and Path(f"/proc/{child}/stat").exists():
        if Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.05)
    else:
        if Path(f"/proc/{child}").exists():
            os.kill(child, signal.SIGKILL)
            pytest.fail("The child goes on.")

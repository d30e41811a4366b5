"""Processes of the plant: each is started again when it dies, unless it is meant to be down."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal.demo import processes


def until(condition: Callable[[], Any], *, within: float, what: str) -> Any:
    """Wait for something to become true and return it; fail with `what` after `within` seconds."""
    end = time.monotonic() + within
    while True:
        if value := condition():
            return value
        assert time.monotonic() < end, f"Not within {within:.0f} s: {what}"
        time.sleep(0.05)


def descendants(pid: int) -> list[int]:
    """Return the processes below one, those nearest first."""
    found = [pid]
    for one in found:
        for listing in Path(f"/proc/{one}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += [int(child) for child in listing.read_text().split()]
    return found[1:]


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


@dataclass
class Part:
    """One process. prepare: done before each start. replace: whether a supervisor starts it again."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str]
    ends_by: signal.Signals = signal.SIGTERM
    whom: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[[], None] = lambda: None
    extra: dict[str, str] = field(default_factory=dict)
    starts: int = 0
    _process: processes.Process | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} is down"
        return self._process.child.pid

    @property
    def is_down(self) -> bool:
        return self._process is None

    @property
    def children(self) -> list[int]:
        return descendants(self.pid)

    def up(self) -> None:
        """Start it."""
        with self._lock:
            self.prepare()
            self._process = processes.start(
                self.command,
                log=self.log,
                ends_by=self.ends_by,
                environment={**self.environment, **self.extra},
                **self.whom,
            )
            self.starts += 1

    def down(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it and all of its group, and let nobody start it again."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            send(process.child.pid, signal.SIGCONT)
            send(process.child.pid, number)
            process.stop(within_seconds=10)
            process.end_group()

    def again(self, **extra: str) -> None:
        """End it and start it anew, with other words in its environment."""
        self.down()
        self.extra = extra
        self.up()

    def mend(self) -> None:
        """Do what a supervisor does: start it if it has died."""
        with self._lock:
            if self._process is not None and self._process.child.poll() is not None:
                self._process.end_group()
                self._process.stop()
                self.up()


class Supervisor:
    """Looks after parts until told to stop."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._ended.wait(0.2):
            for part in self.parts:
                part.mend()

    def __enter__(self) -> Supervisor:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        for part in reversed(self.parts):
            part.down(part.ends_by)

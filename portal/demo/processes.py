"""Child processes that never outlive us, however we end: by return, by Ctrl-C, by SIGTERM or by SIGKILL."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# The watcher waits on a pipe that only we hold open: when it ends we are gone, and the child is the watcher's to stop.
_WATCH = 'read _ignored; kill -s "$1" "$0" 2>/dev/null'
LOOK_EVERY_SECONDS = 0.5


@dataclass
class Process:
    """A running child and the watcher that stops it when we are gone."""

    child: subprocess.Popen[bytes]
    ends_by: signal.Signals
    _watcher: subprocess.Popen[bytes] = field(repr=False)
    _lifeline: int = field(repr=False)

    def end_group(self) -> None:
        """End what the child left behind: a killed worker's own children go on without it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)

    def stop(self, *, within_seconds: float = 20) -> None:
        """Ask the child to end and wait; after `within_seconds` end it by force."""
        if self.child.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.child.send_signal(self.ends_by)
            try:
                self.child.wait(timeout=within_seconds)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        if self._watcher.poll() is None:
            self._watcher.kill()
            self._watcher.wait()
            os.close(self._lifeline)


class Keeper:
    """Starts a process again whenever it ends before it was told to, as the supervisor of a real site does."""

    def __init__(self, start_one: Callable[[], Process]) -> None:
        """Start the first one."""
        self._start_one, self._ended = start_one, threading.Event()
        self.process = start_one()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        while not self._ended.wait(LOOK_EVERY_SECONDS):
            if self.process.child.poll() is not None:
                self.process.end_group()
                self.process.stop()
                self.process = self._start_one()

    def stop(self) -> None:
        """Stop the process for good."""
        self._ended.set()
        self._thread.join()
        self.process.stop()
        self.process.end_group()


def start(
    command: Sequence[str],
    *,
    log: Path,
    ends_by: signal.Signals = signal.SIGTERM,
    environment: Mapping[str, str] | None = None,
    keep_open: Sequence[int] = (),
    **as_whom: Any,
) -> Process:
    """Start `command`; what it prints is appended to `log`.

    ends_by: the signal on which the command ends in good order. keep_open: file descriptors it inherits.
    as_whom: `user` and `group` (numbers) when it shall not run as ourselves.
    """
    with log.open("ab") as out:
        # A session of its own: Ctrl-C at the terminal reaches us, and we stop the children last and in order.
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            env=environment, pass_fds=keep_open, **as_whom,
        )  # fmt: skip
    waits_on, lifeline = os.pipe()
    watcher = subprocess.Popen(
        ["sh", "-c", _WATCH, str(child.pid), ends_by.name.removeprefix("SIG")], stdin=waits_on, start_new_session=True
    )
    os.close(waits_on)
    return Process(child, ends_by, watcher, lifeline)

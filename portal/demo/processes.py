"""Child processes that never outlive us, however we end: by return, by Ctrl-C, by SIGTERM or by SIGKILL."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# The watcher waits on a pipe that only we hold open: when it ends we are gone, and the child is the watcher's to stop.
_WATCH = 'read _ignored; kill -s "$1" "$0" 2>/dev/null'


@dataclass
class Process:
    """A running child and the watcher that stops it when we are gone."""

    child: subprocess.Popen[bytes]
    ends_by: signal.Signals
    _watcher: subprocess.Popen[bytes] = field(repr=False)
    _lifeline: int = field(repr=False)

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

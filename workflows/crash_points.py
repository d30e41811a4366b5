"""Named places of a step at which a test lets the process die, as a power cut would."""

from __future__ import annotations

import os
import signal

from django.conf import settings

CRASH_POINTS = (
    "join_before_write",
    "step_before_commit",
    "after_commit_before_wake",
    "job_before_commit",
)


def crash_point(name: str) -> None:
    """Kill this process if `settings.CRASH_POINTS` is on and the environment's CRASH_AT names this place."""
    if settings.CRASH_POINTS and os.environ.get("CRASH_AT") == name:
        os.kill(os.getpid(), signal.SIGKILL)

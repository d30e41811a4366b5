"""Named places of a step at which a test lets the process die, as a power cut would."""

from __future__ import annotations

import os
import signal
from collections import Counter

from django.conf import settings

CRASH_POINTS = (
    "join_before_write",
    "step_before_commit",
    "after_commit_before_wake",
    "job_before_commit",
)

_passed: Counter[str] = Counter()


def crash_point(name: str) -> None:
    """Kill this process if `settings.CRASH_POINTS` is on and the environment's CRASH_AT names this place.

    CRASH_AT="name" kills the first to come by, CRASH_AT="name@5" the fifth.
    """
    if not settings.CRASH_POINTS:
        return
    where, _, nth = os.environ.get("CRASH_AT", "").partition("@")
    if where == name:
        _passed[name] += 1
        if _passed[name] == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)

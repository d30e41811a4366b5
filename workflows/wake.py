"""Wake-up hints to Celery; the only module that sends a message.

A hint may be lost, doubled or late: the row it points at is the truth, and the sweeps of beat and `sweepd` find it
without any hint. So a broker that is down or hangs must never cost a person more than one short try.
"""

from __future__ import annotations

import logging
import threading
import time
from functools import partial

from celery import Celery
from django.db import transaction

from workflows.crash_points import crash_point

log = logging.getLogger(__name__)

REST_SECONDS = 30.0

# A sender of our own: a page must reach the broker whether or not this process has imported the worker's application.
sender = Celery("wake", set_as_current=False)
sender.config_from_object("django.conf:settings", namespace="CELERY")


class Breaker:
    """Lets nothing through for a while after a failure. Shared by the threads of a process."""

    def __init__(self, rest_seconds: float) -> None:
        """Start closed. rest_seconds: how long nothing is tried after a failure."""
        self.rest_seconds = rest_seconds
        self._lock = threading.Lock()
        self._open_until = 0.0

    def allows(self) -> bool:
        """Tell whether a try is allowed now."""
        with self._lock:
            return time.monotonic() >= self._open_until

    def trip(self) -> None:
        """Allow nothing for the rest period."""
        with self._lock:
            self._open_until = time.monotonic() + self.rest_seconds

    def reset(self) -> None:
        """Allow everything again."""
        with self._lock:
            self._open_until = 0.0


breaker = Breaker(REST_SECONDS)


def wake(task_name: str) -> None:
    """Ask a worker to look, once the current transaction has committed; nothing is sent if it rolls back.

    task_name: full name of a registered task that takes no arguments. Never raises and never tries twice.
    """
    transaction.on_commit(partial(_send, task_name), robust=True)


def _send(task_name: str) -> None:
    crash_point("after_commit_before_wake")
    if not breaker.allows():
        return
    try:
        sender.send_task(task_name, retry=False, ignore_result=True)
    except Exception as error:
        # Whatever the broker's client raises: the sweeps come round without the hint.
        breaker.trip()
        log.warning("wake-up not sent", extra={"task": task_name, "error": type(error).__name__})

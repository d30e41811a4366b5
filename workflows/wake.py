"""Wake-up hints to Celery; the only module that sends a message.

A hint may be lost, doubled or late: the row it points at is the truth, and the sweeps of beat and `sweepd` find it
without any hint. So a broker that is down or hangs must never cost a person anything: a thread beside the request
sends the hints. (Sent by the request itself, one to a broker that hung cost it four seconds, to one that was down six:
the client's own retries.)
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
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


class Messenger:
    """Sends hints from a thread of its own, started when the first is handed over. Equal ones that wait are one."""

    def __init__(self, publish: Callable[[str], None]) -> None:
        """publish: sends one hint, however long that takes; never raises."""
        self._publish = publish
        self.forget()
        # A lock that another thread held when this process was forked would never open again.
        os.register_at_fork(after_in_child=self.forget)

    def forget(self) -> None:
        """Begin anew, without a thread and without what waits."""
        self._changed = threading.Condition()
        self._waiting: dict[str, None] = {}
        self._sending = False
        self._thread: threading.Thread | None = None

    def hand_over(self, task_name: str) -> None:
        """Have a hint sent soon; returns at once."""
        with self._changed:
            self._waiting[task_name] = None
            if self._thread is None:
                self._thread = threading.Thread(target=self._send_for_ever, name="wake", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def wait_until_sent(self, seconds: float) -> bool:
        """Wait until nothing is waiting any more; returns whether that came about in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._sending, seconds)

    def _send_for_ever(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                names, self._waiting, self._sending = list(self._waiting), {}, True
            for name in names:
                self._publish(name)
            with self._changed:
                self._sending = False
                self._changed.notify_all()


def wake(task_name: str) -> None:
    """Ask a worker to look, once the current transaction has committed; nothing is sent if it rolls back.

    task_name: full name of a registered task that takes no arguments. Never raises, never waits, never tries twice.
    """
    transaction.on_commit(partial(_send, task_name), robust=True)


def _send(task_name: str) -> None:
    crash_point("after_commit_before_wake")
    if breaker.allows():
        messenger.hand_over(task_name)


def _publish(task_name: str) -> None:
    if not breaker.allows():
        return
    try:
        sender.send_task(task_name, retry=False, ignore_result=True)
    except Exception as error:
        # Whatever the broker's client raises: the sweeps come round without the hint.
        breaker.trip()
        log.warning("wake-up not sent", extra={"task": task_name, "error": type(error).__name__})


messenger = Messenger(_publish)

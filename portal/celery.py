"""The Celery application: workers and beat. A message is only a hint; PostgreSQL is the truth."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from billiard import active_children
from celery import Celery
from celery.signals import after_task_publish, beat_init, task_postrun, worker_ready
from django.conf import settings

log = logging.getLogger(__name__)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.production")
app = Celery("one_stop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def _touch(name: str) -> None:
    """Leave a sign of progress for the health check; a process that runs but does nothing leaves none."""
    Path(settings.PROGRESS_DIR, name).touch()


@task_postrun.connect
def _worker_progressed(**_: Any) -> None:
    _touch("worker-alive")


def _beat_progressed(**_: Any) -> None:
    _touch("beat-alive")


@beat_init.connect
def _watch_beat(**_: Any) -> None:
    after_task_publish.connect(_beat_progressed, weak=False)
    _keep_watch("beat-alive")


@worker_ready.connect
def _watch_worker(**_: Any) -> None:
    _keep_watch("worker-alive")


def _keep_watch(name: str) -> None:
    _touch(name)
    watchdog = Watchdog(Path(settings.PROGRESS_DIR, name), within=settings.PROGRESS_WITHIN_SECONDS, give_up=end_at_once)
    threading.Thread(target=watchdog.watch, name="watchdog", daemon=True).start()


class Watchdog:
    """Ends a process that runs but gets nothing done, so that its supervisor starts a new one (REL-9).

    Workers have stopped consuming for good after the broker came back, with their process and connection alive
    (celery#8030, #10205). Time is counted by the machine's monotonic clock: a clock that is set is no standstill.
    """

    def __init__(self, sign: Path, *, within: float, give_up: Callable[[], None]) -> None:
        """Watch the file `sign`, touched at each progress; call give_up after `within` seconds (0: never) without."""
        self._sign, self._within, self._give_up = sign, within, give_up
        self._seen, self._since = self._mark(), time.monotonic()

    def watch(self, every: float = 5.0) -> None:
        """Look every so many seconds, for ever."""
        while self._within:
            time.sleep(every)
            self.look(time.monotonic())

    def look(self, now: float) -> None:
        """Compare the sign with how it was; give up if it has been the same for too long."""
        mark = self._mark()
        if mark != self._seen:
            self._seen, self._since = mark, now
        elif now - self._since > self._within:
            log.error("no progress, giving up", extra={"sign": self._sign.name, "seconds": self._within})
            self._give_up()

    def _mark(self) -> int:
        return self._sign.stat().st_mtime_ns if self._sign.exists() else 0


def end_at_once() -> None:
    """End this process and its children as a power cut would: every fact is in PostgreSQL, leases see to the rest."""
    for child in active_children():
        os.kill(child.pid, signal.SIGKILL)
    os._exit(1)

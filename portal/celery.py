"""The Celery application: workers and beat. A message is only a hint; PostgreSQL is the truth."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import after_task_publish, beat_init, task_postrun
from django.conf import settings

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

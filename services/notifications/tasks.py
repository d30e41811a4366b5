"""Celery entry: a wake-up without data. May be lost, doubled or late: the rows decide."""

from __future__ import annotations

import os
import socket

from celery import shared_task
from django.utils import timezone

from services.notifications.operations import DISPATCH_TASK, dispatch_notices
from workflows import wake


@shared_task(name=DISPATCH_TASK)
def dispatch_notices_task() -> None:
    """Send what is due; ask to be called again if there is more."""
    done = dispatch_notices(at=timezone.now(), worker=f"{socket.gethostname()}:{os.getpid()}")
    if done.more:
        wake.wake(DISPATCH_TASK)

"""Celery entry: a wake-up without data. May be lost, doubled or late: the rows decide."""

from __future__ import annotations

import os
import socket

from celery import shared_task

from services.notifications.dead_letters import tell_menders
from services.notifications.operations import DISPATCH_TASK, dispatch_notices
from workflows.queries.calendars import database_now
from workflows.wake import wake


@shared_task(name="services.notifications.tasks.tell_menders_task")
def tell_menders_task() -> None:
    """Tell managers of what could not be sent; once a day, however often this is called."""
    tell_menders(at=database_now())


@shared_task(name=DISPATCH_TASK)
def dispatch_notices_task() -> None:
    """Send what is due; ask to be called again if there is more."""
    done = dispatch_notices(at=database_now(), worker=f"{socket.gethostname()}:{os.getpid()}")
    if done.more:
        wake(DISPATCH_TASK)

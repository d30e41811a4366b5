"""`manage.py dispatch_notices`: send what is due, without Celery or Redis."""

from __future__ import annotations

import os
import socket
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from services.notifications.operations import dispatch_notices
from workflows.queries.calendars import database_now


class Command(BaseCommand):
    """Sends until nothing is due; with `--every`, looks again after so many seconds until it is stopped."""

    help = "Send the notices that are due; needs neither Celery nor Redis."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add `--every`."""
        parser.add_argument("--every", type=float, metavar="SECONDS", help="look again after SECONDS, until stopped")

    def handle(self, *args: Any, every: float | None, **options: Any) -> None:
        """Send."""
        self._drain()
        while every:
            time.sleep(every)
            self._drain()

    def _drain(self) -> None:
        more = True
        while more:
            done = dispatch_notices(at=database_now(), worker=f"{socket.gethostname()}:{os.getpid()}")
            more = done.more
            self.stdout.write(f"sent {done.sent}, to be tried again {done.retry}, given up {done.dead}")

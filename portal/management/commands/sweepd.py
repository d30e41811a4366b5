"""`manage.py sweepd`: do what is due by looking into PostgreSQL only, with no broker and no beat.

Celery makes things prompt; this process makes them certain. Run two of them: any number of sweeps may run at once.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections

from services.cases.operations.board import fold_board
from services.documents.operations import forget_partials, render_papers, scan_uploads
from services.notifications.dispatch import dispatch_notices
from workflows.operations.jobs import run_due_jobs
from workflows.operations.messages import deliver_messages, start_due_runs
from workflows.operations.recomputation import recompute
from workflows.operations.thresholds import follow_threshold_rules
from workflows.operations.timers import sweep_timers
from workflows.operations.watch import note_standstills, record_progress
from workflows.queries.calendars import database_now
from workflows.queries.watch import SWEEPD

log = logging.getLogger(__name__)

EVERY_SECONDS = 60.0
#: A large recomputation leaves the other sweeps their turn.
RECOMPUTE_SECONDS = 20.0


def _dispatch() -> None:
    dispatch_notices(at=database_now(), worker=f"sweepd {socket.gethostname()}:{os.getpid()}")


def _sweep() -> None:
    # The other sweeps wait meanwhile: a backlog that takes longer goes on in the next round.
    sweep_timers(at=database_now(), seconds=EVERY_SECONDS)
    follow_threshold_rules(at=database_now(), seconds=EVERY_SECONDS / 2)


def _run_jobs() -> None:
    run_due_jobs(at=database_now())


def _deliver() -> None:
    now = database_now()
    deliver_messages(at=now)
    start_due_runs(at=now)


def _fold() -> None:
    fold_board(at=database_now())


def _recompute() -> None:
    recompute(now=database_now, seconds=RECOMPUTE_SECONDS)


def _render() -> None:
    render_papers(at=database_now())


def _look_after_uploads() -> None:
    scan_uploads(at=database_now())
    forget_partials(at=database_now())


def _note_standstills() -> None:
    note_standstills(at=database_now())


def _tell_progress() -> None:
    record_progress(name=SWEEPD, at=database_now())
    Path(settings.PROGRESS_DIR, "sweepd-alive").touch()


#: The sign of progress comes last: whoever is caught in one of the others leaves none.
SWEEPS: tuple[Callable[[], None], ...] = (
    _sweep,
    _run_jobs,
    _deliver,
    _dispatch,
    _render,
    _look_after_uploads,
    _fold,
    _recompute,
    _note_standstills,
    _tell_progress,
)


def sweep_once() -> bool:
    """Run every sweep once; a failing one is logged and stops no other. Returns whether all went well."""
    well = True
    for sweep in SWEEPS:
        try:
            close_old_connections()
            sweep()
        except Exception:
            # The database may restart under us: the next round comes in a minute.
            log.exception("sweep failed", extra={"sweep": sweep.__name__})
            well = False
    return well


class Command(BaseCommand):
    """Sweep until told to stop."""

    help = "Fire due timers, carry out due jobs and send owed notices, looking into PostgreSQL only."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say which words the command takes."""
        parser.add_argument("--every", type=float, default=EVERY_SECONDS, help="seconds between two sweeps")
        parser.add_argument("--once", action="store_true", help="sweep once; exit status 1 if something failed")

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep; SIGTERM and SIGINT end it between two sweeps."""
        if options["once"]:
            if not sweep_once():
                raise SystemExit(1)
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        while True:
            sweep_once()
            if stop.wait(options["every"]):
                return

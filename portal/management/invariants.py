"""All that must hold of a whole installation (I1 to I13), asked of one snapshot of the database that it only reads."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from services.cases.queries.invariants import CASE_CHECKS
from services.documents.invariants import CONTENT_CHECKS, FILE_CHECKS
from services.notifications.invariants import NOTICE_CHECKS
from services.payments.invariants import PAYMENT_CHECKS
from workflows.queries.calendars import database_now
from workflows.queries.chains import CHAIN_CHECKS
from workflows.queries.clock_invariants import CLOCK_CHECKS
from workflows.queries.invariants import Broken, Check
from workflows.queries.run_invariants import RUN_CHECKS
from workflows.queries.tokens import TOKEN_CHECKS

INVARIANTS = {
    "I1": "Every accepted submission is there once, with all its files.",
    "I2": "No case stands still: something will move every one that is not closed.",
    "I3": "Every join lets one token through per round.",
    "I4": "Every event is told to each person once per channel.",
    "I5": "Timers fire once, at or after their instant, and none is left behind.",
    "I6": "No lease outlives who held it.",
    "I7": "Every task has one actor, and every decision its fact.",
    "I8": "The chains of the history hold.",
    "I9": "No step of a run was overwritten.",
    "I10": "Rows and files agree.",
    "I11": "What is owed is being done.",
    "I12": "Dates are what their facts give.",
    "I13": "Fees: paid once, given back once, every amount its order's own.",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check found. seconds: how long it took."""

    check: Check
    broken: Broken
    seconds: float


def check_invariants(*, only: Collection[str] = (), contents: bool = False) -> tuple[datetime, Sequence[Finding]]:
    """Ask all that must hold; returns the instant of the snapshot and every check with what breaks it.

    only: numbers of invariants, by default all. contents: read every stored file too. Writes nothing.
    """
    checks = [*CASE_CHECKS, *(CONTENT_CHECKS if contents else ()), *TOKEN_CHECKS, *RUN_CHECKS, *NOTICE_CHECKS]
    checks += [*CHAIN_CHECKS, *CLOCK_CHECKS, *FILE_CHECKS, *PAYMENT_CHECKS]
    wanted = [check for check in checks if not only or check.invariant in only]
    with _one_snapshot():
        at = database_now()
        return at, sorted((_ask(check, at) for check in wanted), key=lambda one: int(one.check.invariant[1:]))


def _ask(check: Check, at: datetime) -> Finding:
    began = time.monotonic()
    return Finding(check=check, broken=check.find(at), seconds=round(time.monotonic() - began, 3))


@contextmanager
def _one_snapshot() -> Iterator[None]:
    """Let every question see the same instant, so that a step taken meanwhile looks like no fault."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            if not connection.savepoint_ids:  # else the caller's transaction has begun already, as in a test
                cursor.execute("set transaction isolation level repeatable read, read only")
            cursor.execute("set local statement_timeout = 0; set local work_mem = '64MB'")
        yield

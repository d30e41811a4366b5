"""Leave a sign of progress, and write down what stands still."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import connection, transaction

from workflows.models import Standstill
from workflows.queries.tokens import Stuck, stuck_runs
from workflows.queries.watch import standing_still

log = logging.getLogger(__name__)

#: One look at a time is enough: it reads every open run. Any number, as long as nobody else uses it.
_LOOKING = 7_040_010


def record_progress(*, name: str, at: datetime) -> None:
    """Write down that `name` got through to the database. Effects: its row says `at`; it never goes back in time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into workflows_progress as known (name, at) values (%s, %s)"
            " on conflict (name) do update set at = greatest(known.at, excluded.at)",
            [name, at],
        )


@transaction.atomic
def note_standstills(*, at: datetime) -> int:
    """Find the cases that nothing will move any more, and those noted that move again; returns how many were found.

    Safe to run any number of times at once: one that looks is enough, and a case is noted once until it moves again.
    Effects: Standstill rows, and an error in the log for each new one.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s)", [_LOOKING])
        if cursor.fetchone() != (True,):
            return 0
    found = stuck_runs()
    known = set(standing_still().values_list("root_id", flat=True))
    if any(one.root_id not in known for one in found):
        # A case may have moved between two questions of the first look: what is told in both stands still.
        again = set(stuck_runs())
        found = [one for one in found if one in again]
    roots = {one.root_id: one for one in reversed(found)}
    standing_still().exclude(root_id__in=roots).update(ended_at=at)
    fresh = [one for root_id, one in roots.items() if root_id not in known]
    Standstill.objects.bulk_create([_row(one, at) for one in fresh], ignore_conflicts=True)
    for one in fresh:
        log.error("case stands still", extra={"root": one.root_id, "run": one.run_id, "node": one.node})
    return len(fresh)


def _row(one: Stuck, at: datetime) -> Standstill:
    return Standstill(root_id=one.root_id, run_id=one.run_id, node=one.node, found_at=at)

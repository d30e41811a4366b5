"""Add up what the board counts, and make it anew. The triggers of migration `board_keeps_itself` append; this folds.

Nothing here is a counter that case work updates: a transaction that moves a case appends what it changed, and one
fold at a time adds that up. So no two moves wait for each other, and no order of locks can be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models.functions import Coalesce

from services.cases.queries.standings import BATCH, COLUMNS, DIFFERENCES, SETTLED_AFTER, wrong_standings
from workflows.models import Run

#: Names the lock of who folds: any number no other lock of this database has.
_FOLDING = 5_417_301
_NAMES = ", ".join(COLUMNS)
_FOLD = f"""
with taken as (
    delete from cases_standingchange returning department, service, from_at, {_NAMES}
), settled as (
    delete from cases_standingcount where from_at <= %(settled)s and from_at > 'epoch'
    returning department, service, from_at, {_NAMES}
)
insert into cases_standingcount as c (department, service, from_at, {_NAMES})
select department, service, case when from_at <= %(settled)s then 'epoch'::timestamptz else from_at end as day,
    {", ".join(f"sum({one})" for one in COLUMNS)}
from (select * from taken union all select * from settled) folded group by department, service, day
on conflict (from_at, department, service) do update
    set {", ".join(f"{one} = c.{one} + excluded.{one}" for one in COLUMNS)}
"""  # noqa: S608 -- our own column names
_CLEAN = f"delete from cases_standingcount where ({_NAMES}) = (0, 0, 0, 0, 0, 0)"  # noqa: S608 -- our own column names
_REPAIR = f"insert into cases_standingchange (department, service, from_at, {_NAMES}) {DIFFERENCES}"


@transaction.atomic
def fold_board(*, at: datetime) -> int:
    """Add up what was appended to the board's counts since the last fold; returns how many counts that touched.

    at: now; counts older than an hour become one. Safe to run twice and by many at once: who finds another folding
    does nothing. The board is right before, during and after; it is only slower to read the more is appended.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s)", [_FOLDING])
        row = cursor.fetchone()
        if row is None or not row[0]:
            return 0
        cursor.execute(_FOLD, {"settled": at - SETTLED_AFTER})
        touched = int(cursor.rowcount)
        if touched:
            cursor.execute(_CLEAN)
    return touched


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """What was wrong and is put right. standings: cases. counts: of a service at an instant."""

    standings: int
    counts: int


def rebuild_board(*, at: datetime) -> Rebuilt:
    """Make standings and counts agree with the clocks again, while cases move; returns what was wrong.

    at: now. Each batch of wrong standings under the locks of its root runs; the counts by appending what they lack.
    """
    wrong = wrong_standings()
    for start in range(0, len(wrong), BATCH):
        _stand_anew(wrong[start : start + BATCH])
    return Rebuilt(standings=len(wrong), counts=_count_anew(at))


@transaction.atomic
def _stand_anew(keys: list[int]) -> None:
    roots = Run.objects.filter(case__pk__in=keys).values(root_key=Coalesce("root_id", "id")).order_by()
    list(Run.objects.filter(pk__in=roots).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    with connection.cursor() as cursor:
        cursor.execute("select cases_restand(%s)", [keys])


@transaction.atomic
def _count_anew(at: datetime) -> int:
    with connection.cursor() as cursor:
        # Two who append what is lacking at once would append it twice.
        cursor.execute("select pg_advisory_xact_lock(%s)", [_FOLDING])
        cursor.execute(_REPAIR, {"at": at})
        lacking = int(cursor.rowcount)
    fold_board(at=at)
    return lacking

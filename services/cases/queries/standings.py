"""How many open cases have which light, without looking at the cases, and whether these counts are true."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from services.cases.enums import CaseState
from services.cases.models import Case, Standing

#: States in which somebody still has to do something.
OPEN_STATES = (CaseState.FILED, CaseState.SUPPLEMENT, CaseState.ACCEPTED)
#: Lights from the most pressing to the least; "" is no clock running, as while the applicant has the ball.
LIGHT_ORDER = ("black", "red", "yellow", "green", "paused", "")
#: Counts this old are added up: no board is asked for an instant before.
SETTLED_AFTER = timedelta(hours=1)
#: Cases whose standings are compared with their clocks in one statement.
BATCH = 5_000

#: The columns of a count.
COLUMNS = ("open", "watched", "green", "yellow", "red", "black")
_SUMS = ", ".join(f"sum({column})::bigint as {column}" for column in COLUMNS)
_COUNTED = f"""
select department, service, {_SUMS} from (
    select department, service, {", ".join(COLUMNS)} from cases_standingcount where from_at <= %(at)s
    union all
    select department, service, {", ".join(COLUMNS)} from cases_standingchange where from_at <= %(at)s
) counted group by department, service
"""  # noqa: S608 -- our own column names
#: By instant: what the standings say less what the counts say. One statement sees one state of all three tables.
DIFFERENCES = f"""
select department, service, from_at, {_SUMS} from (
    select s.department, s.service, case when t.from_at <= %(at)s then 'epoch'::timestamptz else t.from_at end
        as from_at, t.open, t.watched, t.green, t.yellow, t.red, t.black
    from cases_standing s cross join lateral (values
        ('epoch'::timestamptz, 1, s.watched::int, 0, 0, 0, 0),
        (s.green_from, 0, 0, 1, 0, 0, 0), (s.yellow_from, 0, 0, 0, 1, 0, 0),
        (s.red_from, 0, 0, 0, 0, 1, 0), (s.black_from, 0, 0, 0, 0, 0, 1)
    ) as t (from_at, open, watched, green, yellow, red, black) where t.from_at is not null
    union all
    select department, service, case when from_at <= %(at)s then 'epoch'::timestamptz else from_at end,
        {", ".join(f"-{column}" for column in COLUMNS)}
    from (select * from cases_standingcount union all select * from cases_standingchange) counted
) compared group by department, service, from_at
having ({", ".join(f"sum({column})" for column in COLUMNS)}) is distinct from (0, 0, 0, 0, 0, 0)
"""  # noqa: S608 -- our own column names
_WRONG = """
select coalesce(s.case_id, t.case_id)
from (select * from cases_standing where case_id = any (%(keys)s)) s
full join cases_standings_of(%(keys)s) t on t.case_id = s.case_id
where s is distinct from t order by 1
"""


@dataclass(frozen=True, kw_only=True)
class LightCount:
    """A department's open cases of one service by light, at an instant."""

    department: str
    service: str
    open: int
    by_light: Mapping[str, int]


def counts_by_light(at: datetime) -> list[LightCount]:
    """Return the open cases of each department and service by light, in one query that reads no case.

    at: now or later, as the cases stand now: lights move with time alone.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, {"at": at})
        rows = cursor.fetchall()
    return [_count(*row) for row in rows if row[2]]


def _count(
    department: str, service: str, opened: int, watched: int, green: int, yellow: int, red: int, black: int
) -> LightCount:
    lights = (black, red - black, yellow - red, green - yellow, watched - green, opened - watched)
    by_light = dict(zip(LIGHT_ORDER, lights, strict=True))
    return LightCount(department=department, service=service, open=opened, by_light=by_light)


def added(counts: Collection[LightCount]) -> dict[str, int]:
    """Return the sum of some counts by light, every light named."""
    return {light: sum(one.by_light[light] for one in counts) for light in LIGHT_ORDER}


@dataclass(frozen=True, kw_only=True)
class CountDifference:
    """What a count lacks (positive) or has too much (negative) at an instant, by column; all zero is not listed."""

    department: str
    service: str
    from_at: datetime
    lacks: Mapping[str, int]


def count_differences(at: datetime) -> list[CountDifference]:
    """Return where the board's counts differ from counting the standings one by one: nothing, if all is well.

    at: now; instants up to it are compared as one. Reads every open case, but locks none: right while cases move.
    """
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENCES, {"at": at})
        rows = cursor.fetchall()
    return [
        CountDifference(
            department=row[0], service=row[1], from_at=row[2], lacks=dict(zip(COLUMNS, row[3:], strict=True))
        )
        for row in rows
    ]


def wrong_standings(limit: int | None = None) -> list[int]:
    """Return the ids of cases whose standing is not what their clocks say: nothing, if all is well.

    limit: stop after so many. A batch of cases is one statement, so that it is right while cases move.
    """
    wrong: list[int] = []
    after = 0
    while keys := _next_cases(after):
        with connection.cursor() as cursor:
            cursor.execute(_WRONG, {"keys": keys})
            wrong += [row[0] for row in cursor.fetchall()]
        if limit is not None and len(wrong) >= limit:
            return wrong[:limit]
        after = keys[-1]
    return wrong


def _next_cases(after: int) -> list[int]:
    """Return the next cases that are open or counted as open."""
    opened = Case.objects.filter(state__in=OPEN_STATES, pk__gt=after).order_by("pk").values_list("pk", flat=True)
    stood = Standing.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)
    keys = sorted({*opened[:BATCH], *stood[:BATCH]})
    return keys[:BATCH]

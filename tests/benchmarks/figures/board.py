"""The board over a million open cases: what its figures cost, whether they are right, and whether moves wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from statistics import median
from typing import Any

from django.db import connection

from services.cases.models import Case, Standing, StandingChange
from services.cases.operations.board import fold_board
from services.cases.queries.board import BoardFilter, board_for, rows_for
from services.cases.queries.standing_lists import lit
from services.cases.queries.standings import LIGHT_ORDER, added, count_differences, counts_by_light
from tests.benchmarks.figure import Figure, Size
from tests.benchmarks.filling import continue_numbers, copy_rows, run, settle, unguarded, without_indexes
from tests.benchmarks.ground import Ground
from tests.factories.cases import open_case
from tests.factories.catalogue import published_service
from tests.factories.clocks import at
from tests.factories.parties import MembershipFactory
from tests.factories.runs import at_once
from workflows.models import Clock
from workflows.operations.clocks import stop_clock

DEPARTMENTS, SERVICES = 20, 10
NOW = at("2026-03-11 10:00")
#: Between two folds: so many moves of cases stand unadded when the board is read.
UNFOLDED = 500
MOVERS, MOVES = 6, 25
WAITING = "select count(*) from pg_locks where not granted and locktype in ('tuple', 'transactionid')"
#: The close of business some days from now: working-day limits end there; every twentieth ends at any second.
_DAY = f"""timestamptz '{NOW:%Y-%m-%d} 17:00+08' + (hashint8(n) % 21 + 12) * interval '1 day'
 + case when n % 20 = 0 then (hashint8(n + 7) % 36000) * interval '1 second' else interval '0' end"""


def measure(ground: Ground, size: Size) -> Figure:
    """Fill, then read the figures at instants through the day; let one department's cases move at once."""
    cases, rounds = size.open_tasks, size.rounds
    with ground.fresh_database():
        boss = MembershipFactory(department__code="ZWB", role="manager").user
        _fill(cases)
        began = time.perf_counter()
        fold_board(at=NOW)
        folding = time.perf_counter() - began
        settle()
        together, apart, waits = _races()
        fold_board(at=NOW)
        moved = _move(UNFOLDED)
        moments = [NOW + timedelta(minutes=minutes) for minutes in (0, 250, 421, 60 * 24 * 3 + 11)]
        took = [[_timed(partial(counts_by_light, moment)) for moment in moments * 5] for _ in range(rounds)]
        right = all(_counted_one_by_one(moment) == added(counts_by_light(moment)) for moment in moments)
        pages = {name: _page(boss, wanted) for name, wanted in _wanted().items()}
        unfolded = StandingChange.objects.count()
        fold = _timed(lambda: fold_board(at=NOW))
        differences = len(count_differences(NOW))
    return Figure(
        name="board",
        title=f"board figures (department × service × light) over {cases:,} open cases",
        unit="ms",
        value=median(one for each in took[1:] for one in each),
        must=5,
        hope=2,
        holds=right and not differences and not waits,
        rounds={"median": [round(median(each), 2) for each in took]},
        detail={
            "slowest_ms": round(max(map(max, took)), 2),
            "right_at_every_instant": right,
            "differences": differences,
            "moves_unfolded": moved,
            "changes_unfolded": unfolded,
            "fold_ms": round(fold, 1),
            "first_fold_s": round(folding, 1),
            "moves_of_one_department_per_s": round(together),
            "moves_of_many_departments_per_s": round(apart),
            "row_lock_waits_seen": waits,
            "page_of_50_ms": pages,
        },
    )


def _fill(cases: int) -> None:
    """Copy one case as often as asked, over the departments, each with a promise and a legal limit that run."""
    services = [
        published_service(item__code=f"service-{department}-{number}", item__department__code=f"D{department}")
        for department in range(DEPARTMENTS)
        for number in range(SERVICES)
    ]
    first = open_case(services[0])
    keys = ", ".join(f"({place}, {one.pk}, {one.item.department_id})" for place, one in enumerate(services))
    numbers = f"generate_series(1, {cases}) n join (values {keys}) as s (place, service_id, department_id)"
    source = f"{{}} o, {numbers} on s.place = n % {len(services)} where o.id = {{}}"
    changed = {"id": "1000000 + n", "public_id": "'copy-' || n", "number": "'COPY-' || n", "run_id": "null"}
    filed = f"timestamptz '{NOW.isoformat()}' - (n % 2592000) * interval '1 second'"
    moved = {"part": "'copy-' || n", "service_id": "s.service_id", "department_id": "s.department_id"}
    kinds = list(Clock.objects.filter(subject_id=str(first.pk)).order_by("id"))
    with unguarded():
        with without_indexes(Case):
            copy_rows(Case, {**changed, **moved, "filed_at": filed}, source.format("cases_case", first.pk))
        with without_indexes(Clock):
            for place, clock in enumerate(kinds):
                due = f"{_DAY} + {place} * interval '20 days'"
                facts = {
                    "id": f"1000000 + {place * cases} + n",
                    "subject_id": "(1000000 + n)::text",
                    "due_at": due,
                    "due_on": f"({due})::date",
                    "warn_at": f"{due} - interval '1 day'",
                }
                copy_rows(Clock, facts, source.format("workflows_clock", clock.pk))
    for model in (Case, Clock):
        continue_numbers(model)
    run("analyze")
    run("truncate cases_standing, cases_standingchange")
    with without_indexes(Standing):
        for begin in range(1000000, 1000001 + cases, 20_000):
            run(f"select cases_restand(array(select id from cases_case where id between {begin} and {begin + 19_999}))")


def _counted_one_by_one(moment: datetime) -> dict[str, int]:
    return {light: Standing.objects.filter(lit(light, moment)).count() for light in LIGHT_ORDER}


def _move(moves: int, department: str = "") -> int:
    """Stop the promise of so many cases, which moves each to another light."""
    clocks = Clock.objects.filter(kind="promised", stopped_at__isnull=True, pk__gt=1000000).order_by("-pk")
    for clock in clocks[:moves]:
        stop_clock(clock=clock, at=NOW)
    return moves


def _races() -> tuple[float, float, int]:
    """Return how many moves per second several workers make in one department and in many, and who waited."""
    services = [published_service(item__department__code=f"R{number}") for number in range(MOVERS)]
    waits: list[int] = []
    done = threading.Event()

    def watched() -> None:
        while not done.wait(0.01):
            with connection.cursor() as cursor:
                cursor.execute(WAITING)
                waits.append(cursor.fetchone()[0])

    def race(of: Callable[[int], Any]) -> float:
        clocks = [
            [Clock.objects.get(subject_id=str(open_case(of(mover)).pk), kind="promised") for _ in range(MOVES)]
            for mover in range(MOVERS)
        ]
        began = time.perf_counter()
        at_once(*(lambda mine=mine: [stop_clock(clock=clock, at=NOW) for clock in mine] for mine in clocks))  # type: ignore[misc]
        return MOVERS * MOVES / (time.perf_counter() - began)

    watcher = threading.Thread(target=watched)
    watcher.start()
    try:
        together, apart = race(lambda _: services[0]), race(lambda mover: services[mover])
    finally:
        done.set()
        watcher.join()
    return together, apart, sum(waits)


def _wanted() -> dict[str, BoardFilter]:
    lights = ("black", "red", "yellow", "green", "paused", "none")
    return {
        "everything": BoardFilter(),
        **{f"red of {one or 'all'}": BoardFilter(department=one, light="red") for one in ("", "D3")},
        **{f"D3 {light}": BoardFilter(department="D3", light=light) for light in lights},
    }


def _page(boss: Any, wanted: BoardFilter) -> float:
    def read() -> None:
        rows_for(board_for(boss, wanted=wanted, at=NOW).standings[:50], at=NOW)

    return round(median(_timed(read) for _ in range(3)), 1)


def _timed(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000

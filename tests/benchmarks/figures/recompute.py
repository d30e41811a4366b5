"""A year is announced while a million time limits run: how long until the last one is computed anew."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, connections

from tests.benchmarks.figure import Figure, Size
from tests.benchmarks.filling import continue_numbers, copy_rows, settle, unguarded, without_indexes
from tests.benchmarks.ground import Ground
from tests.factories.clocks import RunFactory, at, running_clock
from workflows.clocks import DayKind, SpecialDay
from workflows.clocks.reckoning import Reckoned, Reckoner
from workflows.models import CalendarRecomputation, CalendarVersion, Clock, ClockRecomputation, HistoryEvent, Run, Timer
from workflows.operations.calendars import announce_year, load_national_calendar
from workflows.operations.recomputation import recompute
from workflows.queries.calendars import calendar_for, database_now, home_region
from workflows.queries.thresholds import rules_history

FIRST, WORKERS = 1_000, 2
DAYS, LAST_START = 92, at("2026-12-31 10:00")
LIMIT = 20
NOW = at("2026-12-31 18:00")
#: A made-up notice: New Year's Day and the Monday after it, made up for on the Saturday after.
NOTICE = (
    SpecialDay(on=date(2027, 1, 1), kind=DayKind.HOLIDAY),
    SpecialDay(on=date(2027, 1, 4), kind=DayKind.SUBSTITUTE),
)


def measure(ground: Ground, size: Size) -> Figure:
    """Announce 2027 and let two workers recompute; then let hand-made SQL do the same writes in a copy."""
    count = 100_000 if size.quick else 1_000_000
    with ground.database() as name:
        with ground.using(name):
            _fill(count)
        with ground.database(like=name) as copy:
            with ground.using(name):
                took, found = _by_job()
            with ground.using(copy):
                floor = _by_hand()
    return Figure(
        name="recompute",
        title=f"{count:,} open clocks recomputed by {WORKERS} workers when a year is announced",
        unit="s",
        value=took,
        must=60 * count / 1_000_000,
        hope=40 * count / 1_000_000,
        holds=found["looked_at"] == count and found["records"] == found["history"] == found["changed"] > 0,
        detail={**found, "floor_s": round(floor, 1), "ratio": round(took / floor, 2)},
    )


def _fill(count: int) -> None:
    """Make one clock as the program does, and copies of it with runs and timers, begun on the days of a quarter."""
    load_national_calendar(region=home_region(), at=NOW - timedelta(days=200))
    recompute(now=database_now)
    clock = running_clock(RunFactory.create(), subject_kind="bench", limit_amount=LIMIT, started="2026-12-31 10:00")
    days = [LAST_START - timedelta(days=number) for number in range(DAYS)]
    reckoned = _reckoned(days)
    key, place = f"{FIRST} + n", f"n % {DAYS} + 1"
    bare = {"history_length": "0", "history_head": r"'\x'::bytea"}
    columns = {
        "started_at": _pick(days, "timestamptz", place),
        "due_on": _pick([one.due_on for one in reckoned], "date", place),
        "due_at": _pick([one.due_at for one in reckoned], "timestamptz", place),
        "warn_at": _pick([one.warn_at for one in reckoned], "timestamptz", place),
        "provisional": _pick([one.provisional for one in reckoned], "boolean", place),
    }
    numbers = f"generate_series(0, {count - 1}) n where o.id = "
    with unguarded():
        with without_indexes(Run):
            copy_rows(Run, {"id": key, "subject_id": key, **bare}, f"workflows_run o, {numbers}{clock.root_id}")
        with without_indexes(Clock):
            changed = {"id": key, "root_id": key, "subject_id": key, **columns}
            copy_rows(Clock, changed, f"workflows_clock o, {numbers}{clock.pk}")
        with without_indexes(Timer):
            for number, timer in enumerate(Timer.objects.filter(subject_id=str(clock.pk)).order_by("due_at")):
                due = columns["warn_at" if timer.kind == "yellow" else "due_at"]
                moved = {"id": f"{(number + 1) * 10_000_000} + n", "root_id": key, "subject_id": key, "due_at": due}
                copy_rows(Timer, moved, f"workflows_timer o, {numbers}{timer.pk}")
        Timer.objects.filter(subject_id=str(clock.pk)).delete()
        Clock.objects.filter(pk=clock.pk).update(stopped_at=clock.started_at)
    for model in (Run, Clock, Timer):
        continue_numbers(model)
    settle()


def _reckoned(days: Sequence[datetime]) -> list[Reckoned]:
    reckoner = Reckoner(calendar_for(), rules_history().current.thresholds)
    return [reckoner.reckon("promised", "working_days", LIMIT, day) for day in days]


def _pick(values: Sequence[Any], kind: str, place: str) -> str:
    listed = ",".join(f"'{value}'" for value in values)
    return f"(array[{listed}]::{kind}[])[{place}]"


def _by_job() -> tuple[float, dict[str, Any]]:
    """Announce, let the workers do it, and return the seconds and what was found."""
    announce_year(region="CN", year=2027, days=NOTICE, source="notice", by=None, at=NOW)
    connections.close_all()
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=_work) for _ in range(WORKERS)]
    began = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    took = time.perf_counter() - began
    job = CalendarRecomputation.objects.first()
    assert job is not None
    assert job.finished_at is not None
    names = ("looked_at", "changed", "moved", "confirmed")
    found = {name: sum(job.slices.values_list(name, flat=True)) for name in names}
    found["records"] = ClockRecomputation.objects.filter(clock_id__gte=FIRST).count()
    found["history"] = HistoryEvent.objects.filter(kind="clock_recomputed").count()
    return took, found


def _work() -> None:
    recompute(now=database_now, seconds=600)


_HAND = (
    """create temporary table x as select c.id, c.root_id, n.* from workflows_clock c join
 unnest(%s::timestamptz[], %s::date[], %s::timestamptz[], %s::timestamptz[], %s::boolean[])
 n(since, due_on, due_at, warn_at, provisional) on n.since = c.started_at
 where c.stopped_at is null and (c.due_at, c.provisional, c.warn_at) is distinct from
 (n.due_at, n.provisional, n.warn_at)""",
    """insert into workflows_clockrecomputation (clock_id, due_at_before, due_at_after, provisional_before,
 provisional_after, calendar_version_id, at) select c.id, c.due_at, x.due_at, c.provisional, x.provisional, %s, now()
 from x join workflows_clock c on c.id = x.id""",
    """update workflows_clock c set due_on = x.due_on, due_at = x.due_at, warn_at = x.warn_at,
 provisional = x.provisional, calendar_version_id = %s from x where c.id = x.id""",
    """update workflows_timer t set due_at = case t.kind when 'yellow' then x.warn_at else x.due_at end from x
 where t.subject_kind = 'clock' and t.subject_id = x.id::text and t.fired_at is null
 and t.due_at <> case t.kind when 'yellow' then x.warn_at else x.due_at end""",
    """insert into workflows_historyevent (root_id, seq, run_id, at, kind, detail, hash)
 select root_id, 1, root_id, now(), 'clock_recomputed', json_build_object('clock', id, 'after', due_on),
 sha256(convert_to(id || due_on::text, 'UTF8')) from x""",
    """update workflows_run r set history_length = 1, history_head = h.hash from workflows_historyevent h
 where h.root_id = r.id and h.kind = 'clock_recomputed'""",
)


def _by_hand() -> float:
    """Do the same writes by one statement per table, in one transaction, and return the seconds."""
    announce_year(region="CN", year=2027, days=NOTICE, source="notice", by=None, at=NOW)
    version = CalendarVersion.objects.filter(region=home_region()).order_by("-number").first()
    assert version is not None
    days = [LAST_START - timedelta(days=number) for number in range(DAYS)]
    reckoned = _reckoned(days)
    columns = [days, *(list(column) for column in list(zip(*reckoned, strict=True))[:2])]
    columns += [[one.warn_at for one in reckoned], [one.provisional for one in reckoned]]
    columns = [columns[0], columns[1], columns[2], columns[3], columns[4]]
    words: list[list[Any]] = [columns, [version.pk], [version.pk], [], [], []]
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("begin")
        for statement, values in zip(_HAND, words, strict=True):
            cursor.execute(statement, values or None)
        cursor.execute("commit")
    return time.perf_counter() - began

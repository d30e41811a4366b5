"""The first morning after a holiday: cases by the hundred thousand whose promise ran out at the same instant.

As a program, one of the workers that drain it: `python -m tests.benchmarks.holiday engine|floor INSTANT`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parents[2]
#: Departments that share the cases; each has a handler, who holds the task, and a head.
DEPARTMENTS = 20
RECIPIENTS, MESSAGE, CODE = ["holder", "head"], "deadline_overdue", "overdue"
#: How many timers a hand-made step takes.
TOGETHER = 1_000


@dataclass(frozen=True, kw_only=True)
class Drained:
    """How long the workers together needed, what each fired, and the processor seconds each used."""

    seconds: float
    fired: list[int]
    processor: list[float]


def drain(way: str, at: datetime, workers: int = 2) -> Drained:
    """Let `workers` processes drain what is due by `at` in the database Django is pointed at."""
    from django.db import connection

    from tests.benchmarks.ground import dsn

    settings = connection.settings_dict
    address = {"DATABASE_URL": _url(settings), "BENCH_DSN": dsn(settings)}
    words = [sys.executable, "-m", "tests.benchmarks.holiday", way, at.isoformat()]
    started = [
        Popen(words, cwd=ROOT, env={**os.environ, **address}, stdin=PIPE, stdout=PIPE, text=True)
        for _ in range(workers)
    ]
    for one in started:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    began = time.perf_counter()
    for one in started:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    told = [json.loads(one.communicate()[0]) for one in started]
    seconds = max(one["ended"] for one in told) - _epoch(began)
    return Drained(seconds=seconds, fired=[one["fired"] for one in told], processor=[one["cpu"] for one in told])


def _epoch(began: float) -> float:
    return time.time() - (time.perf_counter() - began)


def _url(settings: dict[str, Any]) -> str:
    from urllib.parse import quote

    user = f"{quote(settings['USER'])}:{quote(settings['PASSWORD'])}@" if settings.get("USER") else ""
    return f"postgres://{user}{quote(str(settings['HOST']), safe='')}:{settings['PORT']}/{settings['NAME']}"


#: One step by hand: take timers, chain each root's history, owe two notices. Everything inside PostgreSQL.
STEP = """
with due as materialized (
    select timer.id, timer.root_id, timer.due_at, clock.id as clock, clock.kind, clock.subject_id::bigint as case_id
    from workflows_timer timer join workflows_clock clock on clock.id = timer.subject_id::bigint
    where timer.fired_at is null and timer.cancelled_at is null and timer.due_at <= %(at)s
    order by timer.due_at, timer.id limit %(most)s for no key update of timer skip locked
), fact as materialized (
    select due.*, run.history_length + 1 as seq, run.history_head, format(
        '{"clock":%%s,"clock_kind":"%%s","late":true,"level":"red","rules":1,"threshold":"overdue"}', due.clock,
        due.kind) as detail
    from due join workflows_run run on run.id = due.root_id
), chained as materialized (
    select fact.*, sha256(history_head || convert_to(format('[%%s,%%s,%%s,"%%s",null,"clock_warned",%%s]',
        root_id, seq, root_id, %(text)s::text, detail), 'utf8')) as hash from fact
), fired as (
    update workflows_timer timer set fired_at = %(at)s from due where timer.id = due.id
), remembered as (
    insert into workflows_historyevent (root_id, run_id, at, by_id, seq, kind, detail, hash)
    select root_id, root_id, %(at)s, null, seq, 'clock_warned', detail::json, hash from chained
), moved as (
    update workflows_run run set history_length = seq, history_head = hash from chained where run.id = chained.root_id
), people as materialized (
    select due.clock, due.case_id, holder.user_id from due
    join workflows_task task on task.subject_kind = 'case' and task.subject_id = due.case_id::text
        and task.state in ('ready', 'claimed')
    join parties_department department on department.code = task.department
    join parties_membership holder on holder.department_id = department.id and holder.role in (task.role, 'head')
), owed as (
    insert into notifications_notice (subject_kind, subject_id, kind, round, channel, recipient_id, language, params,
        link, status, attempts, lease_by, provider_key, last_error, created_at, sent_at)
    select 'clock', clock::text, 'deadline_overdue', 1, 'inbox', user_id, 'zh-hans', convert_to(json_build_object(
            'case', file.number, 'service_zh', item.name_zh, 'service_en', item.name_en,
            'department_zh', department.name_zh, 'department_en', department.name_en, 'limit_zh', '承诺时限',
            'limit_en', 'Promised limit', 'due', '2026-10-08', 'as_of_zh', '2026年10月9日 09:00',
            'as_of_en', '9 Oct 2026, 09:00')::text, 'utf8'),
        '/desk/cases/' || file.public_id || '/', 'sent', 0, '', gen_random_uuid(), '', %(at)s, %(at)s
    from people join cases_case file on file.id = people.case_id
    join catalogue_serviceversion item on item.id = file.service_id
    join parties_department department on department.id = file.department_id
    on conflict do nothing
)
select count(*) from due
"""


def _by_hand(at: datetime) -> int:
    values = {"at": at, "most": TOGETHER, "text": at.astimezone(UTC).isoformat(timespec="microseconds")}
    with psycopg.connect(os.environ["BENCH_DSN"]) as connection:
        _begin()
        fired = 0
        while count := connection.execute(STEP, values).fetchone()[0]:
            connection.commit()
            fired += count
        connection.commit()
    return fired


def _by_engine(at: datetime) -> int:
    import django

    django.setup()
    from services.notifications.messages import message_book
    from workflows import wake
    from workflows.operations.timers import sweep_timers
    from workflows.queries.thresholds import rules_history

    wake.breaker.trip()  # both workers run already, and there is no broker here
    wake.breaker.allows = lambda: False  # type: ignore[method-assign]
    sweep_timers(at=at.replace(year=2000))  # connected, and what a worker reads once in its life is read
    message_book()
    rules_history()
    _begin()
    fired = 0
    while more := sweep_timers(at=at):
        fired += more
    return fired


def _begin() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def main() -> None:
    """Drain as a worker and tell how it went."""
    way, at = sys.argv[1], datetime.fromisoformat(sys.argv[2])
    fired = {"engine": _by_engine, "floor": _by_hand}[way](at)
    print(json.dumps({"fired": fired, "ended": time.time(), "cpu": round(time.process_time(), 2)}))


if __name__ == "__main__":
    main()

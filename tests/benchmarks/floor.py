"""The floor: the same facts of the same cases in tables of their own, by hand-made SQL.

Seven transactions a case, one per user action. Each begins with one locking SELECT where there is a row to lock, and
writes with one statement per table. No foreign keys, no checks that a user of the tables could make herself.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg.types.json import Jsonb

from tests.benchmarks.cases import ANSWERS, NOW, SUBJECT, notice_params
from tests.benchmarks.drawing import APPROVER, DEPARTMENTS, KEY, LIMIT_DAYS, OUTCOMES
from workflows.clocks import OfficeHours, national_calendar

TABLES = """
create sequence bench_case_id;
create table bench_case (
    id bigint primary key default nextval('bench_case_id'), process text not null, subject_kind text not null,
    subject_id text not null, data jsonb not null, state text not null default 'active',
    left_to_join int not null, outcome text not null default '', version int not null default 0,
    history_length int not null, history_head bytea not null, started_at timestamptz not null, ended_at timestamptz
);
create index on bench_case (subject_kind, subject_id);
create table bench_task (
    id bigint generated always as identity primary key, case_id bigint not null, node text not null,
    name_zh text not null, name_en text not null, department text not null, role text not null,
    outcomes jsonb not null, state text not null default 'ready', assignee bigint, outcome text not null default '',
    due_at timestamptz not null, opened_at timestamptz not null, closed_at timestamptz, closed_by bigint
);
create unique index on bench_task (case_id, node);
create index on bench_task (department, role, due_at, id) where state in ('ready', 'claimed');
create table bench_history (
    case_id bigint, seq int, at timestamptz not null, by bigint, kind text not null, detail jsonb not null,
    hash bytea not null, primary key (case_id, seq)
);
create table bench_timer (
    id bigint generated always as identity primary key, task_id bigint not null, kind text not null,
    due_at timestamptz not null, fired_at timestamptz
);
create index on bench_timer (task_id);
create index on bench_timer (due_at) where fired_at is null;
create table bench_outbox (
    id bigint generated always as identity primary key, kind text not null, subject_kind text not null,
    subject_id text not null, channel text not null, recipient bigint not null, language text not null,
    params jsonb not null, link text not null, status text not null,
    created_at timestamptz not null, sent_at timestamptz, unique (subject_kind, subject_id, kind, channel, recipient)
);
create index on bench_outbox (recipient, created_at desc);
"""
NAMES = ("case", "task", "history", "timer", "outbox")

NEXT_CASE = "select nextval('bench_case_id')"  # nothing is there to lock yet, and the chain begins with the number
INSERT_CASE = """
insert into bench_case
    (id, process, subject_kind, subject_id, data, left_to_join, version, history_length, history_head, started_at)
values (%s, %s, %s, %s, %s, %s, 1, %s, %s, %s)
"""
INSERT_TASKS = """
insert into bench_task (case_id, node, name_zh, name_en, department, role, outcomes, due_at, opened_at)
select %s, node, name_zh, name_en, department, role, %s, %s, %s
from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
    as task (node, name_zh, name_en, department, role)
returning id, node, name_zh, name_en, department, role
"""
INSERT_HISTORY = """
insert into bench_history (case_id, seq, at, by, kind, detail, hash)
select %s, seq, %s, %s, kind, detail, hash
from unnest(%s::int[], %s::text[], %s::jsonb[], %s::bytea[]) as fact (seq, kind, detail, hash)
"""
INSERT_TIMERS = "insert into bench_timer (task_id, kind, due_at) select id, 'boundary', %s from unnest(%s::bigint[]) id"
INSERT_OUTBOX = """
insert into bench_outbox (kind, subject_kind, subject_id, channel, recipient, language, params, link, status,
    created_at, sent_at)
select 'task_waiting', 'task', subject_id, 'inbox', recipient, 'zh-hans', params, link, 'sent', %s, %s
from unnest(%s::text[], %s::bigint[], %s::jsonb[], %s::text[])
    as notice (subject_id, recipient, params, link)
on conflict do nothing
"""
LOCK = """
select c.id, c.subject_id, c.left_to_join, c.history_length, c.history_head, t.node, t.outcomes, t.state
from bench_case c join bench_task t on t.case_id = c.id where t.id = %s for no key update
"""
CLOSE_TASK = """
update bench_task set state = 'done', outcome = %s, assignee = %s, closed_by = %s, closed_at = %s
where id = %s
"""
END_TIMER = "delete from bench_timer where task_id = %s and fired_at is null"
CLOSE_AND_OPEN = f"with closed as ({CLOSE_TASK}) {INSERT_TASKS}"
END_AND_SET = f"with ended as ({END_TIMER}) {INSERT_TIMERS}"
UPDATE_CASE = """
update bench_case set left_to_join = %s, state = %s, outcome = %s, ended_at = %s, version = version + 1,
    history_length = %s, history_head = %s
where id = %s
"""

_ZONE = ZoneInfo("Asia/Shanghai")
Opened = tuple[int, str, str, str, str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Locked:
    """What the locking SELECT finds."""

    case: int
    subject_id: str
    left_to_join: int
    length: int
    head: bytes
    node: str
    outcomes: list[str]
    state: str


@contextlib.contextmanager
def laid(address: str) -> Iterator[psycopg.Connection[Any]]:
    """Create the tables and yield a connection to them; they are gone when the block ends."""
    with psycopg.connect(address) as connection:
        connection.execute(TABLES)
        connection.commit()
        try:
            yield connection
        finally:
            connection.rollback()
            for name in NAMES:
                connection.execute(f"drop table bench_{name}")
            connection.commit()


class Floor:
    """Starts and finishes cases over one connection."""

    def __init__(self, connection: psycopg.Connection[Any], people: Mapping[tuple[str, str], int]) -> None:
        """people: the user id behind each post."""
        self.connection = connection
        self.people = people
        self._working_days = _working_days()

    def start(self, number: int, at: datetime = NOW) -> list[Opened]:
        """Start one case; return its five tasks."""
        run = self.connection.execute
        row = run(NEXT_CASE).fetchone()
        assert row is not None
        case = row[0]
        opened = [("review_" + name, name, "handler") for name in DEPARTMENTS]
        facts = [("run_started", {"process": KEY, "version": 1}), *map(_opened, opened)]
        length, head = self._remember(case, 0, b"", facts, None, at)
        run(INSERT_CASE, [case, KEY, SUBJECT, str(number), Jsonb(ANSWERS), len(DEPARTMENTS), length, head, at])
        due_at = self._due(at, LIMIT_DAYS["review"])
        tasks = run(INSERT_TASKS, _task_values(case, opened, due_at, at)).fetchall()
        run(INSERT_TIMERS, [due_at, [task[0] for task in tasks]])
        self._owe(tasks, str(number), at)
        self.connection.commit()
        return tasks

    def complete(self, task: Opened, at: datetime = NOW) -> list[Opened]:
        """Complete a task as the person in its post; return what opens after it."""
        person = self.people[task[4], task[5]]
        row = self.connection.execute(LOCK, [task[0]]).fetchone()
        assert row is not None
        found = Locked(**dict(zip(Locked.__slots__, row, strict=True)))
        assert found.state in ("ready", "claimed")
        assert OUTCOMES[0] in found.outcomes
        closing = [OUTCOMES[0], person, person, at, task[0]]
        done = ("task_done", {"node": found.node, "round": 1, "outcome": OUTCOMES[0]})
        if found.left_to_join == 1:
            tasks = self._join(found, closing, done, person, at)
        else:
            tasks = self._go_on(found, closing, done, person, at)
        self.connection.commit()
        return tasks

    def _join(self, found: Locked, closing: list[Any], done: Any, person: int, at: datetime) -> list[Opened]:
        run = self.connection.execute
        due_at = self._due(at, LIMIT_DAYS["approve"])
        opened = [("approve", *APPROVER)]
        values = _task_values(found.case, opened, due_at, at)
        tasks = run(CLOSE_AND_OPEN, [*closing, *values]).fetchall()
        run(END_AND_SET, [closing[-1], due_at, [task[0] for task in tasks]])
        facts = [done, ("joined", {"node": "join", "round": 1}), *map(_opened, opened)]
        length, head = self._remember(found.case, found.length, found.head, facts, person, at)
        run(UPDATE_CASE, [0, "active", "", None, length, head, found.case])
        self._owe(tasks, found.subject_id, at)
        return tasks

    def _go_on(self, found: Locked, closing: list[Any], done: Any, person: int, at: datetime) -> list[Opened]:
        run = self.connection.execute
        run(CLOSE_TASK, closing)
        run(END_TIMER, [closing[-1]])
        ends = found.left_to_join == 0
        facts = [done, *([("run_ended", {"outcome": "granted"})] if ends else [])]
        length, head = self._remember(found.case, found.length, found.head, facts, person, at)
        state, outcome, ended_at = ("ended", "granted", at) if ends else ("active", "", None)
        left = 0 if ends else found.left_to_join - 1
        run(UPDATE_CASE, [left, state, outcome, ended_at, length, head, found.case])
        return []

    def finish(self, number: int) -> None:
        """Carry out one case from its start to its end: seven transactions."""
        tasks = self.start(number)
        while tasks:
            tasks = [later for task in tasks for later in self.complete(task)]

    def _remember(
        self, case: int, length: int, head: bytes, facts: list[Any], by: int | None, at: datetime
    ) -> tuple[int, bytes]:
        """Append facts to the chain; return its new length and head."""
        places, hashes = range(length + 1, length + len(facts) + 1), []
        moment = at.astimezone(UTC).isoformat(timespec="microseconds")
        for seq, (kind, detail) in zip(places, facts, strict=True):
            words = json.dumps([case, seq, case, moment, by, kind, detail], sort_keys=True, separators=(",", ":"))
            head = hashlib.sha256(head + words.encode()).digest()
            hashes.append(head)
        kinds, details = [kind for kind, _ in facts], [Jsonb(detail) for _, detail in facts]
        self.connection.execute(INSERT_HISTORY, [case, at, by, list(places), kinds, details, hashes])
        return places[-1], head

    def _owe(self, tasks: list[Opened], subject_id: str, at: datetime) -> None:
        recipients = [self.people[task[4], task[5]] for task in tasks]
        params = [Jsonb(notice_params(subject_id, task[2], task[3])) for task in tasks]
        links = [f"/desk/tasks/{task[0]}/" for task in tasks]
        numbers = [str(task[0]) for task in tasks]
        self.connection.execute(INSERT_OUTBOX, [at, at, numbers, recipients, params, links])

    def _due(self, at: datetime, days: int) -> datetime:
        on = self._working_days[bisect_right(self._working_days, at.astimezone(_ZONE).date()) + days - 1]
        return datetime.combine(on, OfficeHours().closes, _ZONE)


def _working_days() -> list[date]:
    calendar, first = national_calendar(), NOW.date()
    return [on for on in (first + timedelta(days=number) for number in range(60)) if calendar.is_working(on)]


def _task_values(case: int, opened: list[tuple[str, str, str]], due_at: datetime, at: datetime) -> list[Any]:
    nodes, departments, roles = (list(column) for column in zip(*opened, strict=True))
    names_zh = [f"{department} 审查" for department in departments]
    names_en = [f"Review by {department}" for department in departments]
    return [case, Jsonb(OUTCOMES), due_at, at, nodes, names_zh, names_en, departments, roles]


def _opened(task: tuple[str, str, str]) -> tuple[str, dict[str, Any]]:
    node, department, role = task
    return "task_opened", {"node": node, "round": 1, "department": department, "role": role}

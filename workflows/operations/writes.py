"""Everything that one step writes, in one statement.

A step touches up to a dozen tables. One round trip each would be most of its time, so the rows travel as JSON and
PostgreSQL spreads them over the tables: a statement with data-modifying WITH parts, all or nothing like any other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from workflows.clocks.rules import NOT_PRESSING
from workflows.models import HistoryEvent, Job, Message, Run, Subscription, Task, Timer

Row = Mapping[str, Any]

#: For each part the statement around its rows `x`; the columns are those of the tables, in their types.
_UPDATE_RUNS = """update workflows_run r set marking = x.marking, learned = x.learned, state = x.state,
 outcome = x.outcome, version = x.version, ended_at = x.ended_at, history_length = x.history_length,
 history_head = decode(x.history_head, 'hex')
 from json_to_recordset(%s) x(id bigint, marking jsonb, learned json, state text, outcome text, version int,
 ended_at timestamptz, history_length int, history_head text) where r.id = x.id"""
_INSERT_RUNS = """insert into workflows_run (id, definition_id, root_id, parent_id, parent_node, parent_round,
 subject_kind, subject_id, state, marking, data, learned, outcome, version, history_length, history_head, started_at,
 ended_at) select id, definition_id, root_id, parent_id, parent_node, parent_round, subject_kind, subject_id, state,
 marking, data, learned, outcome, version, history_length, decode(history_head, 'hex'), started_at, ended_at
 from json_to_recordset(%s) x(id bigint, definition_id bigint, root_id bigint, parent_id bigint, parent_node text,
 parent_round int, subject_kind text, subject_id text, state text, marking jsonb, data jsonb, learned json,
 outcome text, version int, history_length int, history_head text, started_at timestamptz, ended_at timestamptz)"""
#: What a task could end with is of no use once it has ended: the history says what it was.
_UPDATE_TASKS = """update workflows_task t set state = x.state, outcome = x.outcome, assignee_id = x.assignee_id,
 outcomes = case when x.closed_at is null then t.outcomes else '[]' end,
 claimed_at = x.claimed_at, closed_at = x.closed_at, closed_by_id = x.closed_by_id
 from jsonb_to_recordset(%s) x(id bigint, state text, outcome text, assignee_id bigint, claimed_at timestamptz,
 closed_at timestamptz, closed_by_id bigint) where t.id = x.id"""
#: A new task is due when its own limit ends, or a running clock of what it is about that ends earlier, or the joint
#: limit of the whole.
_INSERT_TASKS = f"""insert into workflows_task (run_id, root_id, subject_kind, subject_id, node, round, name_zh,
 name_en, department, role, outcomes, state, outcome, due_at, opened_at)
 select run_id, root_id, subject_kind, subject_id, node, round, name_zh, name_en, department, role, outcomes, 'ready',
 '', least(due_at, (select min(c.due_at) from workflows_clock c where c.subject_kind = x.subject_kind
 and c.subject_id = x.subject_id and c.stopped_at is null and c.kind not in {NOT_PRESSING}),
 (select min(c.due_at) from workflows_clock c where c.root_id = x.root_id and c.kind = 'joint'
 and c.stopped_at is null)), opened_at from jsonb_to_recordset(%s) x(run_id bigint,
 root_id bigint, subject_kind text, subject_id text, node text, round int, name_zh text, name_en text, department text,
 role text, outcomes jsonb, due_at timestamptz, opened_at timestamptz) returning id, due_at, run_id, node, round"""  # noqa: S608
_INSERT_JOBS = """insert into workflows_job (run_id, root_id, node, round, action, state, attempts, next_attempt_at,
 last_error, reason, queued_at) select run_id, root_id, node, round, action, 'queued', 0, next_attempt_at, '', '',
 queued_at from jsonb_to_recordset(%s) x(run_id bigint, root_id bigint, node text, round int, action text,
 next_attempt_at timestamptz, queued_at timestamptz)"""
_CANCEL_JOBS = """update workflows_job j set state = 'cancelled', closed_at = x.closed_at
 from jsonb_to_recordset(%s) x(run_id bigint, node text, round int, closed_at timestamptz)
 where j.run_id = x.run_id and j.node = x.node and j.round = x.round and j.state in ('queued', 'incident')"""
_INSERT_TIMERS = """insert into workflows_timer (root_id, subject_kind, subject_id, kind, round, due_at, payload,
 failures, last_error) select root_id, subject_kind, subject_id, kind, round, due_at, payload, 0, ''
 from jsonb_to_recordset(%s) x(root_id bigint, subject_kind text, subject_id text, kind text, round int,
 due_at timestamptz, payload jsonb)"""
#: A timer that no longer matters is no fact to keep: the history tells what ended its wait.
_DELETE_TIMERS = """delete from workflows_timer t using jsonb_to_recordset(%s) x(subject_id text)
 where t.subject_kind = 'node' and t.subject_id = x.subject_id and t.fired_at is null"""
_INSERT_SUBSCRIPTIONS = """insert into workflows_subscription (run_id, root_id, node, round, kind, name, key,
 opened_at) select run_id, root_id, node, round, kind, name, key, opened_at from jsonb_to_recordset(%s) x(run_id bigint,
 root_id bigint, node text, round int, kind text, name text, key text, opened_at timestamptz)"""
_DELETE_SUBSCRIPTIONS = """delete from workflows_subscription s using jsonb_to_recordset(%s) x(run_id bigint,
 node text, round int) where s.run_id = x.run_id and s.node = x.node and s.round = x.round"""
_INSERT_MESSAGES = """insert into workflows_message (kind, name, key, data, sent_at, expires_at, reached)
 select kind, name, key, data, sent_at, expires_at, 0 from jsonb_to_recordset(%s) x(kind text, name text, key text,
 data jsonb, sent_at timestamptz, expires_at timestamptz)"""
_INSERT_HISTORY = """insert into workflows_historyevent (root_id, seq, run_id, at, by_id, kind, detail, hash)
 select root_id, seq, run_id, at, by_id, kind, detail, decode(hash, 'hex') from json_to_recordset(%s) x(
 root_id bigint, seq int, run_id bigint, at timestamptz, by_id bigint, kind text, detail json, hash text)"""


class Writes:
    """Collects rows; `send` writes them all at once. Rows are plain values, so that nothing is written by surprise."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.new_runs: list[Run] = []
        self.closed_tasks: list[Task] = []
        self.tasks: list[Task] = []
        self.jobs: list[Job] = []
        self.cancelled_jobs: list[Row] = []
        self.timers: list[Timer] = []
        self.ended_timers: list[Row] = []
        self.subscriptions: list[Subscription] = []
        self.ended_subscriptions: list[Row] = []
        self.messages: list[Message] = []
        self.history: list[HistoryEvent] = []

    def send(self) -> None:
        """Write everything in one statement; new tasks get their keys and the instant they are due."""
        parts = [(statement, rows) for statement, rows in self._parts() if rows]
        if not parts:
            return
        # The last part is the one that answers: what new tasks have got, when there are any.
        named = [f"part_{number} as ({statement})" for number, (statement, _) in enumerate(parts)]
        answer = f"select * from part_{len(parts) - 1}" if self.tasks else "select 1"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(f"with {', '.join(named)} {answer}", [_json(rows) for _, rows in parts])
            given = {(run, node, number): got for *got, run, node, number in cursor.fetchall()} if self.tasks else {}
        for task in self.tasks:
            task.pk, task.due_at = given[task.run_id, task.node, task.round]
        for row in (*self.tasks, *self.new_runs):
            row._state.adding, row._state.db = False, connection.alias

    def _parts(self) -> list[tuple[str, list[Row]]]:
        return [
            (_INSERT_RUNS, [{**_run(run), **_values(run, _NEW_RUN)} for run in self.new_runs]),
            (_UPDATE_RUNS, [_run(run) for run in self.runs]),
            (_UPDATE_TASKS, [_values(task, _TASK_ENDS) for task in self.closed_tasks]),
            (_INSERT_JOBS, [_values(job, _JOB) for job in self.jobs]),
            (_CANCEL_JOBS, self.cancelled_jobs),
            (_INSERT_TIMERS, [_values(timer, _TIMER) for timer in self.timers]),
            (_DELETE_TIMERS, self.ended_timers),
            (_INSERT_SUBSCRIPTIONS, [_values(one, _SUBSCRIPTION) for one in self.subscriptions]),
            (_DELETE_SUBSCRIPTIONS, self.ended_subscriptions),
            (_INSERT_MESSAGES, [_values(message, _MESSAGE) for message in self.messages]),
            (_INSERT_HISTORY, [{**_values(row, _HISTORY), "hash": bytes(row.hash).hex()} for row in self.history]),
            (_INSERT_TASKS, [_values(task, _TASK) for task in self.tasks]),
        ]


_RUN = ("id", "marking", "learned", "state", "outcome", "version", "ended_at", "history_length")
_NEW_RUN = (
    "definition_id", "root_id", "parent_id", "parent_node", "parent_round", "subject_kind", "subject_id", "data",
    "started_at",
)  # fmt: skip
_TASK_ENDS = ("id", "state", "outcome", "assignee_id", "claimed_at", "closed_at", "closed_by_id")
_TASK = (
    "run_id", "root_id", "subject_kind", "subject_id", "node", "round", "name_zh", "name_en", "department", "role",
    "outcomes", "due_at", "opened_at",
)  # fmt: skip
_JOB = ("run_id", "root_id", "node", "round", "action", "next_attempt_at", "queued_at")
_TIMER = ("root_id", "subject_kind", "subject_id", "kind", "round", "due_at", "payload")
_SUBSCRIPTION = ("run_id", "root_id", "node", "round", "kind", "name", "key", "opened_at")
_MESSAGE = ("kind", "name", "key", "data", "sent_at", "expires_at")
_HISTORY = ("root_id", "seq", "run_id", "at", "by_id", "kind", "detail")


def _values(row: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _run(run: Run) -> Row:
    return {**_values(run, _RUN), "history_head": bytes(run.history_head).hex()}


def _json(rows: list[Row]) -> str:
    # Without spaces: the history keeps its facts as they are written here.
    return json.dumps(rows, default=_text, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"A {type(value).__name__} cannot be stored in a step's values.")

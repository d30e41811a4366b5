"""Make clocks' timers match their facts and the rules. The caller holds the roots' locks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import connection

from workflows.clocks import ClockFacts, WorkingCalendar, instants
from workflows.clocks.lights import Light
from workflows.clocks.thresholds import code_of_light, missing
from workflows.models import Clock, Timer
from workflows.queries.keys import among_texts
from workflows.queries.thresholds import RulesHistory, RulesVersion, rules_history

CLOCK = "clock"
_MOVE = """
update workflows_timer timer set due_at = moved.due_at, cancelled_at = moved.cancelled_at, payload = moved.payload
from unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::jsonb[])
    as moved (id, due_at, cancelled_at, payload)
where timer.id = moved.id
"""


def schedule_clock(
    clock: Clock, facts: ClockFacts, calendar: WorkingCalendar, *, at: datetime, starts: bool = False
) -> None:
    """Make a clock's timers, and the columns that follow from the rules, match its facts; the caller saves the clock.

    A stopped or undecided clock has no timer waiting. One that has fired stays fired: each threshold is told once per
    clock. starts: the clock is new, so that also what lies behind it already is told, late.
    """
    rules = rules_history()
    timers = () if starts else Timer.objects.filter(subject_kind=CLOCK, subject_id=str(clock.pk))
    plan = Plan(rules, at)
    plan.add(clock, facts, calendar, list(timers), starts=starts)
    plan.write_timers()


def judged_by(current: RulesVersion, due_at: datetime) -> dict[str, int]:
    """Return what a timer keeps in mind: the rules it follows, when those in force at its instant are others."""
    return {"rules": current.number} if current.since is not None and due_at < current.since else {}


class Plan:
    """What has to change in the timers of many clocks, so that it is written in two statements."""

    def __init__(self, rules: RulesHistory, at: datetime) -> None:
        """Plan nothing yet. at: the instant at which timers that are not needed any more are cancelled."""
        self.rules, self.at = rules, at
        self._set: list[Timer] = []
        self._moved: list[Timer] = []

    def add(
        self,
        clock: Clock,
        facts: ClockFacts,
        calendar: WorkingCalendar,
        timers: Sequence[Timer],
        *,
        starts: bool = False,
        applying: bool = False,
    ) -> None:
        """Plan for one clock, and set its `warn_at` and `rules_number`.

        applying: new rules are applied to a clock whose facts did not change: what was due before they were
        published fires by the rules of its day.
        """
        current = self.rules.current
        reached = instants(facts, calendar, current.thresholds)
        clock.warn_at = reached.get(code_of_light(current.thresholds, clock.kind, Light.YELLOW))
        clock.rules_number = current.number
        wanted = {} if clock.stopped_at else reached
        since = None if starts else current.since
        told = [timer for timer in timers if timer.fired_at is not None]
        for timer in timers:
            if timer.fired_at is None and not (applying and self._of_the_past(timer, wanted.get(timer.kind), told)):
                self._move(timer, wanted.get(timer.kind))
        lit = {self.rules.light(one.kind, one.due_at, one.payload.get("rules")) for one in told}
        needed = missing(wanted, {timer.kind for timer in timers}, lit, current.thresholds, since=since)
        self._set += [self._timer(clock, code, due_at) for code, due_at in needed.items()]

    def write_timers(self) -> None:
        """Store what was planned."""
        Timer.objects.bulk_create(self._set)
        if self._moved:
            rows = ((one.pk, one.due_at, one.cancelled_at, json.dumps(one.payload)) for one in self._moved)
            with connection.cursor() as cursor:
                cursor.execute(_MOVE, [list(column) for column in zip(*rows, strict=True)])

    def _of_the_past(self, timer: Timer, due_at: datetime | None, told: list[Timer]) -> bool:
        """Tell whether new rules leave a timer alone: it was due, or given up, before they were published."""
        since = self.rules.current.since
        if since is None:
            return False
        if timer.cancelled_at is not None:
            return due_at is None or due_at < since
        if timer.due_at < since:
            told.append(timer)  # it will be
            return True
        return False

    def _timer(self, clock: Clock, code: str, due_at: datetime) -> Timer:
        subject = {"subject_kind": CLOCK, "subject_id": str(clock.pk), "kind": code}
        return Timer(root_id=clock.root_id, **subject, due_at=due_at, payload=judged_by(self.rules.current, due_at))

    def _move(self, timer: Timer, due_at: datetime | None) -> None:
        before = (timer.due_at, timer.cancelled_at)
        if due_at is None:
            timer.cancelled_at = timer.cancelled_at or self.at
        else:
            timer.due_at, timer.cancelled_at = due_at, None
            timer.payload = judged_by(self.rules.current, due_at)
        if before != (timer.due_at, timer.cancelled_at):
            self._moved.append(timer)


def timers_of(clocks: Iterable[Clock]) -> Mapping[str, list[Timer]]:
    """Return the timers of clocks by the clock's key as text."""
    found: dict[str, list[Timer]] = {str(clock.pk): [] for clock in clocks}
    for timer in Timer.objects.filter(subject_kind=CLOCK, subject_id__in=among_texts(found)):
        found[timer.subject_id].append(timer)
    return found


_WANTED = """jsonb_to_recordset(%s) as wanted (root bigint, clock text, code text, due_at timestamptz, payload jsonb)"""
_SET = f"""
update workflows_timer timer set due_at = wanted.due_at, cancelled_at = null, payload = wanted.payload
from {_WANTED}
where timer.subject_kind = 'clock' and timer.subject_id = wanted.clock and timer.kind = wanted.code
    and timer.round = 1 and timer.fired_at is null
    and (timer.due_at <> wanted.due_at or timer.cancelled_at is not null)
"""  # noqa: S608
_CANCEL = """
update workflows_timer set cancelled_at = %s
where subject_kind = 'clock' and subject_id = any(%s) and fired_at is null and cancelled_at is null
"""
_WITHOUT = f"""
select wanted.root, wanted.clock, wanted.code, wanted.due_at from {_WANTED}
where not exists (select from workflows_timer timer where timer.subject_kind = 'clock'
    and timer.subject_id = wanted.clock and timer.kind = wanted.code and timer.round = 1)
"""  # noqa: S608


def move_timers(clocks: Sequence[tuple[int, int, Mapping[str, datetime]]], *, at: datetime) -> None:
    """Make the timers of many running clocks of the current rules match, as `Plan` does, in three statements.

    clocks: root, clock and the instants at which it reaches each threshold; a clock without instants, its day
    undecided, has no timer waiting. at: the instant at which such timers are cancelled.
    """
    current = rules_history().current
    undecided = [str(clock) for _, clock, reached in clocks if not reached]
    wanted = [
        {"root": root, "clock": str(clock), "code": code, "due_at": due, "payload": judged_by(current, due)}
        for root, clock, reached in clocks
        for code, due in reached.items()
    ]
    with connection.cursor() as cursor:
        if undecided:
            cursor.execute(_CANCEL, [at, undecided])
        if not wanted:
            return
        rows = json.dumps(wanted, default=str)
        cursor.execute(_SET, [rows])
        cursor.execute(_WITHOUT, [rows])
        without = cursor.fetchall()
    if without:
        _add_missing(without)


def _add_missing(without: Sequence[tuple[int, str, str, datetime]]) -> None:
    """Set the timers that the rules now ask for and clocks never had: those whose instant was too long ago before."""
    rules = rules_history()
    reached: dict[tuple[int, str], dict[str, datetime]] = {}
    for root, clock, code, due_at in without:
        reached.setdefault((root, clock), {})[code] = due_at
    told: dict[str, set[str]] = {}
    fired = Timer.objects.filter(subject_kind=CLOCK, subject_id__in=[clock for _, clock in reached])
    for timer in fired.filter(fired_at__isnull=False):
        light = rules.light(timer.kind, timer.due_at, timer.payload.get("rules"))
        told.setdefault(timer.subject_id, set()).add(light)
    Timer.objects.bulk_create(
        Timer(
            root_id=root,
            subject_kind=CLOCK,
            subject_id=clock,
            kind=code,
            due_at=due_at,
            payload=judged_by(rules.current, due_at),
        )
        for (root, clock), mine in reached.items()
        for code, due_at in missing(
            mine, (), told.get(clock, ()), rules.current.thresholds, since=rules.current.since
        ).items()
    )

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
from workflows.queries.thresholds import RulesHistory, rules_history

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
        return Timer(root_id=clock.root_id, **subject, due_at=due_at, payload=self._judged_by(due_at))

    def _judged_by(self, due_at: datetime) -> dict[str, int]:
        """Return what a timer keeps in mind: the rules it follows, when those in force at its instant are others."""
        current = self.rules.current
        return {"rules": current.number} if current.since is not None and due_at < current.since else {}

    def _move(self, timer: Timer, due_at: datetime | None) -> None:
        before = (timer.due_at, timer.cancelled_at)
        if due_at is None:
            timer.cancelled_at = timer.cancelled_at or self.at
        else:
            timer.due_at, timer.cancelled_at = due_at, None
            timer.payload = self._judged_by(due_at)
        if before != (timer.due_at, timer.cancelled_at):
            self._moved.append(timer)


def timers_of(clocks: Iterable[Clock]) -> Mapping[str, list[Timer]]:
    """Return the timers of clocks by the clock's key as text."""
    found: dict[str, list[Timer]] = {str(clock.pk): [] for clock in clocks}
    for timer in Timer.objects.filter(subject_kind=CLOCK, subject_id__in=list(found)):
        found[timer.subject_id].append(timer)
    return found

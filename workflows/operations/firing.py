"""Fire the timers of many clocks together: one statement per table, each consequence once for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from workflows.clocks import Threshold, ThresholdReached
from workflows.consequences import Occurrence, consequence
from workflows.models import Run
from workflows.operations.history import record_of_roots
from workflows.operations.thresholds import follow_rules_of
from workflows.queries.thresholds import RulesHistory, rules_history

#: A timer that fires later than this after its instant says so: somebody may have acted in the meantime.
LATE_AFTER = timedelta(minutes=2)
_DUE = """
select timer.id, timer.root_id, timer.subject_kind = 'clock', timer.kind, timer.due_at,
    (timer.payload ->> 'rules')::int, clock.id, clock.kind,
    clock.subject_kind, clock.subject_id, clock.department, clock.due_at, clock.rules_number
from workflows_timer timer join workflows_run root on root.id = timer.root_id
left join workflows_clock clock
    on clock.id = case when timer.subject_kind = 'clock' then timer.subject_id::bigint end
where timer.root_id = any(%s) and timer.fired_at is null and timer.cancelled_at is null and timer.due_at <= %s
    and (timer.postponed_until is null or timer.postponed_until <= %s)
    and not (timer.subject_kind = 'node' and root.state = 'suspended')
order by timer.due_at, timer.id
"""
_FIRED = "update workflows_timer set fired_at = %s where id = any(%s)"


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A timer that must fire, with its clock. of_clock: False for one drawn in a process, which has no clock.

    number: the version of the rules that the timer names itself, if any.
    """

    key: int
    root_id: int
    of_clock: bool
    code: str
    due_at: datetime
    number: int | None
    clock_id: int
    clock_kind: str
    subject_kind: str
    subject_id: str
    department: str
    clock_due_at: datetime | None
    rules_number: int


def due_of_roots(roots: Sequence[int], at: datetime) -> list[DueTimer]:
    """Return what must fire by `at` of locked roots, the earliest first; clocks of older rules follow the new first."""
    due = _read(roots, at)
    newest = rules_history().current.number
    if behind := {timer.root_id for timer in due if timer.of_clock and timer.rules_number < newest}:
        follow_rules_of(behind, at=at)
        due = _read(roots, at)
    return due


def _read(roots: Sequence[int], at: datetime) -> list[DueTimer]:
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [list(roots), at, at])
        return [DueTimer(*row) for row in cursor.fetchall()]


def fire_thresholds(roots: Mapping[int, Run], due: Sequence[DueTimer], at: datetime, *, most: int | None = None) -> int:
    """Fire the timers of clocks that are due, in order, and return how many.

    roots: locked, by key. due: everything that is due of them, the earliest first. most: how many per root at most.
    A rule of the law acts on its case, so what the case has due after it waits for the next step: it may be void then.
    Effects: fired_at, history, and all the consequences, each carried out once for all clocks.
    """
    rules = rules_history()
    superseded = _superseded(due, rules)
    chosen = _next_of_each_root(due, rules, most)
    reached = [_reached(timer, rules, at, superseded=timer.key in superseded) for timer in chosen]
    with connection.cursor() as cursor:
        cursor.execute(_FIRED, [at, [timer.key for timer in chosen]])
    record_of_roots([_fact(roots[one.root_id], one) for one in reached], at=at)
    _carry_out(reached, at)
    return len(chosen)


def _superseded(due: Sequence[DueTimer], rules: RulesHistory) -> set[int]:
    """Return the timers after which a light of the same clock is due too."""
    lit: set[int] = set()
    found = set()
    for timer in reversed(due):
        if timer.clock_id in lit:
            found.add(timer.key)
        if rules.light(timer.code, timer.due_at, timer.number):
            lit.add(timer.clock_id)
    return found


def _next_of_each_root(due: Sequence[DueTimer], rules: RulesHistory, most: int | None) -> list[DueTimer]:
    chosen, counts, closed = [], dict[int, int](), set[int]()
    for timer in due:
        count = counts.get(timer.root_id, 0)
        if timer.root_id in closed or count == most:
            continue
        chosen.append(timer)
        counts[timer.root_id] = count + 1
        rule = _rule(timer, rules)
        if rule is not None and rule.law:
            closed.add(timer.root_id)
    return chosen


def _rule(timer: DueTimer, rules: RulesHistory) -> Threshold | None:
    return rules.version_at(timer.due_at, timer.number).by_code.get(timer.code)


def _reached(timer: DueTimer, rules: RulesHistory, at: datetime, *, superseded: bool) -> ThresholdReached:
    rule = _rule(timer, rules)
    return ThresholdReached(
        clock_id=timer.clock_id,
        root_id=timer.root_id,
        subject_kind=timer.subject_kind,
        subject_id=timer.subject_id,
        clock_kind=timer.clock_kind,
        department=timer.department,
        threshold=timer.code,
        light=rule.light if rule is not None else "",
        rules=rules.version_at(timer.due_at, timer.number).number,
        due_at=timer.clock_due_at or timer.due_at,
        late=at - timer.due_at > LATE_AFTER,
        superseded=superseded,
        consequences=rule.consequences if rule is not None else (),
    )


def _fact(root: Run, one: ThresholdReached) -> tuple[Run, str, dict[str, object]]:
    detail = {
        "clock": one.clock_id,
        "clock_kind": one.clock_kind,
        "threshold": one.threshold,
        "level": one.light,
        "late": one.late,
        "rules": one.rules,
    }
    return root, "clock_warned" if one.light else "clock_reached", detail


def _carry_out(reached: Sequence[ThresholdReached], at: datetime) -> None:
    asked: dict[str, list[Occurrence]] = {}
    for one in reached:
        for what in one.consequences:
            asked.setdefault(what.do, []).append((one, what))
    for name, occurrences in asked.items():
        consequence(name).carry(occurrences, at)

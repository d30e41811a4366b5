"""Publish threshold rules, and let the clocks that run already follow them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from workflows.clocks import SHIPPED, Threshold, ThresholdRulesError, parse_thresholds
from workflows.clocks.threshold_rules import Fault, faults_of_law
from workflows.consequences import UnknownConsequenceError, consequence
from workflows.models import Clock, ThresholdRules
from workflows.operations.schedule import Plan, timers_of
from workflows.queries.calendars import calendar_for
from workflows.queries.clocks import clocks_with_facts, facts_of
from workflows.queries.thresholds import current_rules, newest_rules, rules_history
from workflows.wake import wake

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

SWEEP_TASK = "workflows.tasks.sweep_timers_task"
#: How long whoever publishes waits for the clocks; the sweeps do what is left.
PATIENCE_SECONDS = 5.0
CLOCKS_PER_STEP = 300
_LOCK = "select pg_advisory_xact_lock(hashtext('threshold rules'))"
#: In ascending order and never waiting, so that no case's own work is held up or deadlocks.
_CLAIM = """
select run.id from workflows_run run where run.id in (
    select root_id from workflows_clock where stopped_at is null and rules_number < %s
    order by rules_number, id limit %s
) order by run.id for no key update skip locked
"""
_FOLLOW = """
update workflows_clock clock set warn_at = new.warn_at, rules_number = %s
from unnest(%s::bigint[], %s::timestamptz[]) as new (id, warn_at) where clock.id = new.id
"""


class OutdatedRulesError(Exception):
    """Somebody published rules since those were read that the new ones are based on."""


def check_rules(rules: object) -> tuple[Threshold, ...]:
    """Return the thresholds of rules that could be published. Raises ThresholdRulesError with every fault."""
    thresholds = parse_thresholds(rules)
    if faults := list(_faults_of_consequences(thresholds)):
        raise ThresholdRulesError(faults)
    return thresholds


def publish_threshold_rules(
    *,
    rules: list[dict[str, Any]],
    note: str,
    by: AbstractBaseUser | None,
    at: datetime,
    based_on: int | None = None,
) -> ThresholdRules:
    """Publish a new version of the threshold rules; publishing the same again changes nothing.

    rules: see docs/time-limits.md, "Thresholds". note: why, for the record. by: None for the rules that come with the
    system, who alone may change what the law made. based_on: number of the version that was read before it was changed,
    None when it does not matter. Running clocks follow: timers that have not fired are set anew,
    in short steps, some of them after this returned, by the sweeps. What was due before `at` fires by the rules of its
    day; a rule that is new to a clock does not reach back before `at`; one that is due earlier than it was fires late.

    Effects: a version, timers, `Clock.warn_at`, a wake-up. Raises ThresholdRulesError with every fault,
    OutdatedRulesError.
    """
    thresholds = check_rules(rules)
    with transaction.atomic():
        version = _publish(thresholds, note=note, by=by, at=at, based_on=based_on)
    follow_threshold_rules(at=at, seconds=PATIENCE_SECONDS)
    wake(SWEEP_TASK)
    return version


def _publish(
    thresholds: tuple[Threshold, ...],
    *,
    note: str,
    by: AbstractBaseUser | None,
    at: datetime,
    based_on: int | None,
) -> ThresholdRules:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
    newest = newest_rules()
    if based_on is not None and based_on != (newest.number if newest is not None else 0):
        raise OutdatedRulesError
    before = SHIPPED if newest is None else parse_thresholds(newest.rules)
    if by is not None and (faults := faults_of_law(thresholds, before)):
        raise ThresholdRulesError(faults)
    if newest is not None and thresholds == before:
        return newest
    return ThresholdRules.objects.create(
        number=newest.number + 1 if newest else 1,
        rules=[threshold.as_rule() for threshold in thresholds],
        note=note.strip(),
        # Versions follow each other in time, also when a clock is put back.
        published_at=max(at, newest.published_at) if newest else at,
        published_by_id=by.pk if by is not None else None,
    )


def _faults_of_consequences(thresholds: Iterable[Threshold]) -> Iterable[Fault]:
    for threshold in thresholds:
        for one in threshold.consequences:
            try:
                sentence = str(consequence(one.do).check(one.options))
            except UnknownConsequenceError as error:
                sentence = str(error)
            if sentence:
                yield Fault(kind="consequence", rule=threshold.code, values={"value": sentence})


def follow_threshold_rules(*, at: datetime, seconds: float) -> int:
    """Let running clocks that follow older rules follow the current ones; return how many did.

    seconds: how long at most. Works in steps of a few hundred clocks, each a short transaction, and leaves out cases
    that somebody works on: it is called again by every sweep, and after a crash simply goes on.
    """
    followed, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        with transaction.atomic():
            done = follow_rules_of(_claim(), at=at)
        if not done:
            break
        followed += done
    return followed


def _claim() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [current_rules().number, CLOCKS_PER_STEP])
        return [root for (root,) in cursor.fetchall()]


def follow_rules_of(roots: Iterable[int], *, at: datetime) -> int:
    """Let the running clocks of locked roots follow the current rules; return how many followed older ones."""
    rules = rules_history()
    current = rules.current
    behind = clocks_with_facts().filter(
        root_id__in=list(roots), stopped_at__isnull=True, rules_number__lt=current.number
    )
    clocks = list(behind.order_by("id"))
    if not clocks:
        return 0
    timers, plan = timers_of(clocks), Plan(rules, at)
    calendars = {region: calendar_for(region) for region in {clock.region for clock in clocks}}
    for clock in clocks:
        plan.add(clock, facts_of(clock), calendars[clock.region], timers[str(clock.pk)], applying=True)
    plan.write_timers()
    _store(clocks, current.number)
    return len(clocks)


def _store(clocks: list[Clock], number: int) -> None:
    keys, warnings = [clock.pk for clock in clocks], [clock.warn_at for clock in clocks]
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, [number, keys, warnings])

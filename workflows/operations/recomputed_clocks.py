"""Recompute a range of running clocks: what does not change is only read, what does is written set by set."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection

from workflows.clocks import ClockDueChanged, OutsideCalendarError, Pause
from workflows.clocks.reckoning import Reckoned, Reckoner
from workflows.models import CalendarVersion, Clock, RecomputationSlice, Run
from workflows.operations.history import record_of_roots
from workflows.operations.locking import lock_free_roots
from workflows.operations.schedule import move_timers
from workflows.operations.thresholds import follow_rules_of
from workflows.queries.calendars import calendar_of_id, newest_version
from workflows.queries.thresholds import RulesVersion, current_rules, rules_history
from workflows.signals import due_days_moved

log = logging.getLogger(__name__)

#: Instants are read as seconds: a million datetimes take longer to parse than to compute.
_READ = """
select c.id, c.root_id, c.region, c.kind, c.subject_kind, c.subject_id, c.limit_unit, c.limit_amount,
    extract(epoch from c.started_at)::float8, c.due_on, extract(epoch from c.due_at)::float8, c.provisional,
    extract(epoch from c.warn_at)::float8, c.calendar_version_id, c.rules_number, coalesce(e.amount, 0)
from workflows_clock c left join workflows_clockextension e on e.clock_id = c.id
where c.stopped_at is null and c.region = any(%s) and c.id"""
_PAUSES = "select clock_id, from_on, to_on from workflows_clockpause where clock_id"
_RANGE, _KEYS = " between %s and %s", " = any(%s)"


class _Row(NamedTuple):
    """A clock's columns, instants in seconds; what it came to before stands among them."""

    id: int
    root_id: int
    region: str
    kind: str
    subject_kind: str
    subject_id: str
    unit: str
    amount: int
    started_at: float
    due_on: date | None
    due_at: float | None
    provisional: bool
    warn_at: float | None
    version_id: int | None
    rules_number: int
    extension: int


class Changed(NamedTuple):
    """A clock that comes to something else now."""

    row: _Row
    now: Reckoned
    version: CalendarVersion

    @property
    def moved(self) -> bool:
        """Whether its last day is another one."""
        return self.row.due_on != self.now.due_on


def recompute_clock_slice(part: RecomputationSlice, *, at: datetime) -> list[int]:
    """Recompute the running clocks of a slice by the newest versions; returns the clocks whose case is held now.

    What is found changed is read again under its root's lock; a root somebody else holds is left for later.
    Effects: the slice's counts; per clock that changed its columns, timers, a ClockRecomputation and history; one
    `due_days_moved` for all whose day moved.
    """
    which, keys = (_KEYS, [part.left]) if part.left is not None else (_RANGE, [part.first, part.last])
    looked_at, found = _look(part.job.regions, which, keys)
    if part.left is None:
        part.looked_at = looked_at
    roots = lock_free_roots(one.row.root_id for one in found)
    ours = [one.row.id for one in found if one.row.root_id in roots]
    if min((one.row.rules_number for one in found), default=0) < current_rules().number:
        # Clocks of older threshold rules follow the new ones first, as in a sweep.
        follow_rules_of(roots, at=at)
    changed = clocks_that_change(ours, part.job.regions)
    if changed:
        _write(changed, roots, at)
    part.changed += len(changed)
    part.moved += sum(one.moved for one in changed)
    part.confirmed += sum(one.row.provisional and not one.now.provisional for one in changed)
    return [one.row.id for one in found if one.row.root_id not in roots]


def clocks_that_change(clock_ids: Sequence[int], regions: Sequence[str]) -> list[Changed]:
    """Return which of these running clocks come to something else by the newest versions than what is stored."""
    return _look(regions, _KEYS, [list(clock_ids)])[1] if clock_ids else []


def _look(regions: Sequence[str], which: str, keys: list[Any]) -> tuple[int, list[Changed]]:
    versions = {code: version for code in regions if (version := newest_version(code))}
    with connection.cursor() as cursor:
        cursor.execute(f"{_READ} {which} order by c.id", [list(versions), *keys])
        rows = [_Row(*row) for row in cursor.fetchall()]
    return len(rows), list(_changes(rows, versions, _pauses(which, keys)))


def _pauses(which: str, keys: list[Any]) -> dict[int, tuple[Pause, ...]]:
    found: dict[int, tuple[Pause, ...]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_PAUSES + which, keys)
        for clock_id, from_on, to_on in cursor.fetchall():
            found[clock_id] = (*found.get(clock_id, ()), Pause(from_on, to_on))
    return found


def _changes(
    rows: Iterable[_Row], versions: Mapping[str, CalendarVersion], pauses: Mapping[int, tuple[Pause, ...]]
) -> Iterator[Changed]:
    """Yield the clocks that come to something else than what is stored."""
    rules = rules_history().versions
    for row in rows:
        version, mine, judged = versions[row.region], pauses.get(row.id, ()), rules[row.rules_number]
        try:
            now = _reckoned(row, version.pk, judged, mine)
            before = (row.due_on, row.due_at, row.provisional, row.warn_at)
            same = before == (now.due_on, _seconds(now.due_at), now.provisional, _seconds(now.warn_at))
            if same and row.version_id != version.pk:
                # A threshold after the due day may move alone; nothing stored says when it was to be.
                same = now.reached == _reckoned(row, row.version_id, judged, mine).reached
        except OutsideCalendarError:
            # It keeps its date: one limit that leaves the calendar must not stop a million others.
            log.error("clock beyond its calendar", extra={"clock": row.id})
            continue
        if not same:
            yield Changed(row, now, version)


def _seconds(instant: datetime | None) -> float | None:
    return None if instant is None else instant.timestamp()


def _reckoned(row: _Row, version_id: int | None, rules: RulesVersion, pauses: tuple[Pause, ...]) -> Reckoned:
    reckoner = _reckoner(version_id, rules.number, rules.since)
    started_at = datetime.fromtimestamp(row.started_at, UTC)
    return reckoner.reckon(row.kind, row.unit, row.amount, started_at, pauses=pauses, extension=row.extension)


@lru_cache(maxsize=16)
def _reckoner(version_id: int | None, number: int, since: datetime | None) -> Reckoner:
    """Return what reckons clocks by a calendar and rules, kept per process. since: tells rules of one number apart."""
    rules = rules_history().versions[number]
    return Reckoner(calendar_of_id(version_id), rules.thresholds)


_ROWS = """jsonb_to_recordset(%s)
    x(id bigint, due_on date, due_at timestamptz, warn_at timestamptz, provisional boolean, version bigint)"""
#: First what it was, then what it is.
_RECORDS = f"""
insert into workflows_clockrecomputation (at, clock_id, due_at_before, due_at_after, provisional_before,
    provisional_after, calendar_version_id)
select %s, c.id, c.due_at, x.due_at, c.provisional, x.provisional, x.version
from {_ROWS} join workflows_clock c on c.id = x.id order by c.id
"""  # noqa: S608
_CLOCKS = f"""
update workflows_clock c set due_on = x.due_on, due_at = x.due_at, warn_at = x.warn_at, provisional = x.provisional,
    calendar_version_id = x.version
from {_ROWS} where c.id = x.id
"""  # noqa: S608


def _write(changed: Sequence[Changed], roots: Mapping[int, Run], at: datetime) -> None:
    rows = json.dumps([{**one.now._asdict(), "reached": None, **_keys(one)} for one in changed], default=str)
    with connection.cursor() as cursor:
        cursor.execute(_RECORDS, [at, rows])
        cursor.execute(_CLOCKS, [rows])
    move_timers([(one.row.root_id, one.row.id, dict(one.now.reached)) for one in changed], at=at)
    record_of_roots([(roots[one.row.root_id], "clock_recomputed", _detail(one)) for one in changed], at=at)
    moved = [_due_changed(one) for one in changed if one.moved]
    if moved:
        due_days_moved.send(sender=Clock, changes=moved, at=at)


def _keys(one: Changed) -> dict[str, int]:
    return {"id": one.row.id, "version": one.version.pk}


def _detail(one: Changed) -> dict[str, Any]:
    before, after = one.row.due_on, one.now.due_on
    days = {"before": before and before.isoformat(), "after": after and after.isoformat()}
    return {"clock": one.row.id, "clock_kind": one.row.kind, **days}


def _due_changed(one: Changed) -> ClockDueChanged:
    return ClockDueChanged(
        clock_id=one.row.id,
        subject_kind=one.row.subject_kind,
        subject_id=one.row.subject_id,
        clock_kind=one.row.kind,
        due_on_before=one.row.due_on,
        due_on_after=one.now.due_on,
        version=one.version.number,
    )

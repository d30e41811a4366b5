"""The figures of a log. Every rule is written down in docs/event-logs.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from workflows.eventlog.columns import Columns, case_key
from workflows.eventlog.log import Trace, as_text

DAY = timedelta(days=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
PERCENTILES = (5, 10, 25, 50, 75, 90, 95, 99)
#: What some logs write in a group where they mean that there is none.
EMPTY_GROUP = "EMPTY"
TOP = 10


@dataclass(frozen=True, slots=True)
class _Case:
    """What the figures need of one case."""

    start: datetime | None
    end: datetime | None
    deadline: datetime | None
    first: datetime | None
    last: datetime | None
    department: str


@dataclass(slots=True)
class Tally:
    """Takes the traces of a log one by one and then tells its figures; never holds the events themselves.

    columns: which keys mean what.
    """

    columns: Columns = field(default_factory=Columns)
    events: int = 0
    without_time: int = 0
    empty_groups: int = 0
    cases: list[_Case] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    activities: Counter[str] = field(default_factory=Counter)
    resources: Counter[str] = field(default_factory=Counter)
    channels: Counter[str] = field(default_factory=Counter)
    departments: Counter[str] = field(default_factory=Counter)
    variants: Counter[tuple[str, ...]] = field(default_factory=Counter)
    follows: Counter[tuple[str, str]] = field(default_factory=Counter)
    without_group: int = 0

    def add(self, trace: Trace) -> None:
        """Count one case."""
        names = tuple(event.activity for event in trace.events)
        self.events += len(names)
        self.activities.update(names)
        self.variants[names] += 1
        self.follows.update(pairwise(names))
        self.resources.update(event.resource for event in trace.events if event.resource)
        group = self.columns.event_group
        self.empty_groups += sum(as_text(event.attributes.get(group)) == EMPTY_GROUP for event in trace.events)
        instants = [event.at for event in trace.events if event.at is not None]
        self.without_time += len(names) - len(instants)
        self._add_case(trace, instants)

    def _add_case(self, trace: Trace, instants: Sequence[datetime]) -> None:
        columns, attributes = self.columns, trace.attributes
        self.seen.update(attributes)
        department = as_text(attributes.get(case_key(columns.department)))
        self.departments.update([department] if department else [])
        channel = as_text(attributes.get(case_key(columns.channel)))
        self.channels.update([channel] if channel else [])
        self.without_group += as_text(attributes.get(case_key(columns.group))) in ("", EMPTY_GROUP)
        start, end, deadline = (
            moment if isinstance(moment := attributes.get(case_key(column)), datetime) else None
            for column in (columns.start, columns.end, columns.deadline)
        )
        first, last = (min(instants), max(instants)) if instants else (None, None)
        self.cases.append(_Case(start, end, deadline, first, last, department))

    def figures(self, declared: Iterable[str] = ()) -> dict[str, Any]:
        """Return every figure as JSON can hold it. What the log cannot say is None, and `notes` say why.

        declared: keys that the cases can have (a CSV file's header), even where none of them does.
        """
        known = self.seen | set(declared)
        has = {role: case_key(getattr(self.columns, role)) in known for role in _ROLES}
        return {
            "cases": len(self.cases),
            "events": self.events,
            "activities": len(self.activities),
            "resources": len(self.resources),
            "variants": len(self.variants),
            **_openness(self.cases, has),
            **_durations(self.cases, has, self.columns),
            "by_channel": _ranked(self.channels) if has["channel"] else None,
            "by_department": _ranked(self.departments) if has["department"] else None,
            **_months(self.cases, has),
            "events_by_activity": _ranked(self.activities),
            "events_by_resource_top10": _ranked(self.resources, TOP),
            "events_by_resource": _ranked(self.resources),
            "overdue_by_department": _overdue(self.cases, has),
            "anomalies": self._anomalies(has),
            "events_without_time": self.without_time,
            **self._paths(),
            "notes": _notes(self.columns, has),
        }

    def _paths(self) -> dict[str, list[dict[str, Any]]]:
        return {
            "variants_top10": [
                {"activities": list(names), "cases": count} for names, count in self.variants.most_common(TOP)
            ],
            "directly_follows": [
                {"from": one, "to": other, "count": count} for (one, other), count in self.follows.most_common()
            ],
        }

    def _anomalies(self, has: dict[str, bool]) -> dict[str, int | None]:
        return {
            "first_event_before_start": _count(self.cases, has["start"], lambda case: _before(case.first, case.start)),
            "event_after_enddate": _count(self.cases, has["end"], lambda case: _before(case.end, case.last)),
            "end_before_start": _count(
                self.cases, has["start"] and has["end"], lambda case: _before(case.end, case.start)
            ),
            "group_EMPTY_events": self.empty_groups,
            "case_group_missing": self.without_group if has["group"] else None,
        }


_ROLES = ("start", "end", "deadline", "channel", "department", "group")


def figures_of(traces: Iterable[Trace], columns: Columns | None = None, declared: Iterable[str] = ()) -> dict[str, Any]:
    """Return the figures of a log in memory; see `Tally`."""
    tally = Tally(columns or Columns())
    for trace in traces:
        tally.add(trace)
    return tally.figures(declared)


def nearest_rank(ordered: Sequence[timedelta], percent: int) -> timedelta:
    """Return a percentile by nearest rank: the smallest value that at least `percent` % of all do not exceed.

    ordered: ascending, not empty. percent: 1 to 100.
    """
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]


def _days(span: timedelta) -> float:
    # Adding zero turns the minus zero of a span that rounds to nothing into plain zero.
    return round(span / DAY, 3) + 0.0


def _before(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one < other


def _count(cases: Iterable[_Case], asked: bool, holds: Callable[[_Case], bool]) -> int | None:
    return sum(map(holds, cases)) if asked else None


def _ranked(counts: Counter[str], top: int | None = None) -> dict[str, int]:
    """Return counts, the largest first; among equals the one that the log names first."""
    return dict(counts.most_common(top))


def _openness(cases: Sequence[_Case], has: dict[str, bool]) -> dict[str, int | None]:
    both = has["end"] and has["deadline"]
    late = _count(cases, both, lambda case: _before(case.deadline, case.end))
    return {
        "closed": _count(cases, has["end"], lambda case: case.end is not None),
        "open": _count(cases, has["end"], lambda case: case.end is None),
        "late": late if has["end"] else _last_after(cases, has),
        "closed_after_deadline": late,
        "open_after_deadline": _count(cases, both, lambda case: case.end is None and _before(case.deadline, case.last)),
        "last_event_after_deadline": _last_after(cases, has),
    }


def _last_after(cases: Sequence[_Case], has: dict[str, bool]) -> int | None:
    return _count(cases, has["deadline"], lambda case: _before(case.deadline, case.last))


def _durations(cases: Sequence[_Case], has: dict[str, bool], columns: Columns) -> dict[str, Any]:
    begins, ends = _starts(cases, has), [case.end if has["end"] else case.last for case in cases]
    spans = sorted(end - begin for begin, end in zip(begins, ends, strict=True) if begin and end)
    count = len(spans)
    basis = {
        "cases": count,
        "from": columns.start if has["start"] else "first event",
        "to": columns.end if has["end"] else "last event",
        "percentiles": "nearest rank",
    }
    if not spans:
        return {"throughput_days": None, "throughput": {**basis, "percentiles_days": None}}
    median = (spans[(count - 1) // 2] + spans[count // 2]) / 2
    shown = {
        "min": spans[0],
        "median": median,
        "mean": sum(spans, timedelta(0)) / count,
        "p90": nearest_rank(spans, 90),
        "max": spans[-1],
    }
    ranks = {f"p{percent}": _days(nearest_rank(spans, percent)) for percent in PERCENTILES}
    return {
        "throughput_days": {name: _days(span) for name, span in shown.items()},
        "throughput": {**basis, "percentiles_days": ranks},
    }


def _starts(cases: Iterable[_Case], has: dict[str, bool]) -> list[datetime | None]:
    return [case.start if has["start"] else case.first for case in cases]


def _months(cases: Sequence[_Case], has: dict[str, bool]) -> dict[str, dict[str, int]]:
    starts = [moment for moment in _starts(cases, has) if moment is not None]
    local = Counter(f"{moment:%Y-%m}" for moment in starts)
    shanghai = Counter(f"{moment.astimezone(SHANGHAI):%Y-%m}" for moment in starts)
    return {
        "started_by_month_local": dict(sorted(local.items())),
        "started_by_month_asia_shanghai": dict(sorted(shanghai.items())),
    }


def _overdue(cases: Iterable[_Case], has: dict[str, bool]) -> dict[str, int] | None:
    if not (has["end"] and has["deadline"] and has["department"]):
        return None
    return _ranked(Counter(case.department for case in cases if case.department and _before(case.deadline, case.end)))


def _notes(columns: Columns, has: dict[str, bool]) -> list[str]:
    """Say in sentences what the log does not tell, and which figures are therefore None or rest on events."""
    silent = {
        "start": "cases start with their first event",
        "end": "no case is said to be open or closed; cases take until their last event",
        "deadline": "nothing is said to be late",
        "channel": "by_channel is null",
        "department": "by_department and overdue_by_department are null",
        "group": "case_group_missing is null",
    }
    return [f"No case has {getattr(columns, role)}: {so}." for role, so in silent.items() if not has[role]]

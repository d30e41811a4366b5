"""The figures: those computed elsewhere from a real log, those of a slow oracle, and each rule by an example."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.eventlog.drawn import LOGS, traces
from workflows.eventlog import Columns, Event, Tally, Trace, figures_of, read_log
from workflows.eventlog.log import AttributeValue, as_text
from workflows.eventlog.sources import open_source
from workflows.eventlog.statistics import nearest_rank

RECEIPT, GOLDEN = LOGS / "receipt_dev.csv", LOGS / "receipt_dev_golden_figures.json"
needs_logs = pytest.mark.skipif(not GOLDEN.exists(), reason=f"the logs are not at {LOGS}: set SHARED_DATA")
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def figures(path: Path) -> dict[str, Any]:
    with open_source(path) as stream:
        log = read_log(stream)
    return figures_of(log.traces, declared=log.head.case_attributes)


@needs_logs
def test_figures_of_a_real_log_are_those_computed_elsewhere() -> None:
    golden, found = json.loads(GOLDEN.read_text()), figures(RECEIPT)
    assert {key: found.get(key) for key in golden} == golden
    for key in ("events_by_activity", "events_by_resource_top10", "by_channel", "started_by_month_local"):
        assert list(found[key]) == list(golden[key]), "also in its order"
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["notes"] == []


@needs_logs
@pytest.mark.parametrize(("part", "parts"), [(0, 2), (1, 2), (2, 7)])
def test_figures_of_any_part_of_it_are_those_of_the_rows(part: int, parts: int, tmp_path: Path) -> None:
    """Another selection of the same cases, so that no rule is cut to one file."""
    with RECEIPT.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    cases = sorted({row["case:concept:name"] for row in rows})[part::parts]
    rows = [row for row in rows if row["case:concept:name"] in cases]
    path = tmp_path / "part.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    found, expected = figures(path), of_rows(rows)
    assert {key: found[key] for key in expected} == expected


def of_rows(rows: list[dict[str, str]]) -> dict[str, Any]:
    """Compute figures straight from the rows of the receipt log, in the plainest way."""
    heads = {row["case:concept:name"]: row for row in reversed(rows)}.values()

    def instant(row: dict[str, str], column: str) -> datetime:
        return datetime.fromisoformat(row[column])

    closed = [head for head in heads if head["case:enddate"]]
    late = [head for head in closed if instant(head, "case:enddate") > instant(head, "case:deadline")]
    days = sorted(
        (instant(head, "case:enddate") - instant(head, "case:startdate")).total_seconds() / 86_400 for head in closed
    )
    last = {row["case:concept:name"]: instant(row, "time:timestamp") for row in rows}
    return {
        "cases": len(heads),
        "events": len(rows),
        "activities": len({row["concept:name"] for row in rows}),
        "resources": len({row["org:resource"] for row in rows}),
        "closed": len(closed),
        "open": len(heads) - len(closed),
        "late": len(late),
        "closed_after_deadline": len(late),
        "last_event_after_deadline": sum(
            last[head["case:concept:name"]] > instant(head, "case:deadline") for head in heads
        ),
        "throughput_days": {
            "min": round(days[0], 3),
            "median": round((days[(len(days) - 1) // 2] + days[len(days) // 2]) / 2, 3),
            "mean": round(math.fsum(days) / len(days), 3),
            "p90": round(days[math.ceil(0.9 * len(days)) - 1], 3),
            "max": round(days[-1], 3),
        },
        "by_channel": dict(Counter(head["case:channel"] for head in heads)),
        "overdue_by_department": dict(Counter(head["case:department"] for head in late)),
        "events_by_resource_top10": dict(Counter(row["org:resource"] for row in rows).most_common(10)),
        "started_by_month_local": dict(Counter(head["case:startdate"][:7] for head in heads)),
    }


@given(traces)
def test_figures_of_random_logs_are_those_of_a_slow_oracle(cases: tuple[Trace, ...]) -> None:
    found = figures_of(cases)
    pairs = Counter(
        (trace.events[place].activity, trace.events[place + 1].activity)
        for trace in cases
        for place in range(len(trace.events) - 1)
    )
    assert {(each["from"], each["to"]): each["count"] for each in found["directly_follows"]} == pairs
    variants = Counter(json.dumps([event.activity for event in trace.events]) for trace in cases)
    assert found["variants"] == len(variants)
    counts = [each["cases"] for each in found["variants_top10"]]
    assert counts == sorted(variants.values(), reverse=True)[:10]
    assert found["events"] == sum(found["events_by_activity"].values())
    assert found["started_by_month_local"] == months(cases)
    if any("enddate" in trace.attributes for trace in cases):
        assert found["closed"] == sum("enddate" in trace.attributes for trace in cases)
        assert found["open"] == found["cases"] - found["closed"]
    assert found["throughput"]["cases"] == len(spans(cases))
    if spans(cases):
        assert found["throughput_days"]["max"] == round(max(spans(cases)) / timedelta(days=1), 3)
    groups = [as_text(trace.attributes.get("group")) for trace in cases]
    if any("group" in trace.attributes for trace in cases):
        assert found["anomalies"]["case_group_missing"] == groups.count("") + groups.count("EMPTY")


def begin_and_end(cases: tuple[Trace, ...], trace: Trace) -> list[AttributeValue | None]:
    known = [event.at for event in trace.events if event.at]
    found: list[AttributeValue | None] = []
    for key, other in (("startdate", min), ("enddate", max)):
        by_key = any(key in each.attributes for each in cases)
        found.append(trace.attributes.get(key) if by_key else other(known, default=None))
    return found


def spans(cases: tuple[Trace, ...]) -> list[timedelta]:
    ends = [begin_and_end(cases, trace) for trace in cases]
    return [end - begin for begin, end in ends if isinstance(begin, datetime) and isinstance(end, datetime)]


def months(cases: tuple[Trace, ...]) -> dict[str, int]:
    begins = [begin_and_end(cases, trace)[0] for trace in cases]
    return dict(sorted(Counter(str(begin)[:7] for begin in begins if begin is not None).items()))


@given(st.lists(st.integers(-5, 50), min_size=1, max_size=30), st.integers(1, 100))
def test_nearest_rank_is_the_smallest_that_enough_do_not_exceed(days: list[int], percent: int) -> None:
    ordered = sorted(timedelta(days=day) for day in days)
    found = nearest_rank(ordered, percent)
    enough = [one for one in ordered if 100 * sum(other <= one for other in ordered) >= percent * len(ordered)]
    assert found == min(enough)


def case(identifier: str, *names: str, **attributes: AttributeValue) -> Trace:
    return Trace(identifier, attributes, tuple(Event(name) for name in names))


def test_late_is_strictly_after_the_deadline_and_by_instants_not_by_letters() -> None:
    deadline = datetime(2026, 1, 1, 0, 0, tzinfo=timezone(timedelta(hours=1)))
    found = figures_of(
        [
            case("in time", deadline=deadline, enddate=datetime(2025, 12, 31, 23, 0, tzinfo=UTC), department="A"),
            case("late", deadline=deadline, enddate=datetime(2025, 12, 31, 23, 0, 0, 1, UTC), department="A"),
            case("no deadline", enddate=DAY),
            Trace("open", {"deadline": deadline}, (Event("a", DAY), Event("b"))),
        ]
    )
    assert (found["closed"], found["open"], found["late"], found["closed_after_deadline"]) == (3, 1, 1, 1)
    assert (found["open_after_deadline"], found["last_event_after_deadline"]) == (1, 1)
    assert found["overdue_by_department"] == {"A": 1}
    assert found["events_without_time"] == 1


def test_without_an_end_late_is_what_goes_on_after_the_deadline() -> None:
    found = figures_of([Trace("1", {"deadline": DAY}, (Event("a", DAY + timedelta(days=1)),)), case("2", "a")])
    assert (found["late"], found["closed"], found["open"], found["closed_after_deadline"]) == (1, None, None, None)
    assert found["throughput"] == {
        "cases": 1,
        "from": "first event",
        "to": "last event",
        "percentiles": "nearest rank",
        "percentiles_days": dict.fromkeys(("p5", "p10", "p25", "p50", "p75", "p90", "p95", "p99"), 0.0),
    }
    assert (
        "No case has case:enddate: no case is said to be open or closed; cases take until their last event."
        in (found["notes"])
    )


def test_what_is_odd_is_counted_by_case() -> None:
    start, end = DAY, DAY + timedelta(days=2)
    nobody = Event("a", None, "", {"org:group": "EMPTY"})
    found = figures_of(
        [
            Trace("1", {"startdate": start, "enddate": end}, (Event("a", start), Event("a", end))),
            Trace("2", {"startdate": start}, (Event("a", start - timedelta(microseconds=1)),)),
            Trace("3", {"startdate": start, "enddate": end}, tuple(Event("a", end + timedelta(n)) for n in (1, 2))),
            Trace("4", {"startdate": end, "enddate": start, "group": "G"}, (nobody,)),
        ]
    )
    assert found["anomalies"] == {
        "first_event_before_start": 1,
        "event_after_enddate": 1,
        "end_before_start": 1,
        "group_EMPTY_events": 1,
        "case_group_missing": 3,
    }
    assert found["throughput_days"]["min"] == -2.0


def test_a_month_is_that_of_the_offset_written_or_of_shanghai() -> None:
    amsterdam = timezone(timedelta(hours=1))
    found = figures_of([case("1", startdate=datetime(2026, 1, 31, 20, tzinfo=amsterdam))])
    assert found["started_by_month_local"] == {"2026-01": 1}
    assert found["started_by_month_asia_shanghai"] == {"2026-02": 1}


def test_among_equals_the_first_in_the_log_comes_first() -> None:
    found = figures_of([case("1", "z", "a"), case("2", "b"), case("3", "b")], Columns())
    assert list(found["events_by_activity"]) == ["b", "z", "a"]
    assert found["variants_top10"] == [{"activities": ["b"], "cases": 2}, {"activities": ["z", "a"], "cases": 1}]


def test_a_log_of_nothing_has_figures_too() -> None:
    found = Tally().figures()
    assert (found["cases"], found["events"], found["throughput_days"], found["directly_follows"]) == (0, 0, None, [])

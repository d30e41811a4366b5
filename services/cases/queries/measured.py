"""How long it really took and how often people had to come: closed cases of the last twelve months, by service.

Nothing is estimated and nothing is stored: two reads of the cases themselves. Percentiles are nearest-rank.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any

from django.db import connection

from services.cases.enums import ApplicationState, CaseState, Channel, MaterialFinding
from services.catalogue.limit_rules import months_after
from services.documents.enums import DeliveryChannel
from workflows.clocks import WorkingCalendar

#: Under so many cases nothing is said: a few would tell about single people and would mean nothing.
SMALLEST_SAMPLE = 20
MONTHS = 12

#: Days on which somebody stood at a window about a case: she filed there, showed an original, took away a paper.
_VISITS = """
    SELECT c.id AS case_id, (a.submitted_at AT TIME ZONE %(zone)s)::date AS day
    FROM cases_case c JOIN cases_application a ON a.id = c.application_id
    WHERE a.channel = %(counter)s AND a.submitted_at >= %(since)s
    UNION
    SELECT p.subject_id::bigint, (d.delivered_at AT TIME ZONE %(zone)s)::date
    FROM documents_delivery d JOIN documents_paper p ON p.id = d.paper_id
    WHERE d.channel = %(handed)s AND p.subject_kind = 'case' AND d.delivered_at >= %(since)s
    UNION
    SELECT m.case_id, (m.checked_at AT TIME ZONE %(zone)s)::date
    FROM cases_materialcheck m WHERE m.finding = %(seen)s AND m.checked_at >= %(since)s
"""
_ITEMS = f"""
    WITH visit AS ({_VISITS}), counted AS (SELECT case_id, count(*) AS visits FROM visit GROUP BY case_id)
    SELECT v.item_id, (c.filed_at AT TIME ZONE %(zone)s)::date, (c.decided_at AT TIME ZONE %(zone)s)::date,
           coalesce(counted.visits, 0), count(*)
    FROM cases_case c
    JOIN catalogue_serviceversion v ON v.id = c.service_id
    LEFT JOIN counted ON counted.case_id = c.id
    WHERE c.state = ANY(%(decided)s) AND NOT c.entered_late AND c.filed_at IS NOT NULL
      AND c.decided_at >= %(begin)s AND c.decided_at < %(end)s
      AND (%(ids)s::bigint[] IS NULL OR v.item_id = ANY(%(ids)s))
    GROUP BY 1, 2, 3, 4
"""  # noqa: S608 - only the constant above is put in
_BUNDLES = f"""
    WITH visit AS ({_VISITS}), counted AS (
        SELECT c.application_id, count(DISTINCT visit.day) AS visits
        FROM visit JOIN cases_case c ON c.id = visit.case_id GROUP BY 1
    ), needed AS (
        SELECT c.application_id, array_agg(c.part ORDER BY c.part) AS parts FROM cases_case c GROUP BY 1
    )
    SELECT b.bundle_id, needed.parts, (a.submitted_at AT TIME ZONE %(zone)s)::date,
           (a.closed_at AT TIME ZONE %(zone)s)::date, coalesce(counted.visits, 0), count(*)
    FROM cases_application a
    JOIN catalogue_bundleversion b ON b.id = a.bundle_id
    JOIN needed ON needed.application_id = a.id
    LEFT JOIN counted ON counted.application_id = a.id
    WHERE a.state = %(closed)s AND a.closed_at >= %(begin)s AND a.closed_at < %(end)s
      AND (%(ids)s::bigint[] IS NULL OR b.bundle_id = ANY(%(ids)s))
    GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608 - only the constant above is put in


@dataclass(frozen=True, slots=True)
class Period:
    """Whole local days, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What closed cases really took.

    Attributes:
        cases: how many.
        days_p50, days_p90: working days from filing to the decision (of an application: to its end), the day of filing
            not counted; 0 is the same day. Everything is in it: supplements, pauses, holds.
        visits_mean: days at a window per case; visits_p90: nine in ten needed no more.
        All None while there are fewer cases than SMALLEST_SAMPLE.
    """

    cases: int
    days_p50: int | None = None
    days_p90: int | None = None
    visits_mean: float | None = None
    visits_p90: int | None = None

    @property
    def hidden(self) -> bool:
        """Whether there are too few cases to say anything."""
        return self.cases < SMALLEST_SAMPLE


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredBundle:
    """A bundle's closed applications: all of them, and by the set of services they needed."""

    everything: Measured
    by_parts: Mapping[frozenset[str], Measured]


NOTHING = Measured(cases=0)


def period_before(at: datetime, calendar: WorkingCalendar) -> Period:
    """Return the twelve months that ended yesterday: over whole days the figures stay the same all day."""
    last = at.astimezone(calendar.zone).date() - timedelta(days=1)
    return Period(months_after(last, -MONTHS) + timedelta(days=1), last)


def measured_items(
    period: Period, calendar: WorkingCalendar, *, items: Collection[int] | None = None
) -> dict[int, Measured]:
    """Return what the decided cases of service items took, by the item's id. One query; items: only these."""
    counted: dict[int, Counter[tuple[int, int]]] = defaultdict(Counter)
    for item, filed_on, ended_on, visits, cases in _rows(_ITEMS, period, calendar, items):
        counted[item][_days(filed_on, ended_on, calendar), visits] += cases
    return {item: measured_of(counter) for item, counter in counted.items()}


def measured_bundles(
    period: Period, calendar: WorkingCalendar, *, bundles: Collection[int] | None = None
) -> dict[int, MeasuredBundle]:
    """Return what the closed applications for bundles took, by the bundle's id. One query; bundles: only these."""
    counted: dict[int, dict[frozenset[str], Counter[tuple[int, int]]]] = defaultdict(lambda: defaultdict(Counter))
    for bundle, parts, filed_on, ended_on, visits, cases in _rows(_BUNDLES, period, calendar, bundles):
        counted[bundle][frozenset(parts)][_days(filed_on, ended_on, calendar), visits] += cases
    return {
        bundle: MeasuredBundle(
            everything=measured_of(sum(groups.values(), Counter())),
            by_parts={parts: measured_of(counter) for parts, counter in groups.items()},
        )
        for bundle, groups in counted.items()
    }


def measured_of(counted: Mapping[tuple[int, int], int]) -> Measured:
    """Return the figures of cases. counted: how many took (working days, visits)."""
    cases = sum(counted.values())
    if cases < SMALLEST_SAMPLE:
        return Measured(cases=cases)
    days: Counter[int] = Counter()
    visits: Counter[int] = Counter()
    for (took, came), count in counted.items():
        days[took] += count
        visits[came] += count
    return Measured(
        cases=cases,
        days_p50=nearest_rank(days, 50),
        days_p90=nearest_rank(days, 90),
        visits_mean=sum(came * count for came, count in visits.items()) / cases,
        visits_p90=nearest_rank(visits, 90),
    )


def nearest_rank(counted: Mapping[int, int], percent: int) -> int:
    """Return the smallest value that at least `percent` of all are not above. counted: how often each value occurs."""
    rank = ceil(percent * sum(counted.values()) / 100)
    seen = 0
    for value in sorted(counted):
        seen += counted[value]
        if seen >= rank:
            return value
    raise ValueError("Nothing was counted.")


def _days(filed_on: date, ended_on: date, calendar: WorkingCalendar) -> int:
    one = timedelta(days=1)
    return max(0, calendar.working_days(filed_on + one, ended_on + one))


def _rows(sql: str, period: Period, calendar: WorkingCalendar, ids: Collection[int] | None) -> list[tuple[Any, ...]]:
    begin = datetime(period.first.year, period.first.month, period.first.day, tzinfo=calendar.zone)
    last = period.last + timedelta(days=1)
    given: dict[str, Any] = {
        "zone": str(calendar.zone),
        "begin": begin,
        "end": datetime(last.year, last.month, last.day, tzinfo=calendar.zone),
        # a case that was decided in the period may have been filed, and its applicant been there, a year before
        "since": begin - timedelta(days=366),
        "ids": None if ids is None else list(ids),
        "decided": [CaseState.GRANTED, CaseState.REFUSED],
        "closed": ApplicationState.CLOSED,
        "counter": Channel.COUNTER,
        "handed": DeliveryChannel.COUNTER,
        "seen": MaterialFinding.ORIGINAL_SEEN,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows

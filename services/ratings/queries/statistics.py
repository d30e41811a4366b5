"""How satisfied people are: counts with their denominators, small samples hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Func, Q, QuerySet

from services.cases.models import Case
from services.parties.models import Department
from services.ratings.enums import BAD, Level
from services.ratings.labels import Label, all_labels
from services.ratings.models import Rating

#: Fewer ratings than this show no share: a share of four is chance, and a person may be recognised.
SMALLEST_SAMPLE = 10


@dataclass(frozen=True, kw_only=True)
class Satisfaction:
    """One department's ratings within a span. closed: cases closed within it, the denominator of `rated`.

    levels: count by level. bad: counted, named: of them with a name; contacted, rectified: of the named.
    """

    department: Department
    closed: int
    rated: int
    levels: Mapping[str, int]
    named: int
    contacted: int
    rectified: int

    @property
    def bad(self) -> int:
        """How many are bad."""
        return sum(self.levels[level] for level in BAD)

    @property
    def is_small(self) -> bool:
        """Whether there are too few to show a share."""
        return self.rated < SMALLEST_SAMPLE

    @property
    def good_share(self) -> float | None:
        """The share of the upper three levels (好评率), None for a small sample."""
        return None if self.is_small else (self.rated - self.bad) / self.rated


def counting(since: datetime, until: datetime) -> QuerySet[Rating]:
    """Return the ratings of a span that count: first ones, not excluded."""
    rows = Rating.objects.filter(number=1, rated_at__gte=since, rated_at__lt=until)
    return rows.exclude(handling__excluded=True)


def satisfaction(*, since: datetime, until: datetime) -> list[Satisfaction]:
    """Return every department that closed a case or was rated within a span, by code; four queries."""
    rated: dict[str, dict[str, int]] = {}
    for row in counting(since, until).order_by().values("department", "level").annotate(count=Count("id")):
        rated.setdefault(row["department"], {})[row["level"]] = row["count"]
    handled: dict[str, dict[str, Any]] = {
        row["department"]: dict(row)
        for row in counting(since, until)
        .filter(handling__isnull=False)
        .order_by()
        .values("department")
        .annotate(
            named=Count("id"),
            contacted=Count("id", filter=Q(handling__contacted_at__isnull=False)),
            rectified=Count("id", filter=Q(handling__rectified_at__isnull=False)),
        )
    }
    closed_rows = Case.objects.filter(closed_at__gte=since, closed_at__lt=until).order_by()
    closed = dict(closed_rows.values_list("department__code").annotate(count=Count("id")))
    bodies = Department.objects.filter(code__in=rated.keys() | closed.keys()).order_by("code")
    return [
        _of(body, rated.get(body.code, {}), handled.get(body.code, {}), closed.get(body.code, 0)) for body in bodies
    ]


def _of(body: Department, levels: Mapping[str, int], handled: Mapping[str, int], closed: int) -> Satisfaction:
    counts = {level: levels.get(level, 0) for level in Level.values}
    return Satisfaction(
        department=body,
        closed=closed,
        rated=sum(counts.values()),
        levels=counts,
        named=handled.get("named", 0),
        contacted=handled.get("contacted", 0),
        rectified=handled.get("rectified", 0),
    )


def together(rows: Sequence[Satisfaction], body: Department) -> Satisfaction:
    """Return the sum of all departments, under the name of a body."""
    return Satisfaction(
        department=body,
        closed=sum(row.closed for row in rows),
        rated=sum(row.rated for row in rows),
        levels={level: sum(row.levels[level] for row in rows) for level in Level.values},
        named=sum(row.named for row in rows),
        contacted=sum(row.contacted for row in rows),
        rectified=sum(row.rectified for row in rows),
    )


def labels_of_bad(*, since: datetime, until: datetime, department: str = "") -> list[tuple[Label, int]]:
    """Return the labels people chose with bad ratings and how often, the most frequent first."""
    rows = counting(since, until).filter(level__in=BAD)
    if department:
        rows = rows.filter(department=department)
    one = rows.annotate(label=Func(F("labels"), function="unnest")).order_by().values("label")
    counted = one.annotate(count=Count("id")).order_by("-count", "label")
    return [(all_labels()[row["label"]], row["count"]) for row in counted if row["label"] in all_labels()]

"""Questions about the jobs that recompute open clocks after a calendar changed."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum

from workflows.models import CalendarRecomputation, Clock
from workflows.queries.calendars import newest_version, regions_below


def regions_of_clocks(changed: str) -> list[str]:
    """Return the regions of running clocks whose calendar is that of a region, or begins with it."""
    below = {region.code for region in regions_below(changed)}
    seen = Clock.objects.filter(stopped_at__isnull=True).order_by("region").values_list("region", flat=True).distinct()
    versions = {code: newest_version(code) for code in seen}
    return [code for code, version in versions.items() if version is not None and version.region_id in below]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a job got. share: of its slices, 0 to 1. The others count open time limits and limits of tasks."""

    job: CalendarRecomputation
    share: float
    looked_at: int
    changed: int
    moved: int
    confirmed: int


def recomputations(region: str | None = None) -> QuerySet[CalendarRecomputation]:
    """Return the jobs, of one region or of all, the newest first."""
    jobs = CalendarRecomputation.objects.select_related("version__region", "queued_by").order_by("-id")
    return jobs if region is None else jobs.filter(version__region=region)


def progress_of(job: CalendarRecomputation) -> Progress:
    """Return how far a job got and what it found."""
    sums = job.slices.aggregate(
        all=Count("id"),
        done=Count("id", filter=Q(done_at__isnull=False)),
        **{name: Sum(name, default=0) for name in ("looked_at", "changed", "moved", "confirmed")},
    )
    total, done = sums.pop("all"), sums.pop("done")
    share = 1.0 if job.finished_at else done / total if total else 0.0
    return Progress(job=job, share=share, **sums)

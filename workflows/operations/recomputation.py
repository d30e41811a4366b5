"""The job that recomputes open clocks after a calendar changed: queued with the change, carried out slice by slice.

Any number of workers may carry it out at once; each slice is a transaction of its own, so that whoever is killed
leaves whole slices behind and the next one goes on. Doing it twice finds nothing to do.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import F

from workflows.models import CalendarRecomputation, CalendarVersion, RecomputationSlice
from workflows.operations.recomputed_clocks import recompute_clock_slice
from workflows.operations.recomputed_timers import recompute_timer_slice
from workflows.queries.calendars import home_region, newest_version, regions_below
from workflows.queries.recomputations import regions_of_clocks
from workflows.wake import wake

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

TASK = "workflows.tasks.recompute_clocks_task"
#: Rows per transaction: about half a second's work, for which the cases concerned are locked.
SLICE = 5000
#: A pause before what somebody else holds is tried again, and how often one call tries.
BREATH, BREATHS = 0.2, 25

#: Whoever read the calendar before it changed may write a date of the old one until his transaction ends. So nothing is
#: looked at while one lasts that was open when the job was begun: the change was there for everybody to read by then.
#: One of more than ten minutes before that is a forgotten session, and not waited for; nor is autovacuum, which writes
#: no dates.
_OLDER = """select exists (select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
 and backend_type = 'client backend'
 and xact_start < %(began)s and xact_start > %(began)s - interval '10 minutes')"""
_CUT = """insert into workflows_recomputationslice (job_id, about, first, last, looked_at, changed, moved, confirmed)
 select %(job)s, %(about)s, min(id), max(id), 0, 0, 0, 0
 from (select id, (row_number() over (order by id) - 1) / %(size)s as part from {rows}) numbered group by part"""
_CLOCKS = _CUT.format(rows="workflows_clock where stopped_at is null and region = any(%(regions)s)")
_TIMERS = _CUT.format(rows="workflows_timer where subject_kind = 'node' and fired_at is null and cancelled_at is null")


def queue_recomputation(version: CalendarVersion, *, by: AbstractBaseUser | None, at: datetime) -> None:
    """Order the recomputation of what a version and those that begin with it change. Effects: the job, a wake-up."""
    CalendarRecomputation.objects.create(version=version, queued_at=at, queued_by_id=by.pk if by is not None else None)
    wake(TASK)


def recompute(*, now: Callable[[], datetime], seconds: float = 200.0) -> int:
    """Carry out the jobs that wait, the oldest first; returns how many slices this call has done.

    now: PostgreSQL's clock. seconds: after them no new slice is begun.
    """
    until, done, breaths = time.monotonic() + seconds, 0, 0
    while time.monotonic() < until and breaths < BREATHS:
        job = CalendarRecomputation.objects.filter(finished_at__isnull=True).order_by("id").first()
        if job is None:
            break
        if _advance(job, now()):
            done += 1
        else:
            breaths += 1
            time.sleep(BREATH)
    return done


def _advance(job: CalendarRecomputation, at: datetime) -> bool:
    """Do the next thing of a job: begin, cut it, do a slice, or finish. False when that must wait for somebody."""
    if job.started_at is None:
        return bool(CalendarRecomputation.objects.filter(pk=job.pk, started_at=None).update(started_at=at))
    if not job.slices.exists():
        return _cut(job.pk, at)
    return _do_slice(job, at) or _finish(job.pk, at)


@transaction.atomic
def _cut(key: int, at: datetime) -> bool:
    job = CalendarRecomputation.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=key).first()
    if job is None or job.finished_at is not None or job.slices.exists():
        return False
    with connection.cursor() as cursor:
        cursor.execute(_OLDER, {"began": job.started_at})
        if cursor.fetchone() == (True,):
            return False
        job.regions = regions_of_clocks(job.version.region_id)
        words = {"job": job.pk, "size": SLICE, "regions": job.regions}
        cursor.execute(_CLOCKS, {**words, "about": "clock"})
        if _counts_at_home(job):
            cursor.execute(_TIMERS, {**words, "about": "timer"})
    job.finished_at = None if job.slices.exists() else at
    job.save(update_fields=["regions", "finished_at"])
    wake(TASK)  # a second worker, if there is one, takes every other slice
    return True


def _counts_at_home(job: CalendarRecomputation) -> bool:
    """Tell whether the changed calendar is the home region's, by which drawn timers count, or one it begins with."""
    version = newest_version(home_region())
    return version is not None and version.region_id in {one.code for one in regions_below(job.version.region_id)}


@transaction.atomic
def _do_slice(job: CalendarRecomputation, at: datetime) -> bool:
    """Look at one slice that nobody else looks at; False when there is none, or what is left of it is still held."""
    waiting = RecomputationSlice.objects.select_for_update(skip_locked=True, no_key=True).filter(
        job=job, done_at__isnull=True
    )
    part = waiting.order_by(F("left").asc(nulls_first=True), "id").first()
    if part is None:
        return False
    held = part.left
    look = recompute_clock_slice if part.about == "clock" else recompute_timer_slice
    left = look(part, at=at)
    part.left, part.done_at = left, None if left else at
    part.save()
    return not left or left != held


@transaction.atomic
def _finish(key: int, at: datetime) -> bool:
    job = CalendarRecomputation.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=key).first()
    if job is None or job.finished_at is not None or job.slices.filter(done_at__isnull=True).exists():
        return False
    job.finished_at = at
    job.save(update_fields=["finished_at"])
    return True

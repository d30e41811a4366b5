"""Who spent the time of a case and of its application: from tasks, pauses, holds and dates to claims on the time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain

from services.cases.enums import CLOCKS_WITHOUT_LIGHT
from services.cases.models import Application, Case, Hold
from services.cases.queries.subjects import tasks_about
from services.cases.queries.timeline import Timeline
from workflows.clocks import WorkingCalendar
from workflows.clocks.spent import (
    OF_A_BUNDLE,
    OF_A_CASE,
    Claim,
    Holder,
    Owner,
    Stretch,
    as_claims,
    stretches,
    worked_by_owner,
)
from workflows.models import Clock, ClockPause, Task
from workflows.queries.calendars import calendar_for

APPLICANT = "applicant"
#: Owners in the order in which people read them; departments in between, those with the most time first.
_READ_FIRST = (Holder.APPLICANT, Holder.DEPARTMENT, Holder.WAITING, Holder.PAUSED, Holder.HELD, Holder.DELIVERY)


@dataclass(frozen=True, kw_only=True)
class TimeSpent:
    """The working time of a period and whose it was. seconds_by_owner adds up to `seconds`, in reading order."""

    begin: datetime
    end: datetime
    lasts: bool
    seconds: int
    seconds_by_owner: Mapping[Owner, int]


@dataclass(frozen=True, kw_only=True)
class BundleTime:
    """The time of a whole application, and of each of its branches over the same period."""

    whole: TimeSpent
    branches: Sequence[tuple[Case, TimeSpent]]


def time_of_case(case: Case, *, at: datetime, since: datetime | None = None) -> TimeSpent | None:
    """Return who spent a case's working time from its filing to its delivery or other end, or until `at`.

    since: another start. Facts after `at` do not count. None for a case that was not filed by then.
    """
    begin = since or case.filed_at
    if begin is None or begin > at:
        return None
    facts = _Facts(case.application, [case])
    end = _end_of(case)
    claims = list(facts.claims(case))
    return _spent(stretches(claims, begin, max(begin, _earliest(end, at)), order=OF_A_CASE), begin, end, at, facts)


def time_of_application(application: Application, *, at: datetime) -> BundleTime | None:
    """Return who spent an application's working time from submission to its end, or until `at`; None for a draft.

    Every branch over the same period: what it waited for before it was filed and at the join afterwards is waiting.
    """
    if application.submitted_at is None or application.submitted_at > at:
        return None
    cases = list(application.cases.select_related("service__item", "department").order_by("position"))
    return _of_whole(application, application.submitted_at, cases, _Facts(application, cases), at)


def time_of_timeline(timeline: Timeline, *, at: datetime) -> BundleTime | None:
    """Return `time_of_application` by facts that were read already: no query."""
    application = timeline.application
    if application.submitted_at is None or application.submitted_at > at:
        return None
    cases = [lane.case for lane in timeline.lanes]
    return _of_whole(application, application.submitted_at, cases, _FactsOfTimeline(timeline), at)


def _of_whole(
    application: Application, begin: datetime, cases: Sequence[Case], facts: _Facts, at: datetime
) -> BundleTime:
    end = application.closed_at
    until = max(begin, _earliest(end, at))
    parted = {
        case.pk: stretches([*facts.claims(case), *_before_and_after(case, begin)], begin, until, order=OF_A_CASE)
        for case in cases
    }
    branches = chain(*map(as_claims, parted.values()))
    # The whole never waits for another department: while every branch waits, an automatic step is at work.
    moving = [claim for claim in branches if claim.owner.holder is not Holder.WAITING]
    whole = stretches([*moving, *facts.claims_of_the_whole(None)], begin, until, order=OF_A_BUNDLE)
    return BundleTime(
        whole=_spent(whole, begin, end, at, facts),
        branches=[(case, _spent(parted[case.pk], begin, end, at, facts)) for case in cases],
    )


class _Facts:
    """What tells with whom the cases of an application were, read in a constant number of queries."""

    def __init__(self, application: Application, cases: Sequence[Case]) -> None:
        keys = [str(case.pk) for case in cases]
        self.calendar: WorkingCalendar = calendar_for()
        self.tasks: dict[tuple[str, str], list[Task]] = defaultdict(list)
        if application.run_id is not None:
            for task in tasks_about(application.pk, application.run_id):
                self.tasks[task.subject_kind, task.subject_id].append(task)
        self.pauses: dict[str, list[ClockPause]] = defaultdict(list)
        pauses = ClockPause.objects.filter(clock__subject_kind="case", clock__subject_id__in=keys)
        for pause in pauses.exclude(clock__kind__in=CLOCKS_WITHOUT_LIGHT).select_related("clock"):
            self.pauses[pause.clock.subject_id].append(pause)
        self.holds: list[Hold] = list(application.holds.all())
        self.application = application

    def claims(self, case: Case) -> Iterator[Claim]:
        """Yield who claims the time of a case, from its submission on."""
        for task in self.tasks["case", str(case.pk)]:
            yield from _of_task(task, until=case.decided_at)
        for pause in self.pauses[str(case.pk)]:
            yield from self._of_pause(pause, until=case.decided_at)
        yield from self.claims_of_the_whole(case)
        if case.decided_at is not None:
            yield Claim(Owner(Holder.DELIVERY), case.decided_at, case.delivered_at)

    def claims_of_the_whole(self, case: Case | None) -> Iterator[Claim]:
        """Yield what an application's own tasks claim of a branch that waits for them, and what its holds claim."""
        for task in self.tasks["application", str(self.application.pk)]:
            for claim in _of_task(task, until=None):
                filed = case.filed_at if case is not None else None
                yield from _claimed(claim.owner, claim.begin, _first(claim.end, filed))
        for hold in self.holds:
            yield Claim(Owner(Holder.HELD), hold.held_at, hold.released_at)

    def _of_pause(self, pause: ClockPause, *, until: datetime | None) -> Iterator[Claim]:
        clock: Clock = pause.clock
        begin = max(self._midnight(pause.from_on), clock.started_at)
        last = self._midnight(pause.to_on + timedelta(days=1)) if pause.to_on is not None else None
        yield from _claimed(Owner(Holder.PAUSED), begin, _first(last, clock.stopped_at, until))

    def _midnight(self, on: date) -> datetime:
        return datetime.combine(on, time(0), self.calendar.zone)


class _FactsOfTimeline(_Facts):
    """The same facts out of a timeline."""

    def __init__(self, timeline: Timeline) -> None:
        self.calendar = timeline.calendar
        self.application = timeline.application
        self.holds = list(timeline.holds)
        self.tasks = defaultdict(list, {("application", str(timeline.application.pk)): list(timeline.all_own_tasks)})
        self.pauses = defaultdict(list)
        for lane in timeline.lanes:
            key = str(lane.case.pk)
            self.tasks["case", key] = list(lane.tasks)
            of_case = (clock for clock in lane.clocks if clock.subject_kind == "case")
            counted = (clock for clock in of_case if clock.kind not in CLOCKS_WITHOUT_LIGHT)
            self.pauses[key] = [pause for clock in counted for pause in clock.pauses.all()]


def _of_task(task: Task, *, until: datetime | None) -> Iterator[Claim]:
    """Yield the claim of an open step: the applicant's whenever, an office's until its decision."""
    if task.role == APPLICANT:
        yield from _claimed(Owner(Holder.APPLICANT), task.opened_at, task.closed_at)
    else:
        owner = Owner(Holder.DEPARTMENT, task.department)
        yield from _claimed(owner, task.opened_at, _first(task.closed_at, until))


def _claimed(owner: Owner, begin: datetime, end: datetime | None) -> Iterator[Claim]:
    if end is None or begin < end:
        yield Claim(owner, begin, end)


def _before_and_after(case: Case, begin: datetime) -> Iterator[Claim]:
    """Yield the waiting of a branch: before it is filed, and at the join once nothing more happens in it."""
    done = _end_of(case)
    yield from _claimed(Owner(Holder.WAITING), begin, _first(case.filed_at, done))
    if done is not None:
        yield Claim(Owner(Holder.WAITING), done)


def _end_of(case: Case) -> datetime | None:
    """Return when nothing more was owed: a decision is owed until it is delivered."""
    return case.delivered_at if case.decided_at is not None else case.closed_at


def _first(*instants: datetime | None) -> datetime | None:
    return min((one for one in instants if one is not None), default=None)


def _earliest(end: datetime | None, at: datetime) -> datetime:
    return at if end is None else min(end, at)


def _spent(parts: Sequence[Stretch], begin: datetime, end: datetime | None, at: datetime, facts: _Facts) -> TimeSpent:
    until = max(begin, _earliest(end, at))
    found = worked_by_owner(parts, facts.calendar)

    def place(owner: Owner) -> tuple[int, int, str]:
        known = owner.holder in _READ_FIRST
        return (_READ_FIRST.index(owner.holder) if known else len(_READ_FIRST), -found[owner], owner.department)

    return TimeSpent(
        begin=begin,
        end=until,
        lasts=end is None or end > at,
        seconds=facts.calendar.worked(until) - facts.calendar.worked(begin),
        seconds_by_owner={owner: found[owner] for owner in sorted(found, key=place)},
    )

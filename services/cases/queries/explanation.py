"""A case explains its time: every limit, why its date is what it is, what followed and follows, and who spent it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.cases.models import Case
from services.cases.queries.time_spent import TimeSpent, time_of_application, time_of_case
from services.cases.wording import CaseWording
from services.parties.models import Department
from services.parties.queries import departments
from workflows.clocks import WorkingCalendar
from workflows.clocks.rules import KINDS, PAUSES
from workflows.clocks.spent import Holder, Owner
from workflows.models import Clock, ClockPause, Timer
from workflows.queries.calendars import calendar_for
from workflows.queries.clocks import clock_views, clocks_with_facts, explanation_of
from workflows.queries.thresholds import RulesHistory, rules_history

#: Of clocks' timers: `workflows.operations.schedule`.
CLOCK = "clock"
#: A timer that is acted on later than this was late; as `workflows.operations.firing` says it.
LATE_AFTER = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True)
class ShareLine:
    """One owner's part of the time, in words. percent: of the whole, for a bar; the parts add up to it."""

    owner: Owner
    who: str
    amount: str
    percent: float


@dataclass(frozen=True, kw_only=True)
class SpentWords:
    """Who spent the time, in words. title: the period and the whole. lasts: it still goes on."""

    title: str
    amount: str
    lasts: bool
    lines: Sequence[ShareLine]


@dataclass(frozen=True, kw_only=True)
class ExplainedClock:
    """One limit, explained line by line."""

    clock: Clock
    title: str
    light: str
    lines: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Everything a case or an application explains about its time."""

    title: str
    clocks: Sequence[ExplainedClock]
    spent: SpentWords | None


def wording_for(language: str, calendar: WorkingCalendar | None = None) -> CaseWording:
    """Return the words in a language: zh-hans or en. Raises ValueError."""
    calendar = calendar or calendar_for()
    return CaseWording(language, calendar.zone, calendar.hours.seconds_per_day)


def explain_case(case: Case, *, language: str, at: datetime) -> list[Explanation]:
    """Return the explanations of a case and of its application's own limits and time, the case first."""
    words = wording_for(language)
    title = words.tell(
        "case",
        number=case.number,
        service=words.pick(case.service.name_zh, case.service.name_en),
        department=words.pick(case.department.name_zh, case.department.name_en),
    )
    spent = time_of_case(case, at=at)
    application = case.application
    whole = time_of_application(application, at=at)
    return [
        Explanation(
            title=title,
            clocks=explained_clocks("case", str(case.pk), language=language, at=at),
            spent=spent_in_words(spent, language=language) if spent else None,
        ),
        Explanation(
            title=words.tell("application", number=application.number),
            clocks=explained_clocks("application", str(application.pk), language=language, at=at),
            spent=spent_in_words(whole.whole, language=language, key="spent_bundle") if whole else None,
        ),
    ]


def explained_clocks(subject_kind: str, subject_id: str, *, language: str, at: datetime) -> list[ExplainedClock]:
    """Return every limit a subject had or has by `at`, in the order of their start, each explained."""
    subject = {"subject_kind": subject_kind, "subject_id": subject_id}
    clocks = list(clocks_with_facts().filter(**subject, started_at__lte=at).order_by("started_at", "id"))
    history = rules_history() if clocks else None
    return [_explained(clock, clocks, history, language, at) for clock in clocks]


def _explained(
    clock: Clock, clocks: Sequence[Clock], history: RulesHistory | None, language: str, at: datetime
) -> ExplainedClock:
    calendar = calendar_for(clock.region)
    words = wording_for(language, calendar)
    kind = KINDS[clock.kind]
    light = _light(clock, clocks, calendar, at)
    lines = why(clock, language=language, at=at)
    if clock.stopped_at is not None and clock.stopped_at <= at:
        late = clock.due_at is not None and clock.stopped_at > clock.due_at
        lines.append(words.tell("stopped_late" if late else "stopped", at=words.instant(clock.stopped_at)))
    else:
        lines.append(words.tell("light", light=words.light(light)))
    if history is not None:
        lines += _thresholds(clock, history, words, at)
    return ExplainedClock(clock=clock, title=words.pick(kind.name_zh, kind.name_en), light=light, lines=lines)


def why(clock: Clock, *, language: str, at: datetime, calendar: WorkingCalendar | None = None) -> list[str]:
    """Return why a limit's date is what it is, line by line, as every page and command says it.

    What it counts from, the days, pauses that took longer than planned, the extension's reason, the calendar's version.
    calendar: that of the clock's region as it stands now, if it was read already.
    """
    calendar = calendar or calendar_for(clock.region)
    words = wording_for(language, calendar)
    return [
        words.tell("counts", event=words.event(clock.starts_on_event)),
        *explanation_of(clock, language=language),
        *_pauses(clock, calendar, words, at),
        *_changes(clock, words),
    ]


def _light(clock: Clock, clocks: Sequence[Clock], calendar: WorkingCalendar, at: datetime) -> str:
    """Return the light of one clock: the promise is black once the legal limit behind it is over."""
    beside = [clock, *(one for one in clocks if one.kind == "statutory" and clock.kind == "promised")]
    views = clock_views(beside, at=at, calendar=calendar)
    return next(str(view.light) for view in views if view.watched is clock)


def _pauses(clock: Clock, calendar: WorkingCalendar, words: CaseWording, at: datetime) -> Iterator[str]:
    """Yield which pauses took longer than the applicant was told."""
    for pause in clock.pauses.all():
        taken = _days_taken(pause, calendar, at)
        if taken <= pause.planned_days:
            continue
        rule = PAUSES.get(pause.reason)
        yield words.tell(
            "pause_over" if pause.to_on is not None else "pause_runs_over",
            reason=words.pick(rule.name_zh, rule.name_en) if rule else pause.citation,
            planned=words.amount(pause.planned_days, "working_days"),
            taken=words.amount(taken, "working_days"),
        )


def _days_taken(pause: ClockPause, calendar: WorkingCalendar, at: datetime) -> int:
    last = pause.to_on or max(at.astimezone(calendar.zone).date(), pause.from_on)
    return calendar.working_days(pause.from_on, last + timedelta(days=1))


def _changes(clock: Clock, words: CaseWording) -> Iterator[str]:
    extension = getattr(clock, "extension", None)
    if extension is not None:
        yield words.tell("extended", at=words.instant(extension.granted_at), reason=extension.reason)
    version = clock.calendar_version
    if version is None:
        yield words.tell("calendar_national")
    else:
        yield words.tell("calendar", region=version.region, number=version.number)
    for change in clock.recomputations.all():
        before, after = (
            words.instant(instant) if instant is not None else words.tell("undecided")
            for instant in (change.due_at_before, change.due_at_after)
        )
        yield words.tell("recomputed", at=words.instant(change.at), before=before, after=after)


def _thresholds(clock: Clock, history: RulesHistory, words: CaseWording, at: datetime) -> Iterator[str]:
    """Yield what the clock's thresholds did, and the next one."""
    timers = Timer.objects.filter(subject_kind=CLOCK, subject_id=str(clock.pk)).order_by("due_at", "id")
    waits = True
    for timer in timers.filter(cancelled_at__isnull=True):
        light = history.light(timer.kind, timer.due_at)
        key = "threshold_light" if light else "threshold"
        said = {"what": words.tell(key, code=timer.kind, light=words.light(light)), "due": words.instant(timer.due_at)}
        if timer.fired_at is not None and timer.fired_at <= at:
            late = timer.fired_at - timer.due_at > LATE_AFTER
            yield words.tell("fired_late" if late else "fired", at=words.instant(timer.fired_at), **said)
        elif timer.due_at <= at:
            yield words.tell("overdue_timer", **said)
        elif waits:
            waits = False
            yield words.tell("next", **said)


def spent_in_words(
    spent: TimeSpent,
    *,
    language: str,
    to_applicant: bool = False,
    key: str = "spent",
    calendar: WorkingCalendar | None = None,
    bodies: Iterable[Department] | None = None,
) -> SpentWords:
    """Return who spent the time, in words; minutes are rounded so that the parts still add up to the whole.

    to_applicant: she reads it herself. key: which sentence is the title. calendar: the home region's, and bodies: all
    departments, if they were read already.
    """
    words = wording_for(language, calendar)
    names = {one.code: words.pick(one.name_zh, one.name_en) for one in bodies or departments()}
    lines, counted = [], 0
    for owner, seconds in spent.seconds_by_owner.items():
        minutes = (counted + seconds) // 60 - counted // 60
        counted += seconds
        if seconds == 0 and owner.holder is not Holder.APPLICANT:
            continue
        lines.append(
            ShareLine(
                owner=owner,
                who=words.owner(owner, names, to_applicant=to_applicant),
                amount=words.working_time(minutes),
                percent=100 * seconds / spent.seconds if spent.seconds else 0.0,
            )
        )
    amount = words.working_time(spent.seconds // 60)
    title = words.tell(key, begin=words.instant(spent.begin), end=words.instant(spent.end), amount=amount)
    return SpentWords(title=title, amount=amount, lasts=spent.lasts, lines=lines)

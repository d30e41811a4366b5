"""Start, stop, pause and extend the clocks of a case by the rules of its service version."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import CharField, Min, OuterRef, Subquery, Value
from django.db.models.functions import Cast, Concat, Least
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from services.cases.enums import CLOCKS_AFTERWARDS, SUPPLEMENT_NODE, Channel
from services.cases.models import Application, Case
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.joint import settle_joint_clock, start_joint_clock
from services.cases.operations.papers import deliver, issue_case_paper
from services.cases.operations.telling import tell_applicants_of_case
from services.cases.permissions import is_head_for, works_for_department_of
from services.catalogue.enums import RegionSetting
from services.catalogue.limit_rules import PauseRule, Period
from workflows.clocks.rules import NOT_PRESSING
from workflows.engine.graph import NodeKind, Span
from workflows.enums import OPEN_TASK_STATES, ClockKind, ExtensionAuthority, LimitUnit, PauseReason
from workflows.models import Clock, Run, Task, Timer
from workflows.operations.clocks import ClockError, extend_clock, pause_clock, resume_clock, start_clock, stop_clock
from workflows.operations.locking import lock_root
from workflows.operations.node_timers import LIMIT, SUBJECT
from workflows.queries.definitions import graph_of

if TYPE_CHECKING:
    from portal.accounts.models import User

#: A licence is delivered within ten working days of the decision (art. 44), unless its own rule says sooner.
DELIVERY_WORKING_DAYS = 10


class NoRunningClockError(Exception):
    """The case has no running limit that could be paused or extended."""


class NotTheHeadError(Exception):
    """Only the head of the department may extend a limit (Administrative Licensing Law, art. 42)."""


class UnknownPauseRuleError(ClockError):
    """The service has no such rule of its own: only art. 45 and cited rules stop a limit."""


def start_notice_clock(case: Case, *, root: Run, by: User | None, at: datetime) -> None:
    """Start the days within which everything missing must be told at once: five working days (APL art. 32(4)).

    A service's own cited rule may be shorter; at the window it is told on the spot where the region has enacted that.
    """
    rules = case.service.rules
    span = rules.notice
    if rules.setting(RegionSetting.ON_THE_SPOT_NOTICE) and case.application.channel == Channel.COUNTER:
        span = Period(amount=0)
    _start(case, ClockKind.ONE_TIME_NOTICE, *span.counted_from(_day(at)), root=root, event="receipt", by=by, at=at)


def start_pre_check_clock(case: Case, *, root: Run, by: User | None, at: datetime) -> None:
    """Start the pre-check of an online application, only where the region has enacted one and the service uses it."""
    rule = case.service.rules.setting(RegionSetting.PRE_CHECK)
    if rule is None or case.application.channel != Channel.ONLINE:
        return
    span = rule.span or Period(amount=1)
    _start(case, ClockKind.PRE_CHECK, *span.counted_from(_day(at)), root=root, event="submission", by=by, at=at)


def start_review_clocks(
    case: Case, *, root: Run, starts_on_event: str, by: User | None, at: datetime, since: datetime | None = None
) -> None:
    """Start the promised limit and, where the law sets one, the statutory limit; the bundle's joint one with the first.

    since: the instant they count from, by default `at`; earlier when acceptance is back-dated (APL art. 32(4)).
    """
    version = case.service
    _start(
        case,
        ClockKind.PROMISED,
        version.promised_amount,
        version.promised_unit,
        root=root,
        event=starts_on_event,
        by=by,
        at=at,
        since=since,
    )
    if version.statutory_amount is not None:
        _start(
            case,
            ClockKind.STATUTORY,
            version.statutory_amount,
            version.statutory_unit,
            root=root,
            event=starts_on_event,
            by=by,
            at=at,
            since=since,
        )
    start_joint_clock(case.application, root=root, by=by, at=at, since=since or at)


def start_delivery_clock(case: Case, *, root: Run, by: User | None, at: datetime) -> None:
    """Start the days within which a decision must be delivered."""
    amount = case.service.delivery_amount or DELIVERY_WORKING_DAYS
    unit = case.service.delivery_unit or "working_days"
    _start(case, "delivery", amount, unit, root=root, event="decision", by=by, at=at)


def start_correction_clock(case: Case, *, root: Run, by: User | None, at: datetime) -> Clock | None:
    """Start the days after which the window looks again, if the drawing of this case's process sets any."""
    span = _patience(case)
    if span is None:
        return None
    return _start(case, ClockKind.CORRECTION, span.amount, span.unit, root=root, event="notice", by=by, at=at)


def _patience(case: Case) -> Span | None:
    """Return how long the applicant's step waits before its timer ends it."""
    if case.run is None:
        return None
    for node in graph_of(case.run.definition_id).nodes.values():
        if node.kind is NodeKind.BOUNDARY and node.host == SUPPLEMENT_NODE and node.interrupting and node.timer:
            span = node.timer.span
            return span if span is not None and span.unit in LimitUnit.values else None
    return None


def start_own_clock(
    case: Case, kind: ClockKind, span: Period, *, root: Run, event: str, by: User | None, at: datetime
) -> Clock:
    """Start a clock of a case by a rule of its service; months become the days they have from this day on."""
    return _start(case, kind, *span.counted_from(_day(at)), root=root, event=event, by=by, at=at)


def _start(
    case: Case,
    kind: str,
    amount: int,
    unit: str,
    *,
    root: Run,
    event: str,
    by: User | None,
    at: datetime,
    since: datetime | None = None,
) -> Clock:
    lengthens = kind in (ClockKind.PROMISED, ClockKind.STATUTORY) and case.service.extension_amount
    return start_clock(
        root=root,
        subject_kind="case",
        subject_id=str(case.pk),
        kind=kind,
        department=case.department.code,
        limit_amount=amount,
        limit_unit=unit,
        started_at=since or at,
        starts_on_event=event,
        extension_amount=case.service.extension_amount if lengthens else 0,
        extension_authority=ExtensionAuthority.HEAD if lengthens else "",
        by=by,
        at=at,
    )


def _day(at: datetime) -> date:
    return timezone.localdate(at)


def running_clocks(case: Case, kinds: Collection[str] | None = None) -> list[Clock]:
    """Return the running clocks of a case, of the given kinds or of all."""
    clocks = Clock.objects.filter(subject_kind="case", subject_id=str(case.pk), stopped_at__isnull=True)
    return list((clocks if kinds is None else clocks.filter(kind__in=kinds)).order_by("id"))


def stop_clocks(case: Case, *, kinds: Collection[str] | None, at: datetime, by: User | None = None) -> None:
    """Stop the running clocks of a case; kinds None means all but those that begin with its decision."""
    clocks = running_clocks(case, kinds)
    for clock in clocks if kinds is not None else [one for one in clocks if one.kind not in CLOCKS_AFTERWARDS]:
        stop_clock(clock=clock, by=by, at=at)


def copy_due_to_tasks(*case_ids: int) -> None:
    """Copy to the open tasks of cases what presses most, by which inboxes are sorted: a clock or their own limit.

    The clocks of the case, the share of the step itself, and the joint limit of its bundle all hold; the earliest wins.
    A task whose process gives it a limit of its own keeps it while no clock ends earlier. A new task begins with it
    (`workflows.operations.writes`), so only what moves clocks calls this.
    """
    cases = [str(key) for key in case_ids]
    running = Clock.objects.filter(stopped_at__isnull=True)
    pressing = running.filter(subject_kind="case", subject_id=OuterRef("subject_id")).exclude(kind__in=NOT_PRESSING)
    place = Concat(
        Cast(OuterRef("run_id"), CharField()),
        Value(":"),
        OuterRef("node"),
        Value(":"),
        Cast(OuterRef("round"), CharField()),
    )
    limits = Timer.objects.filter(subject_kind=SUBJECT, subject_id=place, kind=LIMIT)
    joint = running.filter(root_id=OuterRef("root_id"), kind=ClockKind.JOINT)
    stage = running.filter(subject_kind="task", subject_id=Cast(OuterRef("pk"), CharField()), kind=ClockKind.STAGE)
    first = Subquery(pressing.order_by().values("subject_id").annotate(first=Min("due_at")).values("first"))
    tasks = Task.objects.filter(subject_kind="case", subject_id__in=cases, state__in=OPEN_TASK_STATES)
    tasks.update(
        due_at=Least(
            Subquery(limits.values("due_at")[:1]),
            first,
            Subquery(joint.values("due_at")[:1]),
            Subquery(stage.values("due_at")[:1]),
        )
    )


def copy_due_to_tasks_of(application: Application) -> None:
    """Copy what presses most to the open tasks of every case of an application: its joint limit moved."""
    copy_due_to_tasks(*application.cases.values_list("pk", flat=True))


def _locked_case(case_id: int) -> tuple[Run, Case]:
    run = Run.objects.only("id", "root_id").get(case__pk=case_id)
    root = lock_root(run.root_key)
    return root, Case.objects.select_related("application__bundle", "service__item", "department").get(pk=case_id)


@transaction.atomic
def pause_case(
    *, case_id: int, reason: PauseReason, from_on: date, planned_days: int, by: User, at: datetime, rule: str = ""
) -> Case:
    """Pause the review clocks of a case for a reason of art. 45, and tell the applicant in writing how long.

    from_on: first day not counted. planned_days: working days it is planned to take. rule: code of the service's own
    cited rule, for the reason service_rule; a site visit is neither, and runs inside the limit.
    Effects: pauses, the bundle's joint clock paused if no branch can move any more, a pause notice, notices owed.
    Raises NotAllowedError, NoRunningClockError, UnknownPauseRuleError and the clocks' own errors.
    """
    root, case = _locked_case(case_id)
    if not works_for_department_of(by, case, at):
        raise NotAllowedError("Only the department that decides a case may pause it.")
    own = own_pause_rule(case, rule) if reason == PauseReason.SERVICE_RULE else None
    pause_review_clocks(case, root=root, reason=reason, from_on=from_on, planned=planned_days, by=by, at=at, own=own)
    return case


def own_pause_rule(case: Case, code: str) -> PauseRule:
    """Return a service's own rule for not counting time. Raises UnknownPauseRuleError."""
    found = next((rule for rule in case.service.rules.pauses if rule.code == code), None)
    if found is None:
        raise UnknownPauseRuleError(_("This service has no rule of its own that allows a pause."))
    return found


def pause_review_clocks(
    case: Case,
    *,
    root: Run,
    reason: PauseReason,
    from_on: date,
    planned: int,
    by: User,
    at: datetime,
    own: PauseRule | None = None,
) -> None:
    """Pause what decides a case, as `pause_case`; the caller holds the lock and checked who acts."""
    clocks = running_clocks(case, (ClockKind.PROMISED, ClockKind.STATUTORY))
    if not clocks:
        raise NoRunningClockError("No limit of this case is running.")
    # A promise that is broken already cannot be paused any more; the legal limit behind it still can.
    clocks = [clock for clock in clocks if clock.due_at is None or clock.due_at > at] or clocks
    citation = f"{own.citation['zh']} / {own.citation['en']}"[:200] if own else ""
    for clock in clocks:
        pause_clock(clock=clock, reason=reason, from_on=from_on, planned_days=planned, by=by, at=at, citation=citation)
    _settle(case, root=root, by=by, at=at)
    name = dict(own.name) if own else _label(reason)
    basis = [{"zh": own.citation["zh"], "en": own.citation["en"]}] if own else None
    paper = issue_case_paper(
        case, "pause_notice", by=by, at=at, procedure=name, begins_on=from_on, planned=planned, basis=basis
    )
    deliver(paper, case.application, at=at)
    tell_applicants_of_case(
        case,
        "pause_told",
        at=at,
        round=clocks[0].pauses.count() + 1,
        days=str(planned),
        **{f"reason_{language}": text for language, text in name.items()},
    )


def _settle(case: Case, *, root: Run, by: User | None, at: datetime) -> None:
    """Let the joint clock follow what the branches may do, and the tasks what presses most."""
    if settle_joint_clock(case.application, root=root, by=by, at=at):
        copy_due_to_tasks_of(case.application)
    else:
        copy_due_to_tasks(case.pk)


@transaction.atomic
def resume_case(*, case_id: int, by: User, at: datetime) -> Case:
    """End the pause of a case's review clocks. Raises NotAllowedError and the clocks' own errors."""
    root, case = _locked_case(case_id)
    if not works_for_department_of(by, case, at):
        raise NotAllowedError("Only the department that decides a case may end its pause.")
    resume_review_clocks(case, root=root, by=by, at=at)
    return case


def resume_review_clocks(case: Case, *, root: Run, by: User, at: datetime) -> None:
    """Let what decides a case run again, as `resume_case`; the caller holds the lock and checked who acts."""
    for clock in running_clocks(case, (ClockKind.PROMISED, ClockKind.STATUTORY)):
        resume_clock(clock=clock, by=by, at=at)
    _settle(case, root=root, by=by, at=at)


@transaction.atomic
def extend_case(*, case_id: int, amount: int, reason: str, by: User, at: datetime) -> Case:
    """Extend a case's statutory limit once, by the head of its department (art. 42), and tell the applicant why.

    amount: in the unit of the statutory limit. Effects: the extension of both review clocks, a notice paper, notices
    owed. Raises NotTheHeadError, NoRunningClockError and the clocks' own errors.
    """
    _root, case = _locked_case(case_id)
    if not is_head_for(by, case, at):
        raise NotTheHeadError("Only the head of the department may extend a limit.")
    clocks = running_clocks(case, ("promised", "statutory"))
    if not clocks:
        raise NoRunningClockError("No limit of this case is running.")
    # A promise that is broken already cannot be lengthened any more; the legal limit behind it still can.
    clocks = [clock for clock in clocks if clock.due_at is None or clock.due_at > at] or clocks
    before = clocks[0].due_on
    extended = [
        extend_clock(clock=clock, amount=amount, authority=ExtensionAuthority.HEAD, reason=reason, by=by, at=at)
        for clock in clocks
    ]
    copy_due_to_tasks(case.pk)
    paper = issue_case_paper(
        case,
        "extension_notice",
        by=by,
        at=at,
        reason=reason,
        approved_by={"zh": f"{case.department.name_zh}负责人", "en": f"Head of {case.department.name_en}"},
        extension=amount,
        old_due_on=before,
        new_due_on=extended[0].due_on,
    )
    deliver(paper, case.application, at=at)
    due = extended[0].due_on
    tell_applicants_of_case(
        case, "extension_granted", at=at, reason=reason, due=(due or timezone.localdate(at)).isoformat()
    )
    return case


def _label(reason: PauseReason) -> dict[str, str]:
    """Return a pause reason's name in both languages."""
    names = {}
    for key, language in (("zh", "zh-hans"), ("en", "en")):
        with override(language):
            names[key] = str(PauseReason(reason).label)
    return names

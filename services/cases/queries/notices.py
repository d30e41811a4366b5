"""One-time notices: what is recorded and waits, who has not looked yet, what a notice asks, and how often twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from services.cases.enums import ANSWERING_NODES, CaseState
from services.cases.models import Case, OneTimeNotice, Supplement
from services.cases.queries.casefiles import names_of_missing
from services.cases.queries.forms import form_of
from services.forms.schema import FormSchema, Section
from services.parties.models import Department
from workflows.enums import OPEN_TASK_STATES, ClockKind
from workflows.models import Clock, Task, Timer

#: How a completeness check ends that finds something missing.
NOTICE_OUTCOME = "supplement"
#: The rule of the legal clock by which what is recorded goes out in time (services/supervision/data/rules.yaml).
RELEASE_RULE = "notice_release"


@dataclass(frozen=True, kw_only=True)
class Reason:
    """What one department asks about a thing. department: the body whose case it is."""

    supplement: Supplement
    department: Department
    text: str


@dataclass(kw_only=True)
class AskedThing:
    """A document or field that a notice asks for: once, even if several departments ask."""

    kind: str
    code: str
    name_zh: str
    name_en: str
    reasons: list[Reason] = field(default_factory=list)

    @property
    def others(self) -> Sequence[Reason]:
        """Who asks for it beside the department under whose heading it stands."""
        return self.reasons[1:]


@dataclass(kw_only=True)
class AskedByDepartment:
    """What a notice asks under the heading of one department; what an earlier one asks as well stands there."""

    department: Department
    cases: list[Case] = field(default_factory=list)
    things: list[AskedThing] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What is recorded for one application and not told yet.

    own_items: what the case asked about asks. recorded: what waits. unjudged: the cases nobody has looked through yet.
    until: the last day of the legal time.
    """

    own_items: Sequence[Mapping[str, str]]
    recorded: Sequence[Supplement]
    unjudged: Sequence[Case]
    until: datetime | None

    def of(self, case: Case) -> Supplement:
        """Return what is recorded of one of the cases."""
        return next(one for one in self.recorded if one.case_id == case.pk)

    @property
    def sendable(self) -> bool:
        """Whether anything could be told now; what waits for a supervisor's reason could not."""
        return any(not one.needs_supervisor for one in self.recorded)


def recorded_for(application_id: int) -> QuerySet[Supplement]:
    """Return what is recorded about cases still before acceptance and not told yet, in the order of the cases."""
    rows = Supplement.objects.filter(
        notice__isnull=True, case__application_id=application_id, case__state=CaseState.FILED
    )
    return rows.select_related("case__department", "case__service__item", "asked_by").order_by("case__position")


def sendable_for(application_id: int) -> list[Supplement]:
    """Return what may be told now: everything recorded, without what still needs a supervisor's reason."""
    return [one for one in recorded_for(application_id) if not one.needs_supervisor]


def unjudged_cases(application_id: int) -> QuerySet[Case]:
    """Return the filed cases of an application whose completeness check still may ask for something.

    Not among them: what is accepted, what waits for the applicant, and what has its questions recorded.
    """
    check = Task.objects.filter(
        run_id=OuterRef("run_id"), state__in=OPEN_TASK_STATES, outcomes__contains=[NOTICE_OUTCOME]
    )
    recorded = Supplement.objects.filter(case_id=OuterRef("pk"), notice__isnull=True)
    recorded = recorded.filter(Q(round=1) | ~Q(supervisor_reason=""))
    rows = Case.objects.filter(Exists(check), ~Exists(recorded), application_id=application_id, state=CaseState.FILED)
    return rows.select_related("department", "service__item").order_by("position")


def legal_clocks(supplements: Sequence[Supplement]) -> QuerySet[Clock]:
    """Return the running clocks within which the applicant must be told, the first to end first (art. 32(4))."""
    keys = [str(one.case_id) for one in supplements]
    running = Clock.objects.filter(subject_kind="case", subject_id__in=keys, kind=ClockKind.ONE_TIME_NOTICE)
    return running.filter(stopped_at__isnull=True).order_by("due_at", "id")


def must_go_out(supplements: Sequence[Supplement], at: datetime) -> bool:
    """Return whether what is recorded may wait no longer: the instant of the rule has come, or the last legal day."""
    clocks = list(legal_clocks(supplements))
    today = timezone.localdate(at)
    if any(clock.due_on is not None and clock.due_on <= today for clock in clocks):
        return True
    keys = [str(clock.pk) for clock in clocks]
    return Timer.objects.filter(subject_kind="clock", subject_id__in=keys, kind=RELEASE_RULE, due_at__lte=at).exists()


def waiting_of(case: Case) -> Waiting | None:
    """Return what waits for one notice with this case's questions, None when the case has none recorded."""
    recorded = list(recorded_for(case.application_id))
    own = next((one for one in recorded if one.case_id == case.pk), None)
    if own is None:
        return None
    first = legal_clocks(recorded).first()
    return Waiting(
        own_items=own.items,
        recorded=recorded,
        unjudged=[one for one in unjudged_cases(case.application_id) if one.pk != case.pk],
        until=first.due_at if first else None,
    )


def latest_notice_of(case: Case) -> OneTimeNotice | None:
    """Return the latest notice that asks something about a case."""
    rows = OneTimeNotice.objects.filter(supplements__case=case).order_by("-number")
    return rows.select_related("application__bundle", "application__service").first()


def marked_form(notice: OneTimeNotice, things: Sequence[AskedThing]) -> FormSchema | None:
    """Return a form of the marked fields only, as one section; None if no field is marked."""
    marked = {thing.code for thing in things if thing.kind == "element"}
    uses = tuple(use for use in form_of(notice.application).uses if use.element.code in marked)
    return FormSchema((Section("marked", uses[0].element.label, uses, 0),), ()) if uses else None


def told(case: Case) -> list[Supplement]:
    """Return what the applicant was told of a case's gaps, oldest first, from what was prefetched if it was."""
    return [one for one in case.supplements.all() if one.notice_id is not None]


def still_asked(notice: OneTimeNotice) -> set[tuple[str, str]]:
    """Return the (kind, code) of everything a notice still waits for: of cases in which the applicant may answer."""
    if notice.answered_at is not None:
        return set()
    waits = Task.objects.filter(run_id=OuterRef("case__run_id"), node__in=ANSWERING_NODES, state__in=OPEN_TASK_STATES)
    rows = notice.supplements.filter(Exists(waits), answered_at=None)
    return {(item["kind"], item["code"]) for items in rows.values_list("items", flat=True) for item in items}


def things_asked(notice: OneTimeNotice) -> list[AskedByDepartment]:
    """Return everything a notice asks, by department, each thing once with every department's reason."""
    rows = notice.supplements.select_related("case__department", "case__service__item", "case__application")
    supplements = list(rows.order_by("case__position"))
    names: dict[tuple[str, str], Mapping[str, str]] = {}
    for one in supplements:
        codes = [(item["kind"], item["code"]) for item in one.items]
        names |= names_of_missing(one.case, codes)
    groups: dict[str, AskedByDepartment] = {}
    known: dict[tuple[str, str], AskedThing] = {}
    for one in supplements:
        body = one.case.department
        group = groups.setdefault(body.code, AskedByDepartment(department=body))
        group.cases.append(one.case)
        for item in one.items:
            key = (item["kind"], item["code"])
            if key not in known:
                name = names[key]
                known[key] = AskedThing(kind=key[0], code=key[1], name_zh=name["zh"], name_en=name["en"])
                group.things.append(known[key])
            known[key].reasons.append(Reason(supplement=one, department=body, text=item["reason"]))
    return list(groups.values())


@dataclass(frozen=True, kw_only=True)
class AskedAgain:
    """A case's second and later notices. waiting: the one that waits for a supervisor's reason, with what it asks.

    given: those sent, with the reason and who gave it.
    """

    waiting: Supplement | None
    asks: Sequence[tuple[Mapping[str, str], str]]
    given: Sequence[Supplement]


def asked_again(case: Case) -> AskedAgain:
    """Return a case's second and later notices, and what a supervisor reads before she allows one."""
    rows = list(case.supplements.filter(round__gt=1).select_related("approved_by", "asked_by", "notice"))
    waiting = next((one for one in rows if one.notice_id is None and one.needs_supervisor), None)
    items = waiting.items if waiting is not None and case.state == CaseState.FILED else []
    names = names_of_missing(case, [(item["kind"], item["code"]) for item in items]) if items else {}
    return AskedAgain(
        waiting=waiting if items else None,
        asks=[(names[item["kind"], item["code"]], item["reason"]) for item in items],
        given=[one for one in rows if one.notice_id is not None],
    )


@dataclass(frozen=True, kw_only=True)
class SecondNotices:
    """How often a department asked a second time: cases it asked at all, and how many of these once more."""

    department: Department
    asked: int
    again: int


def second_notices(*, since: datetime, until: datetime) -> list[SecondNotices]:
    """Return per department how many cases were asked within a span, and how many had an earlier notice already."""
    rows = (
        Supplement.objects.filter(notice__released_at__gte=since, notice__released_at__lt=until)
        .values("case__department_id")
        .annotate(asked=Count("case", distinct=True), again=Count("case", distinct=True, filter=Q(round__gt=1)))
    )
    bodies = Department.objects.in_bulk([row["case__department_id"] for row in rows])
    counted = [
        SecondNotices(department=bodies[row["case__department_id"]], asked=row["asked"], again=row["again"])
        for row in rows
    ]
    return sorted(counted, key=lambda one: (-one.again, one.department.code))

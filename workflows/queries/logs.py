"""Event logs of live history and of the analysis store.

What leaves here are codes, node ids, row numbers, departments, roles and pseudonyms; never a name or a form's value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac

from workflows.enums import ClockKind
from workflows.eventlog.log import GROUP, NAME, TIME, TRANSITION, AttributeValue, Classifier, Event, Head, Log, Trace
from workflows.eventlog.ocel import EventOfLog, ObjectCentricLog, ObjectOfLog, ObjectValue, Relationship, Scalar
from workflows.eventlog.stored_values import from_stored
from workflows.models import Clock, HistoryEvent, ImportedEvent, ImportedLog, Run

CASES_AT_ONCE = 500
ROWS_AT_ONCE = 2_000
#: What of a fact's detail is handed out, if it is a text, a number or a truth value. A key that somebody adds later,
#: or one that may say more than a code (a job's error), stays in the history.
OPEN_KEYS = (
    *("node", "round", "outcome", "department", "role", "action"),
    *("process", "version", "clock_kind", "level", "late", "due_on"),
)
#: Facts on the way to a step's completion, as the standard transactional model of XES calls them.
ON_THE_WAY = {
    "task_opened": "schedule",
    "task_claimed": "assign",
    "task_reassigned": "reassign",
    "task_released": "reassign",
    "task_overdue": "unknown",
    "activity_cancelled": "withdraw",
    "job_queued": "schedule",
    "job_gave_up": "suspend",
    "job_retried": "resume",
    "listening": "schedule",
    "joined": "autoskip",
}
#: Every other fact about a step ends it, and is a completion unless it stands here.
OTHER_ENDS = {"job_skipped": "manualskip"}
_WHOLE_RUN = ("run_started", "run_ended")
_TASK_OPENED = "task_opened"

Place = tuple[int, Scalar, Scalar]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What is handed out of a run. due_at: of its promised limit, None where none is decided."""

    pk: int
    root: int
    parent: int | None
    process: str
    version: int
    subject: tuple[str, str]
    outcome: str
    started_at: datetime
    ended_at: datetime | None
    due_at: datetime | None = None
    department: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What is handed out of one row of history. post: department and role that the step was opened for."""

    root: int
    seq: int
    run: RunFacts
    at: datetime
    actor: str
    kind: str
    detail: Mapping[str, Scalar]
    post: Mapping[str, Scalar]

    @property
    def place(self) -> Place | None:
        """The step it is about: run, node, round; None for what is about the case as a whole."""
        return _place(self.run.pk, self.detail)


@dataclass(frozen=True, slots=True)
class Case:
    """A run and the facts that are told as its trace, in the order in which they were recorded."""

    run: RunFacts
    facts: Sequence[Fact]


def live_log(*, process: str | None = None, since: datetime | None = None, lifecycle: bool = False) -> Log:
    """Return live history as a log in memory; see `live_traces`."""
    return Log(live_head(), tuple(live_traces(process=process, since=since, lifecycle=lifecycle)))


def live_head() -> Head:
    """Return what a log of live history says about itself."""
    return Head(
        attributes={NAME: "One-Stop", "lifecycle:model": "standard"},
        classifiers=(Classifier("Activity", NAME), Classifier("Step", f"{NAME} {TRANSITION}")),
        event_globals={TIME: datetime(1970, 1, 1, tzinfo=UTC), TRANSITION: "complete"},
        case_attributes=frozenset({"startdate", "enddate", "deadline", "department"}),
    )


def live_traces(
    *, process: str | None = None, since: datetime | None = None, lifecycle: bool = False
) -> Iterator[Trace]:
    """Yield live history as traces, the oldest case first, a few hundred cases in memory at a time.

    process: one trace per run of this process, wherever it was called; None: one per root run with all below it.
    since: only cases that started then or later. lifecycle: also openings, claims and withdrawals of steps and what
    happened to clocks; otherwise completed steps, starts and ends only.
    """
    for case in live_cases(process=process, since=since):
        told = [fact for fact in case.facts if lifecycle or _is_step(fact)]
        yield Trace(f"run-{case.run.pk}", _case_attributes(case.run), tuple(map(_event, told)))


def live_cases(*, process: str | None = None, since: datetime | None = None) -> Iterator[Case]:
    """Yield cases of live history with their facts, the oldest first; arguments as of `live_traces`."""
    chosen = Run.objects.filter(parent=None) if process is None else Run.objects.filter(definition__key=process)
    if since is not None:
        chosen = chosen.filter(started_at__gte=since)
    keys = chosen.order_by("pk").values_list("pk", "root_id").iterator(chunk_size=ROWS_AT_ONCE)
    while batch := dict(islice(keys, CASES_AT_ONCE)):
        runs = _runs({root or pk for pk, root in batch.items()})
        rows = HistoryEvent.objects.filter(Q(run__in=batch) if process else Q(root__in=batch))
        facts = _facts(rows.order_by("run_id" if process else "root_id", "seq"), runs)
        by_case = {pk: tuple(own) for pk, own in groupby(facts, key=attrgetter("run.pk" if process else "root"))}
        for pk in batch:
            yield Case(runs[pk], by_case.get(pk, ()))


def live_objects(*, process: str | None = None, since: datetime | None = None) -> ObjectCentricLog:
    """Return live history as an object-centric log: applications, cases (runs), tasks and departments.

    Arguments as of `live_traces`; every fact is an event.
    """
    objects: dict[str, ObjectOfLog] = {}
    events: list[EventOfLog] = []
    for case in live_cases(process=process, since=since):
        for run in {fact.run.pk: fact.run for fact in case.facts}.values():
            _add_run(objects, run)
        for fact in case.facts:
            if fact.kind == _TASK_OPENED:
                _add_task(objects, fact)
            events.append(_event_about(objects, fact))
    # A process alone is exported without the runs that called it: what is not there is not referred to.
    kept = [_without_missing(one, objects) for one in objects.values()]
    return ObjectCentricLog(tuple(kept), tuple(events))


def imported_log(log: ImportedLog) -> Log:
    """Return a log of the analysis store, as it was read: cases in the order of the file, offsets as written."""
    rows = ImportedEvent.objects.filter(case__log=log).order_by("case_id", "seq")
    columns = ("case_id", "activity", "at", "resource", "attributes")
    stored = rows.values_list(*columns).iterator(chunk_size=ROWS_AT_ONCE)
    events = {pk: tuple(map(_stored_event, own)) for pk, own in groupby(stored, key=lambda row: row[0])}
    cases = log.cases.order_by("pk").values_list("pk", "identifier", "attributes")
    traces = tuple(
        Trace(identifier, from_stored(attributes), events.get(pk, ())) for pk, identifier, attributes in cases
    )
    return Log(Head(attributes={NAME: log.name}), traces)


def _runs(roots: set[int]) -> dict[int, RunFacts]:
    rows = Run.objects.filter(Q(pk__in=roots) | Q(root__in=roots)).values_list(
        *("pk", "root_id", "parent_id", "definition__key", "definition__version"),
        *("subject_kind", "subject_id", "outcome", "started_at", "ended_at"),
    )
    limits = _limits(roots)
    found = {}
    for pk, root, parent, process, version, kind, subject, outcome, started_at, ended_at in rows:
        # A root run's limit is the last of all below it; any other run's is its subject's.
        below = limits.get(root or pk, {})
        of_run = [limit for about, limit in below.items() if root is None or about == (kind, subject)]
        due = [due_at for due_at, _ in of_run]
        departments = {department for _, department in of_run}
        found[pk] = RunFacts(
            pk=pk,
            root=root or pk,
            parent=parent,
            process=process,
            version=version,
            subject=(kind, subject),
            outcome=outcome,
            started_at=started_at,
            ended_at=ended_at,
            due_at=None if None in due else max((at for at in due if at), default=None),
            department=departments.pop() if len(departments) == 1 else "",
        )
    return found


def _limits(roots: set[int]) -> dict[int, dict[tuple[str, str], tuple[datetime | None, str]]]:
    """Return due instant and department of the last promised limit of every subject, by root."""
    clocks = Clock.objects.filter(root__in=roots, kind=ClockKind.PROMISED).order_by("started_at", "pk")
    limits: dict[int, dict[tuple[str, str], tuple[datetime | None, str]]] = {}
    for root, kind, subject, due_at, department in clocks.values_list(
        "root_id", "subject_kind", "subject_id", "due_at", "department"
    ):
        limits.setdefault(root, {})[kind, subject] = (due_at, department)
    return limits


def _facts(rows: QuerySet[HistoryEvent], runs: Mapping[int, RunFacts]) -> Iterator[Fact]:
    posts: dict[Place, dict[str, Scalar]] = {}
    columns = ("root_id", "seq", "run_id", "at", "by_id", "kind", "detail")
    for root, seq, run, at, by, kind, everything in rows.values_list(*columns).iterator(chunk_size=ROWS_AT_ONCE):
        detail = _opened(everything)
        place = _place(run, detail)
        if place and kind == _TASK_OPENED:
            posts[place] = {key: detail[key] for key in ("department", "role") if detail.get(key)}
        yield Fact(
            root=root,
            seq=seq,
            run=runs[run],
            at=at,
            actor=pseudonym(by) if by is not None else "",
            kind=kind,
            detail=detail,
            post=posts.get(place, {}) if place else {},
        )


def _opened(detail: Mapping[str, Any]) -> dict[str, Scalar]:
    return {key: detail[key] for key in OPEN_KEYS if isinstance(detail.get(key), str | int | bool)}


def _place(run: int, detail: Mapping[str, Scalar]) -> Place | None:
    return (run, detail["node"], detail.get("round", 1)) if "node" in detail else None


def pseudonym(user_id: int) -> str:
    """Return the name under which a user is exported: always the same here, and nothing without this site's key."""
    return f"user-{salted_hmac('workflows.queries.logs', str(user_id), algorithm='sha256').hexdigest()[:16]}"


def _is_step(fact: Fact) -> bool:
    return fact.kind in _WHOLE_RUN or ("node" in fact.detail and fact.kind not in ON_THE_WAY)


def _case_attributes(run: RunFacts) -> dict[str, AttributeValue]:
    told: dict[str, AttributeValue | None] = {
        "startdate": run.started_at,
        "enddate": run.ended_at,
        "deadline": run.due_at,
        "department": run.department or None,
        "process": run.process,
        "version": run.version,
        "subject": " ".join(run.subject),
        "outcome": run.outcome or None,
    }
    return {key: value for key, value in told.items() if value is not None}


def _event(fact: Fact) -> Event:
    attributes: dict[str, AttributeValue] = {TRANSITION: (ON_THE_WAY | OTHER_ENDS).get(fact.kind, "complete")}
    if department := fact.post.get("department"):
        attributes[GROUP] = department
    if role := fact.post.get("role"):
        attributes["org:role"] = role
    attributes |= {"fact": fact.kind, "case": f"run-{fact.run.pk}"}
    attributes |= {key: value for key, value in fact.detail.items() if key not in ("department", "role")}
    # The process makes node ids of two processes in one trace two activities.
    name = f"{fact.run.process}/{fact.detail.get('node', fact.kind)}"
    return Event(name, fact.at, fact.actor, attributes)


def _stored_event(row: tuple[int, str, datetime | None, str, dict[str, Any]]) -> Event:
    _, activity, at, resource, stored = row
    attributes = from_stored(stored)
    written = attributes.pop(TIME, at)
    return Event(activity, written if isinstance(written, datetime) else at, resource, attributes)


def _add_run(objects: dict[str, ObjectOfLog], run: RunFacts) -> None:
    application, case = f"application-{run.root}", f"case-{run.pk}"
    objects.setdefault(application, ObjectOfLog(application, "application"))
    values = [
        ObjectValue("process", run.process, run.started_at),
        ObjectValue("version", run.version, run.started_at),
        ObjectValue("subject", " ".join(run.subject), run.started_at),
    ]
    if run.due_at is not None:
        values.append(ObjectValue("deadline", run.due_at, run.started_at))
    if run.ended_at is not None:
        values.append(ObjectValue("outcome", run.outcome, run.ended_at))
    relationships = [Relationship(application, "part of")]
    if run.parent is not None:
        relationships.append(Relationship(f"case-{run.parent}", "called by"))
    objects[case] = ObjectOfLog(case, "case", tuple(values), tuple(relationships))


def _add_task(objects: dict[str, ObjectOfLog], fact: Fact) -> None:
    identifier = _task_id(fact)
    relationships = [Relationship(f"case-{fact.run.pk}", "step of")]
    if department := fact.post.get("department"):
        relationships.append(Relationship(f"department-{department}", "assigned to"))
        objects.setdefault(
            f"department-{department}",
            ObjectOfLog(f"department-{department}", "department", (ObjectValue("code", department, fact.at),)),
        )
    values = {"node": fact.detail["node"], "round": fact.detail.get("round", 1), **fact.post}
    objects[identifier] = ObjectOfLog(
        identifier,
        "task",
        tuple(ObjectValue(key, value, fact.at) for key, value in values.items() if key != "department"),
        tuple(relationships),
    )


def _task_id(fact: Fact) -> str:
    return f"task-{fact.run.pk}-{fact.detail.get('node')}-{fact.detail.get('round', 1)}"


def _event_about(objects: Mapping[str, ObjectOfLog], fact: Fact) -> EventOfLog:
    relationships = [
        Relationship(f"application-{fact.root}", "belongs to"),
        Relationship(f"case-{fact.run.pk}", "happened in"),
    ]
    if (task := _task_id(fact)) in objects:
        relationships.append(Relationship(task, "about"))
    if department := fact.post.get("department"):
        relationships.append(Relationship(f"department-{department}", "responsible"))
    actor: dict[str, Scalar] = {"resource": fact.actor} if fact.actor else {}
    detail = {key: value for key, value in fact.detail.items() if key != "department"}
    return EventOfLog(f"{fact.root}-{fact.seq}", fact.kind, fact.at, {**detail, **actor}, tuple(relationships))


def _without_missing(one: ObjectOfLog, objects: Mapping[str, ObjectOfLog]) -> ObjectOfLog:
    kept = tuple(each for each in one.relationships if each.object_id in objects)
    return ObjectOfLog(one.id, one.type, one.values, kept)

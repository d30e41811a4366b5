"""What stands still until a manager acts, with the application it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from services.cases.models import Application, Case
from workflows.engine.graph import Node
from workflows.models import Job, Run
from workflows.queries.definitions import graph_of
from workflows.queries.jobs import incidents
from workflows.queries.watch import standing_still


@dataclass(frozen=True, kw_only=True)
class Incident:
    """An automatic step that was given up. case: None where it concerns the whole application.

    step: as its drawing names it.
    """

    job: Job
    step: Node
    case: Case | None
    application: Application | None

    @property
    def number(self) -> str:
        """The number people know it by."""
        return self.case.number if self.case else str(self.application or "")


def incidents_with_cases() -> Sequence[Incident]:
    """Return every incident, oldest first, in a constant number of queries."""
    return _with_cases(list(incidents()))


def incident_of(job: Job) -> Incident:
    """Return one automatic step with the case or application it belongs to, whatever became of it."""
    return _with_cases([job])[0]


@dataclass(frozen=True, kw_only=True)
class StandingStill:
    """A case that nothing will move any more. step: where; None if no step of it is left. since: when it was found."""

    case: Case | None
    application: Application | None
    step: Node | None
    since: datetime

    @property
    def number(self) -> str:
        """The number people know it by."""
        return self.case.number if self.case else str(self.application or "")


def cases_standing_still() -> Sequence[StandingStill]:
    """Return every case that nothing will move any more, those found first, in a constant number of queries."""
    found = list(standing_still().select_related("run"))
    about = _About([one.run for one in found])
    return [
        StandingStill(
            **about.subject_of(one.run),
            step=graph_of(one.run.definition_id).nodes.get(one.node),
            since=one.found_at,
        )
        for one in found
    ]


def _with_cases(jobs: Sequence[Job]) -> Sequence[Incident]:
    about = _About([job.run for job in jobs])
    return [
        Incident(job=job, step=graph_of(job.run.definition_id).nodes[job.node], **about.subject_of(job.run))
        for job in jobs
    ]


class _About:
    """The cases and applications that runs are about, read together."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._cases = Case.objects.select_related("application", "service", "department").in_bulk(_ids(runs, "case"))
        self._applications = Application.objects.in_bulk(_ids(runs, "application"))

    def subject_of(self, run: Run) -> _Subject:
        """Return the case, if it is one, and the application."""
        if run.subject_kind == "case":
            case = self._cases.get(int(run.subject_id))
            return {"case": case, "application": case.application if case else None}
        application = run.subject_kind == "application"
        return {"case": None, "application": self._applications.get(int(run.subject_id)) if application else None}


class _Subject(TypedDict):
    case: Case | None
    application: Application | None


def _ids(runs: Sequence[Run], kind: str) -> list[int]:
    return [int(run.subject_id) for run in runs if run.subject_kind == kind]

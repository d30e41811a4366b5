"""What stands still until a manager acts, with the application it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.cases.models import Application, Case
from workflows.engine.graph import Node
from workflows.models import Job
from workflows.queries.definitions import graph_of
from workflows.queries.jobs import incidents


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


def _with_cases(jobs: Sequence[Job]) -> Sequence[Incident]:
    cases = Case.objects.select_related("application", "service", "department").in_bulk(_ids(jobs, "case"))
    applications = Application.objects.in_bulk(_ids(jobs, "application"))
    found = []
    for job in jobs:
        case = cases.get(int(job.run.subject_id)) if job.run.subject_kind == "case" else None
        application = case.application if case else applications.get(int(job.run.subject_id))
        step = graph_of(job.run.definition_id).nodes[job.node]
        found.append(Incident(job=job, step=step, case=case, application=application))
    return found


def _ids(jobs: Sequence[Job], kind: str) -> list[int]:
    return [int(job.run.subject_id) for job in jobs if job.run.subject_kind == kind]

"""What stands still until a manager acts, with the application it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.cases.models import Application, Case
from workflows.models import Job
from workflows.queries.jobs import incidents


@dataclass(frozen=True, kw_only=True)
class Incident:
    """An automatic step that was given up. case: None where it concerns the whole application."""

    job: Job
    case: Case | None
    application: Application | None

    @property
    def number(self) -> str:
        """The number people know it by."""
        return self.case.number if self.case else str(self.application or "")


def incidents_with_cases() -> Sequence[Incident]:
    """Return every incident, oldest first, in a constant number of queries."""
    jobs = list(incidents())
    cases = Case.objects.select_related("application", "service", "department").in_bulk(_ids(jobs, "case"))
    applications = Application.objects.in_bulk(_ids(jobs, "application"))
    found = []
    for job in jobs:
        case = cases.get(int(job.run.subject_id)) if job.run.subject_kind == "case" else None
        application = case.application if case else applications.get(int(job.run.subject_id))
        found.append(Incident(job=job, case=case, application=application))
    return found


def _ids(jobs: Sequence[Job], kind: str) -> list[int]:
    return [int(job.run.subject_id) for job in jobs if job.run.subject_kind == kind]

"""What departments asked after acceptance, with the answers and their files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from services.cases.enums import CaseState
from services.cases.models import Application, Case, InformationRequest
from services.cases.permissions import works_for_department_of
from services.catalogue.limit_rules import PauseRule
from services.documents.models import Upload
from services.documents.queries import uploads_of

if TYPE_CHECKING:
    from portal.accounts.models import User


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question after acceptance with the files of its answer. rule: the service's own rule that pauses the limits."""

    request: InformationRequest
    files: Sequence[Upload]
    rule: PauseRule | None


def requests_of(case: Case) -> list[Asked]:
    """Return the questions asked about a case, oldest first, with the files of their answers."""
    rows = list(case.requests.select_related("asked_by"))
    if not rows:
        return []
    files = list(uploads_of("application", case.application_id).filter(material_code__startswith="request-"))
    return [
        Asked(
            request=one,
            files=[file for file in files if file.material_code == one.material_code],
            rule=rule_of(one, case),
        )
        for one in rows
    ]


def rule_of(request: InformationRequest, case: Case) -> PauseRule | None:
    """Return the service's own rule by which a question pauses the limits, None for a question that stops nothing."""
    return next((rule for rule in case.service.rules.pauses if rule.code == request.pause_rule), None)


def open_requests_of(application: Application) -> list[InformationRequest]:
    """Return the questions an applicant can still answer, oldest first."""
    rows = InformationRequest.objects.filter(
        case__application=application, case__state=CaseState.ACCEPTED, answered_at__isnull=True
    )
    return list(rows.select_related("case__department", "case__service").order_by("asked_at", "id"))


def may_ask(user: User, case: Case, at: datetime) -> bool:
    """Return whether she may ask the applicant of this case something now."""
    return case.state == CaseState.ACCEPTED and works_for_department_of(user, case, at)

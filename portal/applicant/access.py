"""Load what an address names, or answer 404: what she may not see does not exist for her."""

from __future__ import annotations

from datetime import datetime

from django.http import Http404, HttpRequest

from services.access.enums import Purpose
from services.cases.enums import ApplicationState
from services.cases.models import Application, Case
from services.cases.operations.refused import note_refused_application, note_refused_case
from services.cases.permissions import applications_of, applications_open_to, may_fill


def application_or_404(request: HttpRequest, public_id: str, at: datetime) -> Application:
    """Return an application of a party for whom she may do anything; what exactly, each operation decides."""
    rows = applications_open_to(request.user, at).select_related("bundle__bundle", "service__item")
    application = rows.filter(public_id=public_id).first()
    if application is None:
        note_refused_application(public_id=public_id, by=request.user, purpose=Purpose.OWN_APPLICATION, at=at)
        raise Http404
    return application


def draft_or_404(request: HttpRequest, public_id: str, at: datetime) -> Application:
    """Return an application that is still being filled in, by whoever may fill it in."""
    application = application_or_404(request, public_id, at)
    if application.state != ApplicationState.DRAFT or not may_fill(request.user, application, at):
        raise Http404
    return application


def case_or_404(request: HttpRequest, public_id: str, at: datetime) -> Case:
    """Return a case of an application she filed or may act for."""
    mine = applications_of(request.user, at).order_by()
    rows = Case.objects.select_related("application__bundle", "application__service", "service__item", "department")
    case = rows.filter(public_id=public_id, application__in=mine).first()
    if case is None:
        note_refused_case(public_id=public_id, by=request.user, purpose=Purpose.OWN_APPLICATION, at=at)
        raise Http404
    return case

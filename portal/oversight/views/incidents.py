"""What stands still until somebody acts: automatic steps that failed."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.oversight.access import overseers_only
from portal.oversight.rail import rail
from services.cases.operations.interventions import retry_step
from services.cases.permissions import can_intervene
from services.cases.queries.incidents import cases_standing_still, incidents_with_cases
from workflows.models import Job


@require_safe
@overseers_only
def incidents(request: HttpRequest, *, at: datetime) -> HttpResponse:
    """Show what stands still, the oldest first."""
    context = {
        "standing": cases_standing_still(),
        "incidents": incidents_with_cases(),
        "may_intervene": can_intervene(request.user, at),
        "rail": rail("incidents"),
        "keys": [],
    }
    return render(request, "oversight/incidents.html", context)


@require_POST
@overseers_only
def retry(request: HttpRequest, job_id: int, *, at: datetime) -> HttpResponse:
    """Set a failed automatic step going again."""
    if not can_intervene(request.user, at):
        raise PermissionDenied
    job = get_object_or_404(Job, pk=job_id)
    if retry_step(job_id=job.pk, by=request.user, at=at):
        messages.success(request, _("The step is tried again now."))
    else:
        messages.info(request, _("This step does not stand still any more: it was set going or skipped already."))
    return redirect("oversight:incidents")

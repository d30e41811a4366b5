"""What stands still until somebody acts: automatic steps that failed, messages that could not be sent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.oversight.access import overseers_only
from portal.oversight.rail import rail
from services.access.masking import mask_name
from services.cases.operations.interventions import retry_step
from services.cases.permissions import can_intervene
from services.cases.queries.incidents import cases_standing_still, incidents_with_cases
from services.notifications import operations as notices
from services.notifications.models import Notice
from services.notifications.permissions import can_mend_notices
from services.notifications.queries import dead_notices
from workflows.models import Job

#: Messages shown at once; what is mended makes room for the next.
SHOWN_NOTICES = 100


@require_safe
@overseers_only
def incidents(request: HttpRequest, *, at: datetime) -> HttpResponse:
    """Show what stands still, the oldest first."""
    context = {
        "standing": cases_standing_still(),
        "incidents": incidents_with_cases(),
        "notices": _shown(dead_notices().select_related("recipient")[:SHOWN_NOTICES]),
        "dead": dead_notices().count(),
        "may_intervene": can_intervene(request.user, at),
        "may_mend": can_mend_notices(request.user, at),
        "rail": rail("incidents"),
        "keys": [],
    }
    return render(request, "oversight/incidents.html", context)


def _shown(dead: Iterable[Notice]) -> list[dict[str, Any]]:
    return [{"notice": notice, "recipient": mask_name(notice.recipient.get_full_name())} for notice in dead]


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


@require_POST
@overseers_only
def send_again(request: HttpRequest, notice_id: int, *, at: datetime) -> HttpResponse:
    """Send a message again, to the address the person has now."""
    notice = _notice(request, notice_id, at)
    try:
        notices.retry_notice(notice=notice, by=request.user, at=at)
        messages.success(request, _("The message is sent again now."))
    except notices.NoticeStateError as error:
        messages.warning(request, str(error))
    return redirect("oversight:incidents")


@require_POST
@overseers_only
def cancel(request: HttpRequest, notice_id: int, *, at: datetime) -> HttpResponse:
    """Give up a message; the person still has it in the inbox on the site."""
    notice = _notice(request, notice_id, at)
    try:
        notices.cancel_notice(notice=notice, by=request.user, at=at)
        messages.success(request, _("The message is given up."))
    except notices.NoticeStateError as error:
        messages.warning(request, str(error))
    return redirect("oversight:incidents")


def _notice(request: HttpRequest, notice_id: int, at: datetime) -> Notice:
    if not can_mend_notices(request.user, at):
        raise PermissionDenied
    return get_object_or_404(Notice, pk=notice_id)

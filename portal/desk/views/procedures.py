"""The law's procedures around a decision: a hearing, a public notice, the check after a permit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.desk.access import case_or_404
from portal.desk.casefile import case_context
from portal.desk.forms import HearingForm, PublicNoticeForm, SiteCheckForm
from portal.desk.rail import frame
from services.cases.models import Case
from services.cases.operations.hearings import (
    HearingDayError,
    call_hearing,
    close_hearing,
    offer_hearing,
    request_hearing,
)
from services.cases.operations.public_notices import begin_public_notice, close_public_notice
from services.cases.operations.refusals import REFUSALS, sentence_for
from services.cases.operations.site_checks import record_site_check
from workflows.queries.calendars import database_now


@require_POST
def hearing(request: HttpRequest, public_id: str) -> HttpResponse:
    """Offer a hearing, note that it was asked for, call it, or close it (APL art. 46-48)."""

    def act(case: Case, given: dict[str, Any], at: datetime) -> str:
        who = {"case_id": case.pk, "by": request.user, "at": at}
        match given["act"]:
            case "request":
                request_hearing(**who, requested_by=given["requested_by"])
                return _("The request is on record; the limits are paused for the hearing.")
            case "call":
                if given["held_on"] is None:
                    raise HearingDayError("No day was given.")
                call_hearing(**who, held_on=given["held_on"], place=given["place"])
                return _("The hearing is called, and the applicant has the notice.")
            case "close":
                close_hearing(**who)
                return _("The hearing is closed; the limits run.")
        offer_hearing(**who)
        return _("The applicant was told that she may ask for a hearing.")

    return _do(request, public_id, HearingForm(request.POST), "hearing_form", act)


@require_POST
def public_notice(request: HttpRequest, public_id: str) -> HttpResponse:
    """Begin a public notice, or end it with what was objected."""

    def act(case: Case, given: dict[str, Any], at: datetime) -> str:
        who = {"case_id": case.pk, "by": request.user, "at": at}
        if given["act"] == "close":
            close_public_notice(**who, objections=given["objections"])
            return _("The public notice is closed.")
        begin_public_notice(**who, place=given["place"])
        return _("The public notice runs.")

    return _do(request, public_id, PublicNoticeForm(request.POST), "public_notice_form", act)


@require_POST
def site_check(request: HttpRequest, public_id: str) -> HttpResponse:
    """Record the check after a permit was given."""

    def act(case: Case, given: dict[str, Any], at: datetime) -> str:
        record_site_check(
            case_id=case.pk,
            passed=given["act"] == "passed",
            inspectors=(given["first"], given["second"]),
            findings=given["findings"],
            by=request.user,
            at=at,
        )
        return _("The check is on record.")

    return _do(request, public_id, SiteCheckForm(request.POST), "check_form", act)


def _do(
    request: HttpRequest,
    public_id: str,
    form: forms.Form,
    name: str,
    act: Callable[[Case, dict[str, Any], datetime], str],
) -> HttpResponse:
    """Do one act with a form's values, or show the form again with what is wrong."""
    at = database_now()
    case = case_or_404(request, public_id, at)
    if form.is_valid():
        try:
            messages.success(request, act(case, form.cleaned_data, at))
            return redirect("desk:case", public_id)
        except REFUSALS as error:
            form.add_error(None, sentence_for(error))
    context = {**frame(request), **case_context(request, case, masked=True, at=at), "my_task": None, name: form}
    return render(request, "desk/case.html", context, status=422)

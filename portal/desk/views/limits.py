"""Pause, resume and extend the limits of a case, as the law allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.desk.access import case_or_404
from portal.desk.casefile import case_context
from portal.desk.forms import AskForm, ExtendForm, PauseForm, SecondNoticeForm
from portal.desk.rail import frame
from services.cases.operations.asking import allow_second_notice
from services.cases.operations.limits import extend_case, pause_case, resume_case
from services.cases.operations.refusals import REFUSALS, sentence_for
from services.cases.operations.requests import request_information
from workflows.queries.calendars import database_now


@require_POST
def pause(request: HttpRequest, public_id: str) -> HttpResponse:
    """Stop the limits for a reason of art. 45; the applicant is told in writing how long."""
    words = _("The limits are paused, and the applicant has the notice.")
    case = case_or_404(request, public_id, database_now())
    return _change(request, public_id, PauseForm(request.POST, case=case), "pause_form", pause_case, words)


@require_POST
def extend(request: HttpRequest, public_id: str) -> HttpResponse:
    """Extend the limits once, by the head (art. 42); the applicant is told why."""
    words = _("The limits are extended, and the applicant has the notice with the reason.")
    return _change(request, public_id, ExtendForm(request.POST), "extend_form", extend_case, words)


@require_POST
def ask(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask the applicant for something more; the limits go on."""
    case = case_or_404(request, public_id, database_now())
    paused = bool(case.service.rules.pauses) and bool(request.POST.get("ask-rule"))
    words = _("The applicant was asked. The limits are paused by the service's own rule until she answers.")
    words = words if paused else _("The applicant was asked. The time limits go on.")
    return _change(request, public_id, AskForm(request.POST, case=case), "ask_form", request_information, words)


@require_POST
def second_notice(request: HttpRequest, public_id: str) -> HttpResponse:
    """Let the case be asked a second time, by the head, who says why."""
    words = _("The second notice is allowed. It goes out with what the other departments ask.")
    return _change(request, public_id, SecondNoticeForm(request.POST), "second_form", allow_second_notice, words)


@require_POST
def resume(request: HttpRequest, public_id: str) -> HttpResponse:
    """Let the limits run again."""
    at = database_now()
    case = case_or_404(request, public_id, at)
    try:
        resume_case(case_id=case.pk, by=request.user, at=at)
        messages.success(request, _("The limits run again from today."))
    except REFUSALS as error:
        messages.error(request, sentence_for(error))
    return redirect("desk:case", public_id)


def _change(
    request: HttpRequest, public_id: str, form: forms.Form, name: str, operation: Callable[..., Any], words: str
) -> HttpResponse:
    """Do one operation on the limits with a form's values, or show the form again with what is wrong."""
    at = database_now()
    case = case_or_404(request, public_id, at)
    if form.is_valid():
        try:
            operation(case_id=case.pk, **form.cleaned_data, by=request.user, at=at)
            messages.success(request, words)
            return redirect("desk:case", public_id)
        except REFUSALS as error:
            form.add_error(None, sentence_for(error))
    context = {**frame(request), **case_context(request, case, masked=True, at=at), "my_task": None, name: form}
    return render(request, "desk/case.html", context, status=422)

"""A manager steps in: holds an application, lets it go on, gives a task to a colleague, skips a step that failed.

Each act has a page of its own that says what it means; sending its form twice does it once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.oversight.access import overseers_only
from portal.oversight.acts import Act, allowing, giving, holding, releasing, skipping
from portal.oversight.forms import ColleagueForm, ConfirmForm, ReasonForm
from portal.oversight.rail import rail
from services.cases.models import Case
from services.cases.operations import refusals as of_cases
from services.cases.operations.asking import allow_second_notice
from services.cases.operations.holds import hold_application, release_application
from services.cases.operations.interventions import give_task, skip_step
from services.cases.permissions import can_intervene, cases_overseen_by
from services.cases.queries.colleagues import colleagues_for
from services.cases.queries.incidents import incident_of
from services.cases.queries.notices import asked_again
from services.supervision.operations import refusals as of_supervision
from workflows.enums import OPEN_TASK_STATES, JobState
from workflows.models import Job, Task


@require_http_methods(["GET", "POST"])
@overseers_only
def hold(request: HttpRequest, public_id: str, *, at: datetime) -> HttpResponse:
    """Let a whole application stand still."""
    case = _case(request, public_id, at)
    form = ReasonForm(
        request.POST if request.method == "POST" else None,
        missing=_("Say why the application is held: the applicant and every department read it."),
        help_text=_("The applicant and every department read it."),
    )

    def do() -> str:
        reason = form.cleaned_data["reason"]
        hold_application(application_id=case.application_id, reason=reason, by=request.user, at=at)
        return _("The application is on hold. The applicant was told why.")

    return asked(request, holding(case), form, do)


@require_http_methods(["GET", "POST"])
@overseers_only
def release(request: HttpRequest, public_id: str, *, at: datetime) -> HttpResponse:
    """Let a held application go on."""
    case = _case(request, public_id, at)

    def do() -> str:
        release_application(application_id=case.application_id, by=request.user, at=at)
        return _("The application goes on.")

    return asked(request, releasing(case), ConfirmForm(request.POST if request.method == "POST" else None), do)


@require_http_methods(["GET", "POST"])
@overseers_only
def second_notice(request: HttpRequest, public_id: str, *, at: datetime) -> HttpResponse:
    """Let a case be asked a second time."""
    case = _case(request, public_id, at)
    again = asked_again(case)
    act = allowing(case, again.asks)
    if again.waiting is None:
        messages.info(request, _("Nothing waits here any more: the notice was sent, or the case goes on."))
        return redirect(act.back)
    form = ReasonForm(
        request.POST if request.method == "POST" else None,
        missing=_("Say why this case is asked a second time: the reason stays on record."),
        help_text=_("It stays on record and is counted."),
    )

    def do() -> str:
        allow_second_notice(case_id=case.pk, reason=form.cleaned_data["reason"], by=request.user, at=at)
        return _("The second notice is allowed. It goes out with what the other departments ask.")

    return asked(request, act, form, do)


@require_http_methods(["GET", "POST"])
@overseers_only
def give(request: HttpRequest, public_id: str, task_id: int, *, at: datetime) -> HttpResponse:
    """Give an open task of a case to a colleague of its post."""
    case = _case(request, public_id, at)
    task = get_object_or_404(Task.objects.select_related("assignee"), pk=task_id, run=case.run)
    act = giving(case, task)
    if task.state not in OPEN_TASK_STATES or task.role == "applicant":
        messages.info(request, _("This task is finished: there is nothing to give."))
        return redirect(act.back)
    form = ColleagueForm(
        request.POST if request.method == "POST" else None,
        colleagues=colleagues_for(task, case, at),
        initial={"colleague": str(task.assignee_id or "")},
    )

    def do() -> str:
        given = give_task(task_id=task.pk, to=form.chosen, by=request.user, at=at)
        return _("%(name)s has the task now.") % {"name": given.assignee.get_full_name()}  # type: ignore[union-attr]

    return asked(request, act, form, do)


@require_http_methods(["GET", "POST"])
@overseers_only
def skip(request: HttpRequest, job_id: int, *, at: datetime) -> HttpResponse:
    """Let a case go on without an automatic step that failed."""
    if not can_intervene(request.user, at):
        raise PermissionDenied
    job = get_object_or_404(Job.objects.select_related("run"), pk=job_id)
    act = skipping(incident_of(job))
    if job.state != JobState.INCIDENT:
        messages.info(request, _("This step does not stand still any more: it was set going or skipped already."))
        return redirect(act.back)
    form = ReasonForm(
        request.POST if request.method == "POST" else None,
        missing=_("Say why the step is skipped: without a reason it stays where it is."),
        help_text=_("For instance what was done by hand instead."),
    )

    def do() -> str:
        skip_step(job_id=job.pk, reason=form.cleaned_data["reason"], by=request.user, at=at)
        return _("The step is skipped, and the case goes on.")

    return asked(request, act, form, do)


def _case(request: HttpRequest, public_id: str, at: datetime) -> Case:
    """Return a case she may step into; an auditor only looks on."""
    if not can_intervene(request.user, at):
        raise PermissionDenied
    related = ("application__bundle", "application__service", "service__item", "department", "run")
    return get_object_or_404(cases_overseen_by(request.user, at).select_related(*related), public_id=public_id)


def asked(request: HttpRequest, act: Act, form: forms.Form, do: Callable[[], str]) -> HttpResponse:
    """Show an act's page; POST does it, or shows the form again with what was typed and what is wrong."""
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, do())
            return redirect(act.back)
        except of_cases.REFUSALS as error:
            form.add_error(None, of_cases.sentence_for(error))
        except of_supervision.REFUSALS as error:
            form.add_error(None, of_supervision.sentence_for(error))
    context = {"act": act, "form": form, "rail": rail(act.page), "keys": []}
    return render(request, "oversight/act.html", context, status=422 if form.errors else 200)

"""A reviewer's task: documents and answers beside the opinion, and everything a decision stands on."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal.desk.access import task_or_404, whole_cases
from portal.desk.casefile import case_context
from portal.desk.forms import OpinionForm
from portal.desk.rail import frame
from services.cases.models import Case
from services.cases.operations.entities import REGISTERING_PARTS
from services.cases.operations.refusals import REFUSALS, sentence_for
from services.cases.operations.steps import FourEyesError, complete_step
from services.cases.permissions import has_other_part_in
from services.parties.identity_numbers import IdentityNumberError
from workflows.enums import OPEN_TASK_STATES
from workflows.models import Task
from workflows.operations.tasks import claim_task, release_task
from workflows.queries.calendars import database_now

#: An outcome's key, css class and icon, in the order of the buttons.
_BUTTONS = {
    "recommend_grant": ("g", "btn-primary", "hand-thumbs-up"),
    "forward": ("g", "btn-primary", "send"),
    "agree": ("g", "btn-primary", "check2-square"),
    "grant": ("g", "btn-primary", "patch-check"),
    "recommend_refuse": ("x", "btn-danger", "hand-thumbs-down"),
    "refuse": ("x", "btn-danger", "x-octagon"),
    "return": ("b", "btn-secondary", "arrow-return-left"),
}


@require_http_methods(["GET", "POST"])
def task(request: HttpRequest, task_id: int) -> HttpResponse:
    """Show an open task; POST ends it with the outcome of the button pressed."""
    at = database_now()
    found = task_or_404(request, task_id, at)
    case = whole_cases().get(pk=int(found.subject_id))
    if found.state not in OPEN_TASK_STATES:
        messages.info(request, _("This task is finished. Here is how its case stands."))
        return redirect("desk:case", case.public_id)
    registers = case.part in REGISTERING_PARTS
    decides = "grant" in found.outcomes
    form = OpinionForm(
        request.POST if request.method == "POST" else None,
        outcomes=found.outcomes,
        outside=decides and (registers or case.service.decision_place != "here"),
        code=registers,
    )
    if request.method == "POST" and form.is_valid() and _end(form, found, request, at):
        messages.success(request, _done_words(form.cleaned_data["outcome"], case))
        return redirect("desk:inbox")
    buttons = _buttons(found)
    context = {
        **frame(request, keys=(*((one["key"], one["word"]) for one in buttons), ("c", _("Claim or release")))),
        **case_context(request, case, masked=False, at=at),
        "task": found,
        "form": form,
        "buttons": buttons,
        "mine": found.assignee_id == request.user.pk,
        "held": found.assignee_id not in (None, request.user.pk),
        "four_eyes": sentence_for(FourEyesError()) if has_other_part_in(request.user, case, found.role) else "",
    }
    return render(request, "desk/task.html", context, status=422 if form.errors else 200)


def _end(form: OpinionForm, task: Task, request: HttpRequest, at: datetime) -> bool:
    """End the task; a refusal of the operation stands beside the form and nothing typed is lost."""
    try:
        complete_step(
            task_id=task.pk,
            outcome=form.cleaned_data["outcome"],
            reasons=form.cleaned_data["reasons"],
            outside=form.result,
            by=request.user,
            at=at,
        )
    except IdentityNumberError as error:
        form.add_error("outside_number", sentence_for(error))
        return False
    except REFUSALS as error:
        form.add_error(None, sentence_for(error))
        return False
    return True


def _buttons(task: Task) -> list[dict[str, str]]:
    words = {
        "recommend_grant": _("Recommend granting"),
        "forward": _("Forward"),
        "agree": _("Agree"),
        "grant": _("Grant"),
        "recommend_refuse": _("Recommend refusing"),
        "refuse": _("Refuse"),
        "return": _("Return to the handler"),
    }
    if task.node == "record_result":
        words |= {"grant": _("Record: granted"), "refuse": _("Record: refused")}
    return [
        {"outcome": outcome, "word": words[outcome], "key": key, "css": css, "icon": icon}
        for outcome, (key, css, icon) in _BUTTONS.items()
        if outcome in task.outcomes
    ]


def _done_words(outcome: str, case: Case) -> str:
    words = {
        "recommend_grant": _("Your recommendation on %(case)s went to the checker."),
        "recommend_refuse": _("Your recommendation on %(case)s went to the checker."),
        "forward": _("%(case)s was forwarded."),
        "agree": _("%(case)s went to the approver."),
        "return": _("%(case)s went back to the handler with your reasons."),
        "grant": _("%(case)s was granted. Its papers are issued and delivered in the department's name."),
        "refuse": _("%(case)s was refused. The decision with reasons and routes of appeal is issued."),
    }
    return words[outcome] % {"case": case.number}


@require_POST
def claim(request: HttpRequest, task_id: int) -> HttpResponse:
    """Take a task into one's own hands."""
    at = database_now()
    found = task_or_404(request, task_id, at)
    try:
        claim_task(task_id=found.pk, by=request.user, at=at)
    except REFUSALS as error:
        messages.error(request, sentence_for(error))
    return redirect("desk:task", task_id)


@require_POST
def release(request: HttpRequest, task_id: int) -> HttpResponse:
    """Give one's own task back to the post."""
    at = database_now()
    found = task_or_404(request, task_id, at)
    if found.assignee_id == request.user.pk:
        try:
            release_task(task_id=found.pk, by=request.user, at=at)
        except REFUSALS as error:
            messages.error(request, sentence_for(error))
    return redirect("desk:task", task_id)

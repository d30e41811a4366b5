"""A reviewer's task: documents and answers beside the opinion, and everything a decision stands on."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal.desk.access import reviewer_or_404, task_or_404, whole_cases
from portal.desk.casefile import case_context
from portal.desk.forms import SEND_BACK, OpinionForm
from portal.desk.rail import frame
from portal.handling.taking import give_back, take
from portal.ui.wording import is_chinese
from services.cases.models import Case
from services.cases.operations import passing
from services.cases.operations.entities import REGISTERING_PARTS
from services.cases.operations.refusals import REFUSALS, sentence_for
from services.cases.operations.steps import FourEyesError, complete_offered_step, complete_step
from services.cases.permissions import DEPARTMENT_ROLES, has_other_part_in
from services.cases.queries.timeline import steps_back_of
from services.parties.identity_numbers import IdentityNumberError
from workflows.enums import OPEN_TASK_STATES
from workflows.models import Task
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
    if request.method == "POST" and (done := _end_at_once(request, task_id, at)):
        messages.success(request, done)
        return redirect("desk:inbox")
    found = task_or_404(request, task_id, at)
    case = whole_cases().get(pk=int(found.subject_id))
    if found.state not in OPEN_TASK_STATES:
        messages.info(request, _("This task is finished. Here is how its case stands."))
        return redirect("desk:case", case.public_id)
    form = _form(request, found, case)
    if request.method == "POST" and form.is_valid() and _end(form, found, request, at):
        messages.success(request, _done_words(form.cleaned_data["outcome"], case))
        return redirect("desk:inbox")
    return _page(request, found, case, form, at)


def _end_at_once(request: HttpRequest, task_id: int, at: datetime) -> str:
    """End the task without loading its page, and return what to say.

    "": nothing was done. The page's own form then takes what was posted, and says what is wrong with it.
    """
    form = OpinionForm(request.POST, outcomes=tuple(_BUTTONS), outside=False, code=False)
    if request.POST.get("outside_number") or request.POST.get("outside_day") or not form.is_valid():
        return ""
    given = {"outcome": form.cleaned_data["outcome"], "reasons": form.cleaned_data["reasons"]}
    try:
        case = complete_offered_step(task_id=task_id, roles=DEPARTMENT_ROLES, **given, by=request.user, at=at)
    except (Task.DoesNotExist, *REFUSALS):
        return ""
    return _done_words(given["outcome"], case) if case is not None else ""


def _page(request: HttpRequest, found: Task, case: Case, form: OpinionForm, at: datetime) -> HttpResponse:
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


def _form(request: HttpRequest, task: Task, case: Case) -> OpinionForm:
    registers = case.part in REGISTERING_PARTS
    decides = "grant" in task.outcomes
    return OpinionForm(
        request.POST if request.method == "POST" else None,
        outcomes=[*task.outcomes, *(SEND_BACK + step.id for step in steps_back_of(task))],
        outside=decides and (registers or case.service.decision_place != "here"),
        code=registers,
    )


def _end(form: OpinionForm, task: Task, request: HttpRequest, at: datetime) -> bool:
    """End the task; a refusal of the operation stands beside the form and nothing typed is lost."""
    outcome, reasons = form.cleaned_data["outcome"], form.cleaned_data["reasons"]
    about = {"task_id": task.pk, "reasons": reasons, "by": request.user, "at": at}
    try:
        if outcome.startswith(SEND_BACK):
            passing.send_back(**about, to_node=outcome.removeprefix(SEND_BACK))
        else:
            complete_step(**about, outcome=outcome, outside=form.result)
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
    buttons = [
        {"outcome": outcome, "word": words[outcome], "key": key, "css": css, "icon": icon}
        for outcome, (key, css, icon) in _BUTTONS.items()
        if outcome in task.outcomes
    ]
    back = _("Send back to “%(step)s”")
    for number, step in enumerate(steps_back_of(task), 1):
        word = back % {"step": step.name_zh if is_chinese() else step.name_en}
        more = {"css": "btn-secondary", "icon": "arrow-return-left", "key": str(number)}
        buttons.append({"outcome": SEND_BACK + step.id, "word": word, **more})
    return buttons


def _done_words(outcome: str, case: Case) -> str:
    if outcome.startswith(SEND_BACK):
        return _("%(case)s went back with your reasons.") % {"case": case.number}
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
def take_next(request: HttpRequest) -> HttpResponse:
    """Take the most urgent free task of her posts and open it."""
    at = database_now()
    reviewer_or_404(request, at)
    taken = passing.take_next(roles=DEPARTMENT_ROLES, by=request.user, at=at, since=_looked_at(request))
    if taken is None:
        messages.info(request, _("No free task waits for your posts right now."))
        return redirect("desk:inbox")
    return redirect("desk:task", taken.pk)


def _looked_at(request: HttpRequest) -> datetime | None:
    """Return when she opened the list she pressed from, None if the form does not say it as we wrote it."""
    try:
        instant = parse_datetime(request.POST.get("since", ""))
    except ValueError:
        return None
    return instant if instant is not None and instant.tzinfo is not None else None


@require_POST
def claim(request: HttpRequest, task_id: int) -> HttpResponse:
    """Take a task into one's own hands."""
    at = database_now()
    take(request, task_or_404(request, task_id, at), at)
    return redirect("desk:task", task_id)


@require_POST
def release(request: HttpRequest, task_id: int) -> HttpResponse:
    """Give one's own task back to the post."""
    at = database_now()
    give_back(request, task_or_404(request, task_id, at), at)
    return redirect("desk:task", task_id)

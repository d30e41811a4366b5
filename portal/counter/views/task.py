"""A task at the window: completeness check, decision on the spot, check of a licence held."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal.counter.access import case_of, task_or_404
from portal.counter.forms import CheckForm, LicenceCheckForm, SendNowForm, UnansweredForm
from portal.counter.rail import frame
from portal.handling.taking import give_back, take
from portal.ui.steps import StepForm
from portal.ui.wording import is_chinese
from services.access.enums import Purpose
from services.access.operations import record_access
from services.cases.enums import UNANSWERED_NODE, CaseState, Channel
from services.cases.models import Application, Case
from services.cases.operations.asking import ask_supplement, send_notice_now
from services.cases.operations.deferrals import accept_with_deferral, consequence_of
from services.cases.operations.refusals import REFUSALS, sentence_for
from services.cases.operations.steps import complete_step
from services.cases.operations.unanswered import unanswered_notice
from services.cases.permissions import application_about
from services.cases.queries.casefiles import (
    FiledSection,
    answers_of_application,
    answers_of_case,
    documents_of_case,
    names_of_missing,
)
from services.cases.queries.deferrals import deferrable_and_missing
from services.cases.queries.differences import differences_of
from services.cases.queries.explanation import why
from services.cases.queries.notices import told, waiting_of
from services.cases.queries.prefilling import DOCUMENT, handling_offers
from services.cases.queries.timeline import timeline_of
from services.documents.models import Paper
from services.documents.queries import papers_of_subjects
from services.exchange.queries import calls_for
from services.parties.queries import party
from workflows.enums import OPEN_TASK_STATES
from workflows.models import Task
from workflows.queries.calendars import database_now

#: The button that accepts although documents that may follow are missing.
DEFERRED = "accept_deferred"


@require_http_methods(["GET", "POST"])
def task(request: HttpRequest, task_id: int) -> HttpResponse:
    """Show an open task; POST ends it with the outcome of the button pressed."""
    at = database_now()
    found = task_or_404(request, task_id, at)
    case = case_of(found)
    application = case.application if case else application_about(found.subject_kind, found.subject_id)
    if found.state not in OPEN_TASK_STATES:
        messages.info(request, _("This task is finished. Here is how its application stands."))
        return redirect("counter:application", application.public_id)
    if found.node == UNANSWERED_NODE and case is not None:
        return _unanswered(request, found, case, at)
    if case is None:
        return _licence(request, found, application, at)
    return _check(request, found, case, at)


def _check(request: HttpRequest, task: Task, case: Case, at: datetime) -> HttpResponse:
    sections = answers_of_case(case, language=get_language() or "zh-hans", masked=False, at=at)
    documents, waiting = documents_of_case(case), waiting_of(case)
    may_follow = deferrable_and_missing(case) if "accept" in task.outcomes and case.service.rules.deferred else []
    form = CheckForm(
        request.POST if request.method == "POST" else None,
        outcomes=[*task.outcomes, DEFERRED] if may_follow else task.outcomes,
        documents=documents,
        sections=sections,
        recorded=waiting.own_items if waiting else [],
        language=case.application.language,
    )
    if request.method == "POST" and form.is_valid() and _end(form, task, request, at):
        messages.success(request, _ended_words(form.cleaned_data["outcome"], case))
        if case.application.channel == Channel.COUNTER or "grant" in task.outcomes:
            return redirect("counter:application", case.application.public_id)
        return redirect("counter:intake")
    context = {
        **_facts(request, task, case.application, case, at, sections=sections),
        "form": form,
        "may_follow": may_follow,
        "deferral_consequence": consequence_of(case)["zh" if is_chinese() else "en"] if may_follow else "",
        "waiting": waiting,
        "fetchable": case.state == CaseState.FILED and bool(handling_offers(case, purpose=DOCUMENT)),
        "second_notice": bool(told(case)),
        "send_now": SendNowForm() if waiting and waiting.sendable else None,
        "differences": differences_of(case, language=get_language() or "zh-hans", masked=False),
        "documents": [(one, form.rows_of(one)) for one in documents],
        "sections": [
            (one, [(row, form[f"mark-{row.element.code}"], form[f"why-{row.element.code}"]) for row in one.answers])
            for one in sections
        ],
    }
    return render(request, "counter/task.html", context, status=422 if form.errors else 200)


def _end(form: StepForm, task: Task, request: HttpRequest, at: datetime) -> bool:
    """End the task; a refusal of the operation stands beside the form and nothing typed is lost."""
    given = form.cleaned_data
    try:
        if isinstance(form, CheckForm) and given["outcome"] == "supplement":
            ask_supplement(
                task_id=task.pk,
                missing=form.missing,
                findings=form.findings,
                by=request.user,
                at=at,
            )
        elif given["outcome"] == DEFERRED and isinstance(form, CheckForm):
            _accept_deferred(form, task, request, at)
        else:
            complete_step(
                task_id=task.pk,
                outcome=given["outcome"],
                reasons=given["reasons"],
                competent_body=given.get("competent_body", ""),
                findings=form.findings if isinstance(form, CheckForm) else None,
                by=request.user,
                at=at,
            )
    except REFUSALS as error:
        form.add_error(None, sentence_for(error))
        return False
    return True


def _accept_deferred(form: CheckForm, task: Task, request: HttpRequest, at: datetime) -> None:
    """Accept on a written promise everything that may follow and is missing."""
    case = case_of(task)
    assert case is not None
    accept_with_deferral(
        task_id=task.pk,
        materials=[need.code for need in deferrable_and_missing(case)],
        promise=form.cleaned_data["promise"],
        promised_by=form.cleaned_data["promised_by"],
        by=request.user,
        at=at,
    )


def _ended_words(outcome: str, case: Case) -> str:
    """Say what a check led to; questions that wait for other departments are recorded, not sent."""
    waiting = waiting_of(case) if outcome == "supplement" else None
    if waiting is None:
        return _done_words(outcome, case)
    if waiting.of(case).needs_supervisor:
        return _("The questions on %(case)s are recorded. They go out when a supervisor has given her reason.") % {
            "case": case.number
        }
    return _("The questions on %(case)s are recorded. They go out in one notice when the others have looked.") % {
        "case": case.number
    }


def _done_words(outcome: str, case: Case) -> str:
    words = {
        DEFERRED: _("%(case)s is accepted on the promise; the applicant has the list and the day."),
        "accept": _("%(case)s was accepted. The limit runs, and the applicant has the notice of acceptance."),
        "supplement": _("The one-time notice on %(case)s was sent. The applicant sees what to do."),
        "not_competent": _("%(case)s was not accepted. The notice names the competent body."),
        "grant": _("%(case)s was granted. Its papers are issued in a moment."),
        "refuse": _("%(case)s was refused. The decision with its reasons is issued in a moment."),
        "wait_again": _("%(case)s waits for the applicant again. She was told until when."),
        "close": _("%(case)s was closed without a decision. The applicant has the notice with the reasons."),
    }
    return words[outcome] % {"case": case.number}


def _unanswered(request: HttpRequest, task: Task, case: Case, at: datetime) -> HttpResponse:
    """Ask what to do when the applicant never answered the one-time notice."""
    form = UnansweredForm(request.POST if request.method == "POST" else None, outcomes=task.outcomes)
    if request.method == "POST" and form.is_valid() and _end(form, task, request, at):
        messages.success(request, _done_words(form.cleaned_data["outcome"], case))
        return redirect("counter:application", case.application.public_id)
    asked = unanswered_notice(case)
    items = asked.items if asked else []
    names = names_of_missing(case, [(item["kind"], item["code"]) for item in items])
    context = {
        **_facts(request, task, case.application, case, at),
        "form": form,
        "asked": asked,
        "items": [(names[item["kind"], item["code"]], item["reason"]) for item in items],
        "notices": [paper for paper in _notice_papers(case) if paper.kind == "supplement_notice"],
    }
    return render(request, "counter/no_answer.html", context, status=422 if form.errors else 200)


def _notice_papers(case: Case) -> list[Paper]:
    """Return the papers about a case and those about its whole application: a merged notice is one of these."""
    return list(papers_of_subjects([("case", str(case.pk)), ("application", str(case.application_id))]))


def _licence(request: HttpRequest, task: Task, application: Application, at: datetime) -> HttpResponse:
    form = LicenceCheckForm(request.POST if request.method == "POST" else None, outcomes=task.outcomes)
    if request.method == "POST" and form.is_valid() and _end(form, task, request, at):
        if form.cleaned_data["outcome"] == "confirmed":
            messages.success(request, _("The licence was confirmed. The application goes on."))
        else:
            messages.success(request, _("The licence was not confirmed. The applicant was told why nothing was filed."))
        return redirect("counter:application", application.public_id)
    services = {case.service.code for case in application.cases.select_related("service__item")}
    sections = answers_of_application(application, services=services, language=get_language() or "zh-hans", at=at)
    context = {
        **_facts(request, task, application, None, at, sections=sections),
        "form": form,
        "sections": [one for one in sections if one.key == _licence_section(sections)],
        "calls": list(calls_for("application", application.pk)[:3]),
        "licence_number": application.answers.get("organisation.uscc", ""),
    }
    return render(request, "counter/licence.html", context, status=422 if form.errors else 200)


def _licence_section(sections: Any) -> str:
    """Return the key of the section that holds the licence's own data."""
    codes = {answer.element.code: one.key for one in sections for answer in one.answers}
    return codes.get("organisation.uscc") or codes.get("organisation.name") or ""


def _facts(
    request: HttpRequest,
    task: Task,
    application: Application,
    case: Case | None,
    at: datetime,
    *,
    sections: Sequence[FiledSection] = (),
) -> dict[str, Any]:
    """Return what stands at the head of every task: who, what, by when and why; write down who reads it.

    sections: the answers the page shows.
    """
    _note_reading(request, application, case, sections, at)
    timeline = timeline_of(application, at=at)
    lane = next((one for one in timeline.lanes if case is not None and one.case.pk == case.pk), None)
    clock = lane.clock if lane else None
    return {
        **frame(request, keys=_keys(task)),
        "task": task,
        "hold": timeline.hold,
        "case": case,
        "application": application,
        "party": party(application.party),
        "lane": lane,
        "other_lanes": [one for one in timeline.lanes if one is not lane],
        "why": why(clock, language=get_language() or "zh-hans", at=at) if clock else [],
        "mine": task.assignee_id == request.user.pk,
        "held": task.assignee_id not in (None, request.user.pk),
        "supplements": told(case) if case else [],
    }


def _keys(task: Task) -> tuple[tuple[str, str], ...]:
    words = {
        "accept": ("a", _("Accept")),
        "grant": ("g", _("Grant and issue now")),
        "supplement": ("n", _("One-time notice")),
        "confirmed": ("a", _("Confirm the licence")),
        "wait_again": ("a", _("Wait again")),
    }
    return (*(words[outcome] for outcome in task.outcomes if outcome in words), ("c", _("Claim or release")))


def _note_reading(
    request: HttpRequest, application: Application, case: Case | None, sections: Sequence[FiledSection], at: datetime
) -> None:
    record_access(
        reader=request.user,
        subject_kind="application",
        subject_id=application.pk,
        fields=["applicant", *(answer.element.code for one in sections for answer in one.answers)],
        purpose=Purpose.COMPLETENESS,
        case_ref=case.number if case else application.number or "",
        at=at,
    )


@require_POST
def send_now(request: HttpRequest, task_id: int) -> HttpResponse:
    """Send what is recorded before every department has looked."""
    at = database_now()
    found = task_or_404(request, task_id, at)
    case, form = case_of(found), SendNowForm(request.POST)
    if case is None:
        raise Http404
    if not form.is_valid():
        messages.error(request, form.errors["reason"][0])
        return redirect("counter:task", task_id)
    try:
        send_notice_now(case_id=case.pk, reason=form.cleaned_data["reason"], by=request.user, at=at)
        messages.success(request, _("The one-time notice was sent. The applicant sees what to do."))
    except REFUSALS as error:
        messages.error(request, sentence_for(error))
        return redirect("counter:task", task_id)
    return redirect("counter:application", case.application.public_id)


@require_POST
def claim(request: HttpRequest, task_id: int) -> HttpResponse:
    """Take a task into one's own hands."""
    at = database_now()
    take(request, task_or_404(request, task_id, at), at)
    return redirect("counter:task", task_id)


@require_POST
def release(request: HttpRequest, task_id: int) -> HttpResponse:
    """Give one's own task back to the window."""
    at = database_now()
    give_back(request, task_or_404(request, task_id, at), at)
    return redirect("counter:task", task_id)

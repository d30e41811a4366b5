"""Answer what a department asks after acceptance: in words, with a file, or both."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from portal.applicant.access import note_reading_of_walk_in
from portal.applicant.document_rows import DocumentRow, rows_of
from portal.applicant.views.documents import take_documents
from services.cases.enums import CaseState
from services.cases.models import InformationRequest
from services.cases.operations.refusals import REFUSALS, sentence_for
from services.cases.operations.requests import answer_request, keep_answer
from services.cases.permissions import applications_of
from services.cases.queries.places import ANSWER, answer_files
from services.cases.queries.requests import rule_of
from services.cases.queries.wallet import wallet_for
from workflows.queries.calendars import database_now


class AnswerForm(forms.Form):
    """An answer in words; files are handed in beside it."""

    use_required_attribute = False

    text = forms.CharField(
        label=gettext_lazy("Your answer"), widget=forms.Textarea(attrs={"rows": 5}), required=False, max_length=5000
    )


@require_http_methods(["GET", "POST"])
def information_request(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show a question and take the answer: words, files, or both. What was written stays whatever is pressed."""
    at = database_now()
    asked = _asked_or_404(request, public_id, at)
    form = AnswerForm(request.POST or None, initial={"text": asked.answer.get("typed", "")})
    refused: dict[str, str] = {}
    if request.method == "POST" and form.is_valid():
        _keep(request, asked, form.cleaned_data["text"], at)
        refused = take_documents(request, ANSWER, public_id, [asked.material_code], at)
        if not refused and not {"upload", "take_back", "wallet"}.isdisjoint(request.POST):
            return redirect(request.path)
        if not refused and _answer(request, asked, form, at):
            return redirect("applicant:application", asked.case.application.public_id)
    context = {
        "asked": asked,
        "case": asked.case,
        "form": form,
        "open": asked.answered_at is None and asked.case.state == CaseState.ACCEPTED,
        "document": _document(request, asked, refused, at),
        "rule": rule_of(asked, asked.case),
    }
    wrong = bool(refused or (form.is_bound and form.errors))
    return render(request, "applicant/request.html", context, status=422 if wrong else 200)


def _asked_or_404(request: HttpRequest, public_id: str, at: datetime) -> InformationRequest:
    mine = applications_of(request.user, at).order_by()
    rows = InformationRequest.objects.filter(public_id=public_id, case__application__in=mine)
    related = ("case__application__bundle", "case__application__service", "case__service__item", "case__department")
    asked = rows.select_related(*related).first()
    if asked is None:
        raise Http404
    note_reading_of_walk_in(request, asked.case.application, at)
    return asked


def _document(request: HttpRequest, asked: InformationRequest, refused: dict[str, str], at: datetime) -> DocumentRow:
    files, application = answer_files(asked.material_code), asked.case.application
    return rows_of(
        application, ANSWER, asked.public_id, [files], by=request.user, since=asked.asked_at, refused=refused,
        wallet=wallet_for(request.user, application.party, at),
    )[0]  # fmt: skip


def _keep(request: HttpRequest, asked: InformationRequest, text: str, at: datetime) -> None:
    """Keep what was written, so that nothing is lost whatever happens next."""
    with suppress(*REFUSALS):  # said where it is sent
        keep_answer(request_id=asked.pk, text=text, by=request.user, at=at)


def _answer(request: HttpRequest, asked: InformationRequest, form: AnswerForm, at: datetime) -> bool:
    """Send the answer; False if the page must stay as it is, with what was typed."""
    try:
        answer_request(request_id=asked.pk, text=form.cleaned_data["text"], by=request.user, at=at)
    except REFUSALS as error:
        form.add_error(None, sentence_for(error))
        return False
    messages.success(request, _("Thank you. The department has your answer."))
    return True

"""Answer what a department asks after acceptance: in words, with a file, or both."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from services.cases.models import InformationRequest
from services.cases.operations.refusals import REFUSALS, sentence_for
from services.cases.operations.requests import answer_request
from services.cases.permissions import applications_of
from services.cases.queries.requests import rule_of
from services.documents.operations import UploadRefusedError, store_upload
from services.documents.queries import uploads_of
from workflows.queries.calendars import database_now


class AnswerForm(forms.Form):
    """An answer in words and a file."""

    use_required_attribute = False

    text = forms.CharField(
        label=gettext_lazy("Your answer"), widget=forms.Textarea(attrs={"rows": 5}), required=False, max_length=5000
    )
    file = forms.FileField(
        label=gettext_lazy("A file, if one is needed"),
        help_text=gettext_lazy("PDF, JPEG or PNG. Photos from a phone are fine."),
        required=False,
    )


@require_http_methods(["GET", "POST"])
def information_request(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show a question and take the answer."""
    at = database_now()
    asked = _asked_or_404(request, public_id, at)
    form = AnswerForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid() and _answer(request, asked, form, at):
        return redirect("applicant:application", asked.case.application.public_id)
    files = uploads_of("application", asked.case.application_id, material_code=asked.material_code)
    context = {"asked": asked, "case": asked.case, "form": form, "files": files, "rule": rule_of(asked, asked.case)}
    return render(request, "applicant/request.html", context, status=422 if form.errors else 200)


def _asked_or_404(request: HttpRequest, public_id: str, at: datetime) -> InformationRequest:
    mine = applications_of(request.user, at).order_by()
    rows = InformationRequest.objects.filter(public_id=public_id, case__application__in=mine)
    asked = rows.select_related("case__application", "case__service__item", "case__department").first()
    if asked is None:
        raise Http404
    return asked


def _answer(request: HttpRequest, asked: InformationRequest, form: AnswerForm, at: datetime) -> bool:
    """Keep the file and the answer; False if the page must stay as it is, with what was typed."""
    file = form.cleaned_data["file"]
    try:
        if file is not None and asked.answered_at is None:
            store_upload(
                file=file,
                original_name=file.name or "",
                declared_type=file.content_type or "",
                subject_kind="application",
                subject_id=asked.case.application_id,
                material_code=asked.material_code,
                by=request.user,
                at=at,
            )
        answer_request(request_id=asked.pk, text=form.cleaned_data["text"], by=request.user, at=at)
    except UploadRefusedError as error:
        form.add_error("file", str(error))
        return False
    except REFUSALS as error:
        form.add_error(None, sentence_for(error))
        return False
    messages.success(request, _("Thank you. The department has your answer."))
    return True

"""The untouched originals of a case's documents, with their fingerprints: auditors only, each fetched for a reason."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from portal.oversight.access import overseers_only
from portal.oversight.rail import rail
from portal.ui.downloads import attachment_response
from services.access.enums import Purpose
from services.access.operations import record_access
from services.access.queries import accesses_to
from services.cases.models import Case
from services.cases.permissions import cases_overseen_by
from services.cases.queries.casefiles import documents_of_case
from services.documents.operations import UploadNotReadyError, open_upload
from services.documents.permissions import can_read_original

#: What the log says was read when only the list was looked at.
FIELD = "fingerprints"


class ReasonForm(forms.Form):
    """Why an original is fetched; the applicant can read it."""

    use_required_attribute = False

    reason = forms.CharField(
        label=gettext_lazy("Why you need the original"),
        help_text=gettext_lazy("It is recorded, and the applicant can read it."),
        min_length=5,
        max_length=200,
    )


@require_http_methods(["GET", "POST"])
@overseers_only
def originals(request: HttpRequest, public_id: str, *, at: datetime) -> HttpResponseBase:
    """List the files of a case with the fingerprints of original and copy; POST sends an original, with its reason."""
    if not can_read_original(request.user, at):
        raise PermissionDenied
    related = ("application__bundle", "application__service", "service__item", "department")
    case = get_object_or_404(cases_overseen_by(request.user, at).select_related(*related), public_id=public_id)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _original(request, case, form.cleaned_data["reason"], at)
    if request.method == "GET":
        record_access(
            reader=request.user,
            subject_kind="application",
            subject_id=case.application_id,
            fields=[FIELD],
            purpose=Purpose.AUDIT,
            case_ref=case.number,
            at=at,
        )
    context = {
        "rail": rail("board"),
        "case": case,
        "form": form,
        "documents": [document for document in documents_of_case(case) if document.uploads],
        "fetched": [row for row in accesses_to("application", case.application_id) if _is_original(row.fields)],
    }
    return render(request, "oversight/originals.html", context, status=422 if form.errors else 200)


def _original(request: HttpRequest, case: Case, reason: str, at: datetime) -> HttpResponseBase:
    uploads = [upload for document in documents_of_case(case) for upload in document.uploads]
    found = next((one for one in uploads if one.public_id == request.POST.get("upload", "")), None)
    if found is None:
        raise Http404
    try:
        stored = open_upload(
            upload=found, reader=request.user, purpose=reason, case_ref=case.number, original=True, at=at
        )
    except UploadNotReadyError as error:
        raise Http404 from error
    # Never as what it says it is: an original may hold anything.
    return attachment_response(stored.path, stored.name, "application/octet-stream")


def _is_original(fields: list[str]) -> bool:
    return any(field.startswith("original:") for field in fields)

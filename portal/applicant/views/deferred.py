"""Hand in the documents that were promised when the application was accepted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.applicant.access import case_or_404
from portal.ui.wording import is_chinese
from services.cases.models import Case, Deferral
from services.cases.operations.deferrals import StillMissingError, consequence_of, hand_in_deferred
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.refusals import sentence_for
from services.cases.queries.casefiles import names_of_missing
from services.documents.operations import UploadRefusedError, store_upload
from services.documents.queries import uploads_of
from workflows.enums import ClockKind
from workflows.queries.calendars import database_now
from workflows.queries.clocks import clocks_of


@require_http_methods(["GET", "POST"])
def deferred(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show what was promised, take the documents one by one, then hand everything in together."""
    at = database_now()
    case = case_or_404(request, public_id, at)
    deferral = Deferral.objects.filter(case=case).first()
    if deferral is None:
        raise Http404
    refused: dict[str, str] = {}
    if request.method == "POST" and "material" in request.POST:
        if message := _upload(request, case, deferral, at):
            refused[request.POST["material"]] = message
        else:
            return redirect(request.path)
    elif request.method == "POST" and _hand_in(request, case, at):
        return redirect("applicant:application", case.application.public_id)
    clock = clocks_of("case", str(case.pk)).filter(kind=ClockKind.DEFERRED_DOCUMENTS).last()
    context = {
        "case": case,
        "deferral": deferral,
        "due_on": clock.due_on if clock else None,
        "consequence": consequence_of(case)["zh" if is_chinese() else "en"],
        "rows": _rows(case, deferral, refused),
    }
    return render(request, "applicant/deferred.html", context, status=422 if refused else 200)


def _rows(case: Case, deferral: Deferral, refused: dict[str, str]) -> list[dict[str, Any]]:
    names = names_of_missing(case, [("material", code) for code in deferral.materials])
    uploads: dict[str, list[Any]] = {}
    for upload in uploads_of("application", case.application_id):
        uploads.setdefault(upload.material_code, []).append(upload)
    key = "zh" if is_chinese() else "en"
    return [
        {
            "code": code,
            "name": names["material", code][key],
            "uploads": uploads.get(code, []),
            "refused": refused.get(code),
        }
        for code in deferral.materials
    ]


def _upload(request: HttpRequest, case: Case, deferral: Deferral, at: datetime) -> str:
    """Store one promised document; returns why it was refused, or "" if it was taken."""
    code, file = request.POST["material"], request.FILES.get("file")
    if deferral.handed_in_at is not None or code not in deferral.materials:
        return _("This document is not asked for.")
    if file is None:
        return _("Choose a file first, then press Upload.")
    try:
        store_upload(
            file=file,
            original_name=file.name or "",
            declared_type=file.content_type or "",
            subject_kind="application",
            subject_id=case.application_id,
            material_code=code,
            by=request.user,
            at=at,
        )
    except UploadRefusedError as error:
        return str(error)
    messages.success(request, _("The document was uploaded."))
    return ""


def _hand_in(request: HttpRequest, case: Case, at: datetime) -> bool:
    try:
        hand_in_deferred(case_id=case.pk, by=request.user, at=at)
    except (StillMissingError, NotAllowedError) as error:
        messages.error(request, sentence_for(error))
        return False
    messages.success(request, _("The promised documents were handed in."))
    return True

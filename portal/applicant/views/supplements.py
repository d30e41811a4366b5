"""Answer a one-time notice: only the marked fields and documents are open."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.applicant.access import case_or_404
from services.cases.models import Case, Supplement
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.refusals import sentence_for
from services.cases.operations.steps import answer_supplement
from services.cases.queries.forms import documents_wanted, form_answers, form_of
from services.documents.operations import UploadRefusedError, store_upload
from services.documents.queries import uploads_of
from services.forms.build import SectionForm
from services.forms.schema import FormSchema, Section, Use
from workflows.operations.tasks import RunSuspendedError, TaskClosedError
from workflows.queries.calendars import database_now


@require_http_methods(["GET", "POST"])
def supplement(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show what is asked, take documents one by one, then hand everything in together."""
    at = database_now()
    case = case_or_404(request, public_id, at)
    asked = case.supplements.order_by("-round").first()
    if asked is None:
        raise Http404
    form = _form(case, asked, request.POST if request.method == "POST" and "material" not in request.POST else None)
    refused: dict[str, str] = {}
    if request.method == "POST" and "material" in request.POST:
        if message := _upload(request, case, asked, at):
            refused[request.POST["material"]] = message
        else:
            return redirect(request.path)
    elif request.method == "POST" and (form is None or form.is_valid()) and _hand_in(request, case, form, at):
        return redirect("applicant:application", case.application.public_id)
    hold = case.application.holds.filter(released_at__isnull=True).first()
    context = {"case": case, "asked": asked, "form": form, "rows": _documents(case, asked, refused), "hold": hold}
    return render(request, "applicant/supplement.html", context)


def _hand_in(request: HttpRequest, case: Case, form: SectionForm | None, at: datetime) -> bool:
    """Hand everything in; False if the page must stay as it is, with what was typed."""
    try:
        answers = form.answers_to_save if form is not None else {}
        answer_supplement(case_id=case.pk, answers=answers, by=request.user, at=at)
        messages.success(request, _("Your supplement was handed in."))
    except RunSuspendedError as error:
        messages.warning(request, sentence_for(error))
        return False
    except TaskClosedError:
        messages.info(
            request, _("Nothing is asked of you here any more: it was handed in already, or the case is closed.")
        )
    except NotAllowedError:
        messages.error(request, _("You may not answer for this applicant."))
    return True


def _codes(asked: Supplement, kind: str) -> dict[str, str]:
    return {item["code"]: item["reason"] for item in asked.items if item["kind"] == kind}


def _form(case: Case, asked: Supplement, data: Any) -> SectionForm | None:
    """Return a form of the marked fields only, or None if no field is marked."""
    marked = _codes(asked, "element")
    schema = form_of(case.application)
    uses: tuple[Use, ...] = tuple(use for use in schema.uses if use.element.code in marked)
    if not uses:
        return None
    section = Section("marked", uses[0].element.label, uses, 0)
    made = type(
        "SupplementForm",
        (SectionForm,),
        {
            "schema": FormSchema((section,), ()),
            "section": section,
            "language": get_language() or "zh-hans",
        },
    )
    form: SectionForm = made(data, answers=form_answers(case.application), today=timezone.localdate())
    return form


def _documents(case: Case, asked: Supplement, refused: dict[str, str]) -> list[dict[str, Any]]:
    marked = _codes(asked, "material")
    needs = {need.code: need for need in documents_wanted(case.application)}
    uploads: dict[str, list[Any]] = {}
    for upload in uploads_of("application", case.application_id):
        uploads.setdefault(upload.material_code, []).append(upload)
    return [
        {
            "code": code,
            "need": needs.get(code),
            "reason": reason,
            "uploads": uploads.get(code, []),
            "refused": refused.get(code),
        }
        for code, reason in marked.items()
    ]


def _upload(request: HttpRequest, case: Case, asked: Supplement, at: Any) -> str:
    """Store one marked document; returns why it was refused, or "" if it was taken."""
    code, file = request.POST["material"], request.FILES.get("file")
    if asked.answered_at is not None or code not in _codes(asked, "material"):
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

"""Hand in documents, take them back, and download papers."""

from __future__ import annotations

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.applicant.access import draft_or_404
from portal.ui.downloads import attachment_response
from services.access.enums import Purpose
from services.cases.operations.drafts import note_upload_change
from services.cases.permissions import applications_of
from services.cases.queries.forms import documents_held, documents_wanted
from services.cases.queries.prefilling import held_documents
from services.documents.models import Paper, Upload
from services.documents.operations import (
    PaperNotRenderedError,
    UploadRefusedError,
    open_paper,
    open_upload,
    remove_upload,
    store_upload,
)
from services.documents.queries import uploads_of
from workflows.queries.calendars import database_now


@require_http_methods(["GET", "POST"])
def documents(request: HttpRequest, public_id: str) -> HttpResponse:
    """List the documents wanted, each with what was handed in; POST hands one in."""
    at = database_now()
    draft = draft_or_404(request, public_id, at)
    wanted = documents_wanted(draft)
    refused: dict[str, str] = {}
    if request.method == "POST":
        code, file = request.POST.get("material", "") or request.POST.get("held", ""), request.FILES.get("file")
        if file is None or code not in {need.code for need in [*wanted, *documents_held(draft)]}:
            refused[code] = _("Choose a file first, then press Upload.")
        else:
            try:
                store_upload(
                    file=file,
                    original_name=file.name or "",
                    declared_type=file.content_type or "",
                    subject_kind="application",
                    subject_id=draft.pk,
                    material_code=code,
                    by=request.user,
                    at=at,
                )
                note_upload_change(application_id=draft.pk, by=request.user, at=at)
                messages.success(request, _("The document was uploaded."))
                return redirect(f"{request.path}#document-{code}")
            except UploadRefusedError as error:
                refused[code] = str(error)
    uploads: dict[str, list[Upload]] = {}
    for upload in uploads_of("application", draft.pk):
        uploads.setdefault(upload.material_code, []).append(upload)
    rows = [{"need": need, "uploads": uploads.get(need.code, []), "refused": refused.get(need.code)} for need in wanted]
    return render(
        request,
        "applicant/documents.html",
        {"draft": draft, "rows": rows, "held": held_documents(draft)},
        status=422 if refused else 200,
    )


@require_POST
def remove(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a document back from a draft."""
    at = database_now()
    draft = draft_or_404(request, public_id, at)
    upload = uploads_of("application", draft.pk).filter(public_id=request.POST.get("upload", "")).first()
    if upload is not None:
        remove_upload(upload=upload, by=request.user, at=at)
        note_upload_change(application_id=draft.pk, by=request.user, at=at)
    return redirect("applicant:documents", public_id)


@require_GET
def upload(request: HttpRequest, public_id: str) -> FileResponse:
    """Download a document she handed in."""
    at = database_now()
    found = Upload.objects.filter(public_id=public_id, subject_kind="application").first()
    if found is None or not applications_of(request.user, at).filter(pk=int(found.subject_id)).exists():
        raise Http404
    stored = open_upload(upload=found, reader=request.user, purpose=Purpose.OWN_APPLICATION, at=at)
    return attachment_response(stored.path, stored.name, stored.media_type)


@require_GET
def paper(request: HttpRequest, public_id: str) -> HttpResponse:
    """Download an official paper about one of her applications or cases."""
    at = database_now()
    found = Paper.objects.filter(public_id=public_id).first()
    if found is None or not _is_hers(request, found, at):
        raise Http404
    try:
        stored = open_paper(paper=found, reader=request.user, purpose=Purpose.OWN_APPLICATION, at=at)
    except PaperNotRenderedError:
        messages.warning(request, _("This paper is being made. Try again in a minute."))
        return redirect("applicant:cases")
    return attachment_response(stored.path, stored.name, stored.media_type)


def _is_hers(request: HttpRequest, paper: Paper, at: object) -> bool:
    mine = applications_of(request.user, at)  # type: ignore[arg-type]
    if paper.subject_kind == "application":
        return mine.filter(pk=int(paper.subject_id)).exists()
    return paper.subject_kind == "case" and mine.filter(cases__pk=int(paper.subject_id)).exists()

"""Hand in documents, take them back, and download them and the papers."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.applicant.access import draft_or_404
from portal.applicant.document_rows import DocumentRow, rows_of
from portal.ui.downloads import attachment_response, picture_response
from services.access.enums import Purpose
from services.cases.models import Application
from services.cases.operations.documents import hand_in_document, take_back_document
from services.cases.operations.wallet import NotInWalletError, use_wallet_item
from services.cases.permissions import applications_of, applications_with_papers_for
from services.cases.queries.forms import documents_wanted
from services.cases.queries.places import (
    ANSWER,
    DEFERRED,
    DRAFT,
    SUPPLEMENT,
    Place,
    PlaceClosedError,
    place_of,
    thing_at,
)
from services.cases.queries.prefilling import HeldDocument, held_documents
from services.cases.queries.wallet import Wallet, wallet_for
from services.documents.models import Paper, Upload
from services.documents.operations import (
    NoPreviewError,
    PaperNotRenderedError,
    UploadNotReadyError,
    UploadRefusedError,
    open_paper,
    open_preview,
    open_upload,
)
from workflows.queries.calendars import database_now

PAGES = {
    DRAFT: "applicant:documents",
    SUPPLEMENT: "applicant:supplement",
    DEFERRED: "applicant:deferred",
    ANSWER: "applicant:request",
}
#: Characters of an id or a media type; ids have at most 20, a longer one is nobody's.
LONGEST_WORD = 100


@require_http_methods(["GET", "POST"])
def documents(request: HttpRequest, public_id: str) -> HttpResponse:
    """List the documents wanted, each with what was handed in; POST hands in files for one of them."""
    at = database_now()
    draft = draft_or_404(request, public_id, at)
    refused: dict[str, str] = {}
    if request.method == "POST":
        code = request.POST.get("material", "") or request.POST.get("held", "")
        try:
            refused = hand_in_files(request, place_of(DRAFT, public_id, code, by=request.user, at=at), at)
        except PlaceClosedError:
            messages.error(request, _("This document is not asked for."))
        if not refused:
            return redirect(f"{request.path}#document-{code}")
    wallet = wallet_for(request.user, draft.party, at)
    wanted, by = documents_wanted(draft), request.user
    context = {
        "draft": draft,
        "rows": rows_of(draft, DRAFT, draft.public_id, wanted, by=by, refused=refused, wallet=wallet),
        "held": _held(request, draft, wallet, refused),
    }
    return render(request, "applicant/documents.html", context, status=422 if refused else 200)


def hand_in_files(request: HttpRequest, place: Place, at: datetime, *, field: str = "file") -> dict[str, str]:
    """Keep every file that came with a form; return why one was refused, by the document's code.

    Those before the refused one are kept. Raises PlaceClosedError.
    """
    if not request.FILES.getlist(field):
        return {place.code: _("Choose a file first, then press Upload.")}
    kept = 0
    try:
        for file in request.FILES.getlist(field):
            _hand_in(request, place, file, at)
            kept += 1
    except UploadRefusedError as error:
        return {place.code: _("%(name)s: %(reason)s") % {"name": file.name, "reason": error}}
    finally:
        if kept:
            words = ngettext("One file was uploaded.", "%(number)s files were uploaded.", kept)
            messages.success(request, words % {"number": kept})
    return {}


def take_documents(
    request: HttpRequest, kind: str, public_id: str, codes: Iterable[str], at: datetime
) -> dict[str, str]:
    """Do what was asked about the documents that share one form; return why one was refused, by its code.

    That is: keep the files that came along, take one back, or use something of the wallet.
    """
    refused: dict[str, str] = {}
    for code in codes:
        field = f"file-{code}"
        if not request.FILES.getlist(field) and request.POST.get("upload") != code:
            continue
        try:
            place = place_of(kind, public_id, code, by=request.user, at=at)
            refused |= hand_in_files(request, place, at, field=field)
        except PlaceClosedError:
            refused[code] = _("This document is not asked for.")
    if "take_back" in request.POST:
        _take_back_shared(request, kind, public_id, at)
    if "wallet" in request.POST:
        code, _blank, item = request.POST["wallet"].partition(" ")
        refused |= use_of_wallet(request, kind, public_id, code, item, at)
    return refused


def _take_back_shared(request: HttpRequest, kind: str, public_id: str, at: datetime) -> None:
    upload_id = plain_word(request.POST["take_back"])
    code = Upload.objects.filter(public_id=upload_id).values_list("material_code", flat=True).first() or ""
    with suppress(PlaceClosedError):  # nothing can be taken back there; the page says what stands
        place = place_of(kind, public_id, code, by=request.user, at=at)
        take_back_document(place=place, upload_id=upload_id, by=request.user, at=at)


def use_of_wallet(
    request: HttpRequest, kind: str, public_id: str, code: str, item: str, at: datetime
) -> dict[str, str]:
    """Hand in something of the wallet as a document; return why it was refused, by the document's code."""
    try:
        place = place_of(kind, public_id, code, by=request.user, at=at)
        use_wallet_item(place=place, item=item, by=request.user, at=at)
    except (NotInWalletError, PlaceClosedError):
        return {code: _("Your wallet holds nothing in force for this document. Please upload it.")}
    except UploadRefusedError as error:
        return {code: str(error)}
    except PaperNotRenderedError:
        return {code: _("This paper is being made. Try again in a minute.")}
    messages.success(request, _("Taken from your wallet."))
    return {}


def _hand_in(request: HttpRequest, place: Place, file: UploadedFile, at: datetime) -> Upload:
    return hand_in_document(
        place=place,
        file=file,
        length=file.size or 0,
        original_name=file.name or "",
        declared_type=file.content_type or "",
        replaces=plain_word(request.POST.get("replaces", "")),
        by=request.user,
        at=at,
    )


def _held(
    request: HttpRequest, draft: Application, wallet: Wallet | None, refused: dict[str, str]
) -> list[tuple[HeldDocument, DocumentRow]]:
    held, by = held_documents(draft), request.user
    needs = [one.need for one in held]
    rows = rows_of(draft, DRAFT, draft.public_id, needs, by=by, refused=refused, wallet=wallet)
    return list(zip(held, rows, strict=True))


def place_or_404(request: HttpRequest, kind: str, public_id: str, code: str, at: datetime) -> Place:
    """Return where she may hand a document in, or answer 404."""
    try:
        return place_of(kind, public_id, code, by=request.user, at=at)
    except PlaceClosedError as error:
        raise Http404 from error


def plain_word(text: str) -> str:
    """Return an id or a media type as a browser sends it; "" for what can be none: no such column holds it."""
    return text if len(text) <= LONGEST_WORD and text.isascii() and text.isprintable() else ""


@require_GET
def document(request: HttpRequest, kind: str, public_id: str, code: str) -> HttpResponse:
    """Return the part of a page that shows one document's files and their states."""
    at = database_now()
    place = place_or_404(request, kind, public_id, code, at)
    rows = rows_of(place.application, kind, public_id, [thing_at(place)], by=request.user, since=place.since)
    return render(request, "applicant/document_files.html", {"row": rows[0]})


@require_POST
def take_back(request: HttpRequest, kind: str, public_id: str, code: str) -> HttpResponse:
    """Take a file back that was handed in here."""
    at = database_now()
    place = place_or_404(request, kind, public_id, code, at)
    try:
        take_back_document(place=place, upload_id=plain_word(request.POST.get("upload", "")), by=request.user, at=at)
    except PlaceClosedError:  # taken to the counter or filed meanwhile: the page says so
        messages.error(request, _("This document is not asked for."))
    return redirect(f"{reverse(PAGES[kind], args=[public_id])}#document-{code}")


@require_POST
def use_wallet(request: HttpRequest, kind: str, public_id: str, code: str) -> HttpResponse:
    """Use what the wallet holds as a document."""
    at = database_now()
    place_or_404(request, kind, public_id, code, at)
    for reason in use_of_wallet(request, kind, public_id, code, request.POST.get("item", ""), at).values():
        messages.warning(request, reason)
    return redirect(f"{reverse(PAGES[kind], args=[public_id])}#document-{code}")


@require_GET
def upload(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Download a document she handed in."""
    at = database_now()
    found = _her_upload(request, public_id, at)
    try:
        stored = open_upload(upload=found, reader=request.user, purpose=Purpose.OWN_APPLICATION, at=at)
    except UploadNotReadyError as error:
        raise Http404 from error
    return attachment_response(stored.path, stored.name, stored.media_type)


@require_GET
def preview(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Show a small picture of a document she handed in."""
    at = database_now()
    found = _her_upload(request, public_id, at)
    try:
        path = open_preview(upload=found, size="small", reader=request.user, purpose=Purpose.OWN_APPLICATION, at=at)
    except (UploadNotReadyError, NoPreviewError) as error:
        raise Http404 from error
    return picture_response(path)


def _her_upload(request: HttpRequest, public_id: str, at: datetime) -> Upload:
    found = Upload.objects.filter(public_id=public_id, subject_kind="application").first()
    if found is None or not applications_of(request.user, at).filter(pk=int(found.subject_id)).exists():
        raise Http404
    return found


@require_GET
def paper(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Download an official paper about one of her applications or cases."""
    at = database_now()
    found = Paper.objects.filter(public_id=public_id).first()
    if found is None or not _is_hers(request, found, at):
        raise Http404
    try:
        stored = open_paper(paper=found, reader=request.user, purpose=Purpose.OWN_APPLICATION, at=at)
    except PaperNotRenderedError:
        messages.warning(request, _not_there(found))
        return redirect("applicant:cases")
    return attachment_response(stored.path, stored.name, stored.media_type)


def _not_there(found: Paper) -> str:
    """Say why there is no file: being made, or a name has a character for which we have no font."""
    found.refresh_from_db(fields=["render_error"])
    if not found.render_error:
        return _("This paper is being made. Try again in a minute.")
    return _(
        "Paper %(number)s is issued and valid, but its file cannot be drawn yet. We are told of it and put it right; "
        "you need do nothing. If you need it at once, a service window confirms it to you."
    ) % {"number": found.number}


def _is_hers(request: HttpRequest, paper: Paper, at: object) -> bool:
    mine = applications_with_papers_for(request.user, at, paper.kind)  # type: ignore[arg-type]
    if paper.subject_kind == "application":
        return mine.filter(pk=int(paper.subject_id)).exists()
    return paper.subject_kind == "case" and mine.filter(cases__pk=int(paper.subject_id)).exists()

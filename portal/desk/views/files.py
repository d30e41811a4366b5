"""Documents and papers of a case, for those who may see the case; every reading is recorded."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from portal.desk.access import case_or_404
from portal.handling.files import upload_response
from portal.ui.downloads import attachment_response
from portal.ui.fetched import say_fetched
from services.access.enums import Purpose
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.fetching import fetch_for_case
from services.cases.queries.casefiles import documents_of_case
from services.cases.queries.requests import requests_of
from services.documents.operations import PaperNotRenderedError, open_paper
from services.documents.queries import papers_of
from workflows.queries.calendars import database_now


@require_GET
def upload(request: HttpRequest, public_id: str, upload_id: str) -> HttpResponseBase:
    """Send a document that this case's own service or its department asked for; another department's stay closed.

    With ?picture=large it is a picture of it, for the page.
    """
    at = database_now()
    case = case_or_404(request, public_id, at)
    uploads = [upload for document in documents_of_case(case) for upload in document.uploads]
    uploads += [upload for asked in requests_of(case) for upload in asked.files]
    found = next((upload for upload in uploads if upload.public_id == upload_id), None)
    if found is None:
        raise Http404
    return upload_response(request, found, purpose=Purpose.REVIEW, case_ref=case.number, at=at)


@require_POST
def fetch(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Fetch the documents the government holds and nobody handed in."""
    at = database_now()
    case = case_or_404(request, public_id, at)
    try:
        readings = fetch_for_case(case_id=case.pk, by=request.user, at=at)
    except NotAllowedError:
        messages.error(request, _("Only the department that handles the case fetches documents for it."))
    else:
        say_fetched(request, sum(len(one.filled) for one in readings))
    return redirect("desk:case", public_id)


@require_GET
def paper(request: HttpRequest, public_id: str, paper_id: str) -> HttpResponseBase:
    """Send an official paper about this case."""
    at = database_now()
    case = case_or_404(request, public_id, at)
    found = papers_of("case", case.pk).filter(public_id=paper_id).first()
    if found is None:
        raise Http404
    try:
        stored = open_paper(paper=found, reader=request.user, purpose=Purpose.REVIEW, at=at)
    except PaperNotRenderedError:
        messages.warning(request, _("This paper is being made. Try again in a minute."))
        return redirect("desk:case", public_id)
    return attachment_response(stored.path, stored.name, stored.media_type)

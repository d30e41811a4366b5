"""Documents handed in and official papers, for the window; every reading is recorded."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from portal.counter.access import application_or_404
from portal.handling.files import upload_response
from portal.ui.downloads import attachment_response
from services.access.enums import Purpose
from services.documents.operations import PaperNotRenderedError, open_paper
from services.documents.queries import papers_of_subjects, uploads_of
from workflows.queries.calendars import database_now


@require_GET
def upload(request: HttpRequest, public_id: str, upload_id: str) -> HttpResponseBase:
    """Send a document handed in with an application; with ?picture=large a picture of it, for the page."""
    at = database_now()
    application = application_or_404(request, public_id, at)
    found = uploads_of("application", application.pk).filter(public_id=upload_id).first()
    if found is None:
        raise Http404
    return upload_response(request, found, purpose=Purpose.WINDOW, case_ref=application.number or "", at=at)


@require_GET
def paper(request: HttpRequest, public_id: str, paper_id: str) -> HttpResponseBase:
    """Send an official paper of an application or one of its cases, to be printed."""
    at = database_now()
    application = application_or_404(request, public_id, at)
    subjects = [("case", str(pk)) for pk in application.cases.values_list("pk", flat=True)]
    papers = papers_of_subjects([("application", str(application.pk)), *subjects])
    found = papers.filter(public_id=paper_id).first()
    if found is None:
        raise Http404
    try:
        stored = open_paper(paper=found, reader=request.user, purpose=Purpose.PRINT, at=at)
    except PaperNotRenderedError:
        messages.warning(request, _("This paper is being made. Try again in a minute."))
        return redirect("counter:application", public_id)
    return attachment_response(stored.path, stored.name, stored.media_type)

"""Documents handed in, for those who work on them; every reading is recorded."""

from __future__ import annotations

from datetime import datetime

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from portal.ui.downloads import attachment_response, picture_response
from services.access.enums import Purpose
from services.documents.models import Upload
from services.documents.operations import NoPreviewError, UploadNotReadyError, open_preview, open_upload


def upload_response(
    request: HttpRequest, upload: Upload, *, purpose: Purpose, case_ref: str, at: datetime
) -> HttpResponseBase:
    """Return a document handed in to somebody who works on it, and record the reading.

    With ?picture=large (or small) it is a picture of it, for the page. case_ref: number of the case or application it
    is read for. Raises Http404 for a file that is not ready (being checked, refused) or has no picture.
    """
    about = {"reader": request.user, "purpose": purpose, "case_ref": case_ref, "at": at}
    try:
        if size := request.GET.get("picture"):
            return picture_response(open_preview(upload=upload, size=size, **about))
        stored = open_upload(upload=upload, **about)
    except (NoPreviewError, UploadNotReadyError) as error:
        raise Http404 from error
    return attachment_response(stored.path, stored.name, stored.media_type)

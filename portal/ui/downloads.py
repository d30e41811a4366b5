"""Send stored files so that a browser saves them and never runs them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header


def attachment_response(path: Path, name: str, media_type: str) -> HttpResponseBase:
    """Return a file as a download under a person's own file name, Chinese or not (RFC 6266, 5987).

    path: where it lies. name: what it is called when saved, already freed of control characters. Whatever the file
    holds, the browser must not guess its type, run it, frame it or keep a copy of it. Where the proxy sends files
    (FILES_BY_PROXY), it is told which; that a person may have it was decided here.
    """
    return _guarded(_sent(path, media_type), content_disposition_header(True, name))


def picture_response(path: Path) -> HttpResponseBase:
    """Return a picture the server drew of a document, to be shown on a page of ours and nowhere else."""
    return _guarded(_sent(path, "image/png"), "inline")


def _sent(path: Path, media_type: str) -> HttpResponseBase:
    root = Path(settings.MEDIA_ROOT)
    if settings.FILES_BY_PROXY and path.is_relative_to(root):
        address = f"{settings.FILES_BY_PROXY.rstrip('/')}/{quote(str(path.relative_to(root)))}"
        return HttpResponse(content_type=media_type, headers={"X-Accel-Redirect": address})
    return FileResponse(path.open("rb"), content_type=media_type)


def _guarded(response: HttpResponseBase, disposition: str) -> HttpResponseBase:
    response["Content-Disposition"] = disposition
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "no-store, private"
    return response

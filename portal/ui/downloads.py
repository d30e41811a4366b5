"""Send stored files so that a browser saves them and never runs them."""

from __future__ import annotations

from pathlib import Path

from django.http import FileResponse


def attachment_response(path: Path, name: str, media_type: str) -> FileResponse:
    """Return a file as a download under a person's own file name, Chinese or not (RFC 5987).

    path: where it lies. name: what it is called when saved, already freed of control characters. Whatever the file
    holds, the browser must not guess its type, run it, frame it or keep a copy of it.
    """
    response = FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type=media_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "no-store, private"
    return response

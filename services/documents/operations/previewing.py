"""Pictures of documents for pages, drawn here from the cleaned copy: no file itself is ever opened in a page."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from services.access.operations import record_access
from services.documents import storage
from services.documents.enums import UploadState
from services.documents.models import Upload
from services.documents.operations.uploads import UploadNotReadyError
from services.documents.page_drawing import PageNotDrawnError, draw_first_page

if TYPE_CHECKING:
    from portal.accounts.models import User

#: Longest side of a picture in pixels; a PDF's page is as wide.
SIZES = {"small": 96, "large": 1000}


class NoPreviewError(Exception):
    """There is no picture of this file: it is an office file, or it cannot be drawn."""


def open_preview(*, upload: Upload, size: str, reader: User, purpose: str, case_ref: str = "", at: datetime) -> Path:
    """Return the PNG of a picture or of a PDF's first page, drawn the first time; whether she may was decided before.

    size: "small" or "large". Effects: an access log row when somebody else than who handed it in looks.
    Raises UploadNotReadyError, NoPreviewError.
    """
    if upload.state != UploadState.READY:
        raise UploadNotReadyError
    if not upload.previewed or size not in SIZES:
        raise NoPreviewError
    if upload.owner_id != reader.pk:
        record_access(
            reader=reader,
            subject_kind=upload.subject_kind,
            subject_id=upload.subject_id,
            fields=[f"file:{upload.material_code}"],
            purpose=purpose,
            case_ref=case_ref,
            at=at,
        )
    key = storage.preview_key(upload.storage_key, size)
    if not storage.path_of(key).exists():
        storage.keep(storage.write([_drawn(upload, SIZES[size])]), key)
    return storage.path_of(key)


def _drawn(upload: Upload, length: int) -> bytes:
    path = storage.path_of(upload.storage_key)
    try:
        if upload.media_type == "application/pdf":
            return draw_first_page(path, width=length)
        with Image.open(path, formats=["JPEG", "PNG"]) as picture:
            picture.draft("RGB", (length, length))
            picture.thumbnail((length, length))
            buffer = io.BytesIO()
            picture.convert("RGBA" if "A" in picture.getbands() else "RGB").save(buffer, "PNG")
            return buffer.getvalue()
    except (PageNotDrawnError, OSError, ValueError) as error:
        raise NoPreviewError from error

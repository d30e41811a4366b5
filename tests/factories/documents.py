"""Files and papers for tests, made through the same operations the portal uses."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pikepdf
from django.conf import settings
from PIL import Image

from portal.accounts.models import User
from services.cases.models import Application
from services.documents.file_types import FileRule
from services.documents.models import Paper, PartialUpload, Upload
from services.documents.operations import issue_paper, store_upload
from services.documents.operations.partial_uploads import begin_partial
from tests.factories.accounts import UserFactory
from tests.factories.papers import AT, FACTS

#: The antivirus industry's test file, in two pieces, so that no scanner takes this one for it.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def picture_bytes(form: str = "JPEG", size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    """Return a small real picture."""
    buffer = io.BytesIO()
    Image.new("RGB", size, "#0b5cad").save(buffer, form, **options)
    return buffer.getvalue()


def pdf_bytes(pages: int = 1, **save_options: Any) -> bytes:
    """Return a small real PDF."""
    buffer = io.BytesIO()
    with pikepdf.new() as pdf:
        for _page in range(pages):
            pdf.add_blank_page()
        pdf.save(buffer, **save_options)
    return buffer.getvalue()


def office_bytes(entries: Mapping[str, bytes]) -> bytes:
    """Return a small Word file with more parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>", **entries}.items():
            package.writestr(name, content)
    return buffer.getvalue()


def files_on_disk() -> list[Path]:
    """Return every stored file, whatever it is for."""
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def make_upload(**given: Any) -> Upload:
    """Store a picture for a draft application."""
    content = given.pop("content", None) or picture_bytes()
    defaults: dict[str, Any] = {
        "file": io.BytesIO(content),
        "original_name": "布局图.jpg",
        "declared_type": "image/jpeg",
        "subject_kind": "application",
        "subject_id": "1",
        "material_code": "layout-plan",
        "at": AT,
    }
    given.setdefault("by", None)
    given["by"] = given["by"] or UserFactory()
    return store_upload(**{**defaults, **given})


def make_partial(draft: Application, *, by: User, length: int = 10, **given: Any) -> PartialUpload:
    """Begin a file that comes in parts, for a document of a draft."""
    about: dict[str, Any] = {
        "kind": "draft", "place": draft.public_id, "subject_kind": "application", "subject_id": draft.pk,
        "material_code": "layout-plan", "original_name": "布局图.jpg", "declared_type": "image/jpeg",
        "sha256": "", "rule": FileRule(), "at": AT,
    }  # fmt: skip
    return begin_partial(**{**about, **given}, length=length, by=by)


def make_paper(
    kind: str = "acceptance_notice",
    *,
    department: str,
    facts: Mapping[str, Any] | None = None,
    language: str = "zh-hans",
    at: datetime = AT,
    subject: tuple[str, str] = ("case", "1"),
) -> Paper:
    """Issue a paper about a case with the facts of tests.factories.papers."""
    return issue_paper(
        kind=kind,
        department=department,
        subject_kind=subject[0],
        subject_id=subject[1],
        facts=FACTS[kind] if facts is None else facts,
        language=language,
        by=UserFactory(),
        at=at,
    )

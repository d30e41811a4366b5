"""Files and papers for tests, made through the same operations the portal uses."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pikepdf
from PIL import Image

from services.documents.models import Paper, Upload
from services.documents.operations import issue_paper, store_upload
from tests.factories.accounts import UserFactory
from tests.factories.papers import AT, FACTS


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

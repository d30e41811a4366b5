"""Keep a register's record as a document of an application: the record as it came, and a printout people can read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings

from services.documents import storage, typesetting
from services.documents.enums import UploadState
from services.documents.models import Upload
from services.documents.operations.uploads import remove_upload, settle_upload, take_checked
from services.documents.seals import seal_adapter

if TYPE_CHECKING:
    from portal.accounts.models import User

Pair = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class RegisterRecord:
    """What a register gave for a document. rows: label in both languages and value, in the order they are shown.

    source: its code. key: what was asked for, masked. basis: why it may be shared instead of asked for.
    """

    source: str
    source_name: Pair
    department: Pair
    title: Pair
    key: str
    basis: Pair
    rows: Sequence[tuple[Pair, object]]
    fields: Mapping[str, Any]


def take_fetched_record(
    *,
    record: RegisterRecord,
    subject_kind: str,
    subject_id: str | int,
    material_code: str,
    language: str,
    by: User,
    at: datetime,
) -> Upload:
    """Keep a record as a file of a subject; it counts once `settle_fetched_record` says so, under the subject's lock.

    The original is the record as JSON, with its SHA-256 on the printout; the copy everybody sees is a PDF that says
    which register gave it and when. Effects as `take_upload`. It is not a certificate and does not look like one; a
    demonstration's is marked as a specimen.
    Raises typesetting.TypesettingError: a character no font has.
    """
    content = json.dumps(dict(record.fields), ensure_ascii=False, sort_keys=True, indent=1, default=str).encode()
    original = storage.write([content])
    copy: storage.Received | None = None
    try:
        paper = _content(record, original.sha256, language, at)
        copy = storage.write([typesetting.draw("register_record", paper, created_at=at)])
        title = record.title["zh" if language == "zh-hans" else "en"]
        return take_checked(
            original, copy, original_extension="json", extension="pdf", media_type="application/pdf",
            owner=by, subject_kind=subject_kind, subject_id=str(subject_id), material_code=material_code,
            original_name=f"{title}.pdf", uploaded_at=at,
            origin={"by": "source", "source": record.source, "name": dict(record.source_name), "at": at.isoformat()},
        )  # fmt: skip
    finally:
        storage.discard(original, copy)


def settle_fetched_record(*, upload: Upload, by: User, at: datetime) -> None:
    """Let a record count; what was fetched before for the same document gives way to it."""
    settle_upload(upload=upload, at=at, checked=True)
    older = Upload.objects.filter(
        subject_kind=upload.subject_kind, subject_id=upload.subject_id, material_code=upload.material_code,
        state=UploadState.READY, origin__source=upload.origin["source"], origin__by="source",
    ).exclude(pk=upload.pk)  # fmt: skip
    for one in older:
        remove_upload(upload=one, by=by, at=at)


def _content(record: RegisterRecord, sha256: str, language: str, at: datetime) -> dict[str, Any]:
    chosen = "zh" if language == "zh-hans" else "en"
    return {
        "language": language,
        "title": record.title[chosen],
        "number": record.key,
        "department": record.department[chosen],
        "verify_code": sha256[:16],
        "specimen": seal_adapter().specimen,
        "facts": {
            "source": record.source_name[chosen],
            "key": record.key,
            "basis": record.basis[chosen],
            "fetched_at": at.astimezone(ZoneInfo(settings.TIME_ZONE)).isoformat(timespec="minutes"),
            "sha256": sha256,
            "rows": [[label[chosen], _shown(value)] for label, value in record.rows],
        },
    }


def _shown(value: object) -> object:
    return value if isinstance(value, bool) else str(value)

"""Keep a document for later applications, and hand in what is kept once more."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import transaction

from services.documents import storage
from services.documents.enums import UploadState
from services.documents.models import KeptDocument, Upload
from services.documents.operations.uploads import UploadNotReadyError, take_checked

if TYPE_CHECKING:
    from portal.accounts.models import User


@transaction.atomic
def keep_document(
    *, upload: Upload, party_kind: str, party_id: int, consent_hash: str, until: date, by: User, at: datetime
) -> KeptDocument:
    """Keep a file in a party's wallet, because she agreed to it now. Keeping it again begins anew.

    consent_hash: of the text she agreed to. until: the last day it is offered. Whether she may was decided by the
    caller. Raises UploadNotReadyError.
    """
    locked = Upload.objects.select_for_update().get(pk=upload.pk)
    if locked.state != UploadState.READY:
        raise UploadNotReadyError
    terms = {"kept_by": by, "kept_at": at, "kept_until": until, "consent_hash": consent_hash}
    kept, _made = KeptDocument.objects.update_or_create(
        upload=locked,
        defaults={**terms, "dropped_at": None, "dropped_by": None},
        create_defaults={**terms, "party_kind": party_kind, "party_id": party_id},
    )
    return kept


@transaction.atomic
def drop_document(*, kept: KeptDocument, by: User, at: datetime) -> KeptDocument:
    """Take a document out of the wallet; the application it was handed in with keeps it. Twice is once."""
    locked = KeptDocument.objects.select_for_update().get(pk=kept.pk)
    if locked.dropped_at is None:
        locked.dropped_at, locked.dropped_by = at, by
        locked.save(update_fields=["dropped_at", "dropped_by"])
    return locked


def hand_in_again(
    *,
    path: Path,
    name: str,
    media_type: str,
    origin: dict[str, Any],
    subject_kind: str,
    subject_id: str | int,
    material_code: str,
    by: User,
    at: datetime,
) -> Upload:
    """Hand a stored file in once more, as a document of another subject; it was checked when it first came.

    path: of the stored file. origin: where it comes from, see `Upload`. Effects as `take_upload`: it counts once
    `settle_upload` says so.
    """
    extension = path.suffix.removeprefix(".") or "bin"
    original: storage.Received | None = None
    copy: storage.Received | None = None
    try:
        with path.open("rb") as file:
            original = storage.write(iter(lambda: file.read(storage.CHUNK_BYTES), b""))
        with path.open("rb") as file:
            copy = storage.write(iter(lambda: file.read(storage.CHUNK_BYTES), b""))
        return take_checked(
            original, copy, original_extension=extension, extension=extension, media_type=media_type,
            owner=by, subject_kind=subject_kind, subject_id=str(subject_id), material_code=material_code,
            original_name=name, uploaded_at=at, origin=origin,
        )  # fmt: skip
    finally:
        storage.discard(original, copy)

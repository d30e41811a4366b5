"""Take, show and remove the files people hand in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from services.access.operations import record_access
from services.documents import storage
from services.documents.enums import UploadState
from services.documents.file_types import UploadRefusedError, identify, safe_name
from services.documents.models import Upload
from services.documents.sanitising import sanitised

if TYPE_CHECKING:
    from portal.accounts.models import User

UPLOADS_PER_SUBJECT = 200


class UploadNotReadyError(Exception):
    """The file is still being stored, or was removed."""


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A file to send to somebody who may have it. name: what it is called when saved."""

    path: Path
    name: str
    media_type: str


def store_upload(
    *,
    file: storage.ByteSource,
    original_name: str,
    declared_type: str,
    subject_kind: str,
    subject_id: str | int,
    material_code: str,
    by: User,
    at: datetime,
) -> Upload:
    """Check, clean and keep a file; return its row, ready to be shown.

    Effects: the original and the cleaned copy on disk under random keys; one Upload row, pending until both lie there.
    Not atomic on purpose: the row is committed before the files get their names, so that a crash leaves a trace.

    Args:
        file: read once, in portions; not beyond `settings.UPLOAD_MAX_BYTES`.
        original_name: as the browser sent it; only a cleaned form is kept.
        declared_type: the media type the browser sent, "" when it sent none.
        subject_kind, subject_id: what the file belongs to, e.g. ("application", "12").
        material_code: which document of the catalogue it is.
        by: who hands it in.
        at: when.

    Raises:
        UploadRefusedError: with a code and a message that says what to do.
    """
    _check_room(subject_kind, str(subject_id))
    original = _received(file)
    copy: storage.Received | None = None
    try:
        name = safe_name(original_name)
        extension, file_type = identify(original.path, name=name, declared=declared_type)
        copy = storage.write([sanitised(original.path, file_type=file_type, extension=extension)])
        return store_checked(
            original, copy, original_extension=extension, extension=extension, media_type=file_type.media_type,
            owner=by, subject_kind=subject_kind, subject_id=str(subject_id), material_code=material_code,
            original_name=name, uploaded_at=at,
        )  # fmt: skip
    finally:
        storage.discard(original, copy)


def store_checked(
    original: storage.Received,
    copy: storage.Received,
    *,
    original_extension: str,
    extension: str,
    media_type: str,
    **row: object,
) -> Upload:
    """Keep a file that was checked or made here; return its row, ready to be shown. row: the other columns.

    The row is committed, pending, before the files get their names, so that a crash leaves a trace.
    """
    upload = Upload.objects.create(
        media_type=media_type,
        size=copy.size,
        sha256=copy.sha256,
        storage_key=storage.new_key("uploads", extension),
        original_sha256=original.sha256,
        original_key=storage.new_key("originals", original_extension),
        state=UploadState.PENDING,
        **row,
    )
    storage.keep(original, upload.original_key)
    storage.keep(copy, upload.storage_key)
    upload.state = UploadState.READY
    upload.save(update_fields=["state"])
    return upload


def open_upload(
    *, upload: Upload, reader: User, purpose: str, case_ref: str = "", at: datetime, original: bool = False
) -> StoredFile:
    """Return the file to send, after writing down who reads it. Whether she may was decided by the caller.

    original: the untouched original, which only auditors may have (`permissions.can_read_original`).
    Raises UploadNotReadyError.
    """
    if upload.state != UploadState.READY:
        raise UploadNotReadyError
    record_access(
        reader=reader,
        subject_kind=upload.subject_kind,
        subject_id=upload.subject_id,
        fields=[f"file:{upload.material_code}"],
        purpose=purpose,
        case_ref=case_ref,
        at=at,
    )
    key = upload.original_key if original else upload.storage_key
    return StoredFile(path=storage.path_of(key), name=upload.original_name, media_type=upload.media_type)


@transaction.atomic
def remove_upload(*, upload: Upload, by: User, at: datetime) -> Upload:
    """Remove a file that was handed in by mistake; its row stays, its bytes go. Removing twice changes nothing.

    Whether it may still go (the application is a draft) was decided by the caller.
    """
    locked = Upload.objects.select_for_update().get(pk=upload.pk)
    if locked.state == UploadState.REMOVED:
        return locked
    locked.state = UploadState.REMOVED
    locked.removed_at = at
    locked.removed_by = by
    locked.save(update_fields=["state", "removed_at", "removed_by"])
    transaction.on_commit(partial(storage.remove, locked.storage_key))
    transaction.on_commit(partial(storage.remove, locked.original_key))
    return locked


def _check_room(subject_kind: str, subject_id: str) -> None:
    kept = Upload.objects.filter(subject_kind=subject_kind, subject_id=subject_id).exclude(state=UploadState.REMOVED)
    if kept.count() >= UPLOADS_PER_SUBJECT:
        raise UploadRefusedError("count", _("There are too many files already. Please remove some before adding more."))


def _received(file: storage.ByteSource) -> storage.Received:
    limit = int(getattr(settings, "UPLOAD_MAX_BYTES", 20 * 1024 * 1024))
    try:
        return storage.receive(file, limit=limit)
    except storage.TooLongError as error:
        raise UploadRefusedError(
            "size",
            _("The file is too large (at most %(megabytes)s MB). Please make it smaller or split it.")
            % {"megabytes": limit // (1024 * 1024)},
        ) from error

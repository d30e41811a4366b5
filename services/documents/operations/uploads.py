"""Take, show and remove the files people hand in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from services.access.operations import record_access
from services.documents import storage
from services.documents.clamd import scanner_address
from services.documents.enums import ScanState, UploadState
from services.documents.file_types import (
    FileRule,
    UploadRefusedError,
    checked_name,
    download_name,
    extension_of,
    identify,
    kind_not_taken,
    too_large,
)
from services.documents.models import Upload
from services.documents.sanitising import sanitised
from workflows.wake import wake

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


def take_upload(
    *,
    file: storage.ByteSource,
    original_name: str,
    declared_type: str,
    subject_kind: str,
    subject_id: str | int,
    material_code: str,
    by: User,
    at: datetime,
    rule: FileRule | None = None,
    public_id: str = "",
) -> Upload:
    """Check, clean and keep a file; return its row, still PENDING: `settle_upload` makes it count.

    Effects: the original and the cleaned copy on disk under random keys; one Upload row, pending until both lie there.
    Not atomic on purpose: the row is committed before the files get their names, so that a crash leaves a trace.

    Args:
        file: read once, in portions; not beyond the rule's length.
        original_name: as the browser sent it; kept exactly, or refused.
        declared_type: the media type the browser sent, "" when it sent none.
        subject_kind, subject_id: what the file belongs to, e.g. ("application", "12").
        material_code: which document of the catalogue it is.
        by: who hands it in.
        at: when.
        rule: kinds, length and number of files; all kinds and the installation's length without one.
        public_id: the id the upload gets, of a file that arrived in parts; "" gives a fresh one.

    Raises:
        UploadRefusedError: with a code and a message that says what to do.
    """
    rule = rule or FileRule()
    name = checked_name(original_name)
    if not rule.takes(extension_of(name)):
        raise kind_not_taken(rule)
    _check_room(subject_kind, str(subject_id))
    original = _received(file, rule)
    copy: storage.Received | None = None
    try:
        extension, file_type = identify(original.path, name=name, declared=declared_type)
        copy = storage.write([sanitised(original.path, file_type=file_type, extension=extension)])
        return take_checked(
            original, copy, original_extension=extension, extension=extension, media_type=file_type.media_type,
            owner=by, subject_kind=subject_kind, subject_id=str(subject_id), material_code=material_code,
            original_name=name, uploaded_at=at, **({"public_id": public_id} if public_id else {}),
        )  # fmt: skip
    finally:
        storage.discard(original, copy)


def take_checked(
    original: storage.Received,
    copy: storage.Received,
    *,
    original_extension: str,
    extension: str,
    media_type: str,
    **row: Any,
) -> Upload:
    """Keep a file that was made or checked here, and its original: `settle_upload` makes it count.

    row: the other columns. The row is committed, PENDING, before the files get their names, so that a crash leaves a
    trace.
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
    return upload


def settle_upload(*, upload: Upload, at: datetime, checked: bool = False) -> Upload:
    """Let a taken file count: at once, or once the virus scanner has said so where one is set up. Twice is once.

    checked: it was made or checked here, so no scanner need see it. The caller holds the lock of what the file is for,
    so that nothing is added to what was filed meanwhile.
    """
    if upload.state == UploadState.PENDING:
        if scanner_address() and not checked:
            upload.state, upload.scan, upload.scan_after = UploadState.CHECKING, ScanState.PENDING, at
            wake("services.documents.tasks.scan_uploads_task")
        else:
            upload.state = UploadState.READY
        upload.save(update_fields=["state", "scan", "scan_after"])
    return upload


def store_upload(**given: Any) -> Upload:
    """Take a file and let it count at once, for callers that hold no draft: arguments and errors of `take_upload`."""
    return settle_upload(upload=take_upload(**given), at=given["at"])


def drop_upload(upload: Upload) -> None:
    """Throw a taken file away that never counted: its page was closed meanwhile, or the process died over it."""
    storage.remove(upload.storage_key)
    storage.remove(upload.original_key)
    Upload.objects.filter(pk=upload.pk, state=UploadState.PENDING).delete()


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
        fields=[f"{'original' if original else 'file'}:{upload.material_code}"],
        purpose=purpose,
        case_ref=case_ref,
        at=at,
    )
    key = upload.original_key if original else upload.storage_key
    return StoredFile(path=storage.path_of(key), name=download_name(upload.original_name), media_type=upload.media_type)


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
    forget_files(locked)
    return locked


def forget_files(upload: Upload) -> None:
    """Remove an upload's bytes once the transaction has committed."""
    pictures = [storage.preview_key(upload.storage_key, size) for size in ("small", "large")]
    for key in (upload.storage_key, upload.original_key, *pictures):
        transaction.on_commit(partial(storage.remove, key))


def _check_room(subject_kind: str, subject_id: str) -> None:
    kept = Upload.objects.filter(subject_kind=subject_kind, subject_id=subject_id).exclude(state=UploadState.REMOVED)
    if kept.count() >= UPLOADS_PER_SUBJECT:
        raise UploadRefusedError("count", _("There are too many files already. Please remove some before adding more."))


def _received(file: storage.ByteSource, rule: FileRule) -> storage.Received:
    try:
        return storage.receive(file, limit=rule.bytes)
    except storage.TooLongError as error:
        raise too_large(rule) from error

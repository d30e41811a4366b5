"""Files that arrive in parts: begin, append, and where it stopped go on. Each step may be repeated without harm."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
from contextlib import suppress
from functools import partial as bound
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from services.documents import storage
from services.documents.file_types import (
    FileRule,
    UploadRefusedError,
    checked_name,
    empty_file,
    extension_of,
    kind_not_taken,
    too_large,
)
from services.documents.models import PartialUpload
from services.documents.operations.quotas import check_quotas

if TYPE_CHECKING:
    from portal.accounts.models import User

HOLD = dt.timedelta(minutes=2)


class PartialGoneError(Exception):
    """There is no such upload of hers, or it was given up, expired or refused."""


class PartialBusyError(Exception):
    """Another request is writing to or finishing this upload at this moment."""


class OffsetError(Exception):
    """The part does not begin where the last one ended. `received`: where it must begin."""

    def __init__(self, received: int) -> None:
        super().__init__(f"The next part begins at byte {received}.")
        self.received = received


@transaction.atomic
def begin_partial(
    *,
    kind: str,
    place: str,
    subject_kind: str,
    subject_id: str | int,
    material_code: str,
    original_name: str,
    declared_type: str,
    length: int,
    sha256: str,
    replaces: str = "",
    rule: FileRule,
    by: User,
    at: dt.datetime,
) -> PartialUpload:
    """Begin a file of `length` bytes, or return the unfinished one of hers with the same name, length and fingerprint.

    sha256: hex, of the whole file; without it nothing begun before can be found again. The caller holds the lock of the
    subject, so that two that begin at once see each other. Raises UploadRefusedError: name, kind, length or a quota.
    """
    name = checked_name(original_name)
    if not rule.takes(extension_of(name)):
        raise kind_not_taken(rule)
    if length == 0:
        raise empty_file()
    if length > rule.bytes:
        raise too_large(rule)
    about = {
        "owner": by, "kind": kind, "place": place, "subject_kind": subject_kind, "subject_id": str(subject_id),
        "material_code": material_code, "original_name": name, "length": length, "sha256": sha256,
    }  # fmt: skip
    known = PartialUpload.objects.filter(**about, finished_at=None).first() if sha256 else None
    if known is not None:
        return known
    check_quotas(subject_kind=subject_kind, subject_id=str(subject_id), length=length, by=by, at=at)
    key = storage.new_key(storage.PARTS, "part")
    storage.make_empty(key)
    return PartialUpload.objects.create(
        **about,
        declared_type=declared_type[:100],
        replaces=replaces[:20],
        storage_key=key,
        started_at=at,
        changed_at=at,
    )


@transaction.atomic
def append_part(*, public_id: str, offset: int, part: bytes, by: User, at: dt.datetime) -> PartialUpload:
    """Write a part at its place; return the upload with what has been received.

    The same part sent again, because the answer to it was lost, is taken for what it is.
    Raises PartialGoneError, PartialBusyError, OffsetError.
    """
    upload = _locked(public_id, by)
    path = storage.path_of(upload.storage_key)
    if upload.finished_at is not None:
        return upload
    if not path.exists():
        raise PartialGoneError  # a restored database: she begins again
    if offset + len(part) <= upload.received and storage.read_at(path, offset, len(part)) == part:
        return upload
    if offset != upload.received or offset + len(part) > upload.length:
        raise OffsetError(upload.received)
    # Bytes beyond what the row counts are left from a crash between disk and database: they are written over.
    storage.write_at(path, offset, part)
    upload.received, upload.changed_at = offset + len(part), at
    upload.save(update_fields=["received", "changed_at"])
    return upload


@transaction.atomic
def hold_partial(*, public_id: str, by: User, at: dt.datetime) -> PartialUpload:
    """Keep others from finishing this upload for two minutes; a process that dies over it loses only that time.

    Raises PartialGoneError, PartialBusyError; OffsetError while bytes are missing.
    """
    upload = _locked(public_id, by)
    if upload.finished_at is not None:
        return upload
    if upload.received < upload.length:
        raise OffsetError(upload.received)
    if upload.held_until is not None and upload.held_until > at:
        raise PartialBusyError
    upload.held_until = at + HOLD
    upload.save(update_fields=["held_until"])
    return upload


def check_whole(upload: PartialUpload) -> None:
    """Compare the fingerprint of what arrived with what was announced. Raises UploadRefusedError."""
    if upload.sha256 and storage.digest_of(storage.path_of(upload.storage_key)) != upload.sha256:
        raise UploadRefusedError("changed", _("The file was damaged on the way. Please choose it again."))


def close_partial(*, upload: PartialUpload, at: dt.datetime, refusal: str = "") -> None:
    """Note that an upload is finished, with the word why it was refused if it was, and let its parts go."""
    upload.finished_at, upload.refusal, upload.held_until = at, refusal, None
    upload.save(update_fields=["finished_at", "refusal", "held_until"])
    transaction.on_commit(bound(storage.remove, upload.storage_key))


def release_partial(upload: PartialUpload) -> None:
    """Let others finish this upload again, after something went wrong that the sender is not to blame for."""
    PartialUpload.objects.filter(pk=upload.pk, finished_at=None).update(held_until=None)


@transaction.atomic
def give_up_partial(*, public_id: str, by: User) -> None:
    """Throw an unfinished upload of hers away; one that is gone already is fine. Raises PartialBusyError."""
    with suppress(PartialGoneError):
        upload = _locked(public_id, by)
        if upload.finished_at is None:
            transaction.on_commit(bound(storage.remove, upload.storage_key))
            upload.delete()


def forget_partials(*, at: dt.datetime, limit: int = 500) -> int:
    """Delete uploads nobody went on with for `UPLOAD_PARTS_HOURS`, and finished ones of that age; return how many."""
    before = at - dt.timedelta(hours=settings.UPLOAD_PARTS_HOURS)
    with transaction.atomic():
        old = PartialUpload.objects.filter(changed_at__lt=before).order_by("changed_at")
        rows = list(old.select_for_update(skip_locked=True)[:limit])
        for upload in rows:
            transaction.on_commit(bound(storage.remove, upload.storage_key))
        PartialUpload.objects.filter(pk__in=[upload.pk for upload in rows]).delete()
    return len(rows)


def fingerprint(given: str) -> str:
    """Return a SHA-256 as hex, given as hex or base64; "" for anything else."""
    if len(given) == 64:
        return given.lower() if all(character in "0123456789abcdefABCDEF" for character in given) else ""
    try:
        raw = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return raw.hex() if len(raw) == hashlib.sha256().digest_size else ""


def _locked(public_id: str, by: User) -> PartialUpload:
    """Lock an upload of hers or say at once that somebody else does: two parts at the same time are a fault."""
    rows = PartialUpload.objects.filter(public_id=public_id, owner=by)
    try:
        # A transaction of its own, so that the refusal leaves the outer one whole.
        with transaction.atomic():
            upload = rows.select_for_update(nowait=True).first()
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", "") != "55P03":  # lock_not_available
            raise
        raise PartialBusyError from error
    if upload is None or upload.refusal:
        raise PartialGoneError
    return upload

"""Have uploads scanned for viruses where a scanner is set up. What is not known to be clean stays closed."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction

from services.documents import storage
from services.documents.clamd import ScannerError, scan, scanner_address
from services.documents.enums import ScanState, UploadState
from services.documents.models import Upload
from services.documents.operations.uploads import forget_files

LEASE = dt.timedelta(seconds=60)
FIRST_RETRY = dt.timedelta(seconds=15)
LAST_RETRY = dt.timedelta(minutes=10)
_log = logging.getLogger(__name__)


def scan_uploads(*, at: dt.datetime, limit: int = 20) -> int:
    """Scan the originals that wait; return how many got a verdict. Several workers share the work.

    A scanner that gives no answer is asked again later, and the file stays closed meanwhile. Where the scanner was
    switched off while files waited, they count as on an installation without one.
    """
    return sum(_scan_one(upload_id, at) for upload_id in _claim(at, limit))


@transaction.atomic
def _claim(at: dt.datetime, limit: int) -> list[int]:
    waiting = Upload.objects.filter(state=UploadState.CHECKING, scan_after__lte=at).order_by("scan_after", "pk")
    ids = list(waiting.select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
    Upload.objects.filter(pk__in=ids).update(scan_after=at + LEASE)
    return ids


def _scan_one(upload_id: int, at: dt.datetime) -> bool:
    """Ask outside any transaction, however long the scanner takes, then write down what it said."""
    upload = Upload.objects.get(pk=upload_id)
    if not scanner_address():
        return _record(upload_id, ScanState.NONE, "", at)
    try:
        found = scan(storage.path_of(upload.original_key))
    except ScannerError as error:
        _log.warning("upload_not_scanned", extra={"upload": upload.public_id})
        return _record(upload_id, ScanState.ERROR, str(error), at)
    return _record(upload_id, ScanState.INFECTED if found else ScanState.CLEAN, found, at)


@transaction.atomic
def _record(upload_id: int, verdict: ScanState, note: str, at: dt.datetime) -> bool:
    """Write a verdict on the locked row; a row that has one already, or was removed, is left alone."""
    upload = Upload.objects.select_for_update().get(pk=upload_id)
    if upload.state != UploadState.CHECKING:
        return False
    upload.scan, upload.scan_note, upload.scan_attempts = verdict, note[:200], upload.scan_attempts + 1
    if verdict == ScanState.ERROR:
        upload.scan_after = at + min(FIRST_RETRY * 2 ** min(upload.scan_attempts - 1, 10), LAST_RETRY)
    else:
        upload.state = UploadState.REFUSED if verdict == ScanState.INFECTED else UploadState.READY
        upload.scan_after, upload.scanned_at = None, at
    if upload.state == UploadState.REFUSED:
        forget_files(upload)
    upload.save(update_fields=["state", "scan", "scan_note", "scan_attempts", "scan_after", "scanned_at"])
    return verdict != ScanState.ERROR

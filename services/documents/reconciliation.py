"""Compare the files on disk with the rows that speak of them (REL-14): nothing is repaired, everything is reported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.documents import storage
from services.documents.enums import UploadState
from services.documents.models import Paper, PartialUpload, Upload

AREAS = ("uploads", "originals", "papers", storage.PARTS)
SETTLED_AFTER = dt.timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """What does not fit. Each entry is a storage key; `stuck` holds public ids of uploads pending for over an hour."""

    rows_without_file: tuple[str, ...]
    files_without_row: tuple[str, ...]
    damaged: tuple[str, ...]
    stuck: tuple[str, ...]
    checked: int

    @property
    def clean(self) -> bool:
        """Say whether everything fits."""
        return not (self.rows_without_file or self.files_without_row or self.damaged or self.stuck)


def file_report(*, at: dt.datetime, hashes: bool) -> FileReport:
    """Return what does not fit at an instant. hashes: also read every file and compare its SHA-256 (slow)."""
    known = dict(_known())
    settled = (at - SETTLED_AFTER).timestamp()
    found = {str(path.relative_to(storage.root())): path for area in AREAS for path in _files(area)}
    incoming = [path for path in _files(storage.INCOMING) if path.stat().st_mtime < settled]
    orphans = [key for key, path in found.items() if key not in known and path.stat().st_mtime < settled]
    damaged = [
        key for key, path in found.items() if hashes and known.get(key) and storage.digest_of(path) != known[key]
    ]
    stuck = Upload.objects.filter(state=UploadState.PENDING, uploaded_at__lt=at - SETTLED_AFTER)
    return FileReport(
        rows_without_file=tuple(sorted(key for key in known if key not in found)),
        files_without_row=tuple(sorted([*orphans, *(str(path.relative_to(storage.root())) for path in incoming)])),
        damaged=tuple(sorted(damaged)),
        stuck=tuple(stuck.values_list("public_id", flat=True)),
        checked=len(found),
    )


def _known() -> Iterator[tuple[str, str]]:
    ready = Upload.objects.filter(state__in=(UploadState.READY, UploadState.CHECKING))
    for key, sha256, original_key, original_sha256 in ready.values_list(
        "storage_key", "sha256", "original_key", "original_sha256"
    ).iterator():
        yield key, sha256
        yield original_key, original_sha256
    # What arrives in parts changes all the time: it has a row, but no fingerprint yet.
    yield from (
        (key, "") for key in PartialUpload.objects.filter(finished_at=None).values_list("storage_key", flat=True)
    )
    yield from Paper.objects.exclude(storage_key="").values_list("storage_key", "sha256").iterator()


def _files(area: str) -> list[Path]:
    folder = storage.root() / area
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []

"""Files on disk: received with a length limit, kept under a random key, never overwritten.

The order that loses nothing: write to a temporary name, fsync, commit the row as pending, rename, mark ready. A crash
leaves a pending row or a file nobody points to; `check_files` reports both.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from django.conf import settings

CHUNK_BYTES = 64 * 1024
INCOMING = "incoming"
PARTS = "parts"
PREVIEWS = "previews"


class ByteSource(Protocol):
    """What can be read in portions: an open binary file or a Django upload."""

    def read(self, size: int = ..., /) -> bytes:
        """Return at most `size` bytes, empty at the end."""
        ...


class TooLongError(Exception):
    """The file is longer than the limit; reading stopped there."""


@dataclass(frozen=True, kw_only=True)
class Received:
    """A file in the incoming folder. path: where. size: bytes. sha256: hex digest of its bytes."""

    path: Path
    size: int
    sha256: str


def root() -> Path:
    """Return the folder of all stored files."""
    return Path(settings.MEDIA_ROOT)


def path_of(key: str) -> Path:
    """Return where the file with this storage key lies.

    key: as made by `new_key`, never a name given by a person.
    """
    return root() / key


def new_key(area: str, extension: str) -> str:
    """Return a fresh random key in an area ("uploads", "originals", "papers"), spread over 256 folders."""
    token = secrets.token_hex(16)
    return f"{area}/{token[:2]}/{token}.{extension}"


def preview_key(key: str, size: str) -> str:
    """Return the key of the picture of a stored file; pictures can always be drawn again, so no row names them."""
    return f"{PREVIEWS}/{key.removeprefix('uploads/')}.{size}.png"


def receive(source: ByteSource, *, limit: int) -> Received:
    """Write a source into the incoming folder and fsync it.

    limit: bytes; the source is not read further than one portion beyond it.
    Raises TooLongError, after removing what was written.
    """
    return write(_portions(source), limit=limit)


def write(portions: Iterable[bytes], *, limit: int | None = None) -> Received:
    """Write portions of bytes into the incoming folder and fsync them. Raises TooLongError beyond `limit` bytes."""
    path = _incoming_path()
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("xb") as file:
            for portion in portions:
                size += len(portion)
                if limit is not None and size > limit:
                    raise TooLongError
                digest.update(portion)
                file.write(portion)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Received(path=path, size=size, sha256=digest.hexdigest())


def keep(received: Received, key: str) -> None:
    """Move a received file to its key, durably. A file that already lies there (a repeated call) is left alone."""
    target = path_of(key)
    if target.exists():
        received.path.unlink(missing_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    received.path.rename(target)
    _sync_folder(target.parent)


def make_empty(key: str) -> None:
    """Make an empty file at a key, durably, to be filled part by part."""
    target = path_of(key)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600)
    _sync_folder(target.parent)


def write_at(path: Path, offset: int, part: bytes) -> None:
    """Write a part at its place, cut off what lies behind it, and fsync. Raises OSError, also when the file is gone."""
    with path.open("r+b") as file:
        file.truncate(offset)
        file.seek(offset)
        file.write(part)
        file.flush()
        os.fsync(file.fileno())


def read_at(path: Path, offset: int, length: int) -> bytes:
    """Return `length` bytes from a place of a file."""
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(length)


def discard(*received: Received | None) -> None:
    """Remove incoming files that will not be kept."""
    for one in received:
        if one is not None:
            one.path.unlink(missing_ok=True)


def remove(key: str) -> None:
    """Remove a kept file; missing is fine."""
    path_of(key).unlink(missing_ok=True)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _incoming_path() -> Path:
    folder = root() / INCOMING
    folder.mkdir(parents=True, exist_ok=True)
    return folder / secrets.token_hex(16)


def _portions(source: ByteSource) -> Iterator[bytes]:
    while portion := source.read(CHUNK_BYTES):
        yield portion


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Opening a file of a log: packed or not, never more than a limit."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import BinaryIO

from workflows.eventlog.errors import refusal

#: Bytes after unpacking. Far above every log we know of a single authority, far below what fills a disk or a memory.
MAX_BYTES = 1_000_000_000
#: What the columns of the analysis store hold.
MAX_IDENTIFIER, MAX_ACTIVITY, MAX_RESOURCE = 200, 300, 200
_PACKED = b"\x1f\x8b"
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


class _Limited(io.RawIOBase):
    """A binary source that refuses to go on after a number of bytes, and says so when packed data is broken."""

    def __init__(self, source: BinaryIO, limit: int) -> None:
        self._source, self._limit, self._read = source, limit, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if offset or whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only back to the beginning")
        self._read = 0
        return self._source.seek(0)

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            chunk = self._source.read(len(buffer))
        except (gzip.BadGzipFile, EOFError, zlib.error):
            raise refusal("the file is packed, but cannot be unpacked whole") from None
        self._read += len(chunk)
        if self._read > self._limit:
            raise refusal(f"the file holds more than {self._limit} bytes")
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        self._source.close()
        super().close()


def open_source(path: Path, limit: int = MAX_BYTES) -> BinaryIO:
    """Open a file for reading, unpacked if it is gzip, whatever its name.

    limit: bytes after unpacking. Reading beyond it, or broken packing, raises UnreadableLogError; so does a file that
    cannot be opened.
    """
    try:
        file: BinaryIO = path.open("rb")
        packed = file.read(2) == _PACKED
        file.seek(0)
    except OSError as error:
        raise refusal(f"the file cannot be read: {error.strerror}") from None
    source: BinaryIO = gzip.GzipFile(fileobj=file) if packed else file  # type: ignore[assignment]
    return io.BufferedReader(_Limited(source, limit), 1 << 16)


def is_xml(stream: BinaryIO) -> bool:
    """Say whether a source begins as XML does, and go back to its beginning."""
    start = stream.read(64)
    stream.seek(0)
    for mark in _MARKS:
        start = start.removeprefix(mark)
    return start.replace(b"\0", b"").lstrip().startswith(b"<")

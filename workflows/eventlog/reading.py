"""Read a log, whichever of the formats it is in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from typing import BinaryIO, Protocol

from workflows.eventlog.columns import Columns
from workflows.eventlog.csv_reader import CsvReader
from workflows.eventlog.log import Head, Log, Trace
from workflows.eventlog.sources import is_xml
from workflows.eventlog.xes_reader import XesReader


class LogReader(Protocol):
    """Reads a source once. `head` and `notes` (sentences for people) are whole when `traces()` has ended."""

    notes: tuple[str, ...]

    @property
    def head(self) -> Head:
        """What the log says about itself."""
        ...

    def traces(self) -> Iterator[Trace]:
        """Yield the cases; raises UnreadableLogError."""
        ...


def reader_of(stream: BinaryIO, columns: Columns | None = None, zone: tzinfo | None = None) -> LogReader:
    """Return the reader for a source: XES (IEEE 1849) where it begins like XML, else CSV.

    stream: can go back to its beginning. columns: which of them mean what. zone: of instants without an offset, else
    UTC.
    """
    return XesReader(stream, columns, zone) if is_xml(stream) else CsvReader(stream, columns, zone)


def read_log(stream: BinaryIO, columns: Columns | None = None, zone: tzinfo | None = None) -> Log:
    """Read a whole log into memory; see `reader_of`. Raises UnreadableLogError."""
    reader = reader_of(stream, columns, zone)
    traces = tuple(reader.traces())
    return Log(reader.head, traces)

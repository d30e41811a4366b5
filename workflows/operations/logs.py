"""Take event logs into the analysis store. Live cases are never touched."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import datetime, tzinfo
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from workflows.eventlog.columns import Columns
from workflows.eventlog.errors import refusal
from workflows.eventlog.log import TIME, Event, Trace
from workflows.eventlog.reading import LogReader, reader_of
from workflows.eventlog.sources import open_source
from workflows.eventlog.statistics import Tally
from workflows.eventlog.stored_values import to_stored
from workflows.models import ImportedCase, ImportedEvent, ImportedLog

CASES_AT_ONCE = 500
_COPY = f"copy {ImportedEvent._meta.db_table} (case_id, seq, activity, at, resource, attributes) from stdin"


@dataclass(frozen=True, kw_only=True)
class Import:
    """What an import gave. log: None where nothing was to be stored. created: False where it was there before."""

    log: ImportedLog | None
    created: bool
    checksum: str
    figures: dict[str, Any]


@transaction.atomic
def import_log(
    *, path: Path, at: datetime, columns: Columns | None = None, zone: tzinfo | None = None, name: str = ""
) -> Import:
    """Read a log (XES or CSV, packed or not) into the analysis store and count it.

    columns: which of them mean what. zone: of instants without an offset, else this installation's. name: else that
    of the file. The same file read in the same way is the same log: it is counted again, and nothing is stored.
    Effects: an ImportedLog with its cases and events, or nothing at all. Raises UnreadableLogError.
    """
    columns, zone = columns or Columns(), zone or timezone.get_default_timezone()
    checksum = checksum_of(path, columns, zone)
    # Two imports of one file at once: the second waits here for the first, and then finds its row.
    log, created = ImportedLog.objects.get_or_create(
        checksum=checksum, defaults={"name": (name or path.name)[:200], "imported_at": at}
    )
    figures = count_log(path=path, columns=columns, zone=zone, keep=log if created else None)
    return Import(log=log, created=created, checksum=checksum, figures=figures)


def count_log(
    *, path: Path, columns: Columns | None = None, zone: tzinfo | None = None, keep: ImportedLog | None = None
) -> dict[str, Any]:
    """Read a log once from beginning to end and return its figures; needs no database unless it is to be kept.

    keep: the log to store cases and events under, batch by batch, in the caller's transaction.
    Raises UnreadableLogError.
    """
    columns, zone = columns or Columns(), zone or timezone.get_default_timezone()
    tally = Tally(columns)
    with open_source(path) as stream:
        reader = reader_of(stream, columns, zone)
        for batch in _batches(reader):
            for trace in batch:
                tally.add(trace)
            if keep is not None:
                _store(keep, batch)
    figures = tally.figures(reader.head.case_attributes)
    figures["notes"] = [*reader.notes, *figures["notes"]]
    return figures


def checksum_of(path: Path, columns: Columns, zone: tzinfo) -> str:
    """Return the SHA-256 of a file's bytes, together with how it is read where that is not the usual way."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    except OSError as error:
        raise refusal(f"the file cannot be read: {error.strerror}") from None
    way = (*astuple(columns), str(zone))
    if way != (*astuple(Columns()), str(timezone.get_default_timezone())):
        digest.update("\0".join(way).encode())
    return digest.hexdigest()


def _batches(reader: LogReader) -> Iterator[list[Trace]]:
    traces = reader.traces()
    while batch := list(islice(traces, CASES_AT_ONCE)):
        yield batch


def _store(log: ImportedLog, traces: list[Trace]) -> None:
    cases = ImportedCase.objects.bulk_create(
        ImportedCase(log=log, identifier=trace.identifier, attributes=to_stored(trace.attributes)) for trace in traces
    )
    # COPY, not bulk_create: a log has millions of events, and building statements takes three times the reading.
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for case, trace in zip(cases, traces, strict=True):
            for seq, event in enumerate(trace.events, start=1):
                attributes = json.dumps(_event_attributes(event))
                copy.write_row((case.pk, seq, event.activity, event.at, event.resource, attributes))


def _event_attributes(event: Event) -> dict[str, Any]:
    # The database keeps the instant, not the offset it was written with; local months need both.
    kept = {} if event.at is None or not event.at.utcoffset() else {TIME: event.at}
    return to_stored({**event.attributes, **kept})

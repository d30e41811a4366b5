"""Read an event log from CSV: one row per event, rows of a case anywhere in the file."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from typing import BinaryIO

from workflows.eventlog.columns import CASE_PREFIX, Columns, case_key
from workflows.eventlog.errors import NAMED, Problem, UnreadableLogError, refusal
from workflows.eventlog.instants import read_instant
from workflows.eventlog.log import NAME, RESOURCE, TIME, AttributeValue, Event, Head, Trace, set_standard_keys_aside
from workflows.eventlog.sources import MAX_ACTIVITY, MAX_IDENTIFIER, MAX_RESOURCE

ENCODINGS = {"utf-8-sig": "UTF-8", "gb18030": "GB 18030"}
DELIMITERS = ",;\t"
#: Characters in one cell.
MAX_CELL = 1_000_000
_CHUNK = 1 << 20


class _BadRowError(Exception):
    """A row that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where in a row each thing stands."""

    width: int
    case: int
    activity: int
    time: int | None
    resource: int | None
    of_case: tuple[tuple[int, str, bool], ...]  # place, key, is an instant
    of_event: tuple[tuple[int, str], ...]


class _Case:
    """A case while its rows are being gathered."""

    __slots__ = ("attributes", "cells", "differs", "events")

    def __init__(self) -> None:
        self.attributes: dict[str, AttributeValue] = {}
        self.cells: list[str] | None = None
        self.differs = False
        self.events: list[Event] = []


class CsvReader:
    """Reads one CSV source. Iterate `traces()` to its end; `head` and `notes` are whole from then on."""

    def __init__(self, stream: BinaryIO, columns: Columns | None = None, zone: tzinfo | None = None) -> None:
        """Prepare to read. columns: their names in the header. zone: of instants without an offset, else UTC."""
        self._stream = stream
        self._columns = columns or Columns()
        self._zone = zone or UTC
        self._words: dict[str, str] = {}
        self.head = Head()
        self.notes: tuple[str, ...] = ()

    def traces(self) -> Iterator[Trace]:
        """Yield the cases in the order of their first rows, the events of each in the order of time.

        Rows of the same instant stay in the order of the file; a row without an instant stays behind the row before
        it. Raises UnreadableLogError that names the lines, before the first case is handed out.
        """
        encoding = _encoding(self._stream)
        text = io.TextIOWrapper(self._stream, encoding=encoding, newline="")
        previous_limit = csv.field_size_limit(MAX_CELL)
        try:
            cases = self._read(text)
        finally:
            csv.field_size_limit(previous_limit)
            text.detach()
        self.notes = self._notes(encoding, cases)
        for identifier, case in cases.items():
            yield Trace(identifier, case.attributes, tuple(_in_time(case.events)))

    def _read(self, text: io.TextIOWrapper) -> dict[str, _Case]:
        first_line = text.readline()
        if not first_line.strip():
            raise refusal("the file has no header in its first line", 1)
        text.seek(0)
        rows = csv.reader(text, delimiter=_delimiter(first_line), strict=True)
        cases: dict[str, _Case] = {}
        problems: list[Problem] = []
        total, line = 0, 1
        try:
            layout = self._layout(next(rows))
            line = rows.line_num + 1
            for row in rows:
                try:
                    if row:
                        self._take(row, layout, cases)
                except _BadRowError as error:
                    total += 1
                    if len(problems) < NAMED:
                        problems.append(Problem(line, str(error)))
                line = rows.line_num + 1
        except csv.Error as error:
            raise refusal(f"this is not a row of a CSV file ({error})", line) from None
        if total:
            raise UnreadableLogError(problems, total)
        return cases

    def _layout(self, header: Sequence[str]) -> _Layout:
        names = [name.strip() or f"column {place}" for place, name in enumerate(header, start=1)]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise refusal(f"the header has the column {twice[0]!r:.80} twice", 1)
        columns = self._found(names)
        place = {name: index for index, name in enumerate(names)}
        own = (columns.case, columns.activity, columns.time, columns.resource)
        rest = [name for name in names if name not in own]
        of_case = [name for name in rest if name in columns.of_case or name.startswith(CASE_PREFIX)]
        keys = [case_key(name) for name in of_case]
        if twice := [key for key in keys if keys.count(key) > 1]:
            raise refusal(f"two columns say {twice[0]!r:.80} of the case", 1)
        self.head = Head(case_attributes=frozenset(keys))
        instants = columns.instants
        return _Layout(
            width=len(names),
            case=place[columns.case],
            activity=place[columns.activity],
            time=place.get(columns.time),
            resource=place.get(columns.resource),
            of_case=tuple((place[name], key, key in instants) for name, key in zip(of_case, keys, strict=True)),
            of_event=tuple((place[name], name) for name in rest if name not in of_case),
        )

    def _found(self, names: Sequence[str]) -> Columns:
        """Return the columns as the header spells them. Raises UnreadableLogError for those that must be there."""
        columns, usual = self._columns, Columns()
        if columns.case not in names and CASE_PREFIX + columns.case in names:
            columns = replace(columns, case=CASE_PREFIX + columns.case)
        wanted = {"--case-column": columns.case, "--activity-column": columns.activity}
        # The others may be absent, unless somebody asked for a column by its name.
        for role in (field.name for field in fields(Columns)):
            name = getattr(columns, role)
            if name != getattr(usual, role) and not (name in columns.of_case and CASE_PREFIX + name in names):
                wanted[f"--{role.replace('_', '-')}-column"] = name
        missing = {option: name for option, name in wanted.items() if name not in names}
        if missing:
            which = " and ".join(f"{name!r:.80} (name another with {option})" for option, name in missing.items())
            raise refusal(f"there is no column {which}; the file has: {', '.join(names):.500}", 1)
        return columns

    def _take(self, row: list[str], layout: _Layout, cases: dict[str, _Case]) -> None:
        if len(row) != layout.width:
            raise _BadRowError(f"the row has {len(row)} cells, the header {layout.width}")
        words = self._words
        identifier = _filled(row[layout.case], self._columns.case, MAX_IDENTIFIER)
        activity = _filled(row[layout.activity], self._columns.activity, MAX_ACTIVITY)
        at = self._instant(row[layout.time], self._columns.time) if layout.time is not None else None
        resource = row[layout.resource].strip() and row[layout.resource] if layout.resource is not None else ""
        if len(resource) > MAX_RESOURCE:
            raise _BadRowError(f"{self._columns.resource} is longer than {MAX_RESOURCE} characters")
        attributes: dict[str, AttributeValue] = {
            key: words.setdefault(row[place], row[place]) for place, key in layout.of_event if row[place].strip()
        }
        set_standard_keys_aside(attributes, (NAME, TIME, RESOURCE))
        case = cases.get(identifier) or _Case()
        self._take_case(case, row, layout)
        cases[identifier] = case
        case.events.append(
            Event(words.setdefault(activity, activity), at, words.setdefault(resource, resource), attributes)
        )

    def _take_case(self, case: _Case, row: list[str], layout: _Layout) -> None:
        """Take what a row says about its case: the first filled cell counts; a different one is remembered as such."""
        cells = [row[place] for place, _, _ in layout.of_case]
        if cells == case.cells:
            return
        if case.cells is None:
            case.cells = cells
        for cell, (_, key, is_instant) in zip(cells, layout.of_case, strict=True):
            if not cell.strip():
                continue
            value = self._instant(cell, key) if is_instant else cell
            if value is not None and case.attributes.setdefault(key, value) != value:
                case.differs = True

    def _instant(self, cell: str, column: str) -> datetime | None:
        if not cell or cell.isspace():
            return None
        try:
            return read_instant(cell.strip(), self._zone)
        except (ValueError, OverflowError):
            raise _BadRowError(
                f"{column} is {cell!r:.60}, which is not an instant such as 2026-09-29 10:00:00+08:00"
            ) from None

    def _notes(self, encoding: str, cases: dict[str, _Case]) -> tuple[str, ...]:
        notes = [] if encoding == "utf-8-sig" else [f"The file is not UTF-8; it was read as {ENCODINGS[encoding]}."]
        if differing := sum(case.differs for case in cases.values()):
            notes.append(f"Cases whose rows say different things about the case: {differing}. The first counts.")
        return tuple(notes)


def _filled(cell: str, column: str, longest: int) -> str:
    if not cell or cell.isspace():
        raise _BadRowError(f"{column} is empty")
    if len(cell) > longest:
        raise _BadRowError(f"{column} is longer than {longest} characters")
    return cell


def _in_time(events: list[Event]) -> list[Event]:
    """Return events in the order of time, without moving those that say no time away from the one before."""
    instants = [event.at for event in events]
    known = [at for at in instants if at is not None]
    if all(one <= other for one, other in pairwise(known)):
        return events
    latest = known[0]
    keys = []
    for at in instants:
        latest = at or latest
        keys.append(latest)
    return [events[place] for place in sorted(range(len(events)), key=keys.__getitem__)]


def _encoding(stream: BinaryIO) -> str:
    """Return the first of ENCODINGS that the whole source is written in, and go back to its beginning."""
    decoders = {name: codecs.getincrementaldecoder(name)() for name in ENCODINGS}
    lines = 1
    while chunk := stream.read(_CHUNK):
        if b"\0" in chunk:
            raise refusal("there is a NUL character", lines + chunk[: chunk.index(b"\0")].count(b"\n"))
        lines += chunk.count(b"\n")
        _drop_failing(decoders, chunk, final=False)
    _drop_failing(decoders, b"", final=True)
    stream.seek(0)
    return next(iter(decoders))


def _drop_failing(decoders: dict[str, codecs.IncrementalDecoder], chunk: bytes, *, final: bool) -> None:
    for name in list(decoders):
        try:
            decoders[name].decode(chunk, final)
        except UnicodeDecodeError:
            del decoders[name]
    if not decoders:
        raise refusal(f"the file is neither in {' nor in '.join(ENCODINGS.values())}")


def _delimiter(first_line: str) -> str:
    """Return the delimiter that takes a header apart into the most cells; a comma where none does."""

    def cells(delimiter: str) -> int:
        return len(next(csv.reader([first_line], delimiter=delimiter), []))

    return max(DELIMITERS, key=cells)

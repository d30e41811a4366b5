"""Read a list from the bytes of a CSV file: whatever its encoding, every fault with its row.

All or nothing: a list with a fault is not stored. A fault is what cannot be stored or shown safely; what is merely
inconsistent is a finding (see `checking.py`).
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.catalogue.listing.columns import BY_HEAD, COLUMNS, FACTS, REQUIRED, Column, UnreadableValueError

LARGEST_FILE = 32 * 1024 * 1024  # bytes
MOST_ROWS = 100_000
_MOST_PROBLEMS = 1_000
#: Spreadsheets run cells that begin so. A name does not; a list that says so was made to harm whoever opens an export.
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NOTHING = frozenset({"-", "--", "—", "——", "/"})
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffd]")
_ADDRESS = re.compile(r"[A-Za-z0-9_-]{1,100}")


class UnreadableListError(ValueError):
    """The file is no list at all: too large, in an unknown encoding, without rows or without a column it needs."""


@dataclass(frozen=True)
class Problem:
    """Something wrong in a row. row: as a spreadsheet numbers it, the head being 1. rule: "" for a fault."""

    row: int
    item_code: str
    rule: str
    field: str
    sentence: str

    def __str__(self) -> str:
        """Write it as one line."""
        rule = f" (rule {self.rule})" if self.rule else ""
        return f"row {self.row}: {self.field}: {self.sentence}{rule}"


@dataclass(frozen=True)
class Row:
    """An item of a list. values: by the keys of COLUMNS; facts: by the keys of FACTS, only those the list says."""

    number: int
    values: dict[str, str]
    facts: dict[str, Any]

    @property
    def item_code(self) -> str:
        """The implementation code."""
        return self.values["item_code"]

    @property
    def address(self) -> str:
        """The code that stands in addresses."""
        code = self.item_code
        if not _ADDRESS.fullmatch(code):
            code = hashlib.sha256(code.encode()).hexdigest()[:16]
        return f"list-{code}"

    @property
    def checksum(self) -> str:
        """The same for the same content."""
        text = json.dumps([self.values, self.facts], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class Listing:
    """A list as it was read. unknown: heads of columns that are not understood and were left out."""

    encoding: str
    columns: tuple[str, ...]
    unknown: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)
    faults: list[Problem] = field(default_factory=list)


def read_list(content: bytes, *, encoding: str = "") -> Listing:
    """Return the list, with a fault for everything that keeps it from being stored.

    Args:
        content: of the file.
        encoding: its name; "" to find out: UTF-8 (with or without a mark), UTF-16 with a mark, GB 18030.

    Raises:
        UnreadableListError: no list can be made out of it; the sentence says what to do.
    """
    if len(content) > LARGEST_FILE:
        raise UnreadableListError(f"The file has more than {LARGEST_FILE // 1024 // 1024} MB: split it.")
    text, name = _decoded(content, encoding)
    lines = _lines(text)
    try:
        _, head = next(lines)
    except StopIteration:
        raise UnreadableListError("The file is empty: its first row names the columns.") from None
    places, unknown = _columns(head)
    listing = Listing(name, tuple(column.key for column in places.values()), unknown)
    for number, cells in lines:
        if len(listing.rows) >= MOST_ROWS:
            raise UnreadableListError(f"The list has more than {MOST_ROWS:,} rows: split it.")
        _read_row(number, cells, places, len(head), listing)
    if not listing.rows and not listing.faults:
        raise UnreadableListError("The list has a head but no rows.")
    _find_repeated(listing)
    del listing.faults[_MOST_PROBLEMS:]
    return listing


def _decoded(content: bytes, wanted: str) -> tuple[str, str]:
    if wanted:
        try:
            return content.decode(wanted).removeprefix("\ufeff"), wanted
        except LookupError:
            raise UnreadableListError(f"There is no encoding called {wanted}.") from None
        except UnicodeError as error:
            raise UnreadableListError(f"The file is not {wanted}: {error}.") from None
    candidates = ["utf-16"] if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "gb18030"]
    for name in candidates:
        try:
            return content.decode(name), name
        except UnicodeError:
            continue
    raise UnreadableListError(
        "The file is neither UTF-8 nor GB 18030: save it as “CSV UTF-8”, or name its encoding with --encoding."
    )


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (number, cells) of every row that is not empty, as a spreadsheet numbers rows."""
    if "\x00" in text:
        raise UnreadableListError("The file holds zero bytes: it is no CSV, or its encoding is another.")
    number = 0
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), strict=True):
            number += 1
            stripped = ["" if cell.strip() in _NOTHING else cell.strip() for cell in cells]
            if any(stripped):
                yield number, stripped
    except csv.Error as error:
        raise UnreadableListError(f"After row {number} the file is no CSV any more: {error}.") from error


def _columns(head: Sequence[str]) -> tuple[dict[int, Column], tuple[str, ...]]:
    """Return which column stands where, and the heads nobody knows."""
    places: dict[int, Column] = {}
    unknown = []
    for place, name in enumerate(head):
        column = BY_HEAD.get(name.casefold())
        if column is None:
            unknown.append(name)
        elif column in places.values():
            raise UnreadableListError(f"The column {name} is there twice.")
        else:
            places[place] = column
    missing = [column for column in REQUIRED if column not in places.values()]
    if missing:
        wanted = "; ".join(f"{column.key} (or {', '.join(column.names[1:])})" for column in missing)
        raise UnreadableListError(f"Columns are missing: {wanted}. The first row holds: {', '.join(head)[:200]}.")
    return places, tuple(unknown)


def _read_row(number: int, cells: list[str], places: dict[int, Column], width: int, listing: Listing) -> None:
    values: dict[str, Any] = {column.key: "" for column in COLUMNS}
    code = next((cells[place] for place, one in places.items() if one.key == "item_code" and place < len(cells)), "")

    def fault(key: str, sentence: str) -> None:
        if len(listing.faults) <= _MOST_PROBLEMS:
            listing.faults.append(Problem(number, code[:100], "", key, sentence))

    if len(cells) != width:
        fault("", f"It has {len(cells)} cells, the head has {width}: a comma or a quotation mark is out of place.")
        return
    for place, column in places.items():
        cell = cells[place]
        if not cell:
            if column.required:
                fault(column.key, "is empty.")
        elif _CONTROL.search(cell):
            fault(column.key, "holds a control character or one that could not be decoded.")
        elif _FORMULA.match(cell):
            fault(column.key, f"begins with {cell[0]!r}, which spreadsheets run as a formula.")
        else:
            try:
                values[column.key] = column.read(cell)
            except UnreadableValueError as error:
                fault(column.key, str(error))
    known = {column.key for column in FACTS}
    facts = {key: value for key, value in values.items() if key in known}
    listing.rows.append(Row(number, {key: value for key, value in values.items() if key not in known}, facts))


def _find_repeated(listing: Listing) -> None:
    """Two rows with one code would be one item: which of the two holds cannot be known."""
    first: dict[str, int] = {}
    for row in listing.rows:
        code = row.item_code
        if code and code in first:
            sentence = f"{code} stands in row {first[code]} already."
            listing.faults.append(Problem(row.number, code, "", "item_code", sentence))
        first.setdefault(code, row.number)
    listing.faults.sort(key=lambda one: one.row)

"""Lists as CSV files that a spreadsheet opens as text: nothing in them is ever carried out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

#: What makes a spreadsheet take a cell for a formula (OWASP, CSV injection), also as an East Asian keyboard types it.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(value: object) -> str:
    """Return a value as a cell that no spreadsheet calculates: what looks like a formula begins with an apostrophe."""
    text = "" if value is None else str(value)
    is_number = isinstance(value, int | float)
    return f"'{text}" if text.startswith(_STARTS) and not is_number else text


def csv_response(name: str, head: Sequence[object], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Return a CSV file in UTF-8 with the mark by which spreadsheets know it. name: of the file, without extension."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow([safe_cell(cell) for cell in head])
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    response = HttpResponse("\ufeff" + written.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response

"""The values that tables compare. A column has one kind of value; within it, values have one order.

Numbers are doubles and dates are ISO texts, as in `workflows.expressions`.
"""

from __future__ import annotations

import datetime
import math
import re
from decimal import Decimal
from enum import StrEnum

Value = str | float | bool | None
#: The largest whole number up to which a double holds every whole number.
LARGEST_EXACT = 2**53
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Kind(StrEnum):
    """What a column's values are."""

    TEXT = "string"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"


#: The type names that we know (DMN 1.3, 7.3.2 and 10.3.2.1), and those that modellers write for whole numbers.
KINDS: dict[str, Kind | None] = {
    "string": Kind.TEXT,
    "number": Kind.NUMBER,
    "double": Kind.NUMBER,
    "integer": Kind.INTEGER,
    "long": Kind.INTEGER,
    "boolean": Kind.BOOLEAN,
    "date": Kind.DATE,
    "Any": None,
}
_WORDS = {
    Kind.TEXT: "a text",
    Kind.NUMBER: "a number",
    Kind.INTEGER: "a whole number",
    Kind.BOOLEAN: "true or false",
    Kind.DATE: "a date such as 2026-01-31",
}


def read_value(value: object, kind: Kind) -> Value:
    """Return a value as a column of this kind compares it; null stays null.

    Raises ValueError with the reason ("is not a number") when the value is of another kind. Nothing is converted
    between texts and numbers: a number that arrives as a text is a fault of its source.
    """
    if value is None:
        return None
    if kind is Kind.BOOLEAN:
        found: Value = value if isinstance(value, bool) else None
    elif kind is Kind.TEXT:
        found = value if isinstance(value, str) else _iso(value)
    elif kind is Kind.DATE:
        found = value if isinstance(value, str) and is_date(value) else _iso_day(value)
    else:
        found = _number(value, whole=kind is Kind.INTEGER)
    if found is None:
        raise ValueError(f"is not {_WORDS[kind]}")
    return found


def is_date(text: str) -> bool:
    """Return whether a text is a calendar day such as 2026-02-28."""
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def plain(value: object) -> object:
    """Return a value as JSON holds it: a whole number without a fraction."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST_EXACT:
        return int(value)
    return value


def _iso(value: object) -> str | None:
    return value.isoformat() if isinstance(value, datetime.date) else None


def _iso_day(value: object) -> str | None:
    # An instant is no day: which day it is depends on a time zone that the table does not know.
    return None if isinstance(value, datetime.datetime) else _iso(value)


def _number(value: object, *, whole: bool) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    if isinstance(value, int) and abs(value) > LARGEST_EXACT:
        return None
    number = float(value)
    return number if math.isfinite(number) and (number.is_integer() or not whole) else None

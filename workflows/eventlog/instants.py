"""Reading and writing instants: ISO 8601 and the xs:dateTime of XES, with the offset kept as it was written."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo

#: Beyond these an instant cannot be moved to another offset; a log that reaches them has a fault.
FIRST_YEAR, LAST_YEAR = 2, 9998
LARGEST_OFFSET = timedelta(hours=14)
_SHAPE = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})"
    r"(?:[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2}|[+-]\d{2})?",
    re.ASCII | re.IGNORECASE,
)


def read_instant(text: str, zone: tzinfo) -> datetime:
    """Return the instant that a text says, with the offset it says.

    text: `2011-10-12 01:06:40.02+02:00`, with T or a space, - or /, seconds or none, a day alone meaning its
    beginning; finer than a microsecond is cut. zone: where no offset is written. Raises ValueError.
    """
    moment = _exact(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    offset = moment.utcoffset() or timedelta(0)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR or abs(offset) > LARGEST_OFFSET or offset % timedelta(minutes=1):
        raise ValueError(text)
    return moment


def _exact(text: str) -> datetime:
    # The fast way first: nearly every log is written like this, and most of the reading time goes into instants.
    if len(text) > 18 and text[4] == text[7] == "-" and text[13] == text[16] == ":" and text.isascii():
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    match = _SHAPE.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    whole = f"{year}-{month:0>2}-{day:0>2}T{hour or '0':0>2}:{minute or '00'}:{second or '00'}"
    return datetime.fromisoformat(f"{whole}.{(fraction or '0')[:6]:0<6}{(offset or '').upper()}")


def write_instant(moment: datetime) -> str:
    """Return an instant as xs:dateTime with its offset; milliseconds where that is exact, as XES tools write it."""
    return moment.isoformat(timespec="microseconds" if moment.microsecond % 1000 else "milliseconds")

"""Keep personal data out of the logs, whoever wrote the line."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

# Resident ID numbers (18 or 15 digits), mobile numbers, e-mail addresses. `(?<!\d)` leaves longer numbers alone.
_PERSONAL = re.compile(
    r"(?<![0-9A-Za-z])(?:\d{17}[0-9Xx]|\d{15}|(?:\+?86)?1[3-9]\d{9})(?![0-9A-Za-z])"
    r"|[0-9A-Za-z_.+-]+@[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)+"
)
HIDDEN = "[hidden]"


def without_personal_data(value: Any) -> Any:
    """Return `value` with every ID number, mobile number and e-mail address in its strings replaced by [hidden]."""
    if isinstance(value, str):
        return _PERSONAL.sub(HIDDEN, value)
    if isinstance(value, dict):
        return {without_personal_data(key): without_personal_data(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [without_personal_data(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and _PERSONAL.fullmatch(str(value)):
        return HIDDEN
    return value if isinstance(value, int | float | bool | None) else without_personal_data(str(value))


def hide_personal_data(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:  # structlog's signature of a processor
    """Clean a log entry last of all; Django's `request` shows the query string, so it is left out."""
    return {key: without_personal_data(value) for key, value in event.items() if key != "request"}

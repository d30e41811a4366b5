"""Whether two answers are the same, and a short mark that tells which answer a page was made from. Pure: no Django."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from services.forms.types import EMPTY

_MARK_DIGITS = 12


def normal(value: object) -> object:
    """Return an answer without what makes no difference: blanks, empty rows, 300.0 for 300, kinds of line break."""
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n") if value.strip() else ""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        parts = {str(name): normal(part) for name, part in value.items()}
        return {name: part for name, part in parts.items() if part not in (*EMPTY, {})}
    if isinstance(value, (list, tuple)):
        return [part for part in map(normal, value) if part not in (*EMPTY, {})]
    return value


def same(one: object, other: object) -> bool:
    """Return whether two answers are the same; nothing, the empty text and empty rows are."""
    return _text(one) == _text(other)


def mark(value: object) -> str:
    """Return a short mark of an answer: two answers are the same exactly when their marks are; empty for no answer."""
    text = _text(value)
    return hashlib.sha256(text.encode()).hexdigest()[:_MARK_DIGITS] if text else ""


def _text(value: object) -> str:
    plain = normal(value)
    # ASCII only: half characters of a hostile browser are told apart here; the check of the field speaks about them.
    return "" if plain in (*EMPTY, {}) else json.dumps(plain, sort_keys=True, separators=(",", ":"))

"""Ask for a thousand rows by their keys as one value: to bind each by itself costs more than to find its row."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models.expressions import RawSQL


def among(numbers: Iterable[int]) -> RawSQL:
    """Return what a column of numbers is compared with by `__in`: `filter(pk__in=among(keys))`."""
    words = "select unnest(string_to_array(%s, ',')::bigint[])"
    return RawSQL(words, [",".join(map(str, numbers))])  # noqa: S611 - a constant, with its value bound


def among_texts(texts: Iterable[str]) -> RawSQL:
    """Return what a column of texts is compared with by `__in`. None of the texts may hold a line's end."""
    words = "select unnest(string_to_array(%s, chr(10)))"
    return RawSQL(words, ["\n".join(texts)])  # noqa: S611 - a constant, with its value bound

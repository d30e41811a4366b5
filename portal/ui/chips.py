"""Filters of a list as chips: each is an address, so that a filter can be kept, sent and gone back to."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest
from django.utils.functional import Promise

Chip = dict[str, object]


def chips(
    request: HttpRequest, parameter: str, choices: Iterable[tuple[str, str | Promise, int | None]], current: str
) -> list[Chip]:
    """Return chips for `ui/filter_chips.html`.

    parameter: of the address. choices: value, word and count (None: no count) in order; the value "" takes the
    parameter away. current: the value in use. Choosing a chip goes to the first page and keeps the other filters.
    """
    made: list[Chip] = []
    for value, word, count in choices:
        query = request.GET.copy()
        query.pop("page", None)
        query.pop(parameter, None)
        if value:
            query[parameter] = value
        made.append(
            {
                "word": word,
                "url": f"{request.path}?{query.urlencode()}" if query else request.path,
                "current": value == current,
                "count": count,
            }
        )
    return made

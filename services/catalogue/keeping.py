"""What this process keeps of the catalogue, calendars and departments: as it was read, while it is right.

Nothing of a person is kept here, and nothing longer than the catalogue's edition lasts (docs/decisions/0019).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Kept = TypeVar("Kept")
#: More than a city has of anything; a process that is asked for more begins anew.
MOST = 2_000


class _Shelf:
    """What belongs to one edition."""

    def __init__(self, edition: str) -> None:
        self.edition = edition
        self.things: dict[Hashable, Any] = {}


_shelf = _Shelf("")


def kept_for(edition: str, key: Hashable, make: Callable[[], Kept]) -> Kept:
    """Return what `make` reads, read once per edition of the catalogue, process and key.

    edition: `services.catalogue.queries.edition_and_now`, asked in this request before; "" keeps nothing. What is kept
    is shared by all threads: nobody changes it.
    """
    global _shelf
    if not edition:
        return make()
    shelf = _shelf
    if shelf.edition != edition or len(shelf.things) >= MOST:
        shelf = _shelf = _Shelf(edition)
    if key not in shelf.things:
        shelf.things[key] = make()
    kept: Kept = shelf.things[key]
    return kept

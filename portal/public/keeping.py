"""What pages keep in this process's memory: texts that depend on nothing but the catalogue's edition and the address.

Every process keeps its own; the edition, read from the database with each request, tells whether it is still right.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache import caches

Kept = TypeVar("Kept")
#: Longer than a day nothing is worth keeping: promised dates move on.
SECONDS = 24 * 60 * 60


def key_of(edition: str, *about: Any) -> str:
    """Return the key of something that depends on the edition and on `about`."""
    return hashlib.sha256(repr((edition, *about)).encode()).hexdigest()


def kept(make: Callable[[], Kept], edition: str, *about: Any) -> Kept:
    """Return what `make` gives, made once per edition of the catalogue and subject.

    edition: `services.catalogue.queries.edition_and_now`. about: everything else the result depends on.
    """
    key = key_of(edition, *about)
    found = caches["pages"].get(key)
    if found is None:
        found = make()
        caches["pages"].set(key, found, SECONDS)
    return found  # type: ignore[no-any-return]

"""Does the history still hold: the chains of hashes, read as one stream."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from workflows.models import HistoryEvent, Run
from workflows.queries.invariants import Check, counted

#: Root runs whose rows are read together.
_TOGETHER = 5000
_ROW = ("root_id", "seq", "run_id", "at", "by_id", "kind", "detail", "hash")
_NO_ROWS: tuple[Any, ...] = ()


def chain_hash(
    previous: bytes,
    root_id: int,
    seq: int,
    run_id: int,
    at: datetime,
    actor: int | None,
    kind: str,
    detail: Mapping[str, Any],
) -> bytes:
    """Return the SHA-256 of one history row, over the hash before it and the row's canonical JSON."""
    return digest(previous, [root_id, seq, run_id, instant(at), actor, kind, detail])


def instant(at: datetime) -> str:
    """Write an instant as the hashes cover it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


#: Writes a value as the hashes cover it, and as it is stored.
canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode


def digest(previous: bytes, words: Sequence[Any]) -> bytes:
    """Return the SHA-256 over a hash and the canonical JSON of what follows it."""
    return hashlib.sha256(previous + canonical(words).encode()).digest()


def first_broken_row(root: Run) -> int | None:
    """Return the place of the first history row of a root run that does not fit, or None if the chain holds.

    Finds changed, missing, inserted and reordered rows, and a cut-off end by the head kept on the run.
    """
    rows = HistoryEvent.objects.filter(root=root).order_by("seq").values_list(*_ROW)
    return _first_broken(rows, root.pk, root.history_length, bytes(root.history_head))


def _first_broken(rows: Iterable[tuple[Any, ...]], root_id: int, length: int, head: bytes) -> int | None:
    previous, place = b"", 0
    for _, seq, run_id, at, actor, kind, detail, found in rows:
        place += 1
        expected = chain_hash(previous, root_id, place, run_id, at, actor, kind, detail)
        if seq != place or bytes(found) != expected:
            return place
        previous = expected
    if place == length and previous == head:
        return None
    return min(place, length) + 1


def broken_chains() -> Iterator[tuple[int, int]]:
    """Yield each root run whose history does not hold, with the place of its first bad row; reads every row once."""
    roots = Run.objects.filter(parent=None).order_by("pk").values_list("pk", "history_length", "history_head")
    batch: list[tuple[int, int, bytes]] = []
    for root_id, length, head in roots.iterator(chunk_size=_TOGETHER):
        batch.append((root_id, length, bytes(head)))
        if len(batch) == _TOGETHER:
            yield from _broken_among(batch)
            batch = []
    yield from _broken_among(batch)


def _broken_among(roots: Sequence[tuple[int, int, bytes]]) -> Iterator[tuple[int, int]]:
    if not roots:
        return
    rows = HistoryEvent.objects.filter(root__gte=roots[0][0], root__lte=roots[-1][0]).order_by("root", "seq")
    told = groupby(rows.values_list(*_ROW).iterator(chunk_size=_TOGETHER), key=itemgetter(0))
    next_root, its_rows = next(told, (None, iter(_NO_ROWS)))
    for root_id, length, head in roots:
        mine: Iterable[tuple[Any, ...]] = _NO_ROWS
        if next_root == root_id:
            mine = list(its_rows)
            next_root, its_rows = next(told, (None, iter(_NO_ROWS)))
        if (place := _first_broken(mine, root_id, length, head)) is not None:
            yield root_id, place


CHAIN_CHECKS: tuple[Check, ...] = (
    Check(
        invariant="I8",
        says="The chain of every history holds, and is as long as its root run says.",
        find=lambda _: counted(f"root run {root}, row {place}" for root, place in broken_chains()),
    ),
)

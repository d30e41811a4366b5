"""Write the history: append-only, chained by hashes per root run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workflows.models import HistoryEvent, Run

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """Something to be remembered. detail: codes and row numbers, never personal values."""

    run_id: int
    kind: str
    detail: Mapping[str, Any]


def chained(*, root: Run, facts: Sequence[Fact], by: AbstractBaseUser | None, at: datetime) -> list[HistoryEvent]:
    """Return the rows that append facts to the history of a locked root run, and move its chain's head in memory.

    The caller stores both.
    """
    rows = []
    previous, actor, instant = bytes(root.history_head), by.pk if by is not None else None, _instant(at)
    for seq, fact in enumerate(facts, start=root.history_length + 1):
        previous = _digest(previous, [root.pk, seq, fact.run_id, instant, actor, fact.kind, fact.detail])
        rows.append(
            HistoryEvent(
                root_id=root.pk,
                seq=seq,
                run_id=fact.run_id,
                at=at,
                by_id=actor,
                kind=fact.kind,
                detail=dict(fact.detail),
                hash=previous,
            )
        )
    root.history_length += len(rows)
    root.history_head = previous
    return rows


def record_facts(*, root: Run, facts: Sequence[Fact], by: AbstractBaseUser | None, at: datetime) -> None:
    """Append facts to the history of a locked root run. Effects: one row per fact, the head of the chain moves."""
    rows = chained(root=root, facts=facts, by=by, at=at)
    if rows:
        HistoryEvent.objects.bulk_create(rows)
        root.save(update_fields=["history_length", "history_head"])


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
    return _digest(previous, [root_id, seq, run_id, _instant(at), actor, kind, detail])


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _digest(previous: bytes, words: Sequence[Any]) -> bytes:
    canonical = json.dumps(words, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(previous + canonical.encode()).digest()


def first_broken_row(root: Run) -> int | None:
    """Return the place of the first history row of a root run that does not fit, or None if the chain holds.

    Finds changed, missing, inserted and reordered rows, and a cut-off end by the head kept on the run.
    """
    previous, seq = b"", 0
    for row in HistoryEvent.objects.filter(root=root).order_by("seq"):
        seq += 1
        expected = chain_hash(previous, root.pk, seq, row.run_id, row.at, row.by_id, row.kind, row.detail)
        if row.seq != seq or bytes(row.hash) != expected:
            return seq
        previous = expected
    if seq == root.history_length and previous == bytes(root.history_head):
        return None
    return min(seq, root.history_length) + 1

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


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something to be remembered. detail: codes and row numbers, never personal values."""

    run_id: int
    kind: str
    detail: Mapping[str, Any]


def record_facts(*, root: Run, facts: Sequence[Fact], by: AbstractBaseUser | None, at: datetime) -> None:
    """Append facts to the history of a locked root run and move its chain's head, which the caller then saves.

    Effects: one row per fact; `root.history_length` and `root.history_head` change in memory and in the database.
    """
    rows = []
    previous = bytes(root.history_head)
    for seq, fact in enumerate(facts, start=root.history_length + 1):
        actor = by.pk if by is not None else None
        digest = chain_hash(previous, root.pk, seq, fact.run_id, at, actor, fact.kind, fact.detail)
        rows.append(
            HistoryEvent(
                root=root,
                seq=seq,
                run_id=fact.run_id,
                at=at,
                by_id=actor,
                kind=fact.kind,
                detail=dict(fact.detail),
                previous_hash=previous,
                hash=digest,
            )
        )
        previous = digest
    if rows:
        HistoryEvent.objects.bulk_create(rows)
        root.history_length += len(rows)
        root.history_head = previous
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
    words = [root_id, seq, run_id, at.astimezone(UTC).isoformat(timespec="microseconds"), actor, kind, detail]
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
        if row.seq != seq or bytes(row.previous_hash) != previous or bytes(row.hash) != expected:
            return seq
        previous = expected
    if seq == root.history_length and previous == bytes(root.history_head):
        return None
    return min(seq, root.history_length) + 1

"""Write the history: append-only, chained by hashes per root run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workflows.models import HistoryEvent, Run
from workflows.queries.chains import chain_hash as chain_hash
from workflows.queries.chains import digest, instant
from workflows.queries.chains import first_broken_row as first_broken_row

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
    previous, actor, when = bytes(root.history_head), by.pk if by is not None else None, instant(at)
    for seq, fact in enumerate(facts, start=root.history_length + 1):
        previous = digest(previous, [root.pk, seq, fact.run_id, when, actor, fact.kind, fact.detail])
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

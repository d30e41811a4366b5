"""Write the history: append-only, chained by hashes per root run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection

from workflows.models import HistoryEvent, Run
from workflows.queries.chains import canonical, digest, instant
from workflows.queries.chains import chain_hash as chain_hash
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


_APPEND = """
insert into workflows_historyevent (root_id, seq, run_id, at, by_id, kind, detail, hash)
select root_id, seq, root_id, %s, null, kind, detail::json, decode(hash, 'hex') from unnest(%s::bigint[], %s::int[],
    string_to_array(%s, chr(10)), string_to_array(%s, chr(10)), string_to_array(%s, chr(10))
) as fact (root_id, seq, kind, detail, hash)
"""
_MOVE_HEADS = """
update workflows_run run set history_length = moved.length, history_head = decode(moved.head, 'hex')
from unnest(%s::bigint[], %s::int[], string_to_array(%s, chr(10))) as moved (id, length, head) where run.id = moved.id
"""


def record_of_roots(facts: Sequence[tuple[Run, str, Mapping[str, Any]]], *, at: datetime) -> None:
    """Append facts that nobody did to the histories of many locked root runs: two statements, however many.

    facts: (root, kind, detail), each root's in order. Effects: as `record_facts` for each root.
    """
    if not facts:
        return
    when, rows = instant(at), []
    for root, kind, detail in facts:
        root.history_length += 1
        words = canonical(detail)
        # What `digest` would write, with the detail written once: these rows come by the hundred thousand.
        line = f'[{root.pk},{root.history_length},{root.pk},"{when}",null,"{kind}",{words}]'
        root.history_head = hashlib.sha256(bytes(root.history_head) + line.encode()).digest()
        rows.append((root.pk, root.history_length, kind, words, root.history_head.hex()))
    roots = {root.pk: root for root, _, _ in facts}.values()
    keys, places, kinds, details, hashes = zip(*rows, strict=True)
    heads = [bytes(root.history_head).hex() for root in roots]
    # Texts travel as one, a line each: none holds a line's end, and quoting each would cost more than storing it.
    with connection.cursor() as cursor:
        cursor.execute(_APPEND, [at, list(keys), list(places), *map("\n".join, (kinds, details, hashes))])
        lengths = [root.history_length for root in roots]
        cursor.execute(_MOVE_HEADS, [[root.pk for root in roots], lengths, "\n".join(heads)])

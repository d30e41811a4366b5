"""What must hold at every instant, whatever died: a sentence, and a question that names everything that breaks it.

The services and the portal add sentences of their own; `manage.py check_invariants` asks them all of one snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

#: How many offenders are named; the rest are counted.
NAMED = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """What breaks a sentence. count: how many. first: some of them, as kinds and row numbers, never personal values."""

    count: int = 0
    first: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One sentence that must hold. invariant: its number, I1 to I13. find: what breaks it at an instant."""

    invariant: str
    says: str
    find: Callable[[datetime], Broken]


def asked(invariant: str, says: str, statement: str, **values: Any) -> Check:
    """Return the check whose offenders a statement names in its column `who`; it may use `at` and `values`."""
    return Check(invariant=invariant, says=says, find=lambda at: offenders(statement, {"at": at, **_plain(values)}))


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, (tuple, frozenset)) else value for name, value in values.items()}


def offenders(statement: str, values: Mapping[str, Any]) -> Broken:
    """Count what a statement names in its column `who`, and return the first of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"select who, count(*) over () from ({statement}) found order by length(who), who limit {NAMED}",  # noqa: S608
            values,
        )
        rows = cursor.fetchall()
    return Broken(count=rows[0][1] if rows else 0, first=tuple(who for who, _ in rows))


def counted(found: Iterable[str]) -> Broken:
    """Count offenders that Python finds one by one, and keep the first."""
    count, first = 0, []
    for who in found:
        count += 1
        if count <= NAMED:
            first.append(who)
    return Broken(count=count, first=tuple(first))

"""Empty the tables after a `transaction=True` test quickly, and leave what migrations filled as they filled it.

A TRUNCATE makes each of hundreds of files anew, and Django then writes each permission and kind of content again, which
takes longer than most of these tests. So rows are deleted, and those that Django would write again stay where nobody
touched them: a sum over them tells. Row numbers are not used again: what is cached by its row number would be mixed up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management.commands import flush
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations

#: What Django fills after migrations and after a flush.
FILLED_BY_DJANGO = ("auth_permission", "django_content_type")
_SUM = "SELECT " + ", ".join(
    f"(SELECT count(*) || ':' || coalesce(sum(hashtextextended(one::text, 0)), 0) FROM {table} one)"
    for table in FILLED_BY_DJANGO
)


class Flushing:
    """Django's flush as the tests need it. `remember` is told when the tables stand as migrations left them."""

    def __init__(self) -> None:
        self._filled: tuple[str, ...] | None = None
        self._stays = False

    def remember(self) -> None:
        """Take what stands now for what Django filled."""
        self._filled = self._sums()

    @staticmethod
    def _sums() -> tuple[str, ...]:
        with connection.cursor() as cursor:
            cursor.execute(_SUM)
            return tuple(cursor.fetchone())

    def statements(self, tables: list[str], *, reset_sequences: bool) -> list[str]:
        """Return the SQL that empties these tables, in one go.

        `replica` switches ordinary triggers off for the flush's own transaction only: the history is append-only, and
        the tables come in any order. The triggers have their own tests.
        """
        assert not reset_sequences, "What is cached by its row number would be mixed up."
        self._stays = self._filled is not None and self._sums() == self._filled
        emptied = [table for table in tables if not (self._stays and table in FILLED_BY_DJANGO)]
        deletes = [f"DELETE FROM {connection.ops.quote_name(table)}" for table in emptied]
        return ["; ".join(["SET LOCAL session_replication_role = 'replica'", *deletes])] if deletes else []

    def fill_again(self, emit: Callable[..., None], *how: Any) -> None:
        """Let Django fill its tables again if they were emptied."""
        if not self._stays:
            emit(*how)
            self.remember()


@contextmanager
def flushing_by_deletes() -> Iterator[Flushing]:
    """Let Django's `flush` go this way until the block ends."""
    flushing, emit = Flushing(), flush.emit_post_migrate_signal

    def sql_flush(self: Any, style: Any, tables: Any, *, reset_sequences: bool = False, **_: Any) -> list[str]:
        return flushing.statements(list(tables), reset_sequences=reset_sequences)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *how: flushing.fill_again(emit, *how))
        yield flushing

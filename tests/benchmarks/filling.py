"""Fill tables by copying rows inside PostgreSQL: what takes the engine hours takes minutes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection, models
from psycopg import sql

#: Keys that point at rows, constraints and triggers cost hours on millions of rows, and copies keep them anyway.
UNGUARDED = "set session_replication_role = replica"
GUARDED = "set session_replication_role = origin"
INDEXES = """
select c.relname, pg_get_indexdef(c.oid), con.conname, pg_get_constraintdef(con.oid)
from pg_index i join pg_class c on c.oid = i.indexrelid
left join pg_constraint con on con.conindid = c.oid and con.contype in ('u', 'x')
where i.indrelid = %s::regclass and not i.indisprimary
"""


def copy_rows(model: type[models.Model], changed: Mapping[str, str], source: str) -> None:
    """Insert copies of a model's rows. changed: SQL by column; source: what follows FROM, where `o` is the old row."""
    columns = [field.column for field in model._meta.local_concrete_fields]
    chosen = [sql.SQL(changed[name]) if name in changed else sql.Identifier("o", name) for name in columns]
    run(
        sql.SQL("insert into {} ({}) select {} from " + source).format(
            sql.Identifier(model._meta.db_table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(chosen),
        )
    )


def continue_numbers(model: type[models.Model]) -> None:
    """Let a table's own numbers go on after the highest."""
    key = model._meta.pk
    if isinstance(key, models.AutoField | models.BigAutoField):
        table, column = model._meta.db_table, key.column
        run(f"select setval(pg_get_serial_sequence('{table}', '{column}'), (select max({column}) from {table}))")


@contextlib.contextmanager
def unguarded() -> Iterator[None]:
    """Switch triggers and foreign keys off for this connection until the block ends."""
    run(UNGUARDED)
    try:
        yield
    finally:
        run(GUARDED)


@contextlib.contextmanager
def without_indexes(model: type[models.Model]) -> Iterator[None]:
    """Take a table's indexes away until the block ends; building them afterwards is many times faster."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(INDEXES, [table])
        found = cursor.fetchall()
    for index, _, constraint, _ in found:
        run(f'alter table "{table}" drop constraint "{constraint}"' if constraint else f'drop index "{index}"')
    yield
    run("set maintenance_work_mem = '512MB'")
    for _, index_words, constraint, constraint_words in found:
        again = f'alter table "{table}" add constraint "{constraint}" {constraint_words}'
        run(again if constraint else index_words)


def settle() -> None:
    """Leave the tables as they are after a quiet night: vacuumed, counted, written out."""
    run("vacuum analyze")
    run("checkpoint")


def run(words: Any) -> None:
    """Carry out one statement."""
    with connection.cursor() as cursor:
        cursor.execute(words)

"""How many bytes a finished case leaves on disk, tables and indexes, its form's data apart."""

from __future__ import annotations

import json

from django.db import connection

from tests.benchmarks.cases import ANSWERS, Engine
from tests.benchmarks.figure import Figure, Size
from tests.benchmarks.ground import Ground

SIZES = """
select c.relname, coalesce(t.relname, ''), pg_relation_size(c.oid) + case when c.relkind = 'r' then
    pg_relation_size(c.oid, 'fsm') + pg_relation_size(c.oid, 'vm')
    + coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0) else 0 end
from pg_class c left join pg_index i on i.indexrelid = c.oid left join pg_class t on t.oid = i.indrelid
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'i')
"""


def measure(ground: Ground, size: Size) -> Figure:
    """Finish cases in fresh tables, vacuum as autovacuum would, and compare with the tables before."""
    with ground.fresh_database(), Engine().told() as engine:
        before = _sizes()
        for number in range(1, size.finished + 1):
            engine.finish(number)
        after, form = _sizes(), _form_bytes()
    grown = {key: (after[key] - before.get(key, 0)) / size.finished for key in after}
    tables = {table: round(grown[table, ""]) for table, owner in grown if not owner and grown[table, ""]}
    indexes = {
        table: {name: round(value) for (name, owner), value in grown.items() if owner == table and value}
        for table in tables
    }
    return Figure(
        name="disk",
        title="bytes per finished case on disk, form data apart",
        unit="bytes",
        value=sum(grown.values()) - form,
        must=8_192,
        hope=6_144,
        detail={
            "cases": size.finished,
            "form_data": form,
            "per_table": {table: tables[table] + sum(indexes[table].values()) for table in tables},
            "heap": tables,
            "indexes": indexes,
        },
    )


def _sizes() -> dict[tuple[str, str], int]:
    """Return the bytes of every table (name, "") and every index (name, its table)."""
    with connection.cursor() as cursor:
        cursor.execute("vacuum")
        cursor.execute(SIZES)
        return {(name, owner): size for name, owner, size in cursor.fetchall()}


def _form_bytes() -> int:
    """Return what PostgreSQL stores for the answers that a case began with."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_column_size(%s::jsonb)", [json.dumps(ANSWERS)])
        return int(cursor.fetchone()[0])

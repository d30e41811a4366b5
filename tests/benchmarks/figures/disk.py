"""How many bytes a finished case leaves on disk, tables and indexes, its form's data apart."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping

from django.db import connection

from tests.benchmarks.cases import ANSWERS, Engine, people
from tests.benchmarks.figure import Figure, Size
from tests.benchmarks.filling import run
from tests.benchmarks.floor import Floor, laid
from tests.benchmarks.ground import Ground, dsn

#: Cases between two vacuums: autovacuum's own thresholds (50 dead rows and a fifth of the table) are reached earlier.
VACUUMED_AFTER = 100
#: Of each table: its rows with their maps and long values, and every index.
SIZES = """
select relname, 'rows', pg_table_size(oid) from pg_class
where relnamespace = 'public'::regnamespace and relkind = 'r'
union all
select t.relname, i.relname, pg_relation_size(i.oid) from pg_index x
join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
where t.relnamespace = 'public'::regnamespace and t.relkind = 'r'
"""


def measure(ground: Ground, size: Size) -> Figure:
    """Finish the same cases by engine and floor in fresh tables, and compare with the tables before."""
    with ground.fresh_database(), laid(dsn(connection.settings_dict)) as tables, Engine().told() as engine:
        floor = Floor(tables, {post: person.pk for post, person in people().items()})
        before = _sizes()
        for number in range(1, size.finished + 1):
            engine.finish(number)
            floor.finish(number)
            if number % VACUUMED_AFTER == 0:
                run("vacuum")
        grown, form = _grown(before, _sizes(), size.finished), _form_bytes()
    ours = {table: parts for table, parts in grown.items() if not table.startswith("bench_")}
    least = {table: parts for table, parts in grown.items() if table.startswith("bench_")}
    return Figure(
        name="disk",
        title="bytes per finished case on disk, form data apart",
        unit="bytes",
        value=sum(_totals(ours).values()) - form,
        must=8_192,
        hope=6_144,
        detail={
            "cases": size.finished,
            "form_data": form,
            "per_table": _totals(ours),
            "parts": ours,
            "floor": sum(_totals(least).values()) - form,
            "floor_per_table": _totals(least),
        },
    )


Sizes = Mapping[tuple[str, str], int]


def _sizes() -> Sizes:
    """Return the bytes of every table's rows and of its indexes."""
    run("vacuum")
    with connection.cursor() as cursor:
        cursor.execute(SIZES)
        return {(table, part): size for table, part, size in cursor.fetchall()}


def _grown(before: Sizes, after: Sizes, cases: int) -> dict[str, dict[str, int]]:
    """Return by how many bytes per case each part of each table grew, those that did not left out."""
    grown: dict[str, dict[str, int]] = defaultdict(dict)
    for (table, part), size in after.items():
        if more := size - before.get((table, part), 0):
            grown[table][part] = round(more / cases)
    return dict(grown)


def _totals(tables: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    return {table: sum(parts.values()) for table, parts in tables.items()}


def _form_bytes() -> int:
    """Return what PostgreSQL stores for the answers that a case began with."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_column_size(%s::jsonb)", [json.dumps(ANSWERS)])
        return int(cursor.fetchone()[0])

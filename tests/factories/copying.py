"""What many tests begin with is made once a process, and from then on copied, which takes a fraction of the time."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from django.db import connection, transaction

#: What migrations fill; a flush fills it again. The edition of the catalogue is one row that triggers rewrite.
_EDITION = "catalogue_edition"
_ALWAYS_FILLED = frozenset({"auth_permission", "django_content_type", "django_migrations", "django_site", _EDITION})
#: What the triggers would have done, so that no page is shown that was kept under the edition before.
_NEW_EDITION = """
    INSERT INTO catalogue_edition (id, number, transaction) VALUES (1, 1, pg_current_xact_id()::text::bigint)
    ON CONFLICT (id) DO UPDATE SET number = catalogue_edition.number + 1, transaction = EXCLUDED.transaction
"""
_kept: dict[Hashable, list[tuple[str, bytes]]] = {}


def made_once(what: Hashable, make: Callable[[], object]) -> None:
    """Fill the tables as `make` does, or copy what it made for another test. what: names it, with all it depends on.

    A copy has the row numbers of the first, which no other row was ever given: sequences are not set back. Where
    something stands in the tables already, it is made.
    """
    filled = _filled(_tables())
    kept = _kept.get(what)
    if kept is not None and not filled:
        put_back(kept)
        return
    make()
    if not filled:
        _kept[what] = all_rows()


def all_rows() -> list[tuple[str, bytes]]:
    """Return what stands in every table that migrations do not fill."""
    return [(table, _rows_of(table)) for table in sorted(_filled(_tables()))]


def is_empty() -> bool:
    """Tell whether nothing stands in any of these tables."""
    return not _filled(_tables())


def _tables() -> set[str]:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return set(names) - _ALWAYS_FILLED


def _filled(tables: Iterable[str]) -> set[str]:
    asked = " UNION ALL ".join(
        f"(SELECT '{table}' FROM {connection.ops.quote_name(table)} LIMIT 1)" for table in sorted(tables)
    )
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return {row[0] for row in cursor.fetchall()}


def _rows_of(table: str) -> bytes:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {connection.ops.quote_name(table)} TO STDOUT (FORMAT binary)") as rows,
    ):
        return b"".join(bytes(part) for part in rows)


@transaction.atomic
def put_back(kept: list[tuple[str, bytes]]) -> None:
    """Fill empty tables with rows that `all_rows` returned in this process."""
    with connection.cursor() as cursor:
        # Triggers and references held when the rows were made; here the tables are filled by the order of their names.
        cursor.execute("SET LOCAL session_replication_role = 'replica'")
        for table, rows in kept:
            with cursor.copy(f"COPY {connection.ops.quote_name(table)} FROM STDIN (FORMAT binary)") as into:
                into.write(rows)
        cursor.execute("SET LOCAL session_replication_role = 'origin'")
        cursor.execute(_NEW_EDITION)

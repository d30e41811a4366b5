"""Several questions in one trip to PostgreSQL, each composed once per process (docs/decisions/0022).

A page that asks ten things waits ten times for the database, and Django composes ten statements anew, which costs more
than the database needs to answer them. A `Question` keeps its statement; `answers` sends many at once and waits once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from threading import Lock
from typing import Any, Generic, TypeVar

from django.db import OperationalError, connection
from django.db.models import Model, QuerySet
from django.db.models.query import ModelIterable, get_related_populators
from psycopg import Pipeline

Row = TypeVar("Row")
#: Where Django notes that this request has found its kept connection alive.
_CHECKED = "health_check_done"


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Stands in a statement that is being composed where a value will stand: the number of the value."""

    number: int


@dataclass(frozen=True, kw_only=True)
class _Statement:
    """A composed statement. params: its values, with places for those that are given later. read: rows to results."""

    words: str
    params: Sequence[Any]
    read: Callable[[Iterable[Sequence[Any]]], list[Any]]


@dataclass(frozen=True, kw_only=True)
class Asked(Generic[Row]):
    """A question with its values, to be put by `answers`. read: makes results of the rows that come."""

    words: str
    params: Sequence[Any] | Mapping[str, Any]
    read: Callable[[Iterable[Sequence[Any]]], list[Row]]


class Question(Generic[Row]):
    """A question about rows that is asked again and again with other values.

    It is composed at the first asking, with stand-ins for the values, and only its values change afterwards. So the
    shape of its statement must not depend on them: no None, no list.
    """

    def __init__(self, rows: Callable[..., QuerySet[Any, Any]]) -> None:
        """rows: returns the query for the values; a model's rows, also with select_related, or a values_list."""
        self._rows = rows
        self._kept: _Statement | None = None
        self._lock = Lock()

    def about(self, *values: int | str | datetime) -> Asked[Row]:
        """Return the question with its values."""
        kept = self._kept
        if kept is None:
            with self._lock:
                kept = self._kept = self._kept or _composed(self._rows, values)
        params = [values[one.number] if isinstance(one, _Place) else one for one in kept.params]
        return Asked(words=kept.words, params=params, read=kept.read)


class Sentence(Generic[Row]):
    """A question in SQL that was written by hand; its results are tuples. `%(name)s` stands for each value."""

    def __init__(self, words: str) -> None:
        self._words = words

    def about(self, **values: Any) -> Asked[Row]:
        """Return the question with its values."""
        return Asked(words=self._words, params=values, read=_as_they_come)


def answers(*asked: Asked[Any]) -> list[list[Any]]:
    """Return the answer to each question, in order: one trip. An error of one is an error of all."""
    with ExitStack() as stack:
        cursors = [stack.enter_context(connection.cursor()) for _ in asked]
        if len(asked) > 1 and Pipeline.is_supported():
            stack.enter_context(connection.wrap_database_errors)
            stack.enter_context(connection.connection.pipeline())
        for cursor, one in zip(cursors, asked, strict=True):
            cursor.execute(one.words, one.params)
        rows = [cursor.fetchall() for cursor in cursors]
    return [one.read(found) for one, found in zip(asked, rows, strict=True)]


def first_answers(*asked: Asked[Any]) -> list[list[Any]]:
    """Return `answers` to the first questions of a request; they also find out whether the kept connection is dead.

    Then they are asked again on a new one. Django's own look after the connection is one more trip for each page.
    """
    if connection.in_atomic_block or connection.connection is None or getattr(connection, _CHECKED):
        return answers(*asked)
    setattr(connection, _CHECKED, True)
    try:
        return answers(*asked)
    except OperationalError:
        connection.close()  # the next cursor connects anew
        return answers(*asked)


def without(rows: Iterable[Model], *relations: str) -> None:
    """Note of a model's rows that nothing stands in these relations, as was found out otherwise: it is not read.

    relations: names of what points at the model, by a foreign key or a one-to-one.
    """
    for row in rows:
        many = row.__dict__.setdefault("_prefetched_objects_cache", {})
        for name in relations:
            nothing = _nothing_in(type(row), name)
            if nothing is None:
                row._state.fields_cache[name] = None
            else:
                many[name] = nothing


@cache
def _nothing_in(model: type[Model], relation: str) -> QuerySet[Any, Any] | None:
    """Return the empty answer of a relation to many rows, None for one to a single row."""
    pointing: Any = model._meta.get_field(relation)
    if pointing.one_to_one:
        return None
    nothing: Any = pointing.related_model._default_manager.none()
    nothing._result_cache = []  # asked already, by nobody
    found: QuerySet[Any, Any] = nothing
    return found


def _as_they_come(rows: Iterable[Sequence[Any]]) -> list[Any]:
    return list(rows)


def _composed(rows: Callable[..., QuerySet[Any, Any]], values: Sequence[Any]) -> _Statement:
    """Compose a query with a stand-in for each value and find where they came to stand."""
    stand_ins = [_stand_in(value, number) for number, value in enumerate(values)]
    query: Any = rows(*stand_ins)
    if query._prefetch_related_lookups:
        raise ValueError("What is asked together is one statement each: no prefetch_related.")
    compiler = query.query.get_compiler(using=query.db)
    words, params = compiler.as_sql()
    found = {number: [at for at, one in enumerate(params) if one == given] for number, given in enumerate(stand_ins)}
    if not all(found.values()):
        raise ValueError("A value of the question does not stand in its statement as it is.")
    places = {at: number for number, where in found.items() for at in where}
    known = [_Place(number=places[at]) if at in places else one for at, one in enumerate(params)]
    return _Statement(words=words, params=known, read=_reader(query, compiler))


def _stand_in(value: Any, number: int) -> Any:
    """Return a value of the same kind that nothing else in a statement equals."""
    if isinstance(value, str):
        return f"stand-in-{number}"
    if isinstance(value, datetime):
        return datetime(1, 1, 1, microsecond=number + 1, tzinfo=UTC)
    if isinstance(value, int) and not isinstance(value, bool):
        return 2_147_480_000 + number
    raise TypeError("A question takes numbers, texts and instants.")


def _reader(query: Any, compiler: Any) -> Callable[[Iterable[Sequence[Any]]], list[Any]]:
    """Return what makes results of a statement's rows, as the query itself would."""
    converters = compiler.get_converters([one[0] for one in compiler.select[: compiler.col_count]])

    def converted(rows: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
        for row in map(list, rows):
            for at, (steps, expression) in converters.items():
                for step in steps:
                    row[at] = step(row[at], expression, connection)
            yield row

    if not issubclass(query._iterable_class, ModelIterable):
        return lambda rows: [tuple(row) for row in converted(rows)]
    model = compiler.klass_info["model"]
    begin, *_between = compiler.klass_info["select_fields"]
    end = compiler.klass_info["select_fields"][-1] + 1
    columns = [one[0].target.attname for one in compiler.select[begin:end]]
    # What types know of it is the next Django's.
    related = get_related_populators(compiler.klass_info, compiler.select, query.db)  # type: ignore[call-arg]
    further = compiler.annotation_col_map

    def made(rows: Iterable[Sequence[Any]]) -> list[Any]:
        found = []
        for row in converted(rows):
            one = model.from_db(query.db, columns, row[begin:end])
            for populator in related:
                populator.populate(row, one)
            for name, at in further.items():
                setattr(one, name, row[at])
            found.append(one)
        return found

    return made

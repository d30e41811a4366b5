"""Random small tables with a slow oracle: each cell is a text and, apart from it, a predicate written in Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from hypothesis import strategies as st

from tests.workflows.dmn.tables import CEL, Column, column, read
from workflows.dmn import Decision

Predicate = Callable[[Any], bool]


@dataclass(frozen=True)
class Sort:
    """A kind of column: its literals as (text, value), and values of every region those literals can make."""

    type: str
    literals: tuple[tuple[str, Any], ...]
    values: tuple[Any, ...]
    ordered: bool = True


@dataclass(frozen=True)
class OracleCell:
    text: str
    met: Predicate
    names_null: bool = False


@dataclass(frozen=True)
class Table:
    sorts: tuple[Sort, ...]
    allowed: tuple[OracleCell | None, ...]
    rules: tuple[tuple[OracleCell, ...], ...]

    def read(self, policy: str, *, default: str = "") -> Decision:
        """The rules answer 1, 2, 3…"""
        rows = [(*(cell.text for cell in rule), str(number)) for number, rule in enumerate(self.rules, 1)]
        return read(self.columns(), [column("o", "integer", default=default)], rows, policy)

    def columns(self) -> list[Column]:
        return [
            column(f"d.c{index}", sort.type, allowed=allowed.text if allowed else "")
            for index, (sort, allowed) in enumerate(zip(self.sorts, self.allowed, strict=True))
        ]

    def inputs(self) -> list[tuple[Any, ...]]:
        """Every combination of values that the table takes, null among them."""
        return list(
            product(
                *(
                    [None, *(value for value in sort.values if allowed is None or allowed.met(value))]
                    for sort, allowed in zip(self.sorts, self.allowed, strict=True)
                )
            )
        )

    def hits(self, values: Sequence[Any]) -> list[int]:
        """The numbers of the rules that hit."""
        return [
            number
            for number, rule in enumerate(self.rules, 1)
            if all(cell.met(value) for cell, value in zip(rule, values, strict=True))
        ]


def data(values: Sequence[Any]) -> dict[str, Any]:
    return {"d": {f"c{index}": value for index, value in enumerate(values)}}


NUMBER = Sort("number", tuple((str(n), n) for n in range(4)), tuple(n / 2 for n in range(-2, 9)))
INTEGER = Sort("integer", NUMBER.literals, tuple(range(-1, 5)))
TEXT = Sort("string", tuple((f'"{t}"', t) for t in "bdf"), ("", "a", "b", "c", "d", "e", "f", "g"))
DAYS = (*(f"2026-02-{day:02}" for day in (26, 27, 28)), "2026-03-01", "2026-03-02")
DATE = Sort("date", tuple((f'date("{day}")', day) for day in DAYS[1:4]), DAYS)
BOOLEAN = Sort("boolean", (("true", True), ("false", False)), (True, False), ordered=False)
SORTS = (NUMBER, INTEGER, TEXT, DATE, BOOLEAN)


def _parts(sort: Sort) -> st.SearchStrategy[OracleCell]:
    literal = st.sampled_from(sort.literals)
    equal = literal.map(lambda one: OracleCell(one[0], lambda value: value == one[1]))
    if not sort.ordered:
        return equal
    compared = st.tuples(st.sampled_from(["<", "<=", ">", ">="]), literal).map(lambda pair: _compared(*pair))
    ends = st.tuples(st.sampled_from("[(]"), literal, literal, st.sampled_from("])["))
    between = ends.filter(lambda end: end[1][1] < end[2][1]).map(lambda end: _between(*end))
    return equal | compared | between


def _compared(sign: str, literal: tuple[str, Any]) -> OracleCell:
    text, end = literal
    tests: dict[str, Predicate] = {
        "<": lambda value: value is not None and value < end,
        "<=": lambda value: value is not None and value <= end,
        ">": lambda value: value is not None and value > end,
        ">=": lambda value: value is not None and value >= end,
    }
    return OracleCell(f"{sign} {text}", tests[sign])


def _between(opening: str, low: tuple[str, Any], high: tuple[str, Any], closing: str) -> OracleCell:
    def met(value: Any) -> bool:
        if value is None:
            return False
        above = low[1] <= value if opening == "[" else low[1] < value
        below = value <= high[1] if closing == "]" else value < high[1]
        return bool(above and below)

    return OracleCell(f"{opening}{low[0]}..{high[0]}{closing}", met)


NULL = OracleCell("null", lambda value: value is None, names_null=True)
ANY = OracleCell("-", lambda value: True)


def _one_of(parts: list[OracleCell]) -> OracleCell:
    text = ", ".join(part.text for part in parts)
    return OracleCell(text, lambda value: any(part.met(value) for part in parts), any(p.names_null for p in parts))


def _none_of(parts: list[OracleCell]) -> OracleCell:
    one = _one_of(parts)
    return OracleCell(f"not({one.text})", lambda value: not one.met(value), one.names_null)


def _cells(sort: Sort) -> st.SearchStrategy[OracleCell]:
    parts = st.lists(_parts(sort) | st.just(NULL), min_size=1, max_size=3)
    return st.just(ANY) | _parts(sort) | parts.map(_one_of) | parts.map(_none_of)


def _cel(sort: Sort) -> st.SearchStrategy[OracleCell]:
    """The same as a literal, but in a language that the proof does not look into."""
    return st.sampled_from(sort.literals).map(
        lambda one: OracleCell(
            f"{CEL}input == {one[0].removeprefix('date(').removesuffix(')')}", lambda value: value == one[1]
        )
    )


@st.composite
def tables(draw: st.DrawFn, *, cel: bool = False, most_columns: int = 3) -> Table:
    sorts = tuple(draw(st.lists(st.sampled_from(SORTS), min_size=1, max_size=most_columns)))
    allowed = tuple(draw(st.none() | st.lists(_parts(sort), min_size=1, max_size=3).map(_one_of)) for sort in sorts)
    row = st.tuples(*(_cells(sort) | _cel(sort) if cel else _cells(sort) for sort in sorts))
    return Table(sorts, allowed, tuple(draw(st.lists(row, min_size=1, max_size=5))))

"""Split what an input may be into regions within which every cell of its column answers the same.

A region is represented by one value of it, its sample: the end points that the cells name, and one value between and
beyond them. So a question about all values becomes one about a few. A set of rules is the bits of a number.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from workflows.dmn.cells import UnaryTests
from workflows.dmn.table import Decision
from workflows.dmn.values import Kind, Value

#: Stands for whatever a column without a kind may be asked: only null is told apart there.
SOMETHING = "any value"
_MAX_COMPARISONS = 2_000_000


class UndecidedError(Exception):
    """The question needs more steps than the bound allows."""


@dataclass(frozen=True, slots=True)
class Region:
    """One part of an input's values. certain: the rules whose cell holds; possible: also those whose CEL may."""

    sample: Value
    certain: int
    possible: int


@dataclass(slots=True)
class Budget:
    """How many region combinations may still be looked at."""

    left: int

    def spend(self) -> None:
        """Count one; raises UndecidedError when none is left."""
        if self.left <= 0:
            raise UndecidedError
        self.left -= 1


def regions_of(decision: Decision) -> list[list[Region]]:
    """Return the regions of every input, null among them. Raises UndecidedError for a table that is too large."""
    samples = [_samples(decision, index) for index in range(len(decision.inputs))]
    if sum(map(len, samples)) * len(decision.rules) > _MAX_COMPARISONS:
        raise UndecidedError
    return [_regions(decision, index, found) for index, found in enumerate(samples)]


def uncovered(columns: Sequence[Sequence[tuple[Value, int]]], rules: int, budget: Budget) -> tuple[Value, ...] | None:
    """Return one combination of samples that no rule covers, or None when the rules cover everything.

    columns: for every input its samples, each with the rules that hold there. rules: those to look at.
    Raises UndecidedError when the budget does not suffice.
    """
    return _Search(columns, rules, budget).below(0, rules)


class _Search:
    """Goes through the columns from left to right with the rules that are still alive."""

    def __init__(self, columns: Sequence[Sequence[tuple[Value, int]]], rules: int, budget: Budget) -> None:
        self.columns, self.budget = [_merged(column, rules) for column in columns], budget
        self.covered: set[tuple[int, int]] = set()
        # Rules that hold everywhere from a column on: one of them alive and nothing further can be uncovered.
        self.free = [rules]
        for column in reversed(self.columns):
            everywhere = self.free[-1]
            for _, holding in column:
                everywhere &= holding
            self.free.append(everywhere)
        self.free.reverse()

    def below(self, depth: int, alive: int) -> tuple[Value, ...] | None:
        if alive & self.free[depth] or (depth, alive) in self.covered:
            return None
        if depth == len(self.columns):
            return ()
        for sample, holding in self.columns[depth]:
            self.budget.spend()
            rest = self.below(depth + 1, alive & holding)
            if rest is not None:
                return (sample, *rest)
        self.covered.add((depth, alive))
        return None


def _merged(column: Iterable[tuple[Value, int]], rules: int) -> list[tuple[Value, int]]:
    """Keep one sample for each set of rules; which one does not matter for what is covered."""
    kept: dict[int, Value] = {}
    for sample, holding in column:
        kept.setdefault(holding & rules, sample)
    return [(sample, holding) for holding, sample in kept.items()]


def _samples(decision: Decision, index: int) -> list[Value]:
    column = decision.inputs[index]
    tests = [cell for rule in decision.rules if isinstance(cell := rule.cells[index], UnaryTests)]
    tests += [column.allowed] if column.allowed else []
    ends = {end for test in tests for part in test.ranges for end in (part.low, part.high) if end is not None}
    given = _between(column.kind, sorted(ends))
    return [*(value for value in given if column.allowed is None or column.allowed.met_by(value)), None]


def _regions(decision: Decision, index: int, samples: Sequence[Value]) -> list[Region]:
    found = []
    for sample in samples:
        certain = possible = 0
        for bit, rule in enumerate(decision.rules):
            cell = rule.cells[index]
            if not isinstance(cell, UnaryTests):
                possible |= 1 << bit
            elif cell.met_by(sample):
                certain |= 1 << bit
        found.append(Region(sample, certain, possible | certain))
    return found


def _between(kind: Kind | None, ends: list[Any]) -> list[Any]:
    """Return the end points of a column in order, with a value before, between and after them where there is one."""
    if kind is None:
        return [SOMETHING]
    if kind is Kind.BOOLEAN:
        return [False, True]
    inner, alone = _INNER[kind]
    if not ends:
        return [alone]
    found = [inner(None, ends[0])]
    for low, high in pairwise(ends):
        found += [low, inner(low, high)]
    found += [ends[-1], inner(ends[-1], None)]
    return [value for value in found if value is not None]


def _whole_inside(low: float | None, high: float | None) -> float | None:
    if low is None:
        return None if high is None else high - 1
    return None if high is not None and low + 1 >= high else low + 1


def _number_inside(low: float | None, high: float | None) -> float | None:
    if low is None or high is None:
        return _whole_inside(low, high)
    # A whole number reads better as an example.
    middle = math.floor(low) + 1.0 if math.floor(low) + 1 < high else (low + high) / 2
    return middle if low < middle < high else None


def _day_inside(low: str | None, high: str | None) -> str | None:
    try:
        day = datetime.date.fromisoformat(low or high or "") + datetime.timedelta(days=1 if low else -1)
    except OverflowError:  # the calendar ends here
        return None
    return None if low and high and day.isoformat() >= high else day.isoformat()


def _text_inside(low: str | None, high: str | None) -> str | None:
    # The last of these follows `low` directly: when it is not before `high`, nothing is.
    for text in ("another value", f"{low or ''}+", f"{low or ''}\0" if low is not None else ""):
        if (low is None or low < text) and (high is None or text < high):
            return text
    return None


_INNER: dict[Kind, tuple[Callable[[Any, Any], Any], Value]] = {
    Kind.TEXT: (_text_inside, "another value"),
    Kind.NUMBER: (_number_inside, 0.0),
    Kind.INTEGER: (_whole_inside, 0.0),
    Kind.DATE: (_day_inside, "2026-01-01"),
}

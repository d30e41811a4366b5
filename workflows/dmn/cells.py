"""What stands in the cells of a table: S-FEEL tests, literals, and CEL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workflows.dmn.values import Kind, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Values from `low` to `high`; an end that is None is open to infinity. A literal is a range of one value."""

    # Any: both ends and every value asked are of the column's one kind, which the parser and `read_value` see to.
    low: Any = None
    high: Any = None
    low_closed: bool = True
    high_closed: bool = True

    def holds(self, value: Any) -> bool:
        """Return whether a value, not null and of the range's kind, lies in it."""
        if self.low is not None and (value < self.low or (value == self.low and not self.low_closed)):
            return False
        return self.high is None or value < self.high or (value == self.high and self.high_closed)

    @property
    def empty(self) -> bool:
        """Whether no value can lie in it."""
        if self.low is None or self.high is None:
            return False
        return bool(self.high < self.low or (self.low == self.high and not (self.low_closed and self.high_closed)))


@dataclass(frozen=True, slots=True, kw_only=True)
class UnaryTests:
    """S-FEEL unary tests (DMN 1.3, 9.2): met by null when `null`, by what one of the ranges holds; or by the rest."""

    kind: Kind | None = None
    ranges: tuple[Range, ...] = ()
    null: bool = False
    negated: bool = False

    def met_by(self, value: object) -> bool:
        """Return whether a value of the tests' kind meets them. `not(…)` is met by null unless it names null."""
        if value is None:
            return self.null is not self.negated
        for part in self.ranges:
            if part.holds(value):
                return not self.negated
        return self.negated


#: A cell that says `-`: not any value is ruled out.
ANYTHING = UnaryTests(negated=True)


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal, written as the result of a rule."""

    value: Value
    kind: Kind | None


@dataclass(frozen=True, slots=True)
class Cel:
    """An expression in CEL, checked when the table is read. `workflows.expressions` keeps it compiled."""

    text: str


@dataclass(frozen=True, slots=True)
class Path:
    """A dotted path into the data, such as `premises.area`."""

    names: tuple[str, ...]

    @property
    def text(self) -> str:
        """The path as it was written."""
        return ".".join(self.names)


Cell = UnaryTests | Cel
Entry = Constant | Cel
Source = Path | Cel

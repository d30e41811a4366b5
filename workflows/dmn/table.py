"""A decision table as frozen values (DMN 1.3, clause 8). What is not here is not decided with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workflows.dmn.cells import Cell, Entry, Source, UnaryTests
from workflows.dmn.values import Kind


class HitPolicy(StrEnum):
    """How many rules may hit (DMN 1.3, 8.2.10)."""

    UNIQUE = "UNIQUE"
    FIRST = "FIRST"
    COLLECT = "COLLECT"


class Aggregation(StrEnum):
    """What COLLECT makes of the results of all rules that hit (DMN 1.3, 8.2.10 and 8.3.1)."""

    SUM = "SUM"
    MIN = "MIN"
    MAX = "MAX"
    COUNT = "COUNT"


@dataclass(frozen=True, kw_only=True)
class Input:
    """A column that is asked. allowed: what its values may be besides null; None is anything of its kind."""

    id: str
    label: str
    source: Source
    kind: Kind | None
    allowed: UnaryTests | None = None


@dataclass(frozen=True, kw_only=True)
class Output:
    """A column that is answered. default: its result when no rule hits."""

    id: str
    name: str
    label: str
    kind: Kind | None
    allowed: UnaryTests | None = None
    default: Entry | None = None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A row: hits when every cell is met, and then gives its results."""

    id: str
    cells: tuple[Cell, ...]
    results: tuple[Entry, ...]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One decision with one decision table."""

    key: str
    name_zh: str
    name_en: str
    hit_policy: HitPolicy
    aggregation: Aggregation | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]

"""One measured figure with its bounds, and how much work goes into measuring each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What was measured.

    must, hope: the bounds; `value` may not be above them, or not below where `higher_is_better`. holds: whatever else
    must be true, such as nothing lost. rounds: raw medians or totals per round. detail: what an engineer acts on.
    """

    name: str
    title: str
    unit: str
    value: float
    must: float
    hope: float
    higher_is_better: bool = False
    holds: bool = True
    rounds: Mapping[str, Any] = field(default_factory=dict)
    detail: Mapping[str, Any] = field(default_factory=dict)

    def keeps(self, bound: float) -> bool:
        """Tell whether the value is on the right side of a bound."""
        return self.value >= bound if self.higher_is_better else self.value <= bound

    @property
    def passed(self) -> bool:
        """Whether the figure is as good as it must be."""
        return self.holds and self.keeps(self.must)

    def as_json(self) -> dict[str, Any]:
        """Return the figure as plain values."""
        return {
            "title": self.title,
            "value": round(self.value, 4),
            "unit": self.unit,
            "better": "higher" if self.higher_is_better else "lower",
            "must": self.must,
            "hope": self.hope,
            "passed": self.passed,
            "hoped": self.holds and self.keeps(self.hope),
            "holds": self.holds,
            "rounds": dict(self.rounds),
            "detail": dict(self.detail),
        }


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured.

    rounds, cases: interleaved rounds and cases in each. races: how often five departments finish at one instant.
    finished: cases on disk. open_tasks, closed_tasks: rows of the inbox. seeds, few, many: cases made by the engine,
    and how many there are after copying them, before and after growth. repetitions: of what takes microseconds.
    quick: whether other figures, which know their own amounts, shall take less as well.
    """

    rounds: int
    cases: int
    races: int
    finished: int
    open_tasks: int
    closed_tasks: int
    seeds: int
    few: int
    many: int
    repetitions: int
    quick: bool = False


FULL = Size(
    rounds=9,
    cases=60,
    races=1_000,
    finished=1_000,
    open_tasks=1_000_000,
    closed_tasks=10_000_000,
    seeds=200,
    few=2_000,
    many=20_000,
    repetitions=1_000,
)
QUICK = Size(
    rounds=5,
    cases=20,
    races=100,
    finished=300,
    open_tasks=100_000,
    closed_tasks=1_000_000,
    seeds=50,
    few=500,
    many=5_000,
    repetitions=200,
    quick=True,
)

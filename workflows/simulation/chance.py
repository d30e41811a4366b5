"""Random numbers that belong to what they decide, and how long things take.

Every number is a hash of (seed, case, step, how-manieth time), not the next of a stream. So two versions of a process
meet the same luck at the same step of the same case ("common random numbers": Law, Simulation Modeling and Analysis,
chapter 11), and what differs between them is the process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import accumulate, pairwise
from statistics import NormalDist
from typing import Protocol

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
#: The 10th and 90th percentile of the normal distribution lie so many deviations from its middle.
_TENTH = NormalDist().inv_cdf(0.9)
_NORMAL = NormalDist()
#: Nothing takes longer than the 9,999th of 10,000: a bell curve's endless tail is not a fact about offices.
_RAREST = 1e-4


@lru_cache(maxsize=65_536)
def number_of(text: str) -> int:
    """Return a number for a name, the same in every process on every machine."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


def mixed(first: int, *others: int) -> int:
    """Return one number of 64 bits in which all bits depend on all others (SplitMix64, Steele et al. 2014)."""
    number = first
    for other in (*others, 0):
        number = ((number ^ other) + _GOLDEN) & _MASK
        number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
        number ^= number >> 31
    return number


def share(number: int) -> float:
    """Return a mixed number as a share, 0 <= share < 1."""
    return (number >> 11) * 2.0**-53


class Duration(Protocol):
    """How long something takes, as a function of how much luck it has: 0 is the shortest, 1 the longest."""

    def at(self, luck: float) -> int:
        """Return whole seconds."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always as long."""

    seconds: int

    def at(self, luck: float) -> int:
        """Return the same, whatever the luck."""
        return self.seconds


@dataclass(frozen=True, slots=True)
class Spread:
    """Longer or shorter than its median: two halves of lognormal distributions that meet three given percentiles.

    Raises ValueError unless 0 < tenth <= median <= ninetieth.
    """

    tenth: float
    median: float
    ninetieth: float

    def __post_init__(self) -> None:
        """Refuse percentiles that are none."""
        if not 0 < self.tenth <= self.median <= self.ninetieth < math.inf:
            raise ValueError("the 10th, 50th and 90th percentile are above zero and in this order")

    def at(self, luck: float) -> int:
        """Return the value that a share `luck` of all does not exceed."""
        deviation = _NORMAL.inv_cdf(min(max(luck, _RAREST), 1 - _RAREST))
        edge = self.ninetieth if deviation > 0 else self.tenth
        factor: float = (edge / self.median) ** (abs(deviation) / _TENTH)
        return round(self.median * factor)


@dataclass(frozen=True, slots=True)
class Seen:
    """One of the durations that were seen, in ascending order, each as likely as the other."""

    seconds: tuple[int, ...]

    def at(self, luck: float) -> int:
        """Return the seen duration at this place in their order."""
        return self.seconds[min(int(luck * len(self.seconds)), len(self.seconds) - 1)]


@dataclass(frozen=True, slots=True)
class Lottery:
    """Answers and how often each is drawn."""

    answers: tuple[str, ...]
    until: tuple[float, ...]

    @classmethod
    def of(cls, weights: Iterable[tuple[str, float]]) -> Lottery:
        """Return a lottery of answers with weights; those without weight are never drawn."""
        some = [(answer, weight) for answer, weight in weights if weight > 0]
        total = sum(weight for _, weight in some)
        return cls(tuple(answer for answer, _ in some), tuple(accumulate(weight / total for _, weight in some)))

    def only(self, holds: Callable[[str], bool]) -> Lottery | None:
        """Return the lottery without the answers that do not hold, None when nothing is left to draw."""
        weights = [end - begin for begin, end in pairwise((0.0, *self.until))]
        left = [(answer, weight) for answer, weight in zip(self.answers, weights, strict=True) if holds(answer)]
        return Lottery.of(left) if left else None

    def drawn(self, luck: float) -> str:
        """Return the answer that a share falls on."""
        for answer, until in zip(self.answers, self.until, strict=True):
            if luck < until:
                return answer
        return self.answers[-1] if self.answers else ""


def nearest_rank(ordered: Sequence[int], percent: int) -> int:
    """Return a percentile by nearest rank: the smallest value that at least `percent` % of all do not exceed.

    ordered: ascending, not empty.
    """
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]

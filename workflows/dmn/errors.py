"""What can be wrong with a decision table, in sentences for its designer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One reason why a file cannot be decided with. line: counted from 1, 0 where unknown."""

    element: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.element}: {self.reason}"


class DmnError(Exception):
    """The file is not a decision table we can decide with. `refusals` names every reason at once."""

    def __init__(self, refusals: list[Refusal]) -> None:
        super().__init__("; ".join(str(refusal) for refusal in refusals))
        self.refusals = refusals


class DecisionError(Exception):
    """The table gives no result for these values. The sentence names inputs and rules, never a person's values."""


class CellError(Exception):
    """The text of a cell is not a test or a literal that we read."""

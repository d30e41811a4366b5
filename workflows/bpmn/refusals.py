"""What cannot be executed, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One reason why a file cannot be executed.

    line: counted from 1, 0 where unknown. unsupported: the file is right, but says something that we do not execute.
    """

    element: str
    line: int
    reason: str
    unsupported: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        return f"line {self.line}: {self.element}: {self.reason}"


class BpmnError(Exception):
    """The file is not a process we can execute. `refusals` names every reason at once."""

    def __init__(self, refusals: Iterable[Refusal]) -> None:
        self.refusals = list(refusals)
        super().__init__("; ".join(str(refusal) for refusal in self.refusals))

"""Why a file is not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Problems that are named one by one; the rest are counted.
NAMED = 10


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason. line: counted from 1, 0 where the reason is about the whole file."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}" if self.line else self.reason


class UnreadableLogError(Exception):
    """A file is not an event log that can be read whole. Its message is a sentence for a person.

    problems: the first NAMED of them. total: how many there are.
    """

    def __init__(self, problems: Sequence[Problem], total: int | None = None) -> None:
        self.problems = tuple(problems[:NAMED])
        self.total = len(problems) if total is None else total
        more = self.total - len(self.problems)
        text = "; ".join(str(problem) for problem in self.problems)
        super().__init__(f"{text}; and {more} more." if more else f"{text}.")


def refusal(reason: str, line: int = 0) -> UnreadableLogError:
    """Return the error for one reason. line: counted from 1, 0 for the whole file."""
    return UnreadableLogError([Problem(line, reason)])

"""Prove a table before it decides about anybody: no two rules contradict, none is dead, nothing is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

from workflows.dmn.cells import Cel, Constant, Path, UnaryTests
from workflows.dmn.regions import Budget, Region, UndecidedError, regions_of, uncovered
from workflows.dmn.table import Decision, HitPolicy, Input
from workflows.dmn.values import Value, plain
from workflows.expressions import ExpressionError, check_expression, paths_of

MAX_COMBINATIONS = 200_000
#: A designer reads no more than this of one kind at a time.
_MOST_SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One way in which a table is wrong.

    kind: overlap, gap, never_hits, output_not_allowed, unknown_path or undecided. elements: the rules or columns.
    example: an input that shows it, by the text of the input's expression. blocking: False for what harms nobody.
    """

    kind: str
    elements: tuple[str, ...]
    reason: str
    example: Mapping[str, object] | None = None
    blocking: bool = True

    def __str__(self) -> str:
        return self.reason


def find_problems(
    decision: Decision, known: frozenset[str] | None = None, *, max_combinations: int = MAX_COMBINATIONS
) -> list[Problem]:
    """Return what is wrong with a table; an empty list is the proof that nothing below is.

    known: the paths that exist where the table is asked, as `check_expression` takes them; None asks nothing.
    max_combinations: how many combinations of regions may be looked at before a question counts as undecided.

    - overlap: two rules of a UNIQUE table hit together. - gap: no rule hits and there is no default (not COLLECT,
      where nothing is an answer). - never_hits: a rule contradicts the allowed values, or under FIRST the rules
      before it take everything. - output_not_allowed: a result outside the output's allowed values.
    - unknown_path: an input or CEL reads what does not exist.
    - undecided: an overlap or a gap depends on CEL, or on inputs that read the same data; or the bound was reached.

    A missing value counts for overlaps and dead rules always, for gaps only in a column that names null.
    Source: DMN 1.3, 8.2.10: UNIQUE means no overlap; a complete table has no gap.
    """
    found = [*_outside_outputs(decision), *(_unknown_paths(decision, known) if known is not None else ())]
    try:
        regions = regions_of(decision)
    except UndecidedError:
        return [*found, _undecided("The table is too large to be proven; split it.")]
    dead = [_contradiction(decision, rule) for rule in _contradicting(decision, regions)]
    proof = _Proof(decision, regions, Budget(max_combinations))
    return [*found, *dead, *proof.overlaps(), *proof.gaps(), *proof.shadowed()]


class _Proof:
    """The questions that take all columns together."""

    def __init__(self, decision: Decision, regions: list[list[Region]], budget: Budget) -> None:
        self.decision, self.regions, self.budget = decision, regions, budget
        # A combination of samples shows nothing when the columns cannot have them independently of each other.
        self.independent = _independent(decision.inputs)

    def overlaps(self) -> list[Problem]:
        if self.decision.hit_policy is not HitPolicy.UNIQUE:
            return []
        possible = _partners([[region.possible for region in column] for column in self.regions], self._all())
        certain = _partners([[region.certain for region in column] for column in self.regions], self._all())
        pairs = (
            (first, second)
            for first, partners in enumerate(possible)
            for second in _bits(partners >> (first + 1), first + 1)
        )
        return [
            self._overlap(first, second, bool(certain[first] >> second & 1) and self.independent)
            for first, second in islice(pairs, _MOST_SHOWN)
        ]

    def _overlap(self, first: int, second: int, certain: bool) -> Problem:
        both = 1 << first | 1 << second
        if not certain:
            rules = self.decision.rules
            reason = f"Whether the rules {rules[first].id} and {rules[second].id} can both hit is not decided."
            return _undecided(f"{reason} Use FIRST, or tell them apart without CEL.", self._ids(both))
        samples = [next(region.sample for region in column if region.certain & both == both) for column in self.regions]
        names = " and ".join(self._ids(both))
        reason = f"The rules {names} both hit when {self._shown(samples)}."
        return Problem(kind="overlap", elements=self._ids(both), reason=reason, example=self._example(samples))

    def gaps(self) -> list[Problem]:
        defaults = any(column.default is not None for column in self.decision.outputs)
        if defaults or self.decision.hit_policy is HitPolicy.COLLECT:
            return []
        columns = [
            [region for region in column if region.sample is not None or self._names_null(index)]
            for index, column in enumerate(self.regions)
        ]
        try:
            never = uncovered(_holding(columns, "possible"), self._all(), self.budget)
            unsure = never or uncovered(_holding(columns, "certain"), self._all(), self.budget)
        except UndecidedError:
            return [_undecided("Whether a rule hits in every case needs more combinations than are looked at.")]
        if unsure is None:
            return []
        shown, advice = self._shown(unsure), "Add a rule or a default."
        if never is None or not self.independent:
            return [_undecided(f"Whether a rule hits is not decided when {shown}. {advice}")]
        reason = f"No rule hits when {shown}. {advice}"
        return [Problem(kind="gap", elements=(), reason=reason, example=self._example(never))]

    def shadowed(self) -> list[Problem]:
        if self.decision.hit_policy is not HitPolicy.FIRST:
            return []
        found = []
        for index, rule in enumerate(self.decision.rules):
            bit = 1 << index
            columns = [[region for region in column if region.possible & bit] for column in self.regions]
            try:
                if all(columns) and uncovered(_holding(columns, "certain"), bit - 1, self.budget) is None:
                    reason = f"The rule {rule.id} never hits: the rules before it take everything that it could."
                    found.append(Problem(kind="never_hits", elements=(rule.id,), reason=reason))
            except UndecidedError:
                reason = f"Whether the rule {rule.id} and those after it can hit needs too many combinations."
                return [*found, _undecided(reason, (rule.id,), blocking=False)]
        return found

    def _all(self) -> int:
        return (1 << len(self.decision.rules)) - 1

    def _ids(self, rules: int) -> tuple[str, ...]:
        return tuple(self.decision.rules[bit].id for bit in _bits(rules))

    def _names_null(self, index: int) -> bool:
        cells = [rule.cells[index] for rule in self.decision.rules]
        return any(isinstance(cell, UnaryTests) and cell.null for cell in cells)

    def _example(self, samples: Sequence[Value]) -> dict[str, object]:
        return {column.source.text: plain(sample) for column, sample in zip(self.decision.inputs, samples, strict=True)}

    def _shown(self, samples: Sequence[Value]) -> str:
        return " and ".join(f"{name} is {_said(value)}" for name, value in self._example(samples).items())


def _contradicting(decision: Decision, regions: list[list[Region]]) -> Iterator[int]:
    for index in range(len(decision.rules)):
        if not all(any(region.possible >> index & 1 for region in column) for column in regions):
            yield index


def _contradiction(decision: Decision, index: int) -> Problem:
    rule = decision.rules[index].id
    reason = f"The rule {rule} never hits: one of its cells asks for what the input's allowed values rule out."
    return Problem(kind="never_hits", elements=(rule,), reason=reason)


def _outside_outputs(decision: Decision) -> Iterator[Problem]:
    for index, column in enumerate(decision.outputs):
        entries = [(rule.id, rule.results[index]) for rule in decision.rules]
        if column.default is not None:
            entries.append((column.id, column.default))
        for place, entry in entries:
            given = isinstance(entry, Constant) and entry.value is not None
            if column.allowed and isinstance(entry, Constant) and given and not column.allowed.met_by(entry.value):
                reason = f"{place}: {_said(plain(entry.value))} is outside the allowed values of the output."
                yield Problem(kind="output_not_allowed", elements=(place, column.id), reason=reason)


def _unknown_paths(decision: Decision, known: frozenset[str]) -> Iterator[Problem]:
    for place, text, paths in _readings(decision, known):
        try:
            check_expression(text, paths)
        except ExpressionError as error:
            yield Problem(kind="unknown_path", elements=(place,), reason=f"{place}: {error}")


def _readings(decision: Decision, known: frozenset[str]) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Yield what the table reads: where, the expression, and which paths exist there."""
    for column in decision.inputs:
        yield column.id, column.source.text, known
    for rule in decision.rules:
        for cell in rule.cells:
            if isinstance(cell, Cel):
                # The column's own value; whether it is a list is only seen when it is asked.
                yield rule.id, cell.text, known | {"input", "input[]"}
    entries = [(rule.id, entry) for rule in decision.rules for entry in rule.results]
    entries += [(column.id, column.default) for column in decision.outputs if column.default is not None]
    for place, entry in entries:
        if isinstance(entry, Cel):
            yield place, entry.text, known


def _independent(inputs: Sequence[Input]) -> bool:
    """Whether no two inputs read the same data, nor one of them a part of what another reads."""
    read = [
        {column.source.text} if isinstance(column.source, Path) else paths_of(column.source.text) for column in inputs
    ]
    return not any(
        one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")
        for left, right in combinations(read, 2)
        for one in left
        for other in right
    )


def _partners(columns: Sequence[Sequence[int]], everything: int) -> list[int]:
    """Return for every rule the rules that share a region with it in every column."""
    found = [everything] * everything.bit_length()
    for column in columns:
        sharing = [0] * everything.bit_length()
        for holding in set(column):
            for rule in _bits(holding):
                sharing[rule] |= holding
        found = [before & now for before, now in zip(found, sharing, strict=True)]
    return found


def _bits(mask: int, offset: int = 0) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1 + offset
        mask ^= lowest


def _holding(columns: Sequence[Sequence[Region]], which: str) -> list[list[tuple[Value, int]]]:
    return [
        [(region.sample, region.possible if which == "possible" else region.certain) for region in column]
        for column in columns
    ]


def _undecided(reason: str, elements: tuple[str, ...] = (), *, blocking: bool = True) -> Problem:
    return Problem(kind="undecided", elements=elements, reason=reason, blocking=blocking)


def _said(value: object) -> str:
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)

"""Read a DMN 1.3 file into a `Decision`, or refuse it with every reason at once.

Ours is one attribute, `nameEn` in the namespace `urn:one-stop:dmn:1`, so that a foreign file without it still reads.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from lxml import etree

from workflows.dmn.cells import Cel, Cell, Constant, Entry, Path, Source, UnaryTests
from workflows.dmn.errors import CellError, DmnError, Refusal
from workflows.dmn.feel import read_literal, read_tests
from workflows.dmn.structure import children, read_xml, refusal, strangers, text_in
from workflows.dmn.table import Aggregation, Decision, HitPolicy, Input, Output, Rule
from workflows.dmn.values import KINDS, Kind
from workflows.expressions import ExpressionError, paths_of

OURS = "urn:one-stop:dmn:1"
MAX_RULES = 1_000
MAX_COLUMNS = 30
_CEL = frozenset({"cel", "https://cel.dev"})
_FEEL = re.compile(r"s?-?feel|https?://www\.omg\.org/spec/(dmn|feel)/.*", re.IGNORECASE)
_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*){0,29}", re.ASCII)
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_KEY = re.compile(r"[A-Za-z_][\w-]{0,79}", re.ASCII)
MAX_NAME = 200
#: CEL's own words, which no path begins with.
_CEL_WORDS = frozenset({"true", "false", "null", "in"})


def parse_decision(xml: bytes) -> Decision:
    """Return the one decision of a DMN file, which has one decision table.

    xml: the file as it came, in UTF-8, at most 1 MB; entities, document types and network access are refused.
    Source: DMN 1.3, clauses 6.3.7 (decision), 8.3 (decision table) and 9 (S-FEEL).
    Raises DmnError with every refusal, each with element, line and reason.
    """
    root = read_xml(xml)
    return _Reader(root).decision()


class _Reader:
    """Collects the parts of one file and what is wrong with them."""

    def __init__(self, root: etree._Element) -> None:
        self.root = root
        self.refusals: list[Refusal] = strangers(root)
        self.usual = "feel"
        self.usual = self._language(root)

    def decision(self) -> Decision:
        element = self._only_decision()
        table = children(element, "decisionTable")[0]
        policy, aggregation = self._policy(table)
        rules = [self._rule(rule, number) for number, rule in enumerate(children(table, "rule"), 1)]
        inputs = [
            self._input(column, number, _column([rule.cells for rule in rules], number - 1))
            for number, column in enumerate(children(table, "input"), 1)
        ]
        outputs = self._outputs(table, policy, rules, numeric=aggregation not in (None, Aggregation.COUNT))
        self._check_shape(table, inputs, outputs, rules, aggregation)
        self._check_names(element, table)
        if self.refusals:
            raise DmnError(sorted(self.refusals, key=lambda refused: refused.line))
        return Decision(
            key=element.get("id", ""),
            name_zh=element.get("name", ""),
            name_en=element.get(f"{{{OURS}}}nameEn", element.get("name", "")),
            hit_policy=policy,
            aggregation=aggregation,
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            rules=tuple(rules),
        )

    def _refuse(self, element: etree._Element, reason: str) -> None:
        self.refusals.append(refusal(element, reason))

    def _only_decision(self) -> etree._Element:
        """Return the decision to read; without one that has a table there is nothing else to look at."""
        decisions = children(self.root, "decision")
        for element in decisions if len(decisions) > 1 else ():
            self._refuse(element, "The file holds several decisions: one file, one decision.")
        if not decisions:
            self._refuse(self.root, "The file holds no decision.")
        elif not children(decisions[0], "decisionTable"):
            self._refuse(decisions[0], "The decision has no decision table.")
        if len(decisions) != 1 or not children(decisions[0], "decisionTable"):
            raise DmnError(sorted(self.refusals, key=lambda refused: refused.line))
        return decisions[0]

    def _policy(self, table: etree._Element) -> tuple[HitPolicy, Aggregation | None]:
        policy, aggregation = table.get("hitPolicy", "UNIQUE"), table.get("aggregation")
        if policy not in set(HitPolicy):
            self._refuse(table, f"The hit policy {policy} is not executed here: use UNIQUE, FIRST or COLLECT.")
            return HitPolicy.FIRST, None
        if aggregation is not None and aggregation not in set(Aggregation):
            self._refuse(table, f"The aggregation {aggregation} is not known: use SUM, MIN, MAX or COUNT.")
            aggregation = None
        if aggregation is not None and policy != HitPolicy.COLLECT:
            self._refuse(table, f"Only COLLECT aggregates, {policy} does not.")
        return HitPolicy(policy), Aggregation(aggregation) if aggregation else None

    def _rule(self, element: etree._Element, number: int) -> Rule:
        return Rule(
            id=element.get("id") or f"rule {number}",
            cells=tuple(self._cell(cell) for cell in children(element, "inputEntry")),
            results=tuple(self._entry(cell) for cell in children(element, "outputEntry")),
        )

    def _cell(self, element: etree._Element) -> Cell:
        text = text_in(element)
        if text not in ("", "-") and self._language(element) == "cel":
            return self._cel(element, text)
        return self._tests(element, text)

    def _tests(self, element: etree._Element, text: str) -> UnaryTests:
        try:
            return read_tests(text)
        except CellError as error:
            self._refuse(element, f"The cell {error}.")
            return UnaryTests()

    def _entry(self, element: etree._Element) -> Entry:
        text = text_in(element)
        if self._language(element) == "cel":
            return self._cel(element, text)
        if text in ("", "-"):
            self._refuse(element, "The rule gives no result here: write null if none is meant.")
            return Constant(None, None)
        try:
            return read_literal(text)
        except CellError as error:
            self._refuse(element, f"The result {error}.")
            return Constant(None, None)

    def _cel(self, element: etree._Element, text: str) -> Cel:
        try:
            paths_of(text)
        except ExpressionError as error:
            self._refuse(element, str(error))
        return Cel(text)

    def _language(self, element: etree._Element) -> str:
        stated = element.get("expressionLanguage", self.usual).strip()
        if stated.lower().rstrip("/") in _CEL:
            return "cel"
        if not _FEEL.fullmatch(stated):
            self._refuse(element, f"The expression language {stated} is not evaluated here: use S-FEEL or CEL.")
        return "feel"

    def _source(self, column: etree._Element) -> tuple[Source, Kind | None]:
        asked = children(column, "inputExpression")
        if not asked:
            self._refuse(column, "The input has no expression: say which value it asks.")
            return Path(("missing",)), None
        element, text = asked[0], text_in(asked[0])
        kind = self._kind(element)
        if self._language(element) == "cel":
            return self._cel(element, text), kind
        if not _PATH.fullmatch(text) or text.split(".")[0] in _CEL_WORDS:
            self._refuse(element, f"{text or 'Nothing'} is not a dotted path such as premises.area; or write CEL.")
        return Path(tuple(text.split("."))), kind

    def _kind(self, element: etree._Element) -> Kind | None:
        stated = element.get("typeRef", "Any")
        name = stated.split(":")[-1]
        if name not in KINDS:
            self._refuse(element, f"The type {stated} is not known: use string, number, integer, boolean or date.")
        return KINDS.get(name)

    def _input(self, column: etree._Element, number: int, cells: Sequence[object]) -> Input:
        source, kind = self._source(column)
        allowed = self._allowed(column, "inputValues")
        tests = [cell for cell in [*cells, allowed] if isinstance(cell, UnaryTests)]
        kind = kind or self._inferred(column, {test.kind for test in tests})
        if any(not _fits(test, kind) for test in tests):
            self._refuse(column, f"The input's type is {kind}, but some of its cells compare it with something else.")
        return Input(
            id=column.get("id") or f"input {number}",
            label=column.get("label", ""),
            source=source,
            kind=kind,
            allowed=allowed,
        )

    def _outputs(
        self, table: etree._Element, policy: HitPolicy, rules: Sequence[Rule], *, numeric: bool
    ) -> list[Output]:
        columns = children(table, "output")
        found = []
        for number, column in enumerate(columns, 1):
            output = self._output(column, number, _column([rule.results for rule in rules], number - 1), numeric)
            if len(columns) > 1 and not _NAME.fullmatch(output.name):
                self._refuse(column, "One of several outputs needs a name of letters, digits and _.")
            if output.default is not None and policy is HitPolicy.COLLECT:
                self._refuse(column, "COLLECT has no default: when no rule hits, it collects nothing.")
            found.append(output)
        return found

    def _output(self, column: etree._Element, number: int, entries: Sequence[object], numeric: bool) -> Output:
        stated = children(column, "defaultOutputEntry")
        default = self._entry(stated[0]) if stated else None
        allowed = self._allowed(column, "outputValues")
        constants = [entry for entry in [*entries, default] if isinstance(entry, Constant)]
        given = self._kind(column)
        kind = given or self._inferred(column, {c.kind for c in constants} | {allowed.kind if allowed else None})
        if any(not _suits(constant, kind) for constant in constants) or (allowed and not _fits(allowed, kind)):
            self._refuse(column, f"The output's type is {kind}, but some of its results or allowed values are not.")
        if numeric and (kind not in (None, Kind.NUMBER, Kind.INTEGER) or any(c.value is None for c in constants)):
            self._refuse(column, "SUM, MIN and MAX are made of numbers only.")
        name = column.get("name", "")
        return Output(
            id=column.get("id") or f"output {number}",
            name=name,
            label=column.get("label", name),
            kind=kind,
            allowed=allowed,
            default=default,
        )

    def _allowed(self, column: etree._Element, name: str) -> UnaryTests | None:
        stated = children(column, name)
        if not stated or text_in(stated[0]) in ("", "-"):
            return None
        if self._language(stated[0]) == "cel":
            self._refuse(stated[0], "Allowed values are written in S-FEEL, not in CEL.")
            return None
        return self._tests(stated[0], text_in(stated[0]))

    def _inferred(self, column: etree._Element, kinds: set[Kind | None]) -> Kind | None:
        known = sorted(kind for kind in kinds if kind is not None)
        if len(known) > 1:
            self._refuse(column, f"The column mixes values of several kinds: {', '.join(known)}.")
        return known[0] if len(known) == 1 else None

    def _check_shape(
        self,
        table: etree._Element,
        inputs: Sequence[Input],
        outputs: Sequence[Output],
        rules: Sequence[Rule],
        aggregation: Aggregation | None,
    ) -> None:
        if not (inputs and outputs and rules):
            self._refuse(table, "A decision table needs at least one input, one output and one rule.")
        if len(rules) > MAX_RULES or len(inputs) + len(outputs) > MAX_COLUMNS:
            self._refuse(table, f"A table has at most {MAX_RULES} rules and {MAX_COLUMNS} columns.")
        if aggregation is not None and len(outputs) > 1:
            self._refuse(table, f"{aggregation} takes one output, the table has {len(outputs)}.")
        for rule, element in zip(rules, children(table, "rule"), strict=True):
            if (len(rule.cells), len(rule.results)) != (len(inputs), len(outputs)):
                self._refuse(element, f"The rule needs {len(inputs)} input and {len(outputs)} output entries.")

    def _check_names(self, decision: etree._Element, table: etree._Element) -> None:
        if not _KEY.fullmatch(decision.get("id", "")):
            self._refuse(decision, "The id must be at most 80 letters, digits, - and _, and begin with a letter.")
        if any(len(decision.get(name, "")) > MAX_NAME for name in ("name", f"{{{OURS}}}nameEn")):
            self._refuse(decision, f"The name is longer than {MAX_NAME} characters.")
        parts = [decision, table, *children(table, "input", "output", "rule")]
        seen: set[str] = set()
        for part in parts:
            if (key := part.get("id", "")) in seen:
                self._refuse(part, "The id is used twice.")
            seen |= {key} - {""}
        outputs = children(table, "output")
        for name, times in Counter(part.get("name") for part in outputs if part.get("name")).items():
            if times > 1:
                self._refuse(table, f"Two outputs are called {name}.")


def _column(rows: Sequence[Sequence[object]], index: int) -> list[object]:
    """Return one column of rows that may be too short, which is refused elsewhere."""
    return [row[index] for row in rows if index < len(row)]


def _fits(tests: UnaryTests, kind: Kind | None) -> bool:
    """Whether the literals of some tests are of a column's kind."""
    if kind is Kind.INTEGER and tests.kind is Kind.NUMBER:
        ends = (end for part in tests.ranges for end in (part.low, part.high))
        return all(end is None or end.is_integer() for end in ends)
    return tests.kind in (None, kind)


def _suits(constant: Constant, kind: Kind | None) -> bool:
    if kind is Kind.INTEGER and constant.kind is Kind.NUMBER:
        return isinstance(constant.value, float) and constant.value.is_integer()
    return constant.kind in (None, kind)

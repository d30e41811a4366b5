"""Decide: which rules hit, and what they give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from workflows.dmn.cells import Cel, Constant, Entry, Source
from workflows.dmn.errors import DecisionError
from workflows.dmn.table import Aggregation, Decision, HitPolicy, Input, Output, Rule
from workflows.dmn.values import Value, plain, read_value
from workflows.expressions import ExpressionError, evaluate, evaluate_condition

Data = Mapping[str, object]


def decide(decision: Decision, data: Data) -> object:
    """Return what a decision table gives for nested values, such as `{"premises": {"area": 300}}`.

    A rule's result is the value of the output when the table has one output, else a dict of all outputs by name.
    - UNIQUE: the result of the one rule that hits. FIRST: that of the first one.
      No rule hits: the defaults as a result (null for an output without one); null when no output has a default.
    - COLLECT: the list of the results of all rules that hit, in the table's order; `[]` when none does.
    - COLLECT with COUNT: how many rules hit. SUM, MIN, MAX: of their results; null when no rule hits.

    A path that is missing in the data is null; null meets `-`, `null` and a `not(…)` without null, nothing else.
    Whole numbers are int, others float, dates ISO texts: results can be stored as JSON.

    Source: DMN 1.3, 8.2.10 (hit policies) and 8.2.11 (default output values).
    Raises DecisionError: two rules hit under UNIQUE, an input or a result is of the wrong kind or outside the allowed
    values, an expression fails with these values.
    """
    values = [_asked(column, data) for column in decision.inputs]
    hits = (rule for rule in decision.rules if _hits(rule, values, data))
    if decision.hit_policy is HitPolicy.COLLECT:
        return _collected(decision, hits, data)
    rule = next(hits, None)
    if rule is not None and decision.hit_policy is HitPolicy.UNIQUE:
        _refuse_second(decision, rule, next(hits, None))
    if rule is not None:
        return _result(decision, rule.results, rule.id, data)
    defaults = [column.default for column in decision.outputs]
    if not any(defaults):
        return None
    return _result(decision, [entry or Constant(None, None) for entry in defaults], "the default", data)


def _asked(column: Input, data: Data) -> object:
    value = _read(column.source, data, column.id)
    if column.kind is not None:
        try:
            value = read_value(value, column.kind)
        except ValueError as error:
            raise DecisionError(f"{column.source.text} {error}.") from error
    if value is not None and column.allowed is not None and not column.allowed.met_by(value):
        raise DecisionError(f"{column.source.text} is outside the values that the table allows.")
    return value


def _read(source: Source, data: Data, place: str) -> object:
    if isinstance(source, Cel):
        return _evaluated(source, data, place)
    found: object = data
    for name in source.names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _hits(rule: Rule, values: Sequence[object], data: Data) -> bool:
    # A loop, not `all`: this runs for every rule of every decision, and a generator would cost as much as the tests.
    for cell, value in zip(rule.cells, values, strict=True):
        if not (_cel_met(cell, value, data, rule.id) if isinstance(cell, Cel) else cell.met_by(value)):
            return False
    return True


def _cel_met(cell: Cel, value: object, data: Data, place: str) -> bool:
    try:
        return evaluate_condition(cell.text, {**data, "input": value})
    except ExpressionError as error:
        raise DecisionError(f"{place}: {error}") from error


def _evaluated(expression: Cel, data: Data, place: str) -> object:
    try:
        return evaluate(expression.text, data)
    except ExpressionError as error:
        raise DecisionError(f"{place}: {error}") from error


def _refuse_second(decision: Decision, first: Rule, second: Rule | None) -> None:
    if second is not None:
        raise DecisionError(f"{decision.key}: the rules {first.id} and {second.id} both hit, but only one may.")


def _result(decision: Decision, entries: Sequence[Entry], place: str, data: Data) -> object:
    values = [_given(column, entry, place, data) for column, entry in zip(decision.outputs, entries, strict=True)]
    if len(values) == 1:
        return values[0]
    return {column.name: value for column, value in zip(decision.outputs, values, strict=True)}


def _given(column: Output, entry: Entry, place: str, data: Data) -> object:
    value: object | Value = entry.value if isinstance(entry, Constant) else _evaluated(entry, data, place)
    if column.kind is not None:
        try:
            value = read_value(value, column.kind)
        except ValueError as error:
            raise DecisionError(f"{place}: the result {column.label or column.id} {error}.") from error
    if value is not None and column.allowed is not None and not column.allowed.met_by(value):
        raise DecisionError(f"{place}: the result {column.label or column.id} is outside its allowed values.")
    return plain(value)


def _collected(decision: Decision, hits: Iterator[Rule], data: Data) -> object:
    results = [_result(decision, rule.results, rule.id, data) for rule in hits]
    if decision.aggregation is None:
        return results
    if decision.aggregation is Aggregation.COUNT:
        return len(results)
    numbers = [_exact(decision, result) for result in results]
    if not numbers:
        return None
    if decision.aggregation is Aggregation.SUM:
        # In decimals, so that fees of 0.10 and 0.20 make 0.30 and not 0.30000000000000004.
        return plain(float(sum(numbers)))
    return plain(float(min(numbers) if decision.aggregation is Aggregation.MIN else max(numbers)))


def _exact(decision: Decision, result: object) -> Decimal:
    if isinstance(result, bool) or not isinstance(result, (int, float)):
        raise DecisionError(f"{decision.key}: {decision.aggregation} is made of numbers, but a result is not one.")
    return Decimal(str(result))

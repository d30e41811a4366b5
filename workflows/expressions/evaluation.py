"""Check an expression before it is stored; evaluate it with the values of a case."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar

import cel

from workflows.expressions.errors import ExpressionError
from workflows.expressions.translation import LARGEST_EXACT, translate

MAX_ROWS = 200
MAX_TEXT = 20_000
MAX_VALUE_DEPTH = 8

_Given = TypeVar("_Given")
_Result = TypeVar("_Result")


@dataclass(slots=True)
class _Wanted:
    """What to take from the data, as a tree of names."""

    parts: dict[str, _Wanted]
    rows: _Wanted | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class _Compiled:
    program: cel.Program
    condition: cel.Program
    paths: frozenset[str]
    ranges: frozenset[str]
    wanted: _Wanted


def check_expression(text: str, known: frozenset[str]) -> frozenset[str]:
    """Return the full paths an expression reads, or refuse it.

    `known` holds the dotted paths that exist where the expression runs. A path that ends in `[]` is a list
    (`"answers.food_items[]"`); its rows' fields follow it (`"company.shareholders[].share"`). Only lists so marked
    may be counted with `size`.

    Raises ExpressionError with a sentence for the designer: not CEL, more than 1,000 characters, more than 30 deep,
    an unknown path, `size` of a text, a comprehension inside another, a function that does not exist.
    """
    compiled = _compile(text)
    exist = known | _owning_lists(known)
    if unknown := sorted(compiled.paths - {path.removesuffix("[]") for path in exist} - exist):
        raise ExpressionError(f"Nothing here is called {', '.join(unknown)}.")
    if others := sorted(path for path in compiled.ranges if f"{path}[]" not in exist):
        raise ExpressionError(f"{', '.join(others)} is not a list: it can neither be counted nor walked through.")
    return paths_of(text)


def paths_of(text: str) -> frozenset[str]:
    """Return the full paths an expression reads, without asking whether they exist. Errors as `evaluate`."""
    return frozenset(path.replace("[]", "") for path in _compile(text).paths)


def evaluate(text: str, data: Mapping[str, object]) -> object:
    """Return the value of an expression over nested values, such as `{"premises": {"area": 300}}`.

    A path that is missing in the data is null; so is arithmetic with null. A comparison (`<`, `>`, `in`,
    `startsWith`…) with null is false; equality compares null like any value; `has(path)` means "is not null".
    Whole and fractional numbers compare and calculate with each other; dates are ISO texts.

    Raises ExpressionError when the expression is not allowed or fails with these values.
    """
    compiled = _compile(text)
    return _plain(_run(compiled, compiled.program, data))


def evaluate_condition(text: str, data: Mapping[str, object]) -> bool:
    """Return whether an expression is true over nested values; missing values make it false. Errors as `evaluate`."""
    compiled = _compile(text)
    return _run(compiled, compiled.condition, data) is True


def nested(flat: Mapping[str, object]) -> dict[str, object]:
    """Return `{"premises.area": 300}` as `{"premises": {"area": 300}}`, the shape expressions read.

    Raises ExpressionError when one name is both a value and the beginning of another name.
    """
    root: dict[str, object] = {}
    for name in sorted(flat):
        *owners, last = name.split(".")
        place = root
        for owner in owners:
            below = place.setdefault(owner, {})
            if not isinstance(below, dict):
                raise ExpressionError(f"{name} lies inside another value.")
            place = below
        place[last] = flat[name]
    return root


def _owning_lists(known: frozenset[str]) -> frozenset[str]:
    return frozenset(path[: match.end()] for path in known for match in re.finditer(r"\[\]", path))


@lru_cache(maxsize=4096)
def _compile(text: str) -> _Compiled:
    found = translate(text)
    wanted = _Wanted({})
    for path in found.paths:
        place = wanted
        for name in path.split("."):
            place = place.parts.setdefault(name.removesuffix("[]"), _Wanted({}))
            if name.endswith("[]"):
                place.rows = place.rows or _Wanted({})
                place = place.rows
        place.whole = True
    return _Compiled(
        program=_guarded("The expression is not valid CEL.", cel.compile, found.text),
        condition=_guarded("The expression is not valid CEL.", cel.compile, found.condition),
        paths=frozenset(found.paths),
        ranges=frozenset(found.ranges),
        wanted=wanted,
    )


def _run(compiled: _Compiled, program: cel.Program, data: Mapping[str, object]) -> object:
    values = {name: _taken(data.get(name), part, name, compiled) for name, part in compiled.wanted.parts.items()}
    return _guarded("The expression's values do not fit together.", program.execute, values)


def _guarded(sentence: str, call: Callable[[_Given], _Result], given: _Given) -> _Result:
    """Call the evaluator. It is written in Rust; its panics arrive as a BaseException of their own."""
    try:
        return call(given)
    except Exception as error:
        raise ExpressionError(sentence) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise ExpressionError(sentence) from error


def _taken(value: object, wanted: _Wanted, path: str, compiled: _Compiled) -> object:
    """Return only what the expression reads, with null where something is missing."""
    if wanted.rows is not None or path in compiled.ranges:
        return _taken_rows(value, wanted.rows or _Wanted({}), path, compiled)
    if wanted.parts and (isinstance(value, Mapping) or not wanted.whole):
        values: Mapping[str, object] = value if isinstance(value, Mapping) else {}
        return {name: _taken(values.get(name), part, f"{path}.{name}", compiled) for name, part in wanted.parts.items()}
    return _converted(value)


def _taken_rows(value: object, wanted: _Wanted, path: str, compiled: _Compiled) -> object:
    if value is None:
        return None
    if not isinstance(value, (list, tuple)):
        raise ExpressionError(f"{path} is not a list.")
    return [_taken(row, wanted, f"{path}[]", compiled) for row in _limited(value)]


def _limited(rows: Sequence[object]) -> Sequence[object]:
    if len(rows) > MAX_ROWS:
        raise ExpressionError(f"A list has {len(rows)} rows; conditions read at most {MAX_ROWS}.")
    return rows


def _converted(value: object, depth: int = 0) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, (int, float, Decimal)):
        return _double(value)
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if depth > MAX_VALUE_DEPTH:
        raise ExpressionError("A value is nested too deep.")
    if isinstance(value, (list, tuple)):
        return [_converted(row, depth + 1) for row in _limited(value)]
    if isinstance(value, Mapping):
        return {_name(key): _converted(part, depth + 1) for key, part in value.items()}
    raise ExpressionError(f"A {type(value).__name__} cannot be used in a condition.")


def _text(value: str) -> str:
    if len(value) > MAX_TEXT:
        raise ExpressionError(f"A text has more than {MAX_TEXT} characters.")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ExpressionError("A text has half a character (a lone surrogate).") from error
    return value


def _double(value: int | float | Decimal) -> float:
    if isinstance(value, int) and abs(value) > LARGEST_EXACT:
        raise ExpressionError("A number is too large for a condition.")
    number = float(value)
    if not math.isfinite(number):
        raise ExpressionError("A number in a condition must be finite.")
    return number


def _name(key: object) -> str:
    if not (isinstance(key, str) and key.isascii()):
        raise ExpressionError("Names in nested values are plain ASCII.")
    return key


def _plain(value: object) -> object:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ExpressionError("The result is not a number (division by zero?).")
        return int(value) if value.is_integer() and abs(value) <= LARGEST_EXACT else value
    if isinstance(value, list):
        return [_plain(row) for row in value]
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return value

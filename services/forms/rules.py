"""What a form's answers mean: what is shown, what is wrong, what is left to do. Pure: no Django."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum

from services.forms.schema import Ask, Element, FormSchema, Rule, Section, Use, elements_read, visibility_order
from services.forms.types import EMPTY, Context, InvalidRowsError, InvalidValueError, type_of
from services.forms.words import Words
from workflows.expressions import ExpressionError, evaluate_condition, nested, paths_of

SITUATION = "answers."
"""Answers to the situation's questions travel with the form's answers under this prefix; conditions read them."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something an answer needs."""

    element: str
    message: Words
    """Says how to put it right."""
    code: str = "invalid"
    row: int | None = None
    """In a group: which row, counted from 0."""
    field: str | None = None
    """In a group: which of the row's fields."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of checking answers."""

    cleaned: Mapping[str, object]
    """The answers that count, in JSON form: shown, valid and not empty."""
    errors: tuple[Problem, ...]
    visible: frozenset[str]
    """Codes of the elements that are asked."""
    required: frozenset[str]
    """Those of them that need an answer."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong or missing."""
        return not self.errors

    def errors_of(self, codes: Iterable[str]) -> tuple[Problem, ...]:
        """Return the problems of some elements."""
        among = frozenset(codes)
        return tuple(problem for problem in self.errors if problem.element in among)


class SectionState(Enum):
    """Where a section of the task list stands."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    CANNOT_START = "cannot_start"


@dataclass(frozen=True, slots=True)
class SectionProgress:
    """A section in the task list."""

    section: Section
    state: SectionState
    asked: int
    """Elements shown now."""
    answered: int
    problems: tuple[Problem, ...] = ()
    waits_for: frozenset[str] = frozenset()
    """When it cannot start: sections whose answers decide what it asks."""


def visible_elements(schema: FormSchema, answers: Mapping[str, object], *, today: date) -> frozenset[str]:
    """Return the codes of the elements that are asked, given the answers so far.

    An answer that is hidden or not valid counts as missing for the conditions of others.
    """
    return frozenset(_read(schema, answers, today).shown)


def check_answers(schema: FormSchema, answers: Mapping[str, object], *, today: date) -> Checked:
    """Check all answers of a form.

    Answers of hidden elements and of elements the form does not ask are dropped; what is required is required only
    where it is shown; a rule over several answers counts once all of them are there.

    Args:
        schema: the form.
        answers: value by element code as entered or stored, and situation answers as `answers.<key>`.
        today: the day birth dates and deadlines are compared with.
    """
    reading = _read(schema, answers, today)
    shown = [use for use in schema.uses if use.element.code in reading.shown]
    required = frozenset(use.element.code for use in shown if _is_required(use, reading))
    errors: list[Problem] = []
    for use in shown:
        code = use.element.code
        errors += reading.faults.get(code, ())
        if code in required and code not in reading.values and code not in reading.faults:
            errors.append(Problem(code, _missing(use.element), "required"))
    codes = frozenset(use.element.code for use in schema.uses)
    errors += [Problem(rule.element, rule.message, "rule") for rule in schema.rules if _broken(rule, reading, codes)]
    return Checked(dict(reading.values), tuple(errors), frozenset(reading.shown), required)


def section_progress(
    schema: FormSchema, answers: Mapping[str, object], *, today: date, visited: frozenset[str] = frozenset()
) -> list[SectionProgress]:
    """Return the task list: every section that asks something, or may once another is filled in.

    Args:
        schema: the form.
        answers: as in `check_answers`.
        today: as in `check_answers`.
        visited: keys of sections that were saved; one with only optional elements is done by visiting it.
    """
    checked = check_answers(schema, answers, today=today)
    listed = [_progress(schema, section, checked, answers, section.key in visited) for section in schema.sections]
    return [progress for progress in listed if progress is not None]


def answers_hash(answers: Mapping[str, object]) -> str:
    """Return the SHA-256 of answers in canonical JSON (sorted names, no spaces, UTF-8), as hexadecimal digits.

    What was reviewed and what is filed are the same exactly when their hashes are. `300` and `300.0` are the same.

    Raises ValueError for values that are not JSON (NaN, infinite numbers).
    """
    text = json.dumps(_canonical(answers), sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(slots=True)
class _Reading:
    """Answers read in the order in which they decide about each other."""

    shown: set[str]
    values: dict[str, object]
    faults: dict[str, list[Problem]]
    context: dict[str, object]
    """What conditions see: situation, today, and values so far."""

    def holds(self, condition: str) -> bool:
        try:
            return evaluate_condition(condition, nested(self.context))
        except ExpressionError:
            # A condition was checked when the form was published; what still fails is a value outside its type, such
            # as a list that is too long. Then the question is asked rather than hidden.
            return True


def _read(schema: FormSchema, answers: Mapping[str, object], today: date) -> _Reading:
    situation = {name: value for name, value in answers.items() if name.startswith(SITUATION)}
    reading = _Reading(set(), {}, {}, {**situation, "today": today.isoformat()})
    for use in visibility_order(schema):
        code = use.element.code
        if use.conditions and not any(reading.holds(condition) for condition in use.conditions):
            continue
        reading.shown.add(code)
        _take(use.element, answers, today, reading)
    return reading


def _take(element: Element, answers: Mapping[str, object], today: date, reading: _Reading) -> None:
    context = Context(today, reading.values)
    try:
        value = type_of(element).clean(element, answers.get(element.code), context)
    except InvalidValueError as error:
        reading.faults[element.code] = [Problem(element.code, error.message, error.code)]
    except InvalidRowsError as error:
        reading.faults[element.code] = [
            Problem(element.code, fault.message, fault.code, row, field)
            for row, wrong in error.rows.items()
            for field, fault in wrong.items()
        ]
    else:
        if value is not None:
            reading.values[element.code] = reading.context[element.code] = value


def _is_required(use: Use, reading: _Reading) -> bool:
    return any(ask.required and _applies(ask, reading) for ask in use.asks)


def _applies(ask: Ask, reading: _Reading) -> bool:
    return not ask.visible_if or reading.holds(ask.visible_if)


def _missing(element: Element) -> Words:
    if element.type in ("choice", "multi_choice", "division", "place", "yes_no"):
        return Words(f"请选择{element.label.zh}。", f"Choose an answer for “{element.label.en}”.")
    if element.type == "group":
        return Words(f"请至少填写一行{element.label.zh}。", f"Add at least one row to “{element.label.en}”.")
    return Words(f"请填写{element.label.zh}。", f"Fill in “{element.label.en}”.")


def _broken(rule: Rule, reading: _Reading, codes: frozenset[str]) -> bool:
    if rule.element not in reading.shown or not elements_read([rule.condition], codes) <= reading.values.keys():
        return False
    if not all(path in reading.context for path in paths_of(rule.condition) if path.startswith(SITUATION)):
        return False
    try:
        return not evaluate_condition(rule.condition, nested(reading.context))
    except ExpressionError:
        return True


def _progress(
    schema: FormSchema, section: Section, checked: Checked, answers: Mapping[str, object], visited: bool
) -> SectionProgress | None:
    codes = [use.element.code for use in section.uses]
    shown = [code for code in codes if code in checked.visible]
    if not shown:
        waits_for = _waits_for(schema, section, checked)
        return SectionProgress(section, SectionState.CANNOT_START, 0, 0, (), waits_for) if waits_for else None
    answered = sum(1 for code in shown if answers.get(code) not in EMPTY)
    problems = checked.errors_of(shown)
    if not answered and not (visited and not problems):
        state = SectionState.NOT_STARTED
    else:
        state = SectionState.IN_PROGRESS if problems else SectionState.DONE
    return SectionProgress(section, state, len(shown), answered, problems)


def _waits_for(schema: FormSchema, section: Section, checked: Checked) -> frozenset[str]:
    """Sections with unanswered elements that decide whether this one asks anything."""
    owners = {use.element.code: other.key for other in schema.sections for use in other.uses}
    conditions = [condition for use in section.uses for condition in use.conditions]
    open_codes = (elements_read(conditions, owners) & checked.visible) - checked.cleaned.keys()
    return frozenset(owners[code] for code in open_codes) - {section.key}


def _canonical(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(name): _canonical(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_canonical(part) for part in value]
    return value

"""What a form asks: data elements, which service asks them and when, in sections. Pure: no Django."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Literal

from services.forms.words import Words
from workflows.expressions import ExpressionError, check_expression, paths_of

Sensitivity = Literal["public", "personal", "sensitive"]
SENSITIVITIES: tuple[Sensitivity, ...] = ("public", "personal", "sensitive")
OWN_FIELDS_LAST = 100_000


class SchemaError(Exception):
    """A form is wrong in itself. The text names the element or the condition."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values a person can choose."""

    value: str
    label: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """A data element: asked once, however many services use it."""

    code: str
    """Dotted ASCII name such as `premises.address`; inside a group a plain name such as `share`."""
    type: str
    """Name of an element type, a key of `services.forms.types.TYPES`."""
    label: Words
    help: Words | None = None
    section: str = ""
    """Key of the section it stands in; empty inside a group."""
    sensitivity: Sensitivity = "public"
    autocomplete: str = ""
    """Token of HTML's autocomplete attribute."""
    options: Mapping[str, object] = field(default_factory=dict, hash=False)
    """What the type allows to be set: limits, pattern, unit…"""
    choices: tuple[Choice, ...] = ()
    fields: tuple[Element, ...] = ()
    """A group's columns."""
    required: bool = True
    """Inside a group: whether each row needs it. Elsewhere the asks decide."""
    order: int = OWN_FIELDS_LAST


@dataclass(frozen=True, slots=True)
class Ask:
    """One service asks an element."""

    service: str = ""
    required: bool = True
    visible_if: str = ""
    """CEL; empty: always."""


@dataclass(frozen=True, slots=True)
class Use:
    """An element in a form, with everyone who asks it."""

    element: Element
    asks: tuple[Ask, ...]

    @property
    def required(self) -> bool:
        """Whether any service requires it (each only where its own condition holds)."""
        return any(ask.required for ask in self.asks)

    @property
    def visible_if(self) -> str:
        """The conditions of all services, OR-ed; empty when one asks it always."""
        conditions = dict.fromkeys(ask.visible_if for ask in self.asks)
        if "" in conditions or len(conditions) < 2:
            return "" if "" in conditions else next(iter(conditions), "")
        return " || ".join(f"({condition})" for condition in conditions)

    @property
    def services(self) -> tuple[str, ...]:
        """The services that ask it."""
        return tuple(dict.fromkeys(ask.service for ask in self.asks if ask.service))

    @property
    def conditions(self) -> frozenset[str]:
        """Every condition that decides whether it is shown; empty when one asks it always."""
        conditions = frozenset(ask.visible_if for ask in self.asks)
        return frozenset() if "" in conditions else conditions


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the form that is filled in one go."""

    key: str
    title: Words
    uses: tuple[Use, ...] = ()
    order: int = OWN_FIELDS_LAST


@dataclass(frozen=True, slots=True)
class Rule:
    """Something several answers must fulfil together."""

    condition: str
    """CEL that must be true; only checked when every element it reads is shown and answered."""
    message: Words
    """Says how to put it right."""
    element: str
    """Code of the element beside which the message stands."""


@dataclass(frozen=True, slots=True)
class FormSchema:
    """A form: the form of one service, or of a bundle after `merge`."""

    sections: tuple[Section, ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def uses(self) -> Iterator[Use]:
        """Every use, in the order of the form."""
        return (use for section in self.sections for use in section.uses)

    def use(self, code: str) -> Use:
        """Return the use of an element; KeyError when the form does not ask it."""
        for use in self.uses:
            if use.element.code == code:
                return use
        raise KeyError(code)

    def section(self, key: str) -> Section:
        """Return a section by key; KeyError when the form has none such."""
        for section in self.sections:
            if section.key == key:
                return section
        raise KeyError(key)


def merge(schemas: Iterable[FormSchema]) -> FormSchema:
    """Return one form that asks each element of the given forms once.

    An element is shown when any service's condition holds, and required when any service whose condition holds
    requires it. The result does not depend on the order of the forms.

    Raises SchemaError when two forms define the same code differently.
    """
    titles: dict[str, Section] = {}
    uses: dict[str, Use] = {}
    rules: dict[Rule, None] = {}
    for schema in schemas:
        rules.update(dict.fromkeys(schema.rules))
        for section in schema.sections:
            titles.setdefault(section.key, section)
            for use in section.uses:
                known = uses.get(use.element.code)
                uses[use.element.code] = use if known is None else _both(known, use)
    return arranged(titles.values(), uses.values(), sorted(rules, key=lambda rule: (rule.element, rule.condition)))


def arranged(sections: Iterable[Section], uses: Iterable[Use], rules: Iterable[Rule] = ()) -> FormSchema:
    """Return a form with the uses in their sections, sections and elements in the dictionary's order."""
    in_section: dict[str, list[Use]] = {}
    for use in uses:
        in_section.setdefault(use.element.section, []).append(use)
    filled = []
    for section in sorted(sections, key=lambda section: (section.order, section.key)):
        inside = sorted(in_section.pop(section.key, ()), key=lambda use: (use.element.order, use.element.code))
        if inside:
            filled.append(Section(section.key, section.title, tuple(map(_sorted_asks, inside)), section.order))
    if in_section:
        raise SchemaError(f"No section is called {', '.join(sorted(in_section))}.")
    return FormSchema(tuple(filled), tuple(rules))


def known_paths(schema: FormSchema, also: Iterable[str] = ()) -> frozenset[str]:
    """Return the paths a condition in this form may read, as `check_expression` wants them.

    Args:
        schema: the form.
        also: further paths, such as the situation's answers (`answers.has_licence`, `answers.food_items[]`).
    """
    paths = {"today", *also}
    for use in schema.uses:
        paths |= _paths_of_element(use.element)
    return frozenset(paths)


def check_schema(schema: FormSchema, also: Iterable[str] = ()) -> list[str]:
    """Return what is wrong with a form's conditions and rules, one sentence each; empty when nothing is.

    Args:
        schema: the form.
        also: further paths its conditions may read, see `known_paths`.
    """
    known = known_paths(schema, also)
    problems = []
    for use in schema.uses:
        problems += _problems(use.element.code, use.conditions, known)
    codes = {use.element.code for use in schema.uses}
    for rule in schema.rules:
        problems += _problems(f"rule of {rule.element}", [rule.condition], known)
        if rule.element not in codes:
            problems.append(f"rule of {rule.element}: the form does not ask this element.")
    if not problems:
        try:
            visibility_order(schema)
        except SchemaError as error:
            problems.append(str(error))
    return problems


def visibility_order(schema: FormSchema) -> list[Use]:
    """Return the uses so that each stands after those its conditions, or its check, read.

    Raises SchemaError when elements decide about each other in a circle.
    """
    uses = {use.element.code: use for use in schema.uses}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for code, use in uses.items():
        sorter.add(code, *elements_read(use.conditions, uses), *(uses.keys() & {use.element.options.get("kind_from")}))
    try:
        return [uses[code] for code in sorter.static_order()]
    except CycleError as error:
        raise SchemaError(f"These elements decide about each other in a circle: {', '.join(error.args[1])}.") from error


def elements_read(conditions: Iterable[str], codes: Iterable[str]) -> frozenset[str]:
    """Return which of the elements the conditions read."""
    among = frozenset(codes)
    found: set[str] = set()
    for condition in conditions:
        for path in paths_of(condition):
            names = path.split(".")
            found.update(among.intersection(".".join(names[:end]) for end in range(1, len(names) + 1)))
    return frozenset(found)


def _both(known: Use, other: Use) -> Use:
    if known.element != other.element:
        raise SchemaError(f"{known.element.code} is defined twice, differently.")
    return Use(known.element, tuple(dict.fromkeys(known.asks + other.asks)))


def _sorted_asks(use: Use) -> Use:
    return Use(use.element, tuple(sorted(set(use.asks), key=lambda ask: (ask.service, ask.visible_if, ask.required))))


def _paths_of_element(element: Element) -> set[str]:
    if element.fields:
        return {f"{element.code}[].{path}" for part in element.fields for path in _paths_of_element(part)}
    return {f"{element.code}[]"} if element.type == "multi_choice" else {element.code}


def _problems(place: str, conditions: Iterable[str], known: frozenset[str]) -> list[str]:
    problems = []
    for condition in sorted(conditions):
        try:
            check_expression(condition, known)
        except ExpressionError as error:
            problems.append(f"{place}: {error}")
    return problems

"""Read elements and forms from plain data (YAML, JSON) and write them back. Pure: no Django."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from services.forms.schema import (
    OWN_FIELDS_LAST,
    SENSITIVITIES,
    Ask,
    Choice,
    Element,
    FormSchema,
    Rule,
    SchemaError,
    Section,
    Sensitivity,
    Use,
    arranged,
)
from services.forms.types import TYPES
from services.forms.words import Words

Data = Mapping[str, object]
_ATTRIBUTES = (
    "code",
    "type",
    "section",
    "sensitivity",
    "autocomplete",
    "choices",
    "fields",
    "required",
    "order",
    "options",
)
_ELEMENT_KEYS = frozenset({*_ATTRIBUTES, "zh", "en", "help_zh", "help_en"})


def read_element(
    data: Data, *, section: str, order: int = OWN_FIELDS_LAST, lists: Mapping[str, tuple[Choice, ...]] | None = None
) -> Element:
    """Return an element from its definition; keys that are no attribute are options of its type.

    Args:
        data: `code`, `type`, `zh`, `en`, and what else the element has.
        section: the section it stands in unless the definition names one.
        order: its place in the form.
        lists: named lists of choices, which `choices` may name.

    Raises SchemaError naming the element and what is wrong.
    """
    code = str(data.get("code", ""))
    if not all(part.isidentifier() and part.isascii() and part.islower() for part in code.split(".")):
        raise SchemaError(f"{code!r} is no code: dotted lower-case ASCII names.")
    sensitivity = data.get("sensitivity", "public")
    options = data.get("options") or {key: value for key, value in data.items() if key not in _ELEMENT_KEYS}
    element = Element(
        code=code,
        type=str(data.get("type", "text")),
        label=_words(code, data.get("zh"), data.get("en")),
        help=_words(code, data.get("help_zh"), data.get("help_en")) if {"help_zh", "help_en"} & data.keys() else None,
        section=str(data.get("section", section)),
        sensitivity=cast(Sensitivity, sensitivity),
        autocomplete=str(data.get("autocomplete", "")),
        options=cast(Data, options),
        choices=_choices(code, data.get("choices", ()), lists or {}),
        fields=tuple(read_element(part, section="", lists=lists) for part in read_rows(data.get("fields", ()))),
        required=bool(data.get("required", True)),
        order=cast(int, data.get("order", order)),
    )
    if faults := element_faults(element):
        raise SchemaError("; ".join(faults))
    return element


def element_faults(element: Element) -> list[str]:
    """Return what is wrong with an element's definition, one sentence each."""
    if element.type not in TYPES:
        return [f"{element.code}: there is no type {element.type}"]
    faults = list(TYPES[element.type].faults(element))
    if element.sensitivity not in SENSITIVITIES:
        faults.append(f"sensitivity is one of {', '.join(SENSITIVITIES)}")
    names = [part.code for part in element.fields]
    if len(set(names)) < len(names) or any("." in name for name in names):
        faults.append("a group's fields have different, plain names")
    if element.fields and element.type != "group":
        faults.append("only a group has fields")
    kinds = {part.options["kind_from"] for part in element.fields if "kind_from" in part.options}
    faults += [f"kind_from names no field: {kind}" for kind in kinds if kind not in names]
    return [f"{element.code}: {fault}" for fault in faults]


def write_element(element: Element) -> dict[str, object]:
    """Return an element as JSON that `read_element` reads."""
    data: dict[str, object] = {
        "code": element.code,
        "type": element.type,
        **_language_keys("", element.label),
        **(_language_keys("help_", element.help) if element.help else {}),
        "section": element.section,
        "sensitivity": element.sensitivity,
        "autocomplete": element.autocomplete,
        "options": dict(element.options),
        "choices": [{"value": one.value, **_language_keys("", one.label)} for one in element.choices],
        "fields": [write_element(part) for part in element.fields],
        "required": element.required,
        "order": element.order,
    }
    return data


def write_schema(schema: FormSchema) -> dict[str, object]:
    """Return a whole form as JSON, independent of the dictionary: what a filed application is pinned to."""
    return {
        "sections": [
            {
                "key": section.key,
                **_language_keys("", section.title),
                "order": section.order,
                "uses": [
                    {
                        "element": write_element(use.element),
                        "asks": [[ask.service, ask.required, ask.visible_if] for ask in use.asks],
                    }
                    for use in section.uses
                ],
            }
            for section in schema.sections
        ],
        "rules": [
            {"condition": rule.condition, "element": rule.element, **_language_keys("", rule.message)}
            for rule in schema.rules
        ],
    }


def read_schema(data: Data) -> FormSchema:
    """Return a form from what `write_schema` returned. Raises SchemaError when it is something else."""
    sections = tuple(
        Section(
            str(section["key"]),
            _words(str(section["key"]), section["zh"], section["en"]),
            tuple(_read_use(use) for use in read_rows(section["uses"])),
            cast(int, section["order"]),
        )
        for section in read_rows(data.get("sections", ()))
    )
    return FormSchema(sections, tuple(read_rule(rule) for rule in read_rows(data.get("rules", ()))))


def read_form(
    data: Data | Sequence[object], *, service: str, elements: Mapping[str, Element], sections: Iterable[Section]
) -> FormSchema:
    """Return a service's form.

    Args:
        data: a list of uses, or `{"uses": […], "own": […], "rules": […]}`. A use is an element's code (`person.email?`:
            optional) or `{element, required, visible_if}`; `own` defines elements only this service has, in the form of
            `read_element`; a rule is `{condition, element, zh, en}`.
        service: code of the service that asks.
        elements: the dictionary's elements by code.
        sections: the dictionary's sections.

    Raises SchemaError naming what is wrong.
    """
    form = data if isinstance(data, Mapping) else {"uses": data}
    own = [
        read_element(one, section=str(one.get("section", "request")), order=OWN_FIELDS_LAST + number)
        for number, one in enumerate(read_rows(form.get("own", ())))
    ]
    if defined_twice := sorted(one.code for one in own if one.code in elements):
        raise SchemaError(f"{', '.join(defined_twice)}: the dictionary has this element already.")
    known = {**elements, **{one.code: one for one in own}}
    asks = dict(_ask(entry, service) for entry in cast(Iterable[object], form.get("uses", ())))
    for one in own:
        asks.setdefault(one.code, Ask(service, one.required))
    if unknown := sorted(asks.keys() - known.keys()):
        raise SchemaError(f"{service}: the dictionary has no element {', '.join(unknown)}.")
    uses = [Use(known[code], (ask,)) for code, ask in asks.items()]
    return arranged(sections, uses, [read_rule(rule) for rule in read_rows(form.get("rules", ()))])


def read_rule(data: Data) -> Rule:
    """Return a rule from `{condition, element, zh, en}`."""
    element = str(data.get("element", ""))
    return Rule(str(data.get("condition", "")), _words(element, data.get("zh"), data.get("en")), element)


def read_choices(code: str, data: object) -> tuple[Choice, ...]:
    """Return choices from `[{value, zh, en}, …]`."""
    return tuple(
        Choice(str(row.get("value", "")), _words(code, row.get("zh"), row.get("en"))) for row in read_rows(data)
    )


def read_section(key: str, data: object, order: int) -> Section:
    """Return an empty section from its `{zh, en}` title."""
    title = read_rows([data])[0]
    return Section(key, _words(key, title.get("zh"), title.get("en")), (), order)


def read_rows(data: object) -> list[Data]:
    """Return a list of mappings as it is; SchemaError for anything else."""
    if not isinstance(data, (list, tuple)) or not all(isinstance(row, Mapping) for row in data):
        raise SchemaError(f"A list of entries is expected, not {data!r}.")
    return list(data)


def _choices(code: str, data: object, lists: Mapping[str, tuple[Choice, ...]]) -> tuple[Choice, ...]:
    if not isinstance(data, str):
        return read_choices(code, data)
    if data not in lists:
        raise SchemaError(f"{code}: there is no list of choices {data}.")
    return lists[data]


def _ask(entry: object, service: str) -> tuple[str, Ask]:
    if isinstance(entry, str):
        return entry.removesuffix("?"), Ask(service, not entry.endswith("?"))
    if not isinstance(entry, Mapping) or "element" not in entry:
        raise SchemaError(f"{service}: {entry!r} is no use of an element.")
    code = str(entry["element"])
    condition = str(entry.get("visible_if") or entry.get("when") or "")
    return code.removesuffix("?"), Ask(service, bool(entry.get("required", not code.endswith("?"))), condition)


def _read_use(data: Data) -> Use:
    asks = cast(Sequence[Sequence[object]], data["asks"])
    return Use(
        read_element(cast(Data, data["element"]), section=""),
        tuple(Ask(str(service), bool(required), str(condition)) for service, required, condition in asks),
    )


def _words(code: str, zh: object, en: object) -> Words:
    if not (isinstance(zh, str) and isinstance(en, str) and zh.strip() and en.strip()):
        raise SchemaError(f"{code}: both languages are needed.")
    return Words(zh.strip(), en.strip())


def _language_keys(prefix: str, words: Words) -> dict[str, object]:
    return {f"{prefix}zh": words.zh, f"{prefix}en": words.en}

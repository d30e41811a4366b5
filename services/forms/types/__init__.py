"""The element types: one class with everything about a kind of value. Pure: no Django."""

from collections.abc import Mapping

from services.forms.schema import Element
from services.forms.types.base import EMPTY, Context, ElementType, InvalidRowsError, InvalidValueError, WidgetHint
from services.forms.types.choices import Choice, Division, MultiChoice, YesNo
from services.forms.types.codes import IdNumber, Uscc
from services.forms.types.groups import Group
from services.forms.types.numbers import Area, Date, DecimalNumber, Integer, Money
from services.forms.types.places import Place
from services.forms.types.texts import Address, Email, Mobile, Multiline, PersonName, Text

__all__ = [
    "EMPTY",
    "TYPES",
    "Context",
    "ElementType",
    "InvalidRowsError",
    "InvalidValueError",
    "WidgetHint",
    "displayed",
    "type_of",
]


def type_of(element: Element) -> ElementType:
    """Return the type of an element; KeyError when there is none of this name."""
    return TYPES[element.type]


def displayed(element: Element, value: object, language: str) -> str:
    """Return a value as people read it; empty when there is none; drafts' values of the wrong form as they are."""
    if value in EMPTY:
        return ""
    try:
        return type_of(element).display(element, value, language)
    except (ValueError, TypeError):
        return str(value)


TYPES: Mapping[str, ElementType] = {
    one.name: one
    for one in (
        Text(),
        Multiline(),
        PersonName(),
        Address(),
        Email(),
        Mobile(),
        IdNumber(),
        Uscc(),
        Date(),
        Integer(),
        DecimalNumber(),
        Money(),
        Area(),
        YesNo(),
        Choice(),
        MultiChoice(),
        Division(),
        Place(),
        Group(type_of),
    )
}

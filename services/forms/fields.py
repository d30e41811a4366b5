"""An element as a Django form field: widget, label, help; what is checked is checked by `rules`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.html import escape

from services.forms.places import LENGTHS, LEVELS, places
from services.forms.schema import Element
from services.forms.types import WidgetHint, type_of
from services.forms.types.choices import Choice
from services.forms.types.places import deepest, depth_of, within
from services.forms.words import Words

CHOOSE = Words("请选择", "Choose")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def field_name(code: str) -> str:
    """Return the name of an element's input: codes have dots, which selectors and scripts would have to escape."""
    return code.replace(".", "-")


class SizedBoundField(BoundField):
    """A field whose box on the page is as wide as its answer usually is."""

    def css_classes(self, extra_classes: Any = None) -> str:
        """Return the classes of the box around the field: `field-s`, `field-m` or none for long answers."""
        size = {"short": "field-s", "medium": "field-m"}.get(getattr(self.field, "width", ""), "")
        return " ".join(filter(None, [super().css_classes(extra_classes), size]))


class ElementField(forms.Field):
    """A field that shows what was typed and leaves the checking to the form, which knows all answers."""

    bound_field_class = SizedBoundField

    def __init__(self, element: Element, *, language: str, required: bool, decides: bool = False) -> None:
        self.element = element
        hint = type_of(element).widget(element)
        self.width = hint.width if hint.kind != "radio" else "long"
        super().__init__(
            required=required,
            label=_label(element, hint, language),
            help_text=escape(element.help.in_language(language)) if element.help else "",
            widget=_widget(element, hint, language),
        )
        if required:
            self.widget.attrs["aria-required"] = "true"
        if decides:
            self.widget.attrs["data-decides"] = "true"

    def clean(self, value: Any) -> Any:
        """Take the value as it is: `SectionForm` puts messages beside the field."""
        return value

    def prepare_value(self, value: Any) -> Any:
        """Return a stored value as the widget shows it."""
        if self.element.type == "yes_no" and isinstance(value, bool):
            return "true" if value else "false"
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare as shown: nothing and the empty text are the same."""
        return bool((self.prepare_value(initial) or "") != (data or ""))


class DayInput(forms.DateInput):
    """A date field; what is no date is shown as text, which a browser's date field would lose."""

    input_type = "date"

    def format_value(self, value: Any) -> str | None:
        """Return the text as it was typed or stored."""
        return value.isoformat() if isinstance(value, date) else (str(value) if value else None)

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Turn the field into a text field when its value is no ISO date."""
        context = super().get_context(name, value, attrs)
        text = context["widget"]["value"]
        if text and not _ISO_DATE.fullmatch(text):
            context["widget"]["type"] = "text"
        return context


@dataclass(frozen=True, slots=True)
class Level:
    """One of the lists that follow one another. options: value and label, the empty one first."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]
    chosen: str


class CascadeSelect(forms.Widget):
    """A place chosen level by level: each list shows what lies in the choice before it. Works without JavaScript."""

    use_fieldset = True

    def __init__(self, element: Element, language: str) -> None:
        self.element, self.language = element, language
        super().__init__()

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Return the code that was chosen."""
        return chosen_place(data, name)

    def levels(self, name: str, value: object) -> list[Level]:
        """Return the lists to show for a value: those chosen, and the next one."""
        code, found = str(value or ""), []
        above = within(self.element)
        if code not in places() or not code.startswith(above):
            code = ""
        first = LENGTHS.index(len(above)) + 1 if above else 0
        for number, label in enumerate(LEVELS[first : depth_of(self.element)], first + 1):
            below = places().below(above)
            if not below:
                break
            chosen = code[: LENGTHS[number - 1]] if len(code) >= LENGTHS[number - 1] else ""
            options = [("", CHOOSE.in_language(self.language))]
            options += [(one, words.in_language(self.language)) for one, words in below]
            found.append(Level(f"{name}-{number}", label.in_language(self.language), options, chosen))
            if not chosen:
                break
            above = chosen
        return found

    def id_for_label(self, id_: str, index: str | None = None) -> str:
        """Return the id of the first list."""
        return f"{id_}-1" if id_ else ""


def chosen_place(data: Mapping[str, Any], name: str) -> str:
    """Return the code of a place from its lists, or from one value as programs send it."""
    whole = data.get(name)
    asked = [f"{name}-{number}" for number in range(1, len(LENGTHS) + 1)]
    return str(whole) if whole else deepest([str(data[one]) for one in asked if one in data])


def _label(element: Element, hint: WidgetHint, language: str) -> str:
    label = element.label.in_language(language)
    if hint.unit:
        label += Words(f"（{hint.unit.zh}）", f" ({hint.unit.en})").in_language(language)
    return label


def _widget(element: Element, hint: WidgetHint, language: str) -> forms.Widget:
    attrs = _attributes(hint)
    if hint.kind == "cascade":
        return CascadeSelect(element, language)
    if hint.kind in ("radio", "select", "checkboxes"):
        return _choice_widget(element, hint, language, attrs)
    if hint.kind == "textarea":
        return forms.Textarea({**attrs, "rows": 4})
    return DayInput(attrs) if hint.kind == "date" else forms.TextInput(attrs)


def _attributes(hint: WidgetHint) -> dict[str, Any]:
    attrs: dict[str, Any] = {"autocomplete": hint.autocomplete}
    if hint.input_mode:
        attrs["inputmode"] = hint.input_mode
    if hint.max_length:
        attrs["maxlength"] = hint.max_length
    if hint.latin:
        attrs |= {"spellcheck": "false", "autocapitalize": "off"}
    return attrs


def _choice_widget(element: Element, hint: WidgetHint, language: str, attrs: dict[str, Any]) -> forms.Widget:
    choices = _choices(element, language)
    if hint.kind == "checkboxes":
        return forms.CheckboxSelectMultiple(choices=choices)
    if hint.kind == "radio":
        return forms.RadioSelect(choices=choices)
    return forms.Select(attrs, [("", CHOOSE.in_language(language)), *choices])


def _choices(element: Element, language: str) -> list[tuple[str, str]]:
    kind = type_of(element)
    if isinstance(kind, Choice):
        return [(option.value, option.label.in_language(language)) for option in kind.listed(element)]
    return [(word, kind.display(element, word == "true", language)) for word in ("true", "false")]


def entered(element: Element, name: str, data: Mapping[str, Any]) -> object:
    """Return what was entered for an element, as it came."""
    if element.type == "multi_choice":
        values = data.getlist(name) if hasattr(data, "getlist") else data.get(name, [])
        return list(values) if isinstance(values, (list, tuple)) else [values]
    if element.type == "place":
        return chosen_place(data, name)
    return data.get(name)

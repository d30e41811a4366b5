"""Types whose value is one or several of a list."""

from __future__ import annotations

from services.forms.divisions import DIVISIONS
from services.forms.schema import Choice as Option
from services.forms.schema import Element
from services.forms.types.base import Context, ElementType, InvalidValueError, WidgetHint
from services.forms.words import Words

_PICK = Words("请从列出的选项中选择。", "Choose one of the options listed.")
_YES = frozenset({"true", "yes", "1", "on", "是"})
_NO = frozenset({"false", "no", "0", "off", "否"})
MOST_RADIOS = 6


class YesNo(ElementType):
    """Yes or no."""

    name = "yes_no"

    def clean(self, element: Element, raw: object, context: Context) -> object:
        """Return True, False or None."""
        if isinstance(raw, bool):
            return raw
        return super().clean(element, raw, context)

    def convert(self, element: Element, raw: object, context: Context) -> object:
        """Understand true, yes, 是 and their opposites."""
        word = str(raw).strip().lower() if isinstance(raw, (str, int)) else ""
        if word in _YES or word in _NO:
            return word in _YES
        raise InvalidValueError(Words("请选择“是”或“否”。", "Choose yes or no."), "choice")

    def display(self, element: Element, value: object, language: str) -> str:
        """Return 是 / 否 or Yes / No."""
        return (Words("是", "Yes") if value else Words("否", "No")).in_language(language)

    def widget(self, element: Element) -> WidgetHint:
        """Return two radio buttons."""
        return WidgetHint("radio")


class Choice(ElementType):
    """One of the element's choices."""

    name = "choice"

    def convert(self, element: Element, raw: object, context: Context) -> object:
        """Return the chosen value."""
        value = str(raw).strip() if isinstance(raw, (str, int)) and not isinstance(raw, bool) else None
        if value is None or all(option.value != value for option in self.listed(element)):
            raise InvalidValueError(_PICK, "choice")
        return value

    def listed(self, element: Element) -> tuple[Option, ...]:
        """Return what can be chosen."""
        return element.choices

    def display(self, element: Element, value: object, language: str) -> str:
        """Return the chosen label; a value that is no longer listed as it is."""
        labels = {option.value: option.label.in_language(language) for option in self.listed(element)}
        return labels.get(str(value), str(value))

    def widget(self, element: Element) -> WidgetHint:
        """Return radio buttons for a few choices, a list for many."""
        few = len(self.listed(element)) <= MOST_RADIOS
        return WidgetHint("radio" if few else "select", element.autocomplete or "off", width="medium")

    def faults(self, element: Element) -> list[str]:
        """Check that there are choices and each value is there once."""
        problems = super().faults(element)
        values = [option.value for option in self.listed(element)]
        if len(values) < 2:
            problems.append("a choice needs at least two choices")
        if len(set(values)) < len(values) or not all(value.isascii() and value for value in values):
            problems.append("choices have different, ASCII values")
        return problems


class MultiChoice(Choice):
    """Several of the element's choices. Option: alone, a value that excludes all others (none of these)."""

    name = "multi_choice"
    options = {"alone": str}

    def convert(self, element: Element, raw: object, context: Context) -> object:
        """Return the chosen values once each, in the order of the list."""
        chosen = [raw] if isinstance(raw, str) else raw
        if not isinstance(chosen, (list, tuple)):
            raise InvalidValueError(_PICK, "choice")
        values = {super(MultiChoice, self).convert(element, value, context) for value in chosen}
        alone = element.options.get("alone")
        if alone in values and len(values) > 1:
            label = next(option.label for option in element.choices if option.value == alone)
            raise InvalidValueError(
                Words(f"“{label.zh}”不能与其他选项同时选择。", f"“{label.en}” cannot be chosen together with others."),
                "alone",
            )
        return [option.value for option in element.choices if option.value in values]

    def display(self, element: Element, value: object, language: str) -> str:
        """Return the chosen labels in one line."""
        values = value if isinstance(value, (list, tuple)) else [value]
        separator = "、" if language.startswith("zh") else ", "
        return separator.join(super(MultiChoice, self).display(element, one, language) for one in values)

    def widget(self, element: Element) -> WidgetHint:
        """Return check boxes."""
        return WidgetHint("checkboxes")


class Division(Choice):
    """A district or county of the city, by its GB/T 2260 code."""

    name = "division"

    def listed(self, element: Element) -> tuple[Option, ...]:
        """Return the city's districts and counties."""
        return element.choices or DIVISIONS

    def widget(self, element: Element) -> WidgetHint:
        """Return a list."""
        return WidgetHint("select", element.autocomplete or "address-level3", width="medium")

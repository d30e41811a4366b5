"""What every element type knows about its values."""

from __future__ import annotations

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

from services.forms.schema import Element
from services.forms.words import Words

EMPTY: tuple[object, ...] = (None, "", [], ())


class InvalidValueError(Exception):
    """A value cannot be taken. `message` says, in both languages, how to put it right."""

    def __init__(self, message: Words, code: str = "invalid") -> None:
        super().__init__(message.en)
        self.message = message
        self.code = code


class InvalidRowsError(Exception):
    """Rows of a group cannot be taken: for each row's number its fields' errors."""

    def __init__(self, rows: Mapping[int, Mapping[str, InvalidValueError]]) -> None:
        super().__init__(f"{len(rows)} rows")
        self.rows = rows


@dataclass(frozen=True, slots=True)
class Context:
    """What a value is checked against."""

    today: date
    siblings: Mapping[str, object] = field(default_factory=dict)
    """The other answers of the form, or of the row, by code."""


@dataclass(frozen=True, slots=True)
class WidgetHint:
    """How the element is asked on a page."""

    kind: str
    """text, textarea, date, radio, select, checkboxes or rows."""
    autocomplete: str = "off"
    input_mode: str = ""
    max_length: int | None = None
    width: str = "long"
    """short (a number), medium (a name, a date) or long."""
    unit: Words | None = None
    latin: bool = False
    """Codes and addresses of mail: no spelling check, no capitals put in."""


class ElementType(ABC):
    """One kind of data element. A value that `clean` returned is JSON and is taken again unchanged."""

    name: ClassVar[str]
    options: ClassVar[Mapping[str, type | tuple[type, ...]]] = {}
    """Options an element of this type may set, with the kinds of value they take."""

    def clean(self, element: Element, raw: object, context: Context) -> object:
        """Return the JSON form of what was entered, None when nothing was.

        Raises InvalidValueError (a group: InvalidRowsError) when it cannot be taken.
        """
        if raw in EMPTY:
            return None
        if isinstance(raw, str):
            check_characters(raw, lines=self.name == "multiline")
            if not raw.strip():
                return None
        return self.convert(element, raw, context)

    @abstractmethod
    def convert(self, element: Element, raw: object, context: Context) -> object:
        """Return the JSON form of a value that is not empty; text holds no character that cannot be stored."""

    def display(self, element: Element, value: object, language: str) -> str:
        """Return a cleaned value as people read it."""
        return str(value)

    def widget(self, element: Element) -> WidgetHint:
        """Return how it is asked."""
        return WidgetHint("text", element.autocomplete or "off")

    def faults(self, element: Element) -> list[str]:
        """Return what is wrong with the element's definition, for the dictionary's check."""
        problems = [f"unknown option {name}" for name in element.options if name not in self.options]
        for name, kind in self.options.items():
            value = element.options.get(name)
            if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
                problems.append(f"option {name} has the wrong kind of value")
        return problems


_NUL = Words(
    "内容里有无法保存的字符（空字符），请删除后重新输入。",
    "There is a character that cannot be stored (NUL). Delete it and type the text again.",
)
_CONTROL = Words(
    "内容里有看不见的控制字符，请删除后重新输入，不要直接粘贴。",
    "There are invisible control characters. Delete the text and type it instead of pasting it.",
)
_HALF = Words("内容里有残缺的字符，请删除后重新输入。", "There is a broken character. Delete it and type it again.")
_NOT_TEXT = Words("请填写文字。", "Enter text.")


def check_characters(text: str, *, lines: bool = False) -> None:
    """Refuse what no database or document can hold: NUL, control characters, half characters, non-characters.

    Line breaks and tabs are allowed when `lines`; else only around the text.
    """
    for character in text if lines else text.strip():
        category = unicodedata.category(character)
        if character == "\0":
            raise InvalidValueError(_NUL, "nul")
        if category == "Cs" or ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF:
            raise InvalidValueError(_HALF, "broken_character")
        if category == "Cc" and not (lines and character in "\n\r\t"):
            raise InvalidValueError(_CONTROL, "control_character")


def text_of(raw: object) -> str:
    """Return what was entered as text without surrounding space; whole numbers of an API become text."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw)
    if not isinstance(raw, str):
        raise InvalidValueError(_NOT_TEXT, "not_text")
    return raw.strip()


def half_width(text: str) -> str:
    """Return the text with full-width letters, digits and signs made ASCII, for codes and numbers."""
    return unicodedata.normalize("NFKC", text).strip()

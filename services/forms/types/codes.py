"""Types whose value is an official number with a check character."""

from __future__ import annotations

import re

from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from services.forms.identity_numbers import KINDS, RESIDENT_ID, fault, normal_form
from services.forms.schema import Element
from services.forms.types.base import Context, ElementType, InvalidValueError, WidgetHint, half_width, text_of
from services.forms.words import Words


class IdNumber(ElementType):
    """The number of an identity document. Option: kind_from, the element that says which kind of document."""

    name = "id_number"
    options = {"kind_from": str}

    def convert(self, element: Element, raw: object, context: Context) -> object:
        """Return the normal form of a number that its kind allows; without a kind it is a resident's."""
        kind = context.siblings.get(str(element.options.get("kind_from", "")))
        kind = kind if isinstance(kind, str) and kind in KINDS else RESIDENT_ID
        number = normal_form(kind, text_of(raw))
        if message := fault(kind, number, today=context.today):
            raise InvalidValueError(message, "id_number")
        return number

    def widget(self, element: Element) -> WidgetHint:
        """Return a text field; browsers should not remember it."""
        return WidgetHint("text", element.autocomplete or "off", max_length=40, width="medium", latin=True)


class Uscc(ElementType):
    """A unified social credit code (GB 32100-2015)."""

    name = "uscc"

    def convert(self, element: Element, raw: object, context: Context) -> object:
        """Return the 18 characters; tell wrong length, impossible letters and a wrong check character apart."""
        code = re.sub(r"[\s\-]+", "", half_width(text_of(raw))).upper()
        if len(code) != 18:
            raise InvalidValueError(
                Words(
                    f"统一社会信用代码是18位，现在是{len(code)}位，请与执照核对。",
                    f"The code has 18 characters; there are {len(code)}. Compare it with the licence.",
                ),
                "length",
            )
        if letters := sorted(set(re.findall(r"[^0-9A-HJ-NP-RTUW-Y]", code))):
            raise InvalidValueError(
                Words(
                    f"统一社会信用代码里没有{'、'.join(letters)}，常见的是把1写成I、0写成O、2写成Z。",
                    f"The code never has {', '.join(letters)}; often 1 is written as I, 0 as O or 2 as Z.",
                ),
                "letters",
            )
        try:
            return str(uscc.validate(code))
        except ValidationError as error:
            raise InvalidValueError(
                Words(
                    "代码有一位填错或者两位颠倒，请与执照核对。",
                    "A character is wrong or two are swapped. Compare it with the licence.",
                ),
                "check",
            ) from error

    def widget(self, element: Element) -> WidgetHint:
        """Return a text field of medium width."""
        return WidgetHint("text", element.autocomplete or "off", max_length=40, width="medium", latin=True)

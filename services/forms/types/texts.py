"""Types whose value is text."""

from __future__ import annotations

import re
import unicodedata

from services.forms.schema import Element
from services.forms.types.base import Context, ElementType, InvalidValueError, WidgetHint, half_width, text_of
from services.forms.words import Words


class Text(ElementType):
    """A line of text. Options: min_length, max_length (characters), pattern with pattern_zh and pattern_en."""

    name = "text"
    options = {"min_length": int, "max_length": int, "pattern": str, "pattern_zh": str, "pattern_en": str}
    longest = 200

    def convert(self, element: Element, raw: object, context: Context) -> object:
        """Check length and pattern; a pattern looks at the half-width, upper-case form and stores that."""
        text = self.tidied(text_of(raw))
        if "pattern" in element.options:
            text = half_width(text).upper()
        self.check_length(element, text)
        if "pattern" in element.options and not re.fullmatch(str(element.options["pattern"]), text):
            raise InvalidValueError(
                Words(str(element.options.get("pattern_zh")), str(element.options.get("pattern_en"))), "pattern"
            )
        return text

    def tidied(self, text: str) -> str:
        """Return the text in the form it is stored."""
        return text

    def check_length(self, element: Element, text: str) -> None:
        """Refuse what is too long or too short, naming both lengths."""
        longest, shortest = self._limit(element), element.options.get("min_length", 0)
        if len(text) > longest:
            raise InvalidValueError(
                Words(
                    f"最多填写{longest}个字，现在有{len(text)}个字，请删减。",
                    f"At most {longest} characters; there are {len(text)}. Shorten the text.",
                ),
                "too_long",
            )
        if isinstance(shortest, int) and len(text) < shortest:
            raise InvalidValueError(
                Words(f"至少填写{shortest}个字，请写得更完整。", f"At least {shortest} characters; say a little more."),
                "too_short",
            )

    def widget(self, element: Element) -> WidgetHint:
        """Return a text field; a pattern marks a code."""
        latin = "pattern" in element.options
        limit = self._limit(element)
        width = "medium" if latin or limit <= 50 else "long"
        # Room is left beyond the limit: cutting pasted text silently would lose the rest, a message does not.
        return WidgetHint("text", element.autocomplete or "off", max_length=limit * 2, width=width, latin=latin)

    def faults(self, element: Element) -> list[str]:
        """Check the pattern and that its message exists."""
        problems = super().faults(element)
        if pattern := element.options.get("pattern"):
            try:
                re.compile(str(pattern))
            except re.error as error:
                problems.append(f"pattern: {error}")
            if not (element.options.get("pattern_zh") and element.options.get("pattern_en")):
                problems.append("a pattern needs pattern_zh and pattern_en, saying what to enter")
        return problems

    def _limit(self, element: Element) -> int:
        limit = element.options.get("max_length", self.longest)
        return limit if isinstance(limit, int) else self.longest


class Multiline(Text):
    """Text of several lines."""

    name = "multiline"
    longest = 2_000

    def tidied(self, text: str) -> str:
        """Return the text with one kind of line break."""
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def widget(self, element: Element) -> WidgetHint:
        """Return a text area."""
        return WidgetHint("textarea", element.autocomplete or "off", max_length=self._limit(element) * 2)


class PersonName(Text):
    """A person's name as on the identity document: any letter of GB 18030, `·` between the parts of longer names."""

    name = "person_name"
    options = {"max_length": int}
    longest = 100
    _DOTS = str.maketrans(dict.fromkeys("•‧・･．∙⋅●", "·"))
    _MARKS = frozenset("·'’-. ")
    _SUPPLEMENTARY_HAN = range(0x20000, 0x40000)

    def convert(self, element: Element, raw: object, context: Context) -> object:
        """Unify spaces and the middle dot; never replace a letter by a look-alike, the document must match."""
        name = text_of(raw)
        name = " ".join(name.translate(self._DOTS).split())
        self.check_length(element, name)
        if not all(map(self._belongs, name)) or not any(map(self._is_letter, name)):
            raise InvalidValueError(
                Words(
                    "请按证件上的写法填写姓名，不要有数字和其他符号；少数民族姓名中间用“·”。",
                    "Enter the name as it stands on the identity document, without digits or other signs.",
                ),
                "name_signs",
            )
        return name

    def widget(self, element: Element) -> WidgetHint:
        """Return a text field without spelling check."""
        return WidgetHint("text", element.autocomplete or "off", max_length=200, width="medium", latin=True)

    def _belongs(self, character: str) -> bool:
        return character in self._MARKS or self._is_letter(character) or unicodedata.category(character)[0] == "M"

    def _is_letter(self, character: str) -> bool:
        category = unicodedata.category(character)
        # Private use and code points this Python does not know yet: rare letters of GB 18030.
        return category[0] == "L" or category == "Co" or ord(character) in self._SUPPLEMENTARY_HAN


class Address(Text):
    """Street, number, building and room; the district is its own element."""

    name = "address"

    def convert(self, element: Element, raw: object, context: Context) -> object:
        """Ask for more than a street's or a district's name."""
        address = self.tidied(text_of(raw))
        self.check_length(element, address)
        if len(address) < 5 or not any(character.isalnum() for character in address):
            raise InvalidValueError(
                Words(
                    "请把地址写到门牌号，例如：中原西路66号2号楼101。",
                    "Write the address down to the door, for example: 66 Zhongyuan West Road, building 2, room 101.",
                ),
                "address",
            )
        return address

    def widget(self, element: Element) -> WidgetHint:
        """Return a long text field."""
        return WidgetHint("text", element.autocomplete or "off", max_length=400)


class Email(ElementType):
    """A mail address, of any script."""

    name = "email"
    _SHAPE = re.compile(r"[^\s@<>(),;:\\\"\[\]]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{0,61}[^\W_]")

    def convert(self, element: Element, raw: object, context: Context) -> object:
        """Check the shape; full-width @ and dots are taken."""
        address = half_width(text_of(raw))
        local = address.split("@")[0]
        dots = local.startswith(".") or local.endswith(".") or ".." in local
        if len(address) > 254 or dots or not self._SHAPE.fullmatch(address):
            raise InvalidValueError(
                Words(
                    "请填写完整的邮箱地址，例如 liming@example.com。",
                    "Enter a full mail address, such as liming@example.com.",
                ),
                "email",
            )
        return address

    def widget(self, element: Element) -> WidgetHint:
        """Return a mail field."""
        return WidgetHint("text", element.autocomplete or "email", "email", 300, latin=True)


class Mobile(ElementType):
    """A mobile number: 11 digits of a Chinese one, or + and the country code of another."""

    name = "mobile"

    def convert(self, element: Element, raw: object, context: Context) -> object:
        """Return it without spaces and without +86."""
        number = re.sub(r"[\s\-()]+", "", half_width(text_of(raw)))
        number = re.sub(r"^(?:\+|00)86(?=1)", "", number)
        if re.fullmatch(r"1[3-9][0-9]{9}|\+(?!86)[1-9][0-9]{6,14}", number):
            return number
        raise InvalidValueError(
            Words(
                "请填写11位手机号码；境外号码请以+和国家代码开头。",
                "Enter an 11-digit mobile number, or + and the country code for a number from elsewhere.",
            ),
            "mobile",
        )

    def display(self, element: Element, value: object, language: str) -> str:
        """Return a Chinese number in groups of 3, 4 and 4 digits."""
        number = str(value)
        return f"{number[:3]} {number[3:7]} {number[7:]}" if len(number) == 11 and number.isdigit() else number

    def widget(self, element: Element) -> WidgetHint:
        """Return a telephone field."""
        return WidgetHint("text", element.autocomplete or "off", "tel", 30, "medium", latin=True)

"""Types whose value is a number or a date. Numbers are JSON numbers: whole ones integers, others with few decimals."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

from services.forms.schema import Element
from services.forms.types.base import Context, ElementType, InvalidValueError, WidgetHint, half_width
from services.forms.words import Words

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?|[+-]?[0-9]{1,4}(?:,[0-9]{4})+(?:\.[0-9]*)?")
LARGEST = Decimal(10) ** 13
"""Numbers below this with two decimals survive being JSON numbers exactly."""


class DecimalNumber(ElementType):
    """A number. Options: min, max, places (decimals, at most 3), unit_zh and unit_en."""

    name = "decimal"
    options = {"min": (int, float), "max": (int, float), "places": int, "unit_zh": str, "unit_en": str}
    places = 2
    lowest: int | None = None
    units: str = ""
    """A pattern of units people write behind the number."""
    unit: Words | None = None

    def convert(self, element: Element, raw: object, context: Context) -> object:
        """Return an int, or a float with the allowed decimals."""
        number = self.read(raw)
        places = self.places_of(element)
        self._check_range(element, number)
        if number != round(number, places):
            raise InvalidValueError(self._places_message(places), "places")
        return int(number) if number == int(number) else float(number)

    def read(self, raw: object) -> Decimal:
        """Return the number as entered: full-width digits, grouping commas and the unit are understood."""
        if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
            raise InvalidValueError(self._not_a_number(), "not_a_number")
        text = re.sub(r"\s", "", half_width(str(raw)))
        if self.units:
            text = re.sub(rf"(?:{self.units})$", "", text, flags=re.IGNORECASE)
        if _GROUPED.fullmatch(text):
            text = text.replace(",", "")
        if isinstance(raw, float) and "e" in text:
            text = f"{raw:f}"
        if not _NUMBER.fullmatch(text) or not text.isascii() or len(text) > 40:
            raise InvalidValueError(self._not_a_number(), "not_a_number")
        return Decimal(text)

    def places_of(self, element: Element) -> int:
        """Return how many decimals the element takes."""
        places = element.options.get("places", self.places)
        return places if isinstance(places, int) else self.places

    def _check_range(self, element: Element, number: Decimal) -> None:
        least, most = element.options.get("min", self.lowest), element.options.get("max")
        if isinstance(least, (int, float)) and number < Decimal(str(least)):
            raise InvalidValueError(
                Words(f"请填写不小于{least:,}的数。", f"Enter a number of at least {least:,}."), "too_small"
            )
        if isinstance(most, (int, float)) and number > Decimal(str(most)):
            raise InvalidValueError(
                Words(f"请填写不大于{most:,}的数。", f"Enter a number of at most {most:,}."), "too_large"
            )
        if abs(number) >= LARGEST:
            raise InvalidValueError(
                Words("数字太大，请核对单位和位数。", "The number is too large. Check the unit and the digits."),
                "too_large",
            )

    def _not_a_number(self) -> Words:
        return Words("请填写数字，例如 120.5。", "Enter a number, such as 120.5.")

    def _places_message(self, places: int) -> Words:
        if places == 0:
            return Words("请填写整数，不带小数。", "Enter a whole number, without decimals.")
        return Words(f"最多保留{places}位小数。", f"Use at most {places} decimals.")

    def display(self, element: Element, value: object, language: str) -> str:
        """Return the number grouped by thousands, with its unit."""
        text = f"{value:,}" if isinstance(value, int) else f"{value:,.{self.places_of(element)}f}"
        unit = self.unit_of(element)
        return f"{text} {unit.in_language(language)}" if unit else text

    def unit_of(self, element: Element) -> Words | None:
        """Return the unit the element sets, or the type's."""
        if "unit_zh" in element.options:
            return Words(str(element.options["unit_zh"]), str(element.options.get("unit_en", "")))
        return self.unit

    def widget(self, element: Element) -> WidgetHint:
        """Return a short field with a number pad."""
        mode = "decimal" if self.places_of(element) else "numeric"
        return WidgetHint("text", element.autocomplete or "off", mode, 40, "short", self.unit_of(element))

    def faults(self, element: Element) -> list[str]:
        """Check decimals and that a unit has both languages."""
        problems = super().faults(element)
        if not 0 <= self.places_of(element) <= 3:
            problems.append("places is 0 to 3")
        if ("unit_zh" in element.options) != ("unit_en" in element.options):
            problems.append("a unit needs unit_zh and unit_en")
        return problems


class Integer(DecimalNumber):
    """A whole number. Options: min, max, unit_zh and unit_en."""

    name = "integer"
    options = {"min": int, "max": int, "unit_zh": str, "unit_en": str}
    places = 0

    def _not_a_number(self) -> Words:
        return Words("请填写整数，例如 12。", "Enter a whole number, such as 12.")


class Money(DecimalNumber):
    """An amount in yuan. Options: min, max."""

    name = "money"
    options = {"min": (int, float), "max": (int, float)}
    lowest = 0
    units = "元|圆|yuan|rmb|cny"
    unit = Words("元", "yuan")

    def read(self, raw: object) -> Decimal:
        """Understand ¥ before and 万 (ten thousand) behind the amount."""
        if not isinstance(raw, str):
            return super().read(raw)
        text = re.sub(r"^[¥￥]", "", half_width(raw)).strip()
        text = re.sub(r"(?:元|圆)(?:人民币)?$", "", text)
        if text.endswith("万"):
            return super().read(text[:-1]) * 10_000
        return super().read(text)

    def display(self, element: Element, value: object, language: str) -> str:
        """Return the amount with two decimals when it has any."""
        text = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
        return f"{text} 元" if language.startswith("zh") else f"CNY {text}"

    def _not_a_number(self) -> Words:
        return Words("请填写金额（元），例如 50000。", "Enter the amount in yuan, such as 50000.")


class Area(DecimalNumber):
    """An area in square metres, more than nothing. Options: min, max."""

    name = "area_m2"
    options = {"min": (int, float), "max": (int, float)}
    units = "平方米|平米|平方|㎡|m2|m²|sqm"
    unit = Words("平方米", "m²")

    def convert(self, element: Element, raw: object, context: Context) -> object:
        """Refuse zero and what no building has."""
        value = super().convert(element, raw, context)
        if not isinstance(value, (int, float)) or not 0 < value <= 10_000_000:
            raise InvalidValueError(
                Words(
                    "面积应大于0，单位是平方米，请核对。",
                    "The area is more than 0, in square metres. Check the number.",
                ),
                "area",
            )
        return value

    def _not_a_number(self) -> Words:
        return Words("请填写面积（平方米），例如 86.5。", "Enter the area in square metres, such as 86.5.")


def day_in_words(day: date, language: str) -> str:
    """Return a day as people write it: 2026年9月1日 or 1 Sep 2026."""
    if language.startswith("zh"):
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


class Date(ElementType):
    """A day. Options: min and max, an ISO date or `today`, `today+30`, `today-365` (days)."""

    name = "date"
    options = {"min": str, "max": str}
    _SHAPES = (
        re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?"),
        re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})"),
    )
    _BOUND = re.compile(r"today(?:([+-])([0-9]{1,5}))?|[0-9]{4}-[0-9]{2}-[0-9]{2}")

    def convert(self, element: Element, raw: object, context: Context) -> object:
        """Return the ISO form of 2026-09-01, 2026/9/1, 2026年9月1日 or 20260901."""
        day = self._read(raw)
        if day is None or not 1900 <= day.year <= 2200:
            raise InvalidValueError(
                Words("请填写存在的日期，例如 2026-09-01。", "Enter a date that exists, such as 2026-09-01."), "date"
            )
        least, most = (self._bound(element.options.get(name), context.today) for name in ("min", "max"))
        if least and day < least:
            raise InvalidValueError(
                Words(
                    f"日期不能早于{self.display(element, least.isoformat(), 'zh')}。",
                    f"The date cannot be before {self.display(element, least.isoformat(), 'en')}.",
                ),
                "too_early",
            )
        if most and day > most:
            raise InvalidValueError(
                Words(
                    f"日期不能晚于{self.display(element, most.isoformat(), 'zh')}。",
                    f"The date cannot be after {self.display(element, most.isoformat(), 'en')}.",
                ),
                "too_late",
            )
        return day.isoformat()

    def _read(self, raw: object) -> date | None:
        if isinstance(raw, date):
            return date(raw.year, raw.month, raw.day)
        text = re.sub(r"\s", "", half_width(raw)) if isinstance(raw, str) else ""
        for shape in self._SHAPES:
            if match := shape.fullmatch(text):
                try:
                    return date(*(int(part) for part in match.groups()))
                except ValueError:
                    return None
        return None

    def _bound(self, option: object, today: date) -> date | None:
        match = self._BOUND.fullmatch(str(option or ""))
        if not match:
            return None
        if not match[0].startswith("today"):
            return date.fromisoformat(match[0])
        days = int(match[2] or 0)
        return today + timedelta(days=-days if match[1] == "-" else days)

    def display(self, element: Element, value: object, language: str) -> str:
        """Return 2026年9月1日 or 1 Sep 2026."""
        return day_in_words(date.fromisoformat(str(value)), language)

    def widget(self, element: Element) -> WidgetHint:
        """Return a date field."""
        return WidgetHint("date", element.autocomplete or "off", width="medium")

    def faults(self, element: Element) -> list[str]:
        """Check the bounds' form."""
        problems = super().faults(element)
        problems += [
            f"{name} is an ISO date or today±days"
            for name in ("min", "max")
            if name in element.options and not self._BOUND.fullmatch(str(element.options[name]))
        ]
        return problems


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

"""The type whose value is a division of the country, chosen level by level."""

from __future__ import annotations

from services.forms.places import LENGTHS, LEVELS, places
from services.forms.schema import Element
from services.forms.types.base import Context, ElementType, InvalidValueError, WidgetHint
from services.forms.words import Words

_PICK = Words("请从列出的地区中选择。", "Choose one of the places listed.")
#: The fault of a place that is right but does not go far enough down.
DEEPER = "deeper"
_DEPTHS = {"province": 1, "city": 2, "district": 3, "town": 4}


class Place(ElementType):
    """A province, city, district or town by its code. The street and the number are an element of their own.

    Options: depth, how far to choose where data goes so far; within, the code of the division in which it lies, whose
    own level and those above are not asked.
    """

    name = "place"
    options = {"depth": str, "within": str}

    def convert(self, element: Element, raw: object, context: Context) -> object:
        """Return the code; ask for the next level while there is one to choose from."""
        code = raw.strip() if isinstance(raw, str) else ""
        if code not in places() or not code.startswith(within(element)):
            raise InvalidValueError(_PICK, "choice")
        level = LENGTHS.index(len(code)) + 1
        if level < depth_of(element) and places().below(code):
            below = LEVELS[level]
            raise InvalidValueError(Words(f"请继续选择{below.zh}。", f"Go on: choose the {below.en.lower()}."), DEEPER)
        return code

    def display(self, element: Element, value: object, language: str) -> str:
        """Return the names of all levels: 河南省郑州市金水区, or Jinshui District, Zhengzhou, Henan."""
        path = places().path(str(value))
        if not path:
            return str(value)
        names = [one.in_language(language) for one in path]
        return "".join(names) if language.startswith("zh") else ", ".join(reversed(names))

    def widget(self, element: Element) -> WidgetHint:
        """Return lists that follow one another."""
        return WidgetHint("cascade")

    def faults(self, element: Element) -> list[str]:
        """Check the depth."""
        problems = super().faults(element)
        if element.options.get("depth", "town") not in _DEPTHS:
            problems.append(f"depth is one of {', '.join(_DEPTHS)}")
        if within(element) and within(element) not in places():
            problems.append(f"within is no known division: {within(element)}")
        return problems


def within(element: Element) -> str:
    """Return the code of the division in which an element's places lie, "" for the whole country."""
    return str(element.options.get("within", ""))


def depth_of(element: Element) -> int:
    """Return how many levels an element asks."""
    return _DEPTHS.get(str(element.options.get("depth", "town")), len(LENGTHS))


def deepest(given: list[str]) -> str:
    """Return the last of the levels that lies in the one before it: a new province makes the old city void."""
    code = ""
    for one in given:
        if not one or not one.startswith(code) or len(one) <= len(code):
            break
        code = one
    return code

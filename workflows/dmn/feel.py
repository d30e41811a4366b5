"""S-FEEL text (DMN 1.3, clause 9) to tests and literals: a few rules of grammar, written out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workflows.dmn.cells import ANYTHING, Constant, Range, UnaryTests
from workflows.dmn.errors import CellError
from workflows.dmn.values import LARGEST_EXACT, Kind, is_date

MAX_CELL = 1_000
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<number>-?(?:\d+(?:\.\d+)?|\.\d+))|(?P<word>[A-Za-z_]\w*)"""
    r"""|(?P<sign><=|>=|\.\.|[<>\[\](),]))""",
    re.ASCII | re.DOTALL,
)
_ESCAPE = re.compile(r"""\\(?:u([0-9a-fA-F]{4})|(["'\\nrt]))""")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_WORDS = {
    "true": Constant(True, Kind.BOOLEAN),
    "false": Constant(False, Kind.BOOLEAN),
    "null": Constant(None, None),
}
_COMPARISONS = ("<", "<=", ">", ">=")


def read_tests(text: str) -> UnaryTests:
    """Return the unary tests of a cell (DMN 1.3, 9.2, grammar rules 7 to 18, with literals as end points).

    An empty cell says the same as `-`. Raises CellError: not S-FEEL, longer than 1,000 characters, values of several
    kinds, an interval that holds nothing, an order of true and false.
    """
    if text.strip() in ("", "-"):
        return ANYTHING
    reader = _Reader(text)
    negated = reader.takes("not")
    if negated:
        reader.expect("(")
    parts = [reader.test()]
    while reader.takes(","):
        parts.append(reader.test())
    if negated:
        reader.expect(")")
    reader.expect_end()
    kinds = {part.kind for part in parts if part.kind is not None}
    if len(kinds) > 1:
        raise CellError(f"compares values of several kinds: {', '.join(sorted(kinds))}")
    ranges = tuple(inner for part in parts for inner in part.ranges)
    null = any(part.null for part in parts)
    return UnaryTests(kind=kinds.pop() if kinds else None, ranges=ranges, null=null, negated=negated)


def read_literal(text: str) -> Constant:
    """Return the literal of a cell: a text in quotes, a number, true, false, null or date("2026-01-31").

    Source: DMN 1.3, 9.2, simple literals. Raises CellError when it is anything else.
    """
    reader = _Reader(text)
    found = reader.literal()
    reader.expect_end()
    return found


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


class _Reader:
    """Takes the tokens of one cell from left to right."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_CELL:
            raise CellError(f"has {len(text)} characters; at most {MAX_CELL} are allowed")
        self.tokens = _tokens(text)
        self.place = 0

    def next(self) -> _Token:
        token = self.tokens[self.place]
        self.place = min(self.place + 1, len(self.tokens) - 1)  # the last token is the end, which stays
        return token

    def takes(self, text: str) -> bool:
        token = self.tokens[self.place]
        if token.kind == "string" or token.text != text:
            return False
        self.next()
        return True

    def expect(self, text: str) -> None:
        if not self.takes(text):
            raise CellError(f"has {_shown(self.tokens[self.place])} where {text} belongs")

    def expect_end(self) -> None:
        if self.tokens[self.place].kind != "end":
            raise CellError(f"goes on with {_shown(self.tokens[self.place])} after its end")

    def test(self) -> UnaryTests:
        token = self.tokens[self.place]
        if token.kind == "sign" and token.text in _COMPARISONS:
            return self._comparison(self.next().text)
        if token.kind == "sign" and token.text in ("[", "(", "]"):
            return self._interval(self.next().text)
        found = self.literal()
        if found.kind is None:
            return UnaryTests(null=True)
        return UnaryTests(kind=found.kind, ranges=(Range(low=found.value, high=found.value),))

    def _comparison(self, sign: str) -> UnaryTests:
        end, closed = self._end_point(), sign.endswith("=")
        if sign.startswith("<"):
            return UnaryTests(kind=end.kind, ranges=(Range(high=end.value, high_closed=closed),))
        return UnaryTests(kind=end.kind, ranges=(Range(low=end.value, low_closed=closed),))

    def _interval(self, opening: str) -> UnaryTests:
        low = self._end_point()
        self.expect("..")
        high = self._end_point()
        closing = self.next()
        if closing.kind != "sign" or closing.text not in ("]", ")", "["):
            raise CellError(f"has {_shown(closing)} where the interval ends with ], ) or [")
        if low.kind != high.kind:
            raise CellError("has an interval between values of two kinds")
        found = Range(low=low.value, high=high.value, low_closed=opening == "[", high_closed=closing.text == "]")
        if found.empty:
            raise CellError("has an interval that holds no value")
        return UnaryTests(kind=low.kind, ranges=(found,))

    def _end_point(self) -> Constant:
        found = self.literal()
        if found.kind in (None, Kind.BOOLEAN):
            raise CellError("orders true, false or null, which have no order")
        return found

    def literal(self) -> Constant:
        token = self.next()
        if token.kind == "string":
            return Constant(_unescaped(token.text[1:-1]), Kind.TEXT)
        if token.kind == "number":
            return Constant(_number(token.text), Kind.NUMBER)
        if token.text in _WORDS:
            return _WORDS[token.text]
        if token.kind == "word" and token.text == "date" and self.takes("("):
            return self._date()
        raise CellError(
            f'has {_shown(token)} where a value belongs: "text", a number, true, false, null or date("2026-01-31")'
        )

    def _date(self) -> Constant:
        token = self.next()
        self.expect(")")
        if token.kind != "string" or not is_date(token.text[1:-1]):
            raise CellError(f"has a date that is no day: {_shown(token)}")
        return Constant(token.text[1:-1], Kind.DATE)


def _tokens(text: str) -> list[_Token]:
    found, place, end = [], 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            raise CellError(f"is not readable from {text[place:end].lstrip()[:20]!r} on")
        kind = str(match.lastgroup)
        found.append(_Token(kind, match.group(kind)))
        place = match.end()
    return [*found, _Token("end", "")]


def _shown(token: _Token) -> str:
    return "its end" if token.kind == "end" else token.text


def _number(text: str) -> float:
    value = float(text)
    if abs(value) >= LARGEST_EXACT:
        raise CellError(f"has a number that is too large: {text}")
    return value


def _unescaped(text: str) -> str:
    if "\\" in _ESCAPE.sub("", text):
        raise CellError("has an unknown \\ escape in a text")
    return _ESCAPE.sub(_unescape, text)


def _unescape(match: re.Match[str]) -> str:
    code, character = match.groups()
    if character:
        return _ESCAPED.get(character, str(character))
    if 0xD800 <= int(code, 16) <= 0xDFFF:
        raise CellError("has a \\ escape that is no character")
    return chr(int(code, 16))

"""A checked expression, rewritten so that missing answers and kinds of numbers cannot surprise.

CEL does not mix whole and fractional numbers in arithmetic and fails on a comparison with null. The rewriting makes
every number a double, guards each comparison against null and turns `has(x)` into `x != null`; it also lists every
full path that is read. What is outside the allowed language is refused with a sentence for the designer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lark import Token, Tree

from workflows.expressions.errors import ExpressionError
from workflows.expressions.grammar import parse

MAX_DEPTH = 30
MAX_REWRITTEN = 8_000
LARGEST_EXACT = 2**53

_COMPARISONS = {"relation_lt": "<", "relation_le": "<=", "relation_gt": ">", "relation_ge": ">=", "relation_in": "in"}
_EQUALITIES = {"relation_eq": "==", "relation_ne": "!="}
_ARITHMETIC = {"addition_add": "+", "addition_sub": "-", "multiplication_mul": "*", "multiplication_div": "/"}
_TEXT_METHODS = frozenset({"startsWith", "endsWith", "contains"})
_TESTS = frozenset({"exists", "exists_one", "all"})
_MACROS = _TESTS | {"filter", "map"}
_ESCAPES = re.compile(r"""\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\\"'`?nrt]))""")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}

Node = Tree[Token]


@dataclass(frozen=True, slots=True)
class Piece:
    """A rewritten part of an expression."""

    text: str
    path: str | None = None
    """The full path, when the part is nothing but a path."""
    rows: str | None = None
    """The path of its rows (`company.shareholders[]`), when it may be a list of known origin."""
    nulls: tuple[str, ...] = ()
    """Texts that must not be null for this part to have a value."""
    boolean: bool = False
    arithmetic: bool = False
    is_list: bool = False

    def __post_init__(self) -> None:
        if len(self.text) > MAX_REWRITTEN:
            raise ExpressionError("The expression is too complicated; split it.")


@dataclass(slots=True)
class Translation:
    """What an expression became."""

    text: str = ""
    condition: str = ""
    """The same as a yes or no: anything but true is no."""
    paths: set[str] = field(default_factory=set)
    """Full paths; a row's field is `company.shareholders[].share`."""
    ranges: set[str] = field(default_factory=set)
    """Paths that are counted or walked through and therefore must be lists."""


def translate(text: str) -> Translation:
    """Rewrite an expression and list what it reads; raises ExpressionError for what is not allowed."""
    found = Translation()
    piece = _Translator(found).translate(parse(text), {}, 0)
    found.text, found.condition = _closed(piece), _condition(piece)
    return found


class _Translator:
    def __init__(self, found: Translation) -> None:
        self.found = found

    def translate(self, node: Node | Token, scope: Mapping[str, str | None], depth: int) -> Piece:
        """Rewrite one node; `scope` gives the origin of each comprehension variable (None: unknown)."""
        if depth > MAX_DEPTH:
            raise ExpressionError(f"The expression is nested more than {MAX_DEPTH} deep.")
        node = _unwrapped(node)
        return _RULES[str(node.data)](self, node, scope, depth + 1)

    def ternary(self, node: Node, scope: Mapping[str, str | None], depth: int) -> Piece:
        test, yes, no = (self.translate(child, scope, depth) for child in node.children)
        text = f"({_condition(test)} ? {_closed(yes)} : {_closed(no)})"
        return Piece(text, nulls=(text,), boolean=yes.boolean and no.boolean, is_list=yes.is_list and no.is_list)

    def logical(self, node: Node, scope: Mapping[str, str | None], depth: int) -> Piece:
        word = " || " if node.data == "conditionalor" else " && "
        parts: list[Node] = []
        rule = node.data
        while node.data == rule and len(node.children) == 2:
            parts.append(_tree(node.children[1]))
            node = _tree(node.children[0])
        parts.append(node)
        conditions = [_condition(self.translate(part, scope, depth)) for part in reversed(parts)]
        return Piece(f"({word.join(conditions)})", boolean=True)

    def relation(self, node: Node, scope: Mapping[str, str | None], depth: int) -> Piece:
        holder = _tree(node.children[0])
        left = self.translate(holder.children[0], scope, depth)
        right = self.translate(node.children[1], scope, depth)
        rule = str(holder.data)
        if rule in _EQUALITIES:
            return Piece(f"({_closed(left)} {_EQUALITIES[rule]} {_closed(right)})", boolean=True)
        if rule == "relation_in" and right.path is not None:
            self.found.ranges.add(right.path)
        bare = f"{left.text} {_COMPARISONS[rule]} {right.text}"
        return Piece(_guarded(left.nulls + right.nulls, bare), boolean=True)

    def sum(self, node: Node, scope: Mapping[str, str | None], depth: int) -> Piece:
        rule, parts = node.data, []
        while node.data == rule and len(node.children) == 2:
            holder = _tree(node.children[0])
            if str(holder.data) not in _ARITHMETIC:
                raise ExpressionError("The remainder operator % is not available.")
            parts.append((_ARITHMETIC[str(holder.data)], _tree(node.children[1])))
            node = _tree(holder.children[0])
        first = self.translate(node, scope, depth)
        text, nulls = first.text, first.nulls
        for sign, operand in reversed(parts):
            piece = self.translate(operand, scope, depth)
            text, nulls = f"{text} {sign} {piece.text}", nulls + piece.nulls
        return Piece(f"({text})", nulls=_unique(nulls), arithmetic=True)

    def unary(self, node: Node, scope: Mapping[str, str | None], depth: int) -> Piece:
        piece = self.translate(node.children[1], scope, depth)
        if _tree(node.children[0]).data == "unary_not":
            return Piece(f"!({_condition(piece)})", boolean=True)
        return Piece(f"(-({piece.text}))", nulls=piece.nulls, arithmetic=True)

    def parentheses(self, node: Node, scope: Mapping[str, str | None], depth: int) -> Piece:
        return self.translate(node.children[0], scope, depth)

    def path(self, node: Node, scope: Mapping[str, str | None], depth: int) -> Piece:
        names: list[str] = []
        while node.data in ("member_dot", "member_index"):
            names.append(self._member_name(node, scope, depth + len(names)))
            node = _unwrapped(node.children[0])
        if node.data != "ident":
            raise ExpressionError(f"It is not certain what .{names[-1]} belongs to; write the full path.")
        root = str(node.children[0])
        text = ".".join([root, *reversed(names)])
        if root not in scope:
            return self._read(text, text)
        origin = scope[root]
        if origin is not None:
            return self._read(text, ".".join([origin, *reversed(names)]))
        if names:
            raise ExpressionError(f"It is not certain what {root}.{names[-1]} reads; walk through the list itself.")
        return Piece(text, nulls=(text,))

    def _member_name(self, node: Node, scope: Mapping[str, str | None], depth: int) -> str:
        if depth > MAX_DEPTH:
            raise ExpressionError(f"A path has more than {MAX_DEPTH} names.")
        if node.data == "member_dot":
            return str(node.children[1])
        key = self.translate(node.children[1], scope, depth).text
        if not re.fullmatch(r'"[A-Za-z_][A-Za-z0-9_]*"', key):
            raise ExpressionError("Only names may stand in [ ]; use exists(…) or all(…) for the rows of a list.")
        return key[1:-1]

    def _read(self, text: str, path: str) -> Piece:
        self.found.paths.add(path)
        return Piece(text, path=path, rows=f"{path}[]", nulls=(text,))

    def literal(self, node: Node, scope: Mapping[str, str | None], depth: int) -> Piece:
        token = node.children[0]
        assert isinstance(token, Token)
        if token.type in ("BOOL_LIT", "NULL_LIT"):
            boolean = token.type == "BOOL_LIT"
            return Piece(str(token), boolean=boolean, nulls=() if boolean else ("null",))
        if token.type in ("INT_LIT", "FLOAT_LIT"):
            return Piece(_number(str(token)))
        if token.type == "STRING_LIT" and token[0] in "\"'":
            return Piece(json.dumps(_unescaped(token[1:-1]), ensure_ascii=False))
        raise ExpressionError(f"A value may not be written as {token}; use plain text, numbers, true, false or null.")

    def list_of(self, node: Node, scope: Mapping[str, str | None], depth: int) -> Piece:
        items = _tree(node.children[0]).children if node.children else []
        pieces = [self.translate(item, scope, depth) for item in items]
        return Piece(f"[{', '.join(_closed(piece) for piece in pieces)}]", is_list=True)

    def call(self, node: Node, scope: Mapping[str, str | None], depth: int) -> Piece:
        name, arguments = str(node.children[0]), _arguments(node, 1)
        if name not in ("has", "size") or len(arguments) != 1:
            raise ExpressionError(f"There is no function {name}(…) with {len(arguments)} values.")
        piece = self.translate(arguments[0], scope, depth)
        if name == "size":
            return self._size(piece)
        if piece.path is None:
            raise ExpressionError("has(…) takes a path.")
        return Piece(f"({piece.text} != null)", boolean=True)

    def _size(self, piece: Piece) -> Piece:
        if piece.path is not None:
            self.found.ranges.add(piece.path)
        elif not piece.is_list:
            # CEL libraries count bytes: size("身份证") is 9.
            raise ExpressionError("size(…) counts the rows of a list; the length of a text is not available.")
        counted = f"double(size({piece.text}))"
        return Piece(f"({piece.text} == null ? 0.0 : {counted})" if piece.nulls else counted)

    def method(self, node: Node, scope: Mapping[str, str | None], depth: int) -> Piece:
        name, arguments = str(node.children[1]), _arguments(node, 2)
        owner = self.translate(node.children[0], scope, depth)
        if name == "size" and not arguments:
            return self._size(owner)
        if name in _TEXT_METHODS and len(arguments) == 1:
            sought = self.translate(arguments[0], scope, depth)
            return Piece(_guarded(owner.nulls + sought.nulls, f"{owner.text}.{name}({sought.text})"), boolean=True)
        if name in _MACROS and len(arguments) == 2:
            return self._comprehension(name, owner, arguments, scope, depth)
        raise ExpressionError(f"There is no function .{name}(…) with {len(arguments)} values.")

    def _comprehension(
        self, name: str, owner: Piece, arguments: list[Node], scope: Mapping[str, str | None], depth: int
    ) -> Piece:
        if scope:
            raise ExpressionError("One walk through a list may not stand inside another.")
        if owner.path is not None:
            self.found.ranges.add(owner.path)
        elif not owner.is_list:
            raise ExpressionError(f".{name}(…) walks through a list.")
        variable = _variable(arguments[0])
        body = self.translate(arguments[1], {variable: owner.rows}, depth)
        inner = _closed(body) if name == "map" else _condition(body)
        text = f"{owner.text}.{name}({variable}, {inner})"
        tests = name in _TESTS
        if owner.nulls:
            text = f"({owner.text} == null ? {'false' if tests else '[]'} : {text})"
        return Piece(text, rows=owner.rows if name == "filter" else None, boolean=tests, is_list=not tests)

    def refused(self, node: Node, scope: Mapping[str, str | None], depth: int) -> Piece:
        raise ExpressionError("Maps, messages and names with a leading dot are not available.")


_WRAPPERS = frozenset(
    {"expr", "conditionalor", "conditionaland", "relation", "addition", "multiplication", "unary", "member", "primary"}
)
_RULES = {
    "expr": _Translator.ternary,
    "conditionalor": _Translator.logical,
    "conditionaland": _Translator.logical,
    "relation": _Translator.relation,
    "addition": _Translator.sum,
    "multiplication": _Translator.sum,
    "unary": _Translator.unary,
    "paren_expr": _Translator.parentheses,
    "ident": _Translator.path,
    "member_dot": _Translator.path,
    "member_index": _Translator.path,
    "literal": _Translator.literal,
    "list_lit": _Translator.list_of,
    "ident_arg": _Translator.call,
    "member_dot_arg": _Translator.method,
    "member_object": _Translator.refused,
    "map_lit": _Translator.refused,
    "dot_ident": _Translator.refused,
    "dot_ident_arg": _Translator.refused,
}


def _tree(node: Node | Token) -> Node:
    assert isinstance(node, Tree)
    return node


def _unwrapped(node: Node | Token) -> Node:
    """Skip the grammar's one-child levels of precedence."""
    found = _tree(node)
    while found.data in _WRAPPERS and len(found.children) == 1:
        found = _tree(found.children[0])
    return found


def _arguments(node: Node, start: int) -> list[Node]:
    if len(node.children) <= start:
        return []
    return [_tree(child) for child in _tree(node.children[start]).children]


def _variable(node: Node) -> str:
    node = _unwrapped(node)
    if node.data != "ident":
        raise ExpressionError("The first value in a walk through a list is the name of its row.")
    return str(node.children[0])


def _unique(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _guarded(nulls: tuple[str, ...], text: str) -> str:
    return f"({' && '.join([*(f'{null} != null' for null in _unique(nulls)), text])})"


def _closed(piece: Piece) -> str:
    """The part as a value of its own: arithmetic with a missing value is missing."""
    if not (piece.arithmetic and piece.nulls):
        return piece.text
    test = " && ".join(f"{null} != null" for null in piece.nulls)
    return f"({test} ? {piece.text} : null)"


def _condition(piece: Piece) -> str:
    return piece.text if piece.boolean else f"({_closed(piece)} == true)"


def _number(text: str) -> str:
    value = float(int(text, 16)) if "0x" in text else float(text)
    if abs(value) > LARGEST_EXACT:
        raise ExpressionError(f"The number {text} is too large.")
    return f"({value!r})" if text.startswith("-") else repr(value)


def _unescaped(text: str) -> str:
    if "\\" in _ESCAPES.sub("", text):
        raise ExpressionError("The text has an unknown \\ escape.")
    return _ESCAPES.sub(_unescape, text)


def _unescape(match: re.Match[str]) -> str:
    short, long, character = match.groups()
    code = int(short or long or "0", 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise ExpressionError("The text has a \\ escape that is no character.")
    return _ESCAPED.get(character, character) if character else chr(code)

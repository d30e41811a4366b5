"""CEL text to a syntax tree, with cel-python's grammar."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from workflows.expressions.errors import ExpressionError

MAX_LENGTH = 1_000


def parse(text: str) -> Tree[Token]:
    """Return the syntax tree of a CEL expression.

    Raises ExpressionError for what is empty, longer than 1,000 characters or not CEL, naming the place.
    """
    if not text.strip():
        raise ExpressionError("The expression is empty.")
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"The expression has {len(text)} characters; at most {MAX_LENGTH} are allowed.")
    try:
        return _parser().parse(text)
    except (UnexpectedToken, UnexpectedCharacters) as error:
        place = f"line {error.line}, column {error.column}" if error.line > 0 else "its end"
        raise ExpressionError(f"The expression is not valid CEL at {place}.") from error


@cache
def _parser() -> Lark:
    # cel-python's own CELParser runs the same grammar in debug mode, which prints the parser's stack for every
    # mistake and recurses over deep input; so the grammar is taken and the wrapper left.
    return Lark(
        resources.files("celpy").joinpath("cel.lark").read_text(encoding="utf-8"),
        parser="lalr",
        start="expr",
        g_regex_flags=re.MULTILINE,
        lexer_callbacks={"IDENT": _literal_or_name},
        maybe_placeholders=False,
        priority="invert",
    )


def _literal_or_name(token: Token) -> Token:
    kinds = {"true": "BOOL_LIT", "false": "BOOL_LIT", "null": "NULL_LIT"}
    return Token.new_borrow_pos(kinds[token.value], token.value, token) if token.value in kinds else token

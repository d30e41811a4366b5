"""JSON as the standard has it."""

from __future__ import annotations

from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class StrictJSONParser(JSONParser):
    """Refuses NaN and Infinity (as its parent), nesting too deep to read, and text PostgreSQL cannot hold."""

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the parsed body. Raises ParseError."""
        try:
            data = super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError(_("The body is nested too deeply.")) from error
        if _holds_nul(data):
            raise ParseError(_("The body holds a character that cannot be stored."))
        return data


def _holds_nul(data: Any) -> bool:
    """Tell whether any text in it holds U+0000. Not recursive: the parser's own limit bounds the depth only in C."""
    waiting = [data]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str) and "\x00" in one:
            return True
    return False

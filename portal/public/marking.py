"""Mark in a text what a search found in it, safe against whatever the text or the search holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils.html import conditional_escape, format_html_join
from django.utils.safestring import SafeString

from portal.public.finding import marks
from portal.ui.templatetags.ui import bilingual


class Line(Protocol):
    """A line of a guide, in both languages."""

    kind: str
    words: dict[str, str]
    anchor: str


@dataclass(frozen=True)
class Query:
    """What somebody typed, and the syllables the catalogue's index hears in it (`Index.heard`)."""

    typed: str
    heard: tuple[tuple[str, ...], ...] = ()

    def __bool__(self) -> bool:
        """Tell whether anything was typed."""
        return bool(self.typed)

    def marks(self, text: str) -> list[tuple[int, int]]:
        """Return the spans of a text that answer it."""
        return marks(self.typed, text, self.heard)


NOTHING = Query("")


def marked(text: str, query: Query) -> SafeString:
    """Return the text as HTML with `<mark>` around what answers the query; everything else is escaped."""
    pieces, done = [], 0
    for start, end in query.marks(text):
        pieces.append((text[done:start], text[start:end]))
        done = end
    return format_html_join("", "{}<mark>{}</mark>", pieces) + conditional_escape(text[done:])


def passage_that_answers(query: Query, shown: Iterable[str], passages: Sequence[Line]) -> dict[str, Any] | None:
    """Return the line of a guide that says more of what was asked than what is shown anyway; None if none does."""
    best = max((_said(query, text) for text in shown), default=0)
    answer = None
    for line in passages:
        text = bilingual(line.words)
        if (said := _said(query, text)) > best:
            best, answer = said, {"kind": line.kind, "text": marked(text, query), "anchor": line.anchor}
    return answer


def _said(query: Query, text: str) -> int:
    """How many characters of a text answer a query."""
    return sum(end - start for start, end in query.marks(text))

"""Mark in a text what a search found in it, safe against whatever the text or the search holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def marked(text: str, query: str) -> SafeString:
    """Return the text as HTML with `<mark>` around what answers the query; everything else is escaped."""
    pieces, done = [], 0
    for start, end in marks(query, text):
        pieces.append((text[done:start], text[start:end]))
        done = end
    return format_html_join("", "{}<mark>{}</mark>", pieces) + conditional_escape(text[done:])


def passage_that_answers(query: str, shown: Iterable[str], passages: Sequence[Line]) -> dict[str, Any] | None:
    """Return the line of a guide that says more of what was asked than what is shown anyway; None if none does."""
    best = max((_said(query, text) for text in shown), default=0)
    answer = None
    for line in passages:
        text = bilingual(line.words)
        if (said := _said(query, text)) > best:
            best, answer = said, {"kind": line.kind, "text": marked(text, query), "anchor": line.anchor}
    return answer


def _said(query: str, text: str) -> int:
    """How many characters of a text answer a query."""
    return sum(end - start for start, end in marks(query, text))

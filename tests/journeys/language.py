"""Which visible words of a page are not in the page's language: the oracle of the language journeys.

A site that runs with marked catalogues (`manage.py compile_catalogues --marked FOLDER`, LOCALE_DIR) shows every
translation between ⟦ and ⟧. What stands outside was never translated: it is data, which is shown in the page's language
too, or a literal in code or a template. A literal in English betrays itself on the Chinese page, one in Chinese on the
English page. What is inside marks is the catalogue's, whose languages a test of its own compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

OPEN, CLOSE = "⟦", "⟧"
#: Never words of a language: addresses, e-mail, numbers of papers, codes of letters with digits, units, file names.
_NEUTRAL = re.compile(
    r"[\u4e00-\u9fff]+〔\d{4}〕\d+号|[\u4e00-\u9fff]+-[A-Z]+-\d{4}-\d+|https?:\S+|\S+@\S+|[\w-]+\.(?:png|jpe?g|pdf|csv|xlsx|docx)\b|(?<![A-Za-z0-9])(?:"
    r"[0-9A-Fa-f]{32,64}|(?=[A-Za-z0-9-]*\d)[A-Za-z0-9-]{4,}|[kM]?B|m2|km|SHA|JavaScript|[A-Z][A-Z0-9]{1,5}"
    r")(?![A-Za-z0-9])"
)
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]{2,}")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_HALF_WIDTH = re.compile(
    r"[\u4e00-\u9fff] ?[:;?!](?=\s|$|[\u4e00-\u9fff])|[\u4e00-\u9fff], ?[\u4e00-\u9fff]|\([^()]*[\u4e00-\u9fff]"
)
_VERBATIM = "script, style, noscript, template, code, kbd, svg, [data-verbatim], [translate=no]"
_TEXTS = """(verbatim) => {
  const root = document.documentElement;
  const own = (element) => {
    const holder = element.closest("[lang]");
    return (!holder || holder === root) && !element.closest(verbatim);
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const blocks = new Map();
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!element) continue;
    let block = element;
    while (block !== document.body && getComputedStyle(block).display.startsWith("inline")) block = block.parentElement;
    const words = own(element) ? walker.currentNode.data : " ";
    blocks.set(block, (blocks.get(block) || "") + words);
  }
  for (const [block, words] of blocks) if (words.trim()) found.push([block.tagName.toLowerCase(), words]);
  const named = ["placeholder", "aria-label", "aria-description", "title", "alt", "data-confirm", "data-label"];
  for (const name of named) for (const element of document.querySelectorAll(`[${name}]`)) {
    if (own(element)) found.push([`@${name}`, element.getAttribute(name)]);
  }
  for (const element of document.querySelectorAll("input[type=submit], input[type=button], input[type=reset]")) {
    if (own(element)) found.push(["@value", element.value]);
  }
  for (const element of document.querySelectorAll("option, optgroup")) {
    if (own(element) && element.label && element.label !== element.textContent) found.push(["@label", element.label]);
  }
  const about = document.querySelector("meta[name=description]");
  if (about) found.push(["meta", about.content]);
  found.push(["title", document.title]);
  return found;
}"""


@dataclass(frozen=True)
class ForeignText:
    """A text in the wrong language. place: the element, or @attribute. text: all of it. words: what gave it away."""

    place: str
    text: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"<{self.place}> {self.text!r}: {', '.join(self.words)}"


def outside_marks(text: str) -> str:
    """Return `text` without what stands between marks; marks nest, as a translation may hold another."""
    left: list[str] = []
    depth = 0
    for character in text:
        if character == OPEN:
            depth += 1
        elif character == CLOSE and depth:
            depth -= 1
            left.append(" ")
        elif not depth:
            left.append(character)
    return "".join(left)


def foreign_words(text: str, *, language: str, known: Iterable[str] = ()) -> tuple[str, ...]:
    """Return what in `text` is written in another language than `language` ("zh…" or "en…").

    known: data that is shown as it is in every language: names of people and firms, what somebody typed.
    """
    left = outside_marks(text)
    foreign = _LATIN if language.startswith("zh") else _HAN
    if not foreign.search(left):
        return ()
    # A number that was typed is a word of no language; taken out, it would tear the number of a paper apart.
    words = (data for data in known if any(letter.isalpha() for letter in data))
    for data in sorted(words, key=len, reverse=True):
        left = left.replace(data, " ")
    return tuple(foreign.findall(_NEUTRAL.sub(" ", left)))


def half_width(texts: Iterable[tuple[str, str]]) -> list[str]:
    """Return texts of a Chinese page in which a mark of Western writing follows or holds Chinese words."""
    return sorted({text for _place, text in texts if _HALF_WIDTH.search(text.replace(OPEN, "").replace(CLOSE, ""))})


def texts_of(page: Page) -> list[tuple[str, str]]:
    """Return the visible texts of a page, joined by block, and its spoken attributes, each with its place."""
    page.wait_for_load_state()  # a page may come in two parts: a head alone has no words
    found: list[list[Any]] = page.evaluate(_TEXTS, _VERBATIM)
    return [(str(place), " ".join(str(words).split())) for place, words in found]


def foreign_texts(texts: Iterable[tuple[str, str]], *, language: str, known: Iterable[str] = ()) -> list[ForeignText]:
    """Return the texts that are not in `language`, each once."""
    known = tuple(known)
    found = {
        ForeignText(place, text, words)
        for place, text in texts
        if (words := foreign_words(text, language=language, known=known))
    }
    return sorted(found, key=str)

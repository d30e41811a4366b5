"""Which characters of a text a query matched, so that a page can mark them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from portal.public.finding import words
from portal.public.finding.index import LONGEST_QUERY
from portal.public.finding.pinyin import pairs_of
from portal.public.finding.scoring import LatinToken
from portal.public.finding.text import HAN, Text, grams, prepared


def marks(query: str, text: str, heard: Iterable[Sequence[str]] = ()) -> list[tuple[int, int]]:
    """Return the spans (start, end) of `text` that answer the query, in order, none touching another.

    heard: what the index of the catalogue hears in the query (`Index.heard`), for what is found by its sound alone.
    """
    ready = prepared(text)
    marked = set()
    for token in words.tokens(query[:LONGEST_QUERY]):
        found = set(_han(token, ready) if HAN.match(token) else _latin(token, ready))
        marked |= found or set(_synonyms(token, ready))
    for syllables in heard if not marked else ():
        marked = marked or set(_said(syllables, ready))
    return [ready.span(start, end) for start, end in _runs(sorted(marked))]


def _runs(places: list[int]) -> Iterator[tuple[int, int]]:
    start = end = -1
    for place in places:
        if place != end:
            if start >= 0:
                yield start, end
            start = place
        end = place + 1
    if start >= 0:
        yield start, end


def _han(token: str, text: Text) -> Iterator[int]:
    """The token itself; else pairs of it, and pairs that sound like pairs of it."""
    if len(token) == 1 or token in text.plain:
        yield from _everywhere(token, text.plain)
        return
    for pair in grams(token, 2):
        yield from _everywhere(pair, text.plain)
    asked = prepared(token).sounds.pairs
    sounds = text.sounds
    for number, (one, other) in enumerate(zip(sounds.syllables, sounds.syllables[1:], strict=False)):
        if f"{one} {other}" in asked:
            yield from sounds.places[number : number + 2]
    yield from _synonyms(token, text)


def _everywhere(part: str, plain: str) -> Iterator[int]:
    place = plain.find(part)
    while place >= 0:
        yield from range(place, place + len(part))
        place = plain.find(part, place + 1)


def _latin(token: str, text: Text) -> Iterator[int]:
    """The words that are it or nearly it, and the characters whose sounds or first letters it writes."""
    reader = LatinToken(token, lambda _: 1.0)
    for word, place in text.words:
        if reader.word(word):
            length = len(token) if word.startswith(token) else len(word)
            yield from range(place, place + length)
    sounds = text.sounds
    if len(token) < 3 or not sounds.syllables:
        return
    place = sounds.full.find(token)
    while place >= 0 and place not in sounds.starts:
        place = sounds.full.find(token, place + 1)
    if place >= 0:
        yield from sounds.characters_of(place, len(token))
    elif (first := sounds.initials.find(token)) >= 0:
        yield from sounds.characters_of_initials(first, len(token))


def _said(syllables: Sequence[str], text: Text) -> Iterator[int]:
    """Pairs of characters that sound like pairs of the syllables, and words that mean what the syllables name."""
    sounds, asked = text.sounds, set(pairs_of(syllables))
    for number, pair in enumerate(pairs_of(sounds.syllables)):
        if pair in asked:
            yield from sounds.places[number : number + 2]
    yield from _words_of({group for group, _, _ in words.groups_that_sound(syllables)}, text)


def _synonyms(token: str, text: Text) -> Iterator[int]:
    """Words of the text that mean what the token, or a word in it, means."""
    if HAN.match(token):
        groups = {group for group, _, _ in words.groups_in(token)}
    else:
        spelled = words.spelled_out(token) if len(token) >= 3 else ()
        groups = set(words.groups_of_latin(token))
        groups |= {group for word in spelled for group, _, _ in words.groups_in(word)}
    yield from _words_of(groups, text)


def _words_of(groups: set[int], text: Text) -> Iterator[int]:
    for group, start, end in words.groups_in(text.plain):
        if group in groups:
            yield from range(start, end)
    for group in groups:
        for word in words.groups()[group].words:
            if not HAN.search(word):
                yield from _whole_words(word, text.plain)


def _whole_words(phrase: str, plain: str) -> Iterator[int]:
    for place in _everywhere_first(phrase, plain):
        before, after = plain[place - 1 : place], plain[place + len(phrase) : place + len(phrase) + 1]
        if not before.isalnum() and not (after.isalnum() and after != "s"):
            yield from range(place, place + len(phrase))


def _everywhere_first(part: str, plain: str) -> Iterator[int]:
    place = plain.find(part)
    while place >= 0:
        yield place
        place = plain.find(part, place + 1)

"""Texts as the search sees them: plain characters, their sounds and their words, each knowing where it stands."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

from pypinyin import lazy_pinyin

_SIMPLIFIED = Path(__file__).parent / "simplified.txt"
HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[a-z0-9à-ɏ]+")
#: Sounds that many people do not tell apart when they write pinyin.
_FOLDS = ((re.compile("([zcs])h"), r"\1"), (re.compile("([aei])ng"), r"\1n"))


def grams(text: str, size: int) -> list[str]:
    """Return every run of `size` characters, in order."""
    return [text[place : place + size] for place in range(len(text) - size + 1)]


@lru_cache(maxsize=20_000)
def folded(letters: str) -> str:
    """Return pinyin without the differences that many people do not hear: zh/z, ch/c, sh/s, -ng/-n."""
    for pattern, short in _FOLDS:
        letters = pattern.sub(short, letters)
    return letters


@lru_cache(maxsize=60_000)
def syllables(text: str) -> tuple[str, ...]:
    """Return the pinyin of a text of Han characters, one syllable for each character."""
    return tuple(lazy_pinyin(text))


class Text:
    """A prepared text. original: as it is shown; plain: case, width, accents and traditional forms do not matter."""

    def __init__(self, original: str) -> None:
        """Make it plain; everything else is worked out when it is first needed."""
        self.original = original
        pieces = [(piece, place) for place, one in enumerate(original) for piece in _plain_character(one)]
        self.plain = "".join(piece for piece, _ in pieces)
        self._places = [place for _, place in pieces]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where a part of `plain` stands in the original."""
        after = self._places[end] if end < len(self._places) else len(self.original)
        return self._places[start], max(after, self._places[end - 1] + 1)

    @cached_property
    def pairs(self) -> frozenset[str]:
        """Pairs of characters that stand together."""
        return frozenset(grams(self.plain, 2))

    @cached_property
    def words(self) -> tuple[tuple[str, int], ...]:
        """Words of Latin letters and digits, with their places in `plain`."""
        return tuple((match[0], match.start()) for match in _WORD.finditer(self.plain))

    @cached_property
    def word_set(self) -> frozenset[str]:
        """The words without their places."""
        return frozenset(word for word, _ in self.words)

    @cached_property
    def sounds(self) -> Sounds:
        """How the Chinese in it sounds."""
        places = [place for place, one in enumerate(self.plain) if HAN.match(one)]
        return Sounds(syllables("".join(self.plain[place] for place in places)), tuple(places))


@dataclass(frozen=True)
class Sounds:
    """The syllables of a text's Han characters, and where in `plain` each character stands."""

    syllables: tuple[str, ...]
    places: tuple[int, ...]

    @cached_property
    def full(self) -> str:
        """All syllables without spaces."""
        return "".join(self.syllables)

    @cached_property
    def folded(self) -> str:
        """The same, with sounds folded that people do not tell apart."""
        return "".join(folded(one) for one in self.syllables)

    @cached_property
    def initials(self) -> str:
        """The first letter of each syllable, with a space wherever something else stands between two characters."""
        return "".join(
            one[0] if not number or self.places[number - 1] == place - 1 else f" {one[0]}"
            for number, (one, place) in enumerate(zip(self.syllables, self.places, strict=True))
        )

    @cached_property
    def pairs(self) -> frozenset[str]:
        """Syllables that stand together, as "can yin"."""
        return frozenset(f"{one} {other}" for one, other in zip(self.syllables, self.syllables[1:], strict=False))

    @cached_property
    def starts(self) -> dict[int, int]:
        """Number of the syllable that begins at each place of `full`."""
        found, place = {}, 0
        for number, one in enumerate(self.syllables):
            found[place] = number
            place += len(one)
        return found

    def characters_of_initials(self, start: int, length: int) -> Iterator[int]:
        """Yield the places in `plain` of the characters that a part of `initials` stands for."""
        before = start - self.initials[:start].count(" ")
        yield from self.places[before : before + length]

    def characters_of(self, start: int, length: int) -> Iterator[int]:
        """Yield the places in `plain` of the characters whose syllables a part of `full` touches."""
        place = 0
        for one, where in zip(self.syllables, self.places, strict=True):
            if place < start + length and start < place + len(one):
                yield where
            place += len(one)


@cache
def simplified() -> dict[str, str]:
    """Return the simplified character of every traditional one, as simplified.txt says."""
    lines = _SIMPLIFIED.read_text(encoding="utf-8").splitlines()
    return {pair[0]: pair[1] for line in lines if not line.startswith("#") for pair in line.split()}


def _plain_character(one: str) -> str:
    """Return what a character counts as: ＡÁā as a, ü as the v of keyboards, 廳 as 厅, a loose accent as nothing."""
    if one.isascii():
        return one.lower()
    plain = unicodedata.normalize("NFKC", one).casefold()
    return "".join(map(_base, plain))


def _base(one: str) -> str:
    if HAN.match(one):
        return simplified().get(one, one)
    letter, *marks = unicodedata.normalize("NFD", one)
    if letter.isascii() and marks:
        return "v" if letter == "u" and "\u0308" in marks else letter
    return "" if unicodedata.combining(one) else one


@lru_cache(maxsize=60_000)
def prepared(original: str) -> Text:
    """Return the text prepared; what did not change from one version of the catalogue to the next is kept."""
    return Text(original)

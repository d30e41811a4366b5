"""Pinyin as people write it: with tones or without, in pieces or not, with a letter too many, too few or wrong.

A row of letters is read as syllables that occur in the catalogue, at the price of a slip here and there.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from portal.public.finding.text import folded

#: Letters a row may have; longer ones are no query for a name any more.
SHORTEST, LONGEST = 4, 40
#: A slip in every so many letters is believed, two at most.
_LETTERS_FOR_A_SLIP, _MOST_SLIPS = 5, 2
_LONGEST_SYLLABLE = 6
_STRANGE_PAIR, _SAME_TO_THE_EAR = 0.3, 0.25
_STATES, _READINGS = 24, 3
#: A syllable with the number of its tone: zheng4.
_TONED = re.compile(r"([a-z]{1,6})[1-5](?![0-9])")
_NUMBERED = re.compile(r"(?:[a-z]{1,6}[1-5])+")


def without_tones(token: str) -> str:
    """Return a word without the numbers of tones, if it is nothing but syllables with numbers: ju1zhu4 is juzhu."""
    return _TONED.sub(r"\1", token) if _NUMBERED.fullmatch(token) else token


@dataclass(frozen=True, slots=True)
class Reading:
    """Letters read as syllables. slips: how many letters had to be changed; less than 1 for what only sounds alike.

    sure: nothing was changed, and all syllables stand together somewhere in the catalogue.
    """

    syllables: tuple[str, ...]
    slips: float
    sure: bool


@dataclass(frozen=True, slots=True)
class _State:
    price: float
    slips: float
    syllables: tuple[str, ...]
    #: The last syllable is a guess that no neighbour has confirmed yet.
    doubtful: bool

    @property
    def order(self) -> tuple[float, tuple[str, ...]]:
        return self.price, self.syllables


class Spelling:
    """The syllables of a catalogue, and which of them stand together."""

    def __init__(self, pairs: Iterable[str]) -> None:
        """Know them. pairs: of syllables, as "can yin"."""
        self._pairs = frozenset(pairs)
        self._syllables = {one for pair in self._pairs for one in pair.split(" ")}
        self._alike: dict[str, set[str]] = {}
        for one in self._syllables:
            for shorter in (one, *_shorter(one)):
                self._alike.setdefault(shorter, set()).add(one)
        self._folded: dict[str, set[str]] = {}
        for one in self._syllables:
            self._folded.setdefault(folded(one), set()).add(one)

    def readings(self, letters: str) -> list[Reading]:
        """Return what a row of letters may say, the likeliest first; empty where it is no pinyin of this catalogue."""
        if not SHORTEST <= len(letters) <= LONGEST:
            return []
        most = min(_MOST_SLIPS, len(letters) // _LETTERS_FOR_A_SLIP)
        at: list[list[_State]] = [[_State(0.0, 0.0, (), doubtful=False)]] + [[] for _ in letters]
        for place in range(len(letters)):
            for state in heapq.nsmallest(_STATES, at[place], key=lambda one: one.order):
                for length in range(1, min(_LONGEST_SYLLABLE + 1, len(letters) - place) + 1):
                    written = letters[place : place + length]
                    at[place + length] += self._next(state, written, most)
        whole = [one for one in at[-1] if not one.doubtful and len(one.syllables) > 1]
        best = heapq.nsmallest(_READINGS, whole, key=lambda one: one.order)
        return [Reading(one.syllables, one.slips, sure=one.price == 0) for one in best]

    def _next(self, state: _State, written: str, most: int) -> Iterator[_State]:
        last = state.syllables[-1] if state.syllables else ""
        for syllable, slip in self._meant(written):
            known = bool(last) and f"{last} {syllable}" in self._pairs
            if state.slips + slip > most or (state.doubtful and not known):
                continue
            price = state.price + slip + (_STRANGE_PAIR if last and not known else 0.0)
            yield _State(price, state.slips + slip, (*state.syllables, syllable), doubtful=slip >= 1 and not known)

    def _meant(self, written: str) -> Iterator[tuple[str, float]]:
        """Yield the syllables that what was written may be, each with its price."""
        if written in self._syllables:
            yield written, 0.0
        alike = self._folded.get(folded(written), set()) - {written}
        for one in alike:
            yield one, _SAME_TO_THE_EAR
        near: set[str] = set(self._alike.get(written, ()))
        for shorter in _shorter(written):
            near |= self._alike.get(shorter, set())
        for one in near - alike - {written}:
            if _is_one_slip(written, one):
                yield one, 1.0


def _shorter(word: str) -> Iterator[str]:
    return (word[:place] + word[place + 1 :] for place in range(len(word)))


def _is_one_slip(written: str, meant: str) -> bool:
    """Whether one letter is missing, too many or wrong, or two neighbours changed places. The first letter stays."""
    if len(meant) < 2 or written[:1] != meant[:1]:
        return False
    if abs(len(written) - len(meant)) == 1:
        long, short = sorted((written, meant), key=len, reverse=True)
        return short in _shorter(long)
    if len(written) != len(meant):
        return False
    wrong = [place for place, (one, other) in enumerate(zip(written, meant, strict=True)) if one != other]
    if len(wrong) == 2:
        first, second = wrong
        return second == first + 1 and written[first] == meant[second] and written[second] == meant[first]
    return len(wrong) == 1


def pairs_of(syllables: Iterable[str]) -> list[str]:
    """Return syllables that stand together, as "can yin"."""
    return [f"{one} {other}" for one, other in pairwise(syllables)]

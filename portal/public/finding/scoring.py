"""How well one prepared text answers one part of a query: from 0, not at all, to 1, it says exactly that."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from portal.public.finding import words
from portal.public.finding.pinyin import Reading, pairs_of
from portal.public.finding.text import HAN, Text, folded, grams, prepared

SAME_SOUND, SYNONYM, SPELLED_OUT, SPELLED_WORD = 0.85, 0.75, 0.7, 0.85
ALONE = 0.3  # a character without its neighbours
_WHOLE_PINYIN, _PINYIN, _WITHIN_PINYIN, _FOLDED, _NEARLY = 1.0, 0.9, 0.6, 0.75, 0.6
_WHOLE_INITIALS, _LEADING_INITIALS, _INITIALS, _FIRST_INITIALS = 0.95, 0.85, 0.75, 0.5
_SIMILAR_WORDS, _SIMILAR_SOUNDS = 0.5, 0.75
_SLIP = 0.1  # what a letter that had to be changed takes away


@dataclass(frozen=True)
class Facts:
    """What a text is about beside its letters: the groups of synonyms whose words stand in it."""

    text: Text
    groups: frozenset[int]


def facts_of(original: str) -> Facts:
    """Return a text with the groups of words that stand in it."""
    text = prepared(original)
    han = frozenset(place for place, _, _ in words.groups_in(text.plain)) if HAN.search(text.plain) else frozenset()
    return Facts(text, han | words.groups_in_latin(text.plain))


class HanToken:
    """A run of Chinese. rarity: how telling a pair of characters is, in the catalogue that is searched."""

    def __init__(self, token: str, rarity: Callable[[str], float]) -> None:
        """Weigh each character by the pairs it stands in."""
        self.token = token
        self.pairs = grams(token, 2)
        weights = [0.0] * len(token)
        for place, pair in enumerate(self.pairs):
            weight = rarity(pair)
            weights[place] += weight
            weights[place + 1] += weight
        self.groups = words.groups_in(token)
        for group, start, end in self.groups:
            _at_least(weights, start, end, 2 * rarity(f"#{group}"))
        self.weights = weights if self.pairs else [1.0]
        self.weight = max(sum(self.weights) / len(self.weights), 0.1)

    @cached_property
    def sounds(self) -> list[str]:
        """Its syllables in pairs."""
        found = prepared(self.token).sounds.syllables
        return [f"{one} {other}" for one, other in itertools.pairwise(found)]

    def score(self, facts: Facts, *, name: bool) -> float:
        """Return how much of the token the text says, character by character."""
        text = facts.text
        if self.token in text.plain:
            return 1.0 if len(self.token) > 1 else 0.6
        if not self.pairs:
            return SYNONYM if any(group in facts.groups for group, _, _ in self.groups) else 0.0
        said = [0.0] * len(self.token)
        for place, pair in enumerate(self.pairs):
            if pair in text.pairs:
                _at_least(said, place, place + 2, 1.0)
        for group, start, end in self.groups:
            if group in facts.groups:
                _at_least(said, start, end, SYNONYM)
        if name:
            known = text.sounds.pairs
            for place, pair in enumerate(self.sounds):
                if pair in known:
                    _at_least(said, place, place + 2, SAME_SOUND)
            for place, character in enumerate(self.token):
                if not said[place] and character in text.plain:
                    said[place] = ALONE
        return sum(map(float.__mul__, said, self.weights)) / sum(self.weights)


def _at_least(said: list[float], start: int, end: int, value: float) -> None:
    for place in range(start, end):
        if said[place] < value:
            said[place] = value


class LatinToken:
    """A word of Latin letters: English, pinyin with or without errors, or first letters."""

    def __init__(self, token: str, rarity: Callable[[str], float], phrases: frozenset[int] = frozenset()) -> None:
        """Work out what it may stand for. phrases: groups that it names together with its neighbours, as "id card"."""
        self.token = token
        self.groups = words.groups_of_latin(token) | phrases
        self.weight = max(rarity(token), *(rarity(f"#{group}") for group in self.groups), 0.1)
        self.grams = frozenset(grams(f" {token} ", 3))
        self.folded = folded(token)
        self._alike: dict[str, float] = {}
        spelled = words.spelled_out(token) if len(token) >= 3 else ()
        self.spelled = [HanToken(word, lambda pair: 1.0) for word in spelled]

    def score(self, facts: Facts, *, name: bool) -> float:
        """Return how well the text answers the word in the best of its meanings."""
        text, token = facts.text, self.token
        if token in text.word_set:
            return 1.0
        best = SYNONYM if self.groups & facts.groups else 0.0
        best = max(best, self._words(text))
        if name and len(token) >= 2 and best < _PINYIN:
            best = max(best, self._sounds(text))
        if self.spelled and best < SPELLED_WORD:
            factor = SPELLED_WORD if len(self.spelled) == 1 else SPELLED_OUT
            spelled = [one.score(facts, name=name) for one in self.spelled]
            best = max(best, factor * sum(spelled) / len(spelled))
        return best

    def _words(self, text: Text) -> float:
        """English with another ending or a typing error: the beginning, or shared triples of letters."""
        return max(map(self.word, text.word_set), default=0.0)

    def word(self, word: str) -> float:
        """Return how much another word of Latin letters is this one; the catalogue says few words again and again."""
        known = self._alike.get(word)
        if known is None:
            known = self._alike[word] = self._compared(word)
        return known

    def _compared(self, word: str) -> float:
        if word == self.token:
            return 1.0
        if len(self.token) < 3:
            return 0.0
        if word.startswith(self.token):
            return 0.9
        if len(self.token) < 4 or len(word) < 4:
            return 0.0
        others = _word_grams(word)
        alike = 2 * len(self.grams & others) / (len(self.grams) + len(others))
        return 0.9 * alike if alike >= _SIMILAR_WORDS else 0.0

    def _sounds(self, text: Text) -> float:
        sounds, token = text.sounds, self.token
        if sounds.initials.startswith(token):
            whole, leading = (_WHOLE_INITIALS, _LEADING_INITIALS) if len(token) >= 3 else (_FIRST_INITIALS,) * 2
            return whole if token == sounds.initials else leading
        if len(token) < 3:
            return 0.0
        place = sounds.full.find(token)
        while place >= 0:
            if place in sounds.starts:
                return _PINYIN if len(token) < len(sounds.full) else _WHOLE_PINYIN
            place = sounds.full.find(token, place + 1)
        if token in sounds.initials:
            return _INITIALS
        if len(token) >= 4 and self.folded in sounds.folded:
            return _FOLDED
        if len(token) >= 6:
            triples = grams(self.folded, 3)
            share = sum(one in sounds.folded for one in triples) / len(triples) if triples else 0.0
            if share >= _SIMILAR_SOUNDS:
                return _NEARLY * share
        return _WITHIN_PINYIN if len(token) >= 4 and token in sounds.full else 0.0


class SoundToken:
    """A whole query in pinyin, read as syllables."""

    def __init__(self, reading: Reading, rarity: Callable[[str], float]) -> None:
        """Weigh each syllable by the pairs it stands in."""
        self.token = "".join(reading.syllables)
        self.sounds = pairs_of(reading.syllables)
        self.groups = words.groups_that_sound(reading.syllables)
        self.slips = reading.slips
        weights = [0.0] * len(reading.syllables)
        for place, pair in enumerate(self.sounds):
            weight = rarity(pair)
            weights[place] += weight
            weights[place + 1] += weight
        for group, start, end in self.groups:
            _at_least(weights, start, end, 2 * rarity(f"#{group}"))
        self.weights = weights
        self.weight = 1.0

    def score(self, facts: Facts, *, name: bool) -> float:
        """Return how much of what is said the text says, syllable by syllable."""
        said = [0.0] * len(self.weights)
        for group, start, end in self.groups:
            if group in facts.groups:
                _at_least(said, start, end, SYNONYM)
        known = facts.text.sounds.pairs if name else frozenset()
        for place, pair in enumerate(self.sounds):
            if pair in known:
                _at_least(said, place, place + 2, SAME_SOUND)
        fit = sum(map(float.__mul__, said, self.weights)) / sum(self.weights)
        return max(0.0, fit - _SLIP * self.slips)


@lru_cache(maxsize=20_000)
def _word_grams(word: str) -> frozenset[str]:
    return frozenset(grams(f" {word} ", 3))


Token = HanToken | LatinToken | SoundToken


def read_query(query: str, rarity: Callable[[str], float]) -> Sequence[Token]:
    """Return the parts of a query."""
    phrases = words.phrases_in_latin(prepared(query).plain)
    return [
        HanToken(token, rarity)
        if HAN.match(token)
        else LatinToken(token, rarity, frozenset(group for phrase, group in phrases if token in phrase))
        for token in words.tokens(query)
    ]

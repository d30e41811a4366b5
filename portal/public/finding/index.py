"""The index: which entries may answer a query at all, so that only those are looked at closely."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from portal.public.finding import words
from portal.public.finding.pinyin import Spelling, pairs_of
from portal.public.finding.scoring import Facts, SoundToken, Token, facts_of, read_query
from portal.public.finding.text import HAN, folded, grams, prepared

LONGEST_QUERY = 120  # characters; the rest is ignored
NAME, TEXT = 1.0, 0.45  # how much a match in each place counts
_ENOUGH, _NEARLY = 0.3, 0.12
_ENOUGH_FEATURES = 24  # a query's most telling ones
_MOST_CANDIDATES = 240
#: What no entry has says little: it may be a typing error, or words about the person who asks.
_UNKNOWN = 3.0


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What can be found. key: whatever the caller knows it by. names: in both languages. texts: summary, questions…

    codes: numbers of lists by which clerks know it. weight: less than 1 for what should come after equals.
    """

    key: str
    names: tuple[str, ...]
    texts: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    weight: float = 1.0


@dataclass(frozen=True)
class _Prepared:
    entry: Entry
    names: tuple[Facts, ...]
    texts: tuple[Facts, ...]
    codes: tuple[str, ...]


class Index:
    """The entries of one state of the catalogue, prepared once; searching changes nothing in it."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Prepare the entries; the order they come in decides between equals."""
        self._all = [
            _Prepared(
                entry,
                tuple(facts_of(name) for name in entry.names if name),
                tuple(facts_of(text) for text in entry.texts if text),
                tuple(prepared(code).plain for code in entry.codes if code),
            )
            for entry in entries
        ]
        self._having: dict[str, list[int]] = {}
        for number, one in enumerate(self._all):
            for feature in {*_features(one)}:
                self._having.setdefault(feature, []).append(number)
        said = {pair for one in self._all for facts in one.names for pair in facts.text.sounds.pairs}
        said.update(pair for sound in words.sounds_of_groups() for pair in pairs_of(sound.split(" ")))
        self._spelling = Spelling(said)

    def find(self, query: str, *, enough: float = _ENOUGH) -> list[str]:
        """Return the keys of the entries that fit, best first; entries that fit equally well keep their order.

        enough: how well an entry must fit, where 1 is a word that stands in its name.
        """
        query = query[:LONGEST_QUERY]
        whole, phrase = prepared(query).plain.strip(), " ".join(words.tokens(query))
        scores: dict[int, float] = {}
        for tokens in self._readings(query):
            asked = _Asked(tokens, whole, phrase)
            for number in self._candidates(tokens):
                scores[number] = max(scores.get(number, 0.0), asked.score(self._all[number]))
        best = sorted((-score, number) for number, score in scores.items() if score >= enough)
        return [self._all[number].entry.key for _, number in best]

    def _readings(self, query: str) -> Iterator[Sequence[Token]]:
        """Yield what a query may mean: what is written word by word, and, if it may be pinyin, what it sounds like.

        What is certainly pinyin is not read as English: the "can" of `can ting` would be a word that says nothing.
        """
        sounds = self._spelling.readings(words.letters_of(query))
        sure = any(reading.sure for reading in sounds) and words.leaves_out_english(query)
        if not sure and (written := read_query(query, self._rarity)):
            yield written
        for reading in sounds:
            yield (SoundToken(reading, self._rarity),)

    def heard(self, query: str) -> tuple[tuple[str, ...], ...]:
        """Return the rows of syllables a query may be, if it may be pinyin: what `marks` looks for beside letters."""
        readings = self._spelling.readings(words.letters_of(query[:LONGEST_QUERY]))
        return tuple(reading.syllables for reading in readings)

    def find_nearly(self, query: str, most: int = 3) -> list[str]:
        """Return a few keys for a query that nothing answers well: what comes nearest."""
        return self.find(query, enough=_NEARLY)[:most]

    def _rarity(self, feature: str) -> float:
        having = self._having.get(feature)
        return math.log(1 + (len(self._all) / len(having) if having else _UNKNOWN))

    def _candidates(self, tokens: Sequence[Token]) -> list[int]:
        """Return the entries that have most of the query's features, the rarer the better."""
        asked = {feature for token in tokens for feature in _asked_features(token) if feature in self._having}
        telling = heapq.nlargest(_ENOUGH_FEATURES, sorted(asked), key=self._rarity)
        points: dict[int, float] = {}
        for feature in telling:
            rarity = self._rarity(feature)
            for number in self._having[feature]:
                points[number] = points.get(number, 0.0) + rarity
        return heapq.nsmallest(_MOST_CANDIDATES, points, key=lambda number: (-points[number], number))


@dataclass(frozen=True)
class _Asked:
    """A query taken apart. whole: as typed, plain; phrase: its telling words."""

    tokens: Sequence[Token]
    whole: str
    phrase: str

    def score(self, one: _Prepared) -> float:
        """Return how well an entry answers: each part in its best place, weighed by how telling the part is."""
        if self.whole and any(code.startswith(self.whole) for code in one.codes) and len(self.whole) >= 6:
            return 2.0
        total = sum(token.weight for token in self.tokens)
        fit = sum(token.weight * self._best(token, one) for token in self.tokens) / total
        return (fit + self._bonus(one)) * one.entry.weight if fit else 0.0

    def _best(self, token: Token, one: _Prepared) -> float:
        best = max((NAME * token.score(name, name=True) for name in one.names), default=0.0)
        if best < TEXT:
            best = max([best, *(TEXT * token.score(text, name=False) for text in one.texts)])
        return best

    def _bonus(self, one: _Prepared) -> float:
        """The query standing in a name comes before its words standing apart, the whole name before all.

        Of names in which it stands, the one that says little else comes first.
        """
        best = 0.0
        for facts in one.names:
            plain = facts.text.plain
            for phrase in {self.whole, self.phrase}:
                if phrase and phrase == plain:
                    best = max(best, 0.5)
                elif phrase and phrase in plain:
                    best = max(best, 0.2 + 0.2 * len(phrase) / len(plain))
        return best


def _features(one: _Prepared) -> Iterator[str]:
    """Yield what an entry can be found by."""
    for facts in (*one.names, *one.texts):
        text = facts.text
        yield from text.pairs
        yield from (character for character in text.plain if HAN.match(character))
        for word in text.word_set:
            yield from _word_features(word)
        yield from (f"#{group}" for group in facts.groups)
    for facts in one.names:
        sounds = facts.text.sounds
        yield from sounds.pairs
        yield from (f"~{gram}" for gram in grams(sounds.folded, 3))
        yield from (f"^{gram}" for gram in grams(sounds.initials, 3))
        yield f"^{sounds.initials[:2]}"
    for code in one.codes:
        yield f"={code[:6]}"


def _word_features(word: str) -> Iterator[str]:
    yield word
    yield from (f"|{gram}" for gram in grams(f" {word} ", 3))


def _asked_features(token: Token) -> Iterator[str]:
    """Yield what the entries that may answer a part of a query have."""
    if isinstance(token, SoundToken):
        yield from token.sounds
        yield from (f"#{group}" for group, _, _ in token.groups)
        return
    written = token.token
    if HAN.match(written):
        yield from grams(written, 2) if len(written) > 1 else (written,)
        yield from token.sounds if len(written) > 1 else ()  # type: ignore[union-attr]
        yield from (f"#{group}" for group, _, _ in words.groups_in(written))
        return
    yield from _word_features(written)
    yield from (f"#{group}" for group in token.groups)  # type: ignore[union-attr]
    yield from (f"~{gram}" for gram in grams(folded(written), 3))
    yield from (f"^{gram}" for gram in grams(written, 3))
    yield from (f"^{written}", f"={written[:6]}")
    for word in words.spelled_out(written) if len(written) >= 3 else ():
        yield from (f"#{group}" for group, _, _ in words.groups_in(word))
        yield from grams(word, 2)

"""Find a service by whatever a person types: Chinese without spaces, pinyin, initials, synonyms, typing errors. Pure.

The catalogue of a city has some hundreds of entries, so every search looks at all of them; nothing is indexed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml
from pypinyin import lazy_pinyin

LONGEST_QUERY = 80  # characters; the rest is ignored
_SYNONYMS = Path(__file__).parent / "data" / "synonyms.yaml"
_HAN = re.compile(r"[㐀-鿿]")
_TOKEN = re.compile(r"[㐀-鿿]+|[a-z0-9é]+(?:-[a-z0-9é]+)*")
# Words that say that somebody wants something, not what.
_FILLERS_ZH = re.compile("我想要?|我要|请问|怎么样?|怎样|如何|在哪里?|哪里|需要|什么|申请|办理|办个|去办|的|了|吗|呢")
_FILLERS_EN = frozenset(
    word
    for line in (
        "a an the to how do i my for of in on at and or can where what is",
        "want need get apply application please",
    )
    for word in line.split()
)
NAME, SYNONYM, TEXT = 1.0, 0.75, 0.45  # how much a match in each place counts
_ENOUGH = 0.3
_SIMILAR = 0.5


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What can be found. key: whatever the caller knows it by. names: in both languages. texts: summary, department."""

    key: str
    names: tuple[str, ...]
    texts: tuple[str, ...] = ()


def rank(query: str, entries: Iterable[Entry]) -> list[str]:
    """Return the keys of the entries that fit, best first; entries that fit equally well keep their order."""
    tokens = _tokens(query)
    if not tokens:
        return []
    phrase = " ".join(tokens)
    scored = [(_mean(tokens, entry) + _phrase_bonus(phrase, entry), entry.key) for entry in entries]
    return [key for score, key in sorted(scored, key=lambda one: -one[0]) if score >= _ENOUGH]


def _mean(tokens: Sequence[str], entry: Entry) -> float:
    return sum(_score(token, entry) for token in tokens) / len(tokens)


def _phrase_bonus(phrase: str, entry: Entry) -> float:
    """The whole query standing in a name comes before its words standing apart; the whole name before all."""
    names = [_normal(name) for name in entry.names]
    if phrase in names:
        return 0.5
    return 0.25 if any(phrase in name for name in names) else 0.0


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _tokens(query: str) -> list[str]:
    text = _FILLERS_ZH.sub(" ", _normal(query[:LONGEST_QUERY]))
    found = [token for token in _TOKEN.findall(text) if token not in _FILLERS_EN]
    return found or _TOKEN.findall(_normal(query[:LONGEST_QUERY]))


def _score(token: str, entry: Entry) -> float:
    places = [(NAME, name) for name in entry.names] + [(TEXT, text) for text in entry.texts]
    best = max((weight * _fit(token, text) for weight, text in places), default=0.0)
    for synonym in _synonyms_of(token):
        best = max([best, *(SYNONYM * weight for weight, text in places if synonym in _normal(text))])
    return best


def _fit(token: str, text: str) -> float:
    """Return 0…1: how well a token fits a text."""
    plain = _normal(text)
    if token in plain:
        return 1.0 if len(token) > 1 else 0.6
    if _HAN.search(token):
        return _fit_han(token, plain)
    return max(_fit_pinyin(token, plain), _fit_words(token, plain))


def _fit_han(token: str, plain: str) -> float:
    """Chinese that is not there literally: the same sounds (a wrong character), else shared pairs of characters."""
    if len(token) > 1 and "".join(lazy_pinyin(token)) in _pinyin(plain)[0]:
        return 0.85
    pairs = _grams(token, 2)
    if not pairs or not _HAN.search(plain):
        return 0.0
    return 0.8 * len(pairs & _grams(plain, 2)) / len(pairs)


def _fit_pinyin(token: str, plain: str) -> float:
    full, initials = _pinyin(plain)
    if len(token) >= 3 and token in full:
        return 0.9
    return 0.8 if len(token) >= 3 and token in initials else 0.0


def _fit_words(token: str, plain: str) -> float:
    """English with a typing error or another ending: shared triples of letters, word by word."""
    if len(token) < 4:
        return 0.0
    grams = _grams(f" {token} ", 3)
    best = 0.0
    for word in re.findall(r"[a-z]{4,}", plain):
        others = _grams(f" {word} ", 3)
        best = max(best, 2 * len(grams & others) / (len(grams) + len(others)))
    return 0.9 * best if best >= _SIMILAR else 0.0


def _grams(text: str, size: int) -> frozenset[str]:
    return frozenset(text[place : place + size] for place in range(len(text) - size + 1))


@lru_cache(maxsize=8192)
def _pinyin(plain: str) -> tuple[str, str]:
    """Return the pinyin of the Chinese in a text, and the initials, both without spaces."""
    syllables = lazy_pinyin("".join(_HAN.findall(plain)))
    return "".join(syllables), "".join(syllable[0] for syllable in syllables)


@lru_cache(maxsize=1)
def _groups() -> Sequence[tuple[str, ...]]:
    return [tuple(_normal(word) for word in group) for group in yaml.safe_load(_SYNONYMS.read_text())]


@lru_cache(maxsize=2048)
def _synonyms_of(token: str) -> frozenset[str]:
    """Return the other words of every group one of whose words is, or stands in, the token (or sounds the same)."""
    return frozenset(
        word for group in _groups() if any(_names(token, member) for member in group) for word in group if word != token
    )


def _names(token: str, member: str) -> bool:
    if _HAN.search(member):
        return member in token or (len(token) >= 4 and token.isascii() and token == "".join(lazy_pinyin(member)))
    return token == member or (len(token) >= 4 and token in member.split()) or token.rstrip("s") == member.rstrip("s")

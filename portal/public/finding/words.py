"""Words: which stand for the same thing, which say nothing about it, and which a row of first letters may mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from portal.public.finding.pinyin import without_tones
from portal.public.finding.text import HAN, prepared, syllables

_SYNONYMS = Path(__file__).parent / "synonyms.yaml"
_TOKEN = re.compile(r"[\u3400-\u9fff]+|[a-z0-9à-ɏ]+")
# Words that say that somebody wants something, not what.
_FILLERS_ZH = re.compile(
    "我想要?|我要|请问|怎么样?|怎样|如何|在哪里?|哪里|哪儿|需要|什么|可以|帮我|申请|申领|办理|办个|办一个|去办|要办|的|了|吗|呢|啊|呀"
)
_FILLERS_EN = frozenset(
    word
    for line in (
        "a an the to how do does i my me we our for of in on at and or can could where what is are if with",
        "want need get getting apply application applying please would like",
    )
    for word in line.split()
)
#: What may stand between or behind words when only first letters are typed: 的, 店, 证, 怎么, 办理…
_LINKS = ("的", "怎么", "办理", "申请", "办", "我要", "我想")
_LONGEST_INITIALS = 12


@dataclass(frozen=True)
class Group:
    """Words for one thing, normalised. place: its number in the file."""

    place: int
    words: tuple[str, ...]


@lru_cache(maxsize=1)
def groups() -> Sequence[Group]:
    """Return the groups of words that mean the same, as synonyms.yaml says."""
    rows = yaml.safe_load(_SYNONYMS.read_text(encoding="utf-8"))
    return [Group(place, tuple(prepared(str(word)).plain for word in row)) for place, row in enumerate(rows)]


@lru_cache(maxsize=1)
def _han_words() -> dict[str, set[int]]:
    return _by_word(word for group in groups() for word in group.words if HAN.search(word))


def _by_word(words: Iterable[str]) -> dict[str, set[int]]:
    wanted = set(words)
    return {word: {group.place for group in groups() if word in group.words} for word in wanted}


@lru_cache(maxsize=1)
def _longest_han_word() -> int:
    return max(map(len, _han_words()))


def groups_in(text: str) -> list[tuple[int, int, int]]:
    """Return (group, start, end) for every word of a group that stands in a plain Chinese text, longest first."""
    found = []
    words = _han_words()
    for start in range(len(text)):
        for end in range(min(len(text), start + _longest_han_word()), start + 1, -1):
            if places := words.get(text[start:end]):
                found += [(place, start, end) for place in places]
    return sorted(found, key=lambda one: one[1] - one[2])


@lru_cache(maxsize=1)
def _latin_phrases() -> dict[str, set[int]]:
    return _by_word(word for group in groups() for word in group.words if not HAN.search(word))


@lru_cache(maxsize=4096)
def groups_of_latin(phrase: str) -> frozenset[int]:
    """Return the groups that a word or phrase in Latin letters names, in English or as the pinyin of a Chinese word."""
    found: set[int] = set()
    for known, places in _latin_phrases().items():
        if known in (phrase, phrase.rstrip("s")) or known.rstrip("s") == phrase:
            found |= places
    if len(phrase) >= 4:
        found |= _pinyin_words().get(phrase, set())
    return frozenset(found)


@lru_cache(maxsize=1)
def _pinyin_words() -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for word, places in _han_words().items():
        found.setdefault("".join(syllables(word)), set()).update(places)
    return found


def phrases_in_latin(text: str) -> list[tuple[tuple[str, ...], int]]:
    """Return (words, group) for every English word or phrase of a group that stands in a plain text, word for word."""
    padded = f" {' '.join(_TOKEN.findall(text))} "
    return [
        (tuple(known.split()), place)
        for known, places in _latin_phrases().items()
        if f" {known} " in padded
        for place in places
    ]


def groups_in_latin(text: str) -> frozenset[int]:
    """Return the groups one of whose English words or phrases stands in a plain text, word for word."""
    return frozenset(place for _, place in phrases_in_latin(text))


def tokens(query: str) -> list[str]:
    """Return what a query is about: runs of Chinese and words of Latin letters, without words that say nothing.

    A query of nothing but such words keeps them.
    """
    plain = prepared(query).plain
    found = [one for one in _TOKEN.findall(_FILLERS_ZH.sub(" ", plain)) if one not in _FILLERS_EN]
    return [without_tones(one) for one in found or _TOKEN.findall(plain)]


def leaves_out_english(query: str) -> bool:
    """Tell whether `tokens` leaves out English words of a query that say nothing."""
    return any(one in _FILLERS_EN for one in _TOKEN.findall(prepared(query).plain))


def letters_of(query: str) -> str:
    """Return a query as one row of pinyin letters, its Chinese spelled out; empty if it holds no letters or others too.

    `kai can ting`, `kāi cān tīng`, `kai1can1ting1` and `开canting` all are kaicanting.
    """
    plain = _FILLERS_ZH.sub(" ", prepared(query).plain)
    runs = [without_tones(one) for one in _TOKEN.findall(plain)]
    letters = "".join("".join(syllables(run)) if HAN.match(run) else run for run in runs)
    latin = any(not HAN.match(run) for run in runs)
    return letters if latin and letters.isascii() and letters.isalpha() else ""


@lru_cache(maxsize=1)
def sounds_of_groups() -> dict[str, set[int]]:
    """Return the groups by the syllables of their Chinese words, as "can ting"."""
    found: dict[str, set[int]] = {}
    for word, places in _han_words().items():
        found.setdefault(" ".join(syllables(word)), set()).update(places)
    return found


def groups_that_sound(said: Sequence[str]) -> list[tuple[int, int, int]]:
    """Return (group, start, end) for every word of a group that is heard in a row of syllables."""
    known, longest = sounds_of_groups(), _longest_han_word()
    return [
        (place, start, end)
        for start in range(len(said))
        for end in range(start + 2, min(len(said), start + longest) + 1)
        for place in known.get(" ".join(said[start:end]), ())
    ]


@lru_cache(maxsize=1)
def _by_initials() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for word in (*_han_words(), *_LINKS):
        initials = "".join(one[0] for one in syllables(word))
        if len(initials) >= 2 or word in _LINKS:
            found.setdefault(initials, set()).add(word)
    return found


@lru_cache(maxsize=1)
def _by_pinyin() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for word in (*_han_words(), *_LINKS):
        found.setdefault("".join(syllables(word)), set()).add(word)
    return found


@lru_cache(maxsize=4096)
def spelled_out(letters: str) -> tuple[str, ...]:
    """Return the Chinese that a row of letters may stand for, word by word from the words we know.

    `ctdkt` is 餐厅 + 的 + 开通; `cantingkaidian` is 餐厅 + 开店. Empty unless all letters fit and one word says what.
    """
    tables = [_by_pinyin()]
    if len(letters) <= _LONGEST_INITIALS:
        tables.append(_by_initials())
    best: list[tuple[str, ...] | None] = [()] + [None] * len(letters)
    for end in range(1, len(letters) + 1):
        for start in range(end):
            before = best[start]
            for table in tables if before is not None else ():
                for word in sorted(table.get(letters[start:end], ())):
                    now = (*(before or ()), word)
                    known = best[end]
                    if known is None or _looseness(now) < _looseness(known):
                        best[end] = now
    found = tuple(word for word in best[-1] or () if word not in _LINKS)
    return found if len(set(found)) == len(found) else ()


def _looseness(words: tuple[str, ...]) -> tuple[int, int]:
    return len(words), sum(word in _LINKS for word in words)

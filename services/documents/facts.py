"""The facts a paper is made from: checked for completeness, stored as plain JSON, read in one language.

A value may be given in both languages as {"zh": …, "en": …}; dates and instants may be given as such. The keys each
kind needs stand in data/papers.yaml, what they mean in docs/papers.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from django.conf import settings
from django.utils.encoding import force_str
from django.utils.functional import Promise

_DATA = Path(__file__).parent / "data" / "papers.yaml"
_BOTH_LANGUAGES = frozenset({"zh", "en"})


class MissingFactsError(Exception):
    """A paper was asked for without facts its text cannot do without. names: which."""

    def __init__(self, kind: str, names: list[str]) -> None:
        super().__init__(f"A paper of kind {kind} needs these facts: {', '.join(names)}.")
        self.names = names


@dataclass(frozen=True, kw_only=True)
class KindDescription:
    """How a kind of paper is called and numbered, and the facts it needs."""

    word: str
    title_zh: str
    title_en: str
    needs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PaperWords:
    """The content of data/papers.yaml. departments: code to the word that stands in numbers."""

    departments: Mapping[str, str]
    kinds: Mapping[str, KindDescription]


@cache
def words() -> PaperWords:
    """Return the descriptions of all kinds, read once."""
    data = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
    return PaperWords(
        departments=data["departments"],
        kinds={
            code: KindDescription(
                word=kind["word"],
                title_zh=kind["title"]["zh"],
                title_en=kind["title"]["en"],
                needs=tuple(kind["needs"]),
            )
            for code, kind in data["kinds"].items()
        },
    )


def check_facts(kind: str, facts: Mapping[str, Any]) -> None:
    """Raise MissingFactsError unless everything the kind needs is there and not empty."""
    needs = ("holder", *words().kinds[kind].needs)
    missing = [name for name in needs if facts.get(name) in (None, "", [], {})]
    if not missing and not dict(facts["holder"]).get("name"):
        missing = ["holder.name"]
    if not missing and "remedies" in needs:
        missing = [f"remedies.{name}" for name in ("reconsideration", "court") if not facts["remedies"].get(name)]
    if missing:
        raise MissingFactsError(kind, missing)


def storable(value: Any) -> Any:
    """Return a value as plain JSON: instants in local time, dates as ISO text, decimals as written, lazy text resolved.

    Raises TypeError for a value that has no plain form.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, dt.datetime):
        return value.astimezone(ZoneInfo(settings.TIME_ZONE)).isoformat(timespec="minutes")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Decimal | float):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    if isinstance(value, Promise):
        return force_str(value)
    if isinstance(value, Mapping):
        return {str(key): storable(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [storable(one) for one in value]
    raise TypeError(f"{type(value).__name__} cannot stand in an official paper.")


def in_language(value: Any, language: str) -> Any:
    """Return a stored value with every {"zh", "en"} pair replaced by its text in the language ("zh-hans" or "en").

    A missing translation falls back to the other language: a Chinese name in an English paper is better than none.
    """
    if isinstance(value, Mapping):
        if value and set(value) <= _BOTH_LANGUAGES:
            first, second = ("zh", "en") if language == "zh-hans" else ("en", "zh")
            return value.get(first) or value.get(second) or ""
        return {key: in_language(one, language) for key, one in value.items()}
    if isinstance(value, list):
        return [in_language(one, language) for one in value]
    return value

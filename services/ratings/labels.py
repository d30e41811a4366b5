"""The national labels of ratings and the two national codes of the five levels, read once from data/labels.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from services.ratings.enums import Level

_DATA = Path(__file__).parent / "data" / "labels.yaml"


@dataclass(frozen=True, kw_only=True)
class Label:
    """One label. code: of the national interface."""

    code: int
    zh: str
    en: str


@dataclass(frozen=True, kw_only=True)
class LevelWords:
    """A level's labels and codes. interface: 5 is very satisfied; standard: of GB/T 39046, 1 is very satisfied."""

    level: Level
    interface: int
    standard: int
    labels: Mapping[int, Label]


@cache
def levels() -> Mapping[str, LevelWords]:
    """Return all five levels, the best first."""
    data = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
    return {
        level: LevelWords(
            level=Level(level),
            interface=row["interface"],
            standard=row["standard"],
            labels={code: Label(code=code, zh=words["zh"], en=words["en"]) for code, words in row["labels"].items()},
        )
        for level, row in data.items()
    }


@cache
def all_labels() -> Mapping[int, Label]:
    """Return every label by its code."""
    return {code: label for level in levels().values() for code, label in level.labels.items()}

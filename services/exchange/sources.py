"""The registers that may be asked, as described in data/sources.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_DATA = Path(__file__).parent / "data" / "sources.yaml"


class UnknownSourceError(Exception):
    """No source has this code."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One register. elements: field of its answer to data element. Times in seconds."""

    code: str
    name_zh: str
    name_en: str
    department: str
    path: str
    key: str
    sensitivity: str
    elements: Mapping[str, str]
    purposes: frozenset[str]
    connect_seconds: float
    read_seconds: float
    basis_zh: str
    basis_en: str


@cache
def sources() -> Mapping[str, Source]:
    """Return every described source by code, read once."""
    data = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
    return {code: _source(code, one) for code, one in data.items()}


def source_of(code: str) -> Source:
    """Return one source. Raises UnknownSourceError."""
    try:
        return sources()[code]
    except KeyError:
        raise UnknownSourceError(code) from None


def _source(code: str, one: Mapping[str, Any]) -> Source:
    return Source(
        code=code,
        name_zh=one["name"]["zh"],
        name_en=one["name"]["en"],
        department=one["department"],
        path=one["path"],
        key=one["key"],
        sensitivity=one["sensitivity"],
        elements=dict(one["elements"]),
        purposes=frozenset(one["purposes"]),
        connect_seconds=float(one["seconds"]["connect"]),
        read_seconds=float(one["seconds"]["read"]),
        basis_zh=one["basis"]["zh"],
        basis_en=one["basis"]["en"],
    )

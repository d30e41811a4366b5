"""The registers that may be asked, as described in data/sources.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

DESCRIPTION = Path(__file__).parent / "data" / "sources.yaml"
Pair = Mapping[str, str]


class UnknownSourceError(Exception):
    """No source has this code."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """A data element that names an entry. whose: the applicant's own number only, or what is typed in the form."""

    element: str
    whose: Literal["applicant", "typed"]
    elements: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What a register may be asked for. consent: of the applicant, first. keeps: seconds an answer serves again."""

    code: str
    consent: bool
    keeps: float


@dataclass(frozen=True, kw_only=True)
class Record:
    """A document of the catalogue the register can give a record of. key: the only key that finds it, or any."""

    material: str
    fields: tuple[str, ...]
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One register; every attribute is explained at the head of data/sources.yaml. Times in seconds."""

    code: str
    adapter: str
    name_zh: str
    name_en: str
    department: str
    path: str
    sensitivity: str
    keys: Mapping[str, Key]
    purposes: Mapping[str, Purpose]
    connect_seconds: float
    read_seconds: float
    total_seconds: float
    failures_before_rest: int
    rest_seconds: float
    basis_zh: str
    basis_en: str
    holder: str = ""
    holder_only: frozenset[str] = frozenset()
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    labels: Mapping[str, Pair] = field(default_factory=dict)
    documents: Mapping[str, Record] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The key it is asked by when nobody says otherwise."""
        return next(iter(self.keys))

    def elements_for(self, key: str) -> Mapping[str, str]:
        """Return field of the answer: data element, for an entry found by this key element."""
        return self.keys[key].elements


@cache
def sources() -> Mapping[str, Source]:
    """Return every described source by code, read once."""
    data = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))
    return {code: read_source(code, one) for code, one in data.items()}


def source_of(code: str) -> Source:
    """Return one source. Raises UnknownSourceError."""
    try:
        return sources()[code]
    except KeyError:
        raise UnknownSourceError(code) from None


def read_source(code: str, one: Mapping[str, Any]) -> Source:
    """Return a source from its description. Raises KeyError, TypeError, ValueError for one that is none."""
    keys = {
        element: Key(element=element, whose=said["whose"], elements=dict(said["elements"]))
        for element, said in one["keys"].items()
    }
    return Source(
        code=code,
        adapter=one["adapter"],
        name_zh=one["name"]["zh"],
        name_en=one["name"]["en"],
        department=one["department"],
        path=one["path"],
        sensitivity=one["sensitivity"],
        keys=keys,
        holder=one.get("holder", ""),
        holder_only=frozenset(one.get("holder_only", ())),
        words=one.get("words", {}),
        labels=one.get("labels", {}),
        documents=_records(one.get("documents", {})),
        purposes=_purposes(one["purposes"]),
        connect_seconds=float(one["seconds"]["connect"]),
        read_seconds=float(one["seconds"]["read"]),
        total_seconds=float(one["seconds"]["total"]),
        failures_before_rest=int(one["breaker"]["failures"]),
        rest_seconds=float(one["breaker"]["rest"]),
        basis_zh=one["basis"]["zh"],
        basis_en=one["basis"]["en"],
    )


def _purposes(said: Mapping[str, Mapping[str, Any]]) -> dict[str, Purpose]:
    return {
        code: Purpose(code=code, consent=bool(one["consent"]), keeps=float(one["keeps"])) for code, one in said.items()
    }


def _records(said: Mapping[str, Mapping[str, Any]]) -> dict[str, Record]:
    return {
        code: Record(material=code, fields=tuple(one["fields"]), key=one.get("key", "")) for code, one in said.items()
    }

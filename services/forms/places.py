"""Provinces, cities, districts and towns as a tree, from data. Pure: no Django.

A code (GB/T 2260, towns by the statistical code) begins with its parent's: 41 · 4101 · 410105 · 410105001.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import yaml

from services.forms.divisions import DIVISIONS
from services.forms.words import Words

SHIPPED = Path(__file__).parent / "data" / "divisions.yaml"
#: Only where the city brings no list of its own: the codes of its towns are made up.
DEMO_TOWNS = Path(__file__).parent / "data" / "towns.yaml"
LENGTHS = (2, 4, 6, 9)
#: What each level is called.
LEVELS = (
    Words("省（自治区、直辖市）", "Province"),
    Words("市", "City"),
    Words("区县", "District or county"),
    Words("街道、乡镇", "Street or town"),
)
_own_file: list[Path] = []


class PlacesError(Exception):
    """A file of divisions is wrong. The text says what."""


class Places:
    """The divisions that can be chosen."""

    def __init__(self, names: Mapping[str, Words]) -> None:
        self._names = names
        self._below: dict[str, list[str]] = {}
        for code in sorted(names):
            self._below.setdefault(parent_of(code), []).append(code)

    def below(self, code: str) -> list[tuple[str, Words]]:
        """Return the divisions of a division, "" for the provinces, in the order of their codes."""
        return [(one, self._names[one]) for one in self._below.get(code, [])]

    def __contains__(self, code: object) -> bool:
        return code in self._names

    def path(self, code: str) -> list[Words]:
        """Return the names from the province down to a division; empty for an unknown code."""
        chain = [code[:length] for length in LENGTHS if length <= len(code)]
        return [self._names[one] for one in chain] if all(one in self._names for one in chain) else []


def parent_of(code: str) -> str:
    """Return the code of the division a division lies in, "" for a province."""
    return code[: max((length for length in LENGTHS if length < len(code)), default=0)]


def use_file(path: Path | None) -> None:
    """Take the city's own list of divisions instead of the shipped one alone; None for the shipped one."""
    _own_file[:] = [path] if path else []
    places.cache_clear()


@cache
def places() -> Places:
    """Return the divisions, read once. Raises PlacesError."""
    data = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    names = {code: Words(*pair) for part in data.values() for code, pair in part.items()}
    names |= {one.value: one.label for one in DIVISIONS}
    for path in _own_file:
        names = {**read_file(path), **names}
    if not _own_file:
        towns = yaml.safe_load(DEMO_TOWNS.read_text(encoding="utf-8"))
        names |= {code: Words(*pair) for code, pair in towns.items()}
    return Places({code: words for code, words in names.items() if _is_whole(code, names)})


def read_file(path: Path) -> dict[str, Words]:
    """Return names by code from a JSON file of lists of {code, name}, such as china-division's. Raises PlacesError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        rows: Iterable[Mapping[str, str]] = [row for part in data.values() for row in part]
        names = {str(row["code"]): Words(str(row["name"]), str(row.get("name_en") or row["name"])) for row in rows}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PlacesError(f"{path} is no list of divisions: {error}") from error
    if odd := [code for code in names if len(code) not in LENGTHS or not (code.isascii() and code.isdigit())]:
        raise PlacesError(f"{path}: {odd[0]} is no code of a division.")
    return names


def _is_whole(code: str, names: Mapping[str, Words]) -> bool:
    """Whether everything above a division is there: county-level cities right under a province have no city."""
    return all(code[:length] in names for length in LENGTHS if length < len(code))

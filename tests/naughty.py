"""The Big List of Naughty Strings and hostile file names, for every text field and upload over HTTP.

A test that needs them is skipped, saying so, where the shared data is absent; SHARED_DATA names another folder.
"""

from __future__ import annotations

import json
import os
import unicodedata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
_FOLDER = Path(os.environ.get("SHARED_DATA", ROOT / ".." / "shared" / "data")) / "hostile"


def strings(longest: int | None = None) -> list[str]:
    """Return the list, without the empty text; longest: only those of at most so many characters.

    Added to it: what Chinese names hold (rare characters beyond the BMP, the middle dot), and what no database takes.
    """
    listed = [text for text in json.loads(_read("blns/blns.json")) if text]
    found = [*listed, *HAN, *UNSTORABLE]
    return [text for text in found if longest is None or len(text) <= longest]


def file_names() -> list[str]:
    """Return the hostile file names."""
    return list(json.loads(_read("hostile_file_names.json")))


#: Names and characters that have to be taken as they are.
HAN = ("𬴊", "㐆", "买买提·艾力·阿不都热合曼", "王𠮷", "龘靐齉", "欧阳·Ni Xià-O'Brien")
#: What cannot be stored: it is refused with a message, never a 500.
UNSTORABLE = ("a\0b", "a\x07b", "\ufffe", "\ud83d")


def is_storable(text: str) -> bool:
    """Return whether a database and a document can hold a text of one line."""
    return all(
        unicodedata.category(one) not in ("Cc", "Cs")
        and ord(one) & 0xFFFE != 0xFFFE
        and not 0xFDD0 <= ord(one) <= 0xFDEF
        for one in text
    )


def _read(name: str) -> str:
    path = _FOLDER / name
    if not path.exists():
        pytest.skip(f"No {name} in {_FOLDER}; set SHARED_DATA to the folder of test data.")
    return path.read_text(encoding="utf-8")

"""The texts of consents, one per purpose, in the version in force (data/consents.yaml)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.exchange.sources import Source
from services.forms.words import Words

TEXTS = Path(__file__).parent / "data" / "consents.yaml"


@cache
def _texts() -> Mapping[str, Any]:
    texts: Mapping[str, Any] = yaml.safe_load(TEXTS.read_text(encoding="utf-8"))
    return texts


def consent_version() -> str:
    """Return the version of the texts in force."""
    return str(_texts()["version"])


def consent_title(purpose: str) -> Words:
    """Return what a purpose is called. Raises KeyError for a purpose nobody consents to."""
    title = _texts()["purposes"][purpose]["title"]
    return Words(title["zh"], title["en"])


def consent_text(source: Source, purpose: str) -> Words:
    """Return the text she agrees to for a register and a purpose. Raises KeyError for a purpose without one."""
    text = _texts()["purposes"][purpose]["text"]
    return Words(
        text["zh"].replace("{source}", f"“{source.name_zh}”"), text["en"].replace("{source}", source.name_en.lower())
    )

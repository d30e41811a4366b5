"""The declarations and consents as they are worded now: read from `data/declarations.yaml`. No Django here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

SOURCE = Path(__file__).parent / "data" / "declarations.yaml"
#: What every application is signed under.
DECLARATION = "declaration"


@dataclass(frozen=True, kw_only=True)
class Wording:
    """One text in both languages. refusal_zh, refusal_en: what follows for whoever does not agree; "" if she must."""

    kind: str
    version: str
    text_zh: str
    text_en: str
    refusal_zh: str
    refusal_en: str

    @property
    def sha256(self) -> str:
        """The hash of the whole text with its kind and version, in a canonical form."""
        parts = [self.kind, self.version, self.text_zh, self.text_en, self.refusal_zh, self.refusal_en]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


@cache
def wordings() -> Mapping[str, Wording]:
    """Return the texts in force by kind, in the order in which they are shown."""
    rows = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    return {
        kind: Wording(
            kind=kind,
            version=str(row["version"]),
            text_zh=row["text"]["zh"],
            text_en=row["text"]["en"],
            refusal_zh=row.get("refusal", {}).get("zh", ""),
            refusal_en=row.get("refusal", {}).get("en", ""),
        )
        for kind, row in rows.items()
    }

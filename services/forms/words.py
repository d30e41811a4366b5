"""Text in both languages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """The same sentence in Chinese and in English."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """Return the text for a language code such as `zh-hans` or `en`."""
        return self.zh if language.lower().startswith("zh") else self.en

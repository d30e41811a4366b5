"""Short texts that people write to each other: checked before they are stored."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


def check_text(text: str, *, longest: int, message: object) -> str:
    """Return a text as it is stored: without spaces around it, otherwise exactly as it was written.

    longest: characters it may have; message: what to say when it is empty or longer.
    Raises ValidationError, also for characters that no database and no document can hold.
    """
    text = text.strip()
    if not 0 < len(text) <= longest:
        raise ValidationError(str(message), code="length")
    if not is_storable(text):
        raise ValidationError(_("The text holds a sign that cannot be stored. Please type it anew."), code="signs")
    return text


def is_storable(text: str) -> bool:
    """Return whether a text holds only what can be stored: line breaks and tabs are fine, other controls are not."""
    return all(
        character in "\n\r\t"
        or (unicodedata.category(character) not in ("Cc", "Cs") and ord(character) & 0xFFFE != 0xFFFE)
        for character in text
    )

"""What people write in their own words outside the forms of services: anything that can be kept and shown as it is."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import get_language

from services.forms.types.base import InvalidValueError, check_characters


def validate_free_text(text: str) -> None:
    """Refuse what no database or document can hold, in the page's language; several lines are fine.

    Raises:
        ValidationError: with a sentence that says what to do.
    """
    try:
        check_characters(text, lines=True)
    except InvalidValueError as error:
        message = error.message.in_language("zh-hans" if (get_language() or "zh").startswith("zh") else "en")
        raise ValidationError(message, code=error.code) from error

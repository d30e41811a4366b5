"""Names and mobile numbers of people: normal form and check."""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

LONGEST_NAME = 100
_DOTS = str.maketrans(dict.fromkeys("•‧・･．∙⋅●", "·"))
_NAME_MARKS = frozenset("·'’-. \N{TIBETAN MARK INTERSYLLABIC TSHEG}")
_SUPPLEMENTARY_HAN = range(0x20000, 0x40000)


def check_person_name(name: str) -> str:
    """Return a name in normal form: single spaces, and `·` between the parts of a name like 阿依古丽·买买提.

    Every letter of GB 18030 is taken, rare ones and those beyond this Python's Unicode tables too; a character is never
    replaced by a look-alike, because the name must match the identity document.

    Raises:
        ValidationError: empty, longer than 100 characters, or with characters no name has.
    """
    name = " ".join(name.translate(_DOTS).split())
    if not name:
        raise ValidationError(_("Enter the name as it stands on the identity document."), code="name_missing")
    if len(name) > LONGEST_NAME:
        raise ValidationError(_("A name has at most 100 characters."), code="name_too_long")
    if not all(map(_belongs_in_name, name)) or not any(map(_is_letter, name)):
        raise ValidationError(
            _("Enter the name as it stands on the identity document, without digits or other signs."), code="name_signs"
        )
    return name


def _belongs_in_name(character: str) -> bool:
    return character in _NAME_MARKS or _is_letter(character) or unicodedata.category(character).startswith("M")


def _is_letter(character: str) -> bool:
    category = unicodedata.category(character)
    return category.startswith("L") or category == "Co" or ord(character) in _SUPPLEMENTARY_HAN


def check_mobile(number: str) -> str:
    """Return a mobile number in normal form: 11 digits of a Chinese one, or + and the country code of another.

    Raises:
        ValidationError: it is neither.
    """
    number = re.sub(r"[\s\-()]+", "", unicodedata.normalize("NFKC", number))
    number = re.sub(r"^(?:\+|00)86(?=1)", "", number)
    if re.fullmatch(r"1[3-9][0-9]{9}|\+(?!86)[1-9][0-9]{6,14}", number):
        return number
    raise ValidationError(
        _("Enter an 11-digit mobile number, or + and the country code for a number from elsewhere."), code="mobile"
    )

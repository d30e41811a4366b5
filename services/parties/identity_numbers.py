"""Numbers of identity documents and of organisations: normal form, check, and the birth date some of them hold.

Resident and residence-permit numbers follow GB 11643: six digits of a place, the birth date, a sequence and a check
character. The place is not checked beyond its province: codes of counties change, and numbers issued before a change
stay valid. 15-digit numbers of the first generation are brought to 18.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from django.utils.translation import gettext_lazy as _
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError as NumberError

from services.parties.enums import IdentityKind

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_PROVINCES = frozenset(
    [*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83]
)
_LIKE_GB_11643 = (IdentityKind.RESIDENT_ID, IdentityKind.HKMT_RESIDENCE, IdentityKind.PERMANENT_RESIDENT)
_SEPARATORS = re.compile(r"[\s\-‐‑–—]+")
_PATTERNS = {
    IdentityKind.RESIDENT_ID: r"[1-8][0-9]{16}[0-9X]",
    IdentityKind.MILITARY_ID: r"[\u4e00-\u9fff]{0,3}第?[0-9]{4,10}号?",
    IdentityKind.PASSPORT: r"[A-Z0-9]{5,17}",
    IdentityKind.HK_MACAO_PERMIT: r"[HM][0-9]{8}(?:[0-9]{2})?",
    IdentityKind.TAIWAN_PERMIT: r"[0-9]{8}(?:[0-9]{2}[A-Z]?)?",
    IdentityKind.HKMT_RESIDENCE: r"8[123]0000[0-9]{11}[0-9X]",
    IdentityKind.PERMANENT_RESIDENT: r"[A-Z]{3}[0-9]{12}|9[0-9]{16}[0-9X]",
}
_SHAPE_MESSAGES = {
    IdentityKind.RESIDENT_ID: _("A resident identity number has 18 characters: 17 digits and a digit or X."),
    IdentityKind.MILITARY_ID: _("Enter the number as it stands on the card, for example 军字第2001988号."),
    IdentityKind.PASSPORT: _("A passport number has 5 to 17 letters and digits."),
    IdentityKind.HK_MACAO_PERMIT: _("This permit's number is H or M and 8 digits, for example H12345678."),
    IdentityKind.TAIWAN_PERMIT: _("This permit's number has 8 digits."),
    IdentityKind.HKMT_RESIDENCE: _("This permit's number has 18 characters and begins with 810000, 820000 or 830000."),
    IdentityKind.PERMANENT_RESIDENT: _(
        "This card's number has 18 characters and begins with 9, or, on older cards, has 3 letters and 12 digits."
    ),
}


class IdentityNumberError(ValueError):
    """The number cannot be one of this kind. The text tells the person what to look at."""


def normalise_identity_number(kind: str, number: str) -> str:
    """Bring a number to the form that is stored and compared: half-width, upper case, no separators, 18 digits."""
    number = _SEPARATORS.sub("", unicodedata.normalize("NFKC", number)).upper()
    if kind == IdentityKind.RESIDENT_ID and re.fullmatch(r"[0-9]{15}", number):
        number = number[:6] + "19" + number[6:]
        number += check_character(number)
    return number


def check_identity_number(kind: str, number: str, *, today: date) -> str:
    """Return the normal form of a valid number.

    Args:
        kind: an IdentityKind value.
        number: as typed.
        today: birth dates after this day are refused.

    Raises:
        IdentityNumberError: with a sentence that says how to put it right.
    """
    kind = IdentityKind(kind)
    number = normalise_identity_number(kind, number)
    if not re.fullmatch(_PATTERNS[kind], number):
        raise IdentityNumberError(_SHAPE_MESSAGES[kind])
    if kind == IdentityKind.PASSPORT and not re.search(r"[0-9]", number):
        raise IdentityNumberError(_SHAPE_MESSAGES[kind])
    if kind == IdentityKind.RESIDENT_ID and int(number[:2]) not in _PROVINCES:
        raise IdentityNumberError(_("The first two digits are no province. Compare the number with the card."))
    if len(number) == 18 and kind in _LIKE_GB_11643:
        _check_like_gb_11643(kind, number, today)
    return number


def _check_like_gb_11643(kind: IdentityKind, number: str, today: date) -> None:
    born = birth_date_in(kind, number)
    if born is None:
        raise IdentityNumberError(_("The birth date in the number does not exist. Compare the number with the card."))
    if born > today:
        raise IdentityNumberError(_("The birth date in the number is in the future. Compare it with the card."))
    if number[17] != check_character(number[:17]):
        raise IdentityNumberError(_("A digit of the number is wrong or two are swapped. Compare it with the card."))


def check_character(first_17: str) -> str:
    """Return the check character of 17 digits (GB 11643, ISO 7064 MOD 11-2)."""
    return _CHECK_CHARACTERS[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_17, strict=True)) % 11]


def birth_date_in(kind: str, number: str) -> date | None:
    """Return the birth date a number in normal form holds; None when its kind holds none or the date does not exist."""
    if len(number) != 18 or kind not in _LIKE_GB_11643:
        return None
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def check_uscc(code: str) -> str:
    """Return the normal form of a valid unified social credit code (GB 32100-2015).

    Raises:
        IdentityNumberError: with a sentence that says how to put it right.
    """
    try:
        return uscc.validate(unicodedata.normalize("NFKC", code))
    except NumberError as error:
        raise IdentityNumberError(
            _("This is no unified social credit code: 18 digits and capital letters without I, O, S, V, Z. Compare it.")
        ) from error

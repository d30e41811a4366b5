"""Numbers of identity documents: normal form, check and the birth date in them. Pure: no Django.

Resident and residence-permit numbers follow GB 11643. The place is checked to its province only: counties and their
codes change, and numbers issued before a change stay valid. Agreement with `services.parties`, which stores these
numbers, is tested.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from services.forms.words import Words

RESIDENT_ID = "31"
HKMT_RESIDENCE = "37"
PERMANENT_RESIDENT = "38"
_LIKE_GB_11643 = (RESIDENT_ID, HKMT_RESIDENCE, PERMANENT_RESIDENT)

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_PROVINCES = frozenset(
    [*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83]
)
_SEPARATORS = re.compile(r"[\s\-‐‑–—]+")
_SHAPES = {
    "31": (
        r"[1-8][0-9]{16}[0-9X]",
        Words(
            "居民身份证号码是18位：17位数字加一位数字或X。",
            "A resident identity number has 18 characters: 17 digits and a digit or X.",
        ),
    ),
    "32": (
        r"[\u4e00-\u9fff]{0,3}第?[0-9]{4,10}号?",
        Words(
            "请按证件上的写法填写，例如：军字第2001988号。",
            "Enter the number as it stands on the card, for example 军字第2001988号.",
        ),
    ),
    "33": (
        r"(?=.*[0-9])[A-Z0-9]{5,17}",
        Words("护照号码是5至17位字母和数字。", "A passport number has 5 to 17 letters and digits."),
    ),
    "35": (
        r"[HM][0-9]{8}(?:[0-9]{2})?",
        Words(
            "通行证号码是字母H或M加8位数字，例如H12345678。",
            "This permit's number is H or M and 8 digits, for example H12345678.",
        ),
    ),
    "36": (r"[0-9]{8}(?:[0-9]{2}[A-Z]?)?", Words("通行证号码是8位数字。", "This permit's number has 8 digits.")),
    "37": (
        r"8[123]0000[0-9]{11}[0-9X]",
        Words(
            "居住证号码是18位，以810000、820000或830000开头。",
            "This permit's number has 18 characters and begins with 810000, 820000 or 830000.",
        ),
    ),
    "38": (
        r"[A-Z]{3}[0-9]{12}|9[0-9]{16}[0-9X]",
        Words(
            "号码是18位、以9开头；旧证是3个字母加12位数字。",
            "This card's number has 18 characters and begins with 9, or, on older cards, has 3 letters and 12 digits.",
        ),
    ),
}
KINDS = frozenset(_SHAPES)
_PROVINCE = Words(
    "前两位不是省级代码，请与证件核对。", "The first two digits are no province. Compare the number with the card."
)
_NO_DATE = Words(
    "号码中的出生日期不存在，请与证件核对。",
    "The birth date in the number does not exist. Compare the number with the card.",
)
_FUTURE = Words(
    "号码中的出生日期晚于今天，请与证件核对。",
    "The birth date in the number is in the future. Compare it with the card.",
)
_WRONG_DIGIT = Words(
    "号码有一位填错或者两位颠倒，请与证件核对。",
    "A digit of the number is wrong or two are swapped. Compare it with the card.",
)


def normal_form(kind: str, number: str) -> str:
    """Return the number as it is stored: half-width, upper case, no separators, always 18 digits."""
    number = _SEPARATORS.sub("", unicodedata.normalize("NFKC", number)).upper()
    if kind == RESIDENT_ID and re.fullmatch(r"[0-9]{15}", number):
        number = f"{number[:6]}19{number[6:]}"
        number += check_character(number)
    return number


def fault(kind: str, number: str, *, today: date) -> Words | None:
    """Return what is wrong with a number in normal form, saying how to put it right; None when nothing is."""
    shape, message = _SHAPES[kind]
    if not re.fullmatch(shape, number):
        return message
    if kind == RESIDENT_ID and int(number[:2]) not in _PROVINCES:
        return _PROVINCE
    if len(number) != 18 or kind not in _LIKE_GB_11643:
        return None
    born = birth_date(kind, number)
    if born is None:
        return _NO_DATE
    if born > today:
        return _FUTURE
    return None if number[17] == check_character(number[:17]) else _WRONG_DIGIT


def check_character(first_17: str) -> str:
    """Return the check character of 17 digits (GB 11643, ISO 7064 MOD 11-2)."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_17, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def birth_date(kind: str, number: str) -> date | None:
    """Return the birth date in a number in normal form; None when its kind holds none or the date does not exist."""
    if len(number) != 18 or kind not in _LIKE_GB_11643:
        return None
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None

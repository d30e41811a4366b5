"""Personal data as lists show it: enough to recognise, too little to misuse."""

from __future__ import annotations

STAR = "*"


def mask_id_number(number: str) -> str:
    """Keep the first three and last four characters (110***********1234); of eight or fewer, only the last two."""
    if len(number) <= 8:
        return STAR * max(len(number) - 2, 0) + number[max(len(number) - 2, 0) :]
    return number[:3] + STAR * (len(number) - 7) + number[-4:]


def mask_name(name: str) -> str:
    """Keep a Han name's first character and, from three characters on, its last; of other names, each word's initial.

    张三 becomes 张*, 李小敏 becomes 李*敏, Anna Smith becomes A*** S****, 阿依古丽·买买提 becomes 阿***·买**.
    """
    if "·" in name:
        return "·".join(_mask_word(part) for part in name.split("·"))
    if " " in name:
        return " ".join(_mask_word(part) for part in name.split(" "))
    if len(name) > 2 and not name.isascii():
        return name[0] + STAR * (len(name) - 2) + name[-1]
    return _mask_word(name)


def _mask_word(word: str) -> str:
    return word[:1] + STAR * (len(word) - 1)


def mask_mobile(mobile: str) -> str:
    """Keep three leading digits (after a country code, what precedes the last eight) and the last four: 138****3210."""
    if len(mobile) <= 7:
        return STAR * max(len(mobile) - 2, 0) + mobile[-2:]
    return mobile[:-8] + STAR * 4 + mobile[-4:]

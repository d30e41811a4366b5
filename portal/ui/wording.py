"""Words for dates, instants, limits and amounts in the page's language."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import get_language, gettext, ngettext

_DAYS_ZH = "一二三四五六日"
_DAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def is_chinese() -> bool:
    """Tell whether the page is in Chinese."""
    return (get_language() or "zh").startswith("zh")


def date_words(value: dt.date | None) -> str:
    """Say a date with its weekday: 2026年10月16日（周五） or Fri 16 Oct 2026. Instants count in local time."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        value = timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    if is_chinese():
        return f"{value.year}年{value.month}月{value.day}日（周{_DAYS_ZH[value.weekday()]}）"
    return f"{_DAYS_EN[value.weekday()]} {value.day} {_MONTHS_EN[value.month - 1]} {value.year}"


def instant_words(value: dt.datetime | None) -> str:
    """Say an instant to the minute in local time: 2026年10月16日（周五）17:00 or Fri 16 Oct 2026, 17:00."""
    if value is None:
        return ""
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    separator = "" if is_chinese() else ", "
    return f"{date_words(local.date())}{separator}{local:%H:%M}"


def limit_words(amount: int | None, unit: str) -> str:
    """Say a time limit; 0 is on the spot, None is no limit. Units: working_days, calendar_days, working_hours.

    Raises ValueError for an unknown unit.
    """
    if amount is None:
        return gettext("no limit set by law")
    if amount == 0:
        return gettext("on the spot")
    if unit == "working_days":
        return ngettext("%(count)d working day", "%(count)d working days", amount) % {"count": amount}
    if unit == "calendar_days":
        return ngettext("%(count)d calendar day", "%(count)d calendar days", amount) % {"count": amount}
    if unit == "working_hours":
        return ngettext("%(count)d working hour", "%(count)d working hours", amount) % {"count": amount}
    raise ValueError(unit)


def money_words(value: Decimal | int | str | None) -> str:
    """Say an amount in yuan: 1,200 元 or ¥1,200; cents only where there are any; 0 is free."""
    amount = Decimal(value or 0)
    if not amount:
        return gettext("free")
    number = f"{amount:,.2f}".removesuffix(".00")
    return f"{number} 元" if is_chinese() else f"¥{number}"


def number_words(value: Decimal | int | float | None, digits: int = 0) -> str:
    """Group a number's thousands: 12,345. None is a dash."""
    return "–" if value is None else f"{value:,.{digits}f}"


def percent_words(value: Decimal | float | None, digits: int = 0) -> str:
    """Say a share of 1 as a percentage: 0.934 → 93%. None (nothing to divide by) is a dash."""
    return "–" if value is None else f"{value * 100:.{digits}f}%"

"""China's working days as the State Council announces them, taken from the `holidays` library."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import version

import holidays

from workflows.clocks.calendar import DayKind, OfficeHours, SpecialDay, WorkingCalendar

# The library computes any year up to 2100 without a word; these are the years whose notice it really contains.
ANNOUNCED_YEARS = range(2007, 2027)
FIRST_YEAR, USUAL_LAST_YEAR, LAST_YEAR = 1990, 2036, 2100
SOURCE = f"holidays {version('holidays')}"
NATION = "CN"
_REMARKS = ("（补假）", " (observed)")
_SUBSTITUTE = ("休息日", "Day off")
_SHORT_EN = {"Chinese New Year (Spring Festival)": "Spring Festival"}


def _name(text: str) -> str:
    """Return the names of a day's holidays without the library's remarks; "" for a day off in lieu."""
    names = []
    for part in text.split("; "):
        for remark in _REMARKS:
            part = part.replace(remark, "")
        if not part.startswith(_SUBSTITUTE):
            names.append(_SHORT_EN.get(part, part))
    return "; ".join(names)


@lru_cache(maxsize=4)
def special_days(first_year: int, last_year: int) -> tuple[SpecialDay, ...]:
    """Return the holidays, days off in lieu and make-up working days of some years, in order of date.

    Days of years without a notice are marked unconfirmed.
    """
    years = range(first_year, last_year + 1)
    chinese = holidays.country_holidays("CN", years=years, language="zh_CN")
    english = holidays.country_holidays("CN", years=years, language="en_US")
    days = []
    for on in chinese:
        name_zh, name_en = _name(chinese[on]), _name(english[on])
        kind = DayKind.HOLIDAY if name_zh else DayKind.SUBSTITUTE
        days.append((on, kind, name_zh, name_en))
    days += [(on, DayKind.MAKEUP, "", "") for on in chinese.weekend_workdays]
    return tuple(
        SpecialDay(on=on, kind=kind, name_zh=name_zh, name_en=name_en, confirmed=on.year in ANNOUNCED_YEARS)
        for on, kind, name_zh, name_en in sorted(days)
        if on.year in years
    )


@lru_cache(maxsize=4)
def national_calendar(last_year: int = USUAL_LAST_YEAR, hours: OfficeHours | None = None) -> WorkingCalendar:
    """Return the national calendar from 1990 to `last_year` (at most 2100), built once per process."""
    return build_calendar(special=special_days(FIRST_YEAR, last_year), last_year=last_year, hours=hours)


def build_calendar(
    *,
    special: Iterable[SpecialDay],
    announced_years: Iterable[int] = ANNOUNCED_YEARS,
    last_year: int = USUAL_LAST_YEAR,
    hours: OfficeHours | None = None,
) -> WorkingCalendar:
    """Return a calendar of the usual reach from special days somebody else collected, for example a table."""
    return WorkingCalendar(
        first_year=FIRST_YEAR, last_year=last_year, special=special, announced_years=announced_years, hours=hours
    )


def lineage(region: str) -> list[str]:
    """Return a region's code and those of the regions around it, the nation's last.

    By GB/T 2260: CN-410102 (a district) lies in CN-410100 (a city), CN-410000 (a province), CN.
    """
    country, _, division = region.partition("-")
    codes = [region]
    if len(division) == len("410102") and division.isascii() and division.isdigit():
        codes += [f"{country}-{division[:length]:0<6}" for length in (4, 2)]
    return list(dict.fromkeys([*codes, NATION]))


_ENGLISH = {
    "元旦": "New Year's Day",
    "春节": "Spring Festival",
    "清明节": "Tomb-Sweeping Day",
    "劳动节": "Labor Day",
    "端午节": "Dragon Boat Festival",
    "中秋节": "Mid-Autumn Festival",
    "国庆节": "National Day",
}


def english_name(name_zh: str) -> str:
    """Return the English names of the holidays a notice names in Chinese, "" for one that is not yearly."""
    return "; ".join(_ENGLISH[part] for part in name_zh.split("、") if part in _ENGLISH)

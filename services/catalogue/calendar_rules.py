"""Stop rules that depend on dates: a closed season, or years in which something is protected. Pure, written as data.

A stop rule's `calendar` says which: it stops only if its condition holds and the dates of the answers fall into the
time that is closed. Its message names the dates: `{begins}`, `{ends}`, `{closed_first}`, `{closed_last}`,
`{free_from}`.

    {kind: closed_season, first: "11-15", last: "03-15", begins: road_from, ends: road_until}
    {kind: years_after, years: 5, since: road_built_on, begins: road_from}
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from services.catalogue.limit_rules import months_after

_DAY_OF_YEAR = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
_PLACEHOLDERS = re.compile(r"{([^{}]*)}")
#: The keys of each kind, and the questions among them whose answers are dates.
KINDS: Mapping[str, tuple[frozenset[str], tuple[str, ...]]] = {
    "closed_season": (frozenset({"kind", "first", "last", "begins", "ends"}), ("begins", "ends")),
    "years_after": (frozenset({"kind", "years", "since", "begins"}), ("since", "begins")),
}
_NAMES: Mapping[str, frozenset[str]] = {
    "closed_season": frozenset({"begins", "ends", "closed_first", "closed_last", "free_from"}),
    "years_after": frozenset({"begins", "since", "closed_last", "free_from"}),
}


@dataclass(frozen=True, kw_only=True)
class Closed:
    """The time that is closed, with the dates of the answers that fall into it, by the names messages use."""

    dates: Mapping[str, date]

    def filled(self, message: str, language: str) -> str:
        """Return a message with its dates written out; language: zh or en."""
        words = {name: day_words(day, language) for name, day in self.dates.items()}
        return _PLACEHOLDERS.sub(lambda match: words.get(match[1], match[0]), message)


def closed_time(rule: Mapping[str, Any], answers: Mapping[str, Any]) -> Closed | None:
    """Return the closed time that the answers fall into; None when they do not, or do not say when."""
    _, questions = KINDS[rule["kind"]]
    days = {name: _day(answers.get(rule[name])) for name in questions}
    given = {name: day for name, day in days.items() if day is not None}
    if len(given) < len(questions):
        return None
    return _season(rule, given) if rule["kind"] == "closed_season" else _protected(rule, given)


def _season(rule: Mapping[str, Any], given: Mapping[str, date]) -> Closed | None:
    """The earliest closed season that the work touches, both of whose days are closed themselves."""
    begins, ends = sorted((given["begins"], given["ends"]))
    for year in range(max(begins.year - 1, 1), min(ends.year, date.max.year - 1) + 1):
        first = _in_year(rule["first"], year)
        last = _in_year(rule["last"], year if rule["last"] >= rule["first"] else year + 1)
        if begins <= last and first <= ends:
            free = last + timedelta(days=1)
            dates = {"begins": begins, "ends": ends, "closed_first": first, "closed_last": last, "free_from": free}
            return Closed(dates=dates)
    return None


def _protected(rule: Mapping[str, Any], given: Mapping[str, date]) -> Closed | None:
    """The years after a day; the day on which they are over is free again."""
    since, begins = given["since"], given["begins"]
    if since.year + rule["years"] > date.max.year:
        return None
    free = months_after(since, 12 * rule["years"])
    if not since <= begins < free:
        return None
    return Closed(dates={**given, "closed_last": free - timedelta(days=1), "free_from": free})


def _in_year(day: str, year: int) -> date:
    """Return a day such as 02-29 in a year, the month's last where the year has none such."""
    month, number = map(int, day.split("-"))
    return months_after(date(2000, 1, number), (year - 2000) * 12 + month - 1)


def _day(answer: Any) -> date | None:
    try:
        return date.fromisoformat(str(answer))
    except ValueError:
        return None


def day_words(day: date, language: str) -> str:
    """Return a date in words, for texts that are data in both languages: 2026年11月15日, 15 November 2026."""
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {calendar.month_name[day.month]} {day.year}"


def problems_of(rule: Mapping[str, Any], dates_asked: frozenset[str], messages: tuple[str, ...]) -> Iterator[str]:
    """Yield a sentence for everything wrong with a rule.

    Args:
        rule: as a stop rule's `calendar` says it.
        dates_asked: keys of the questions that are answered with a date.
        messages: the stop rule's explanations.
    """
    if rule.get("kind") not in KINDS:
        yield f"A rule about dates is one of {', '.join(sorted(KINDS))}."
        return
    keys, questions = KINDS[rule["kind"]]
    if set(rule) != keys:
        yield f"It says exactly {', '.join(sorted(keys))}."
        return
    for name in questions:
        if rule[name] not in dates_asked:
            yield f"No question {rule[name]} asks for a date."
    for name in ("first", "last"):
        if name in rule and not _DAY_OF_YEAR.fullmatch(str(rule[name])):
            yield f"{name} is a day of the year such as 11-15."
    if "years" in rule and not (isinstance(rule["years"], int) and 1 <= rule["years"] <= 100):
        yield "The years are a whole number from 1 to 100."
    for name in sorted({name for text in messages for name in _PLACEHOLDERS.findall(text)} - _NAMES[rule["kind"]]):
        yield f"The explanation names {{{name}}}, which is none of its dates."

"""Read a notice of days off from a file: JSON as holiday-cn publishes it, or CSV. Bad files are refused as a whole."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from workflows.clocks import DayKind, SpecialDay
from workflows.clocks.calendar import SATURDAY
from workflows.clocks.china import FIRST_YEAR, USUAL_LAST_YEAR, english_name

LARGEST_FILE = 1_000_000
MOST_DAYS = 400
LONGEST_NAME, LONGEST_SOURCE = 100, 200
COLUMNS = ("date", "kind", "name_zh", "name_en")


class CalendarError(Exception):
    """The calendar cannot be changed like this. The message is a sentence for the administrator."""


class CalendarFileError(CalendarError):
    """The file is no notice. The message names the line or entry, for the person who chose the file."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What a file says. year: the year it announces, None for single days. source: what it rests on, "" if unsaid."""

    year: int | None
    days: tuple[SpecialDay, ...]
    source: str = ""


def read_notice(content: bytes, *, name: str, year: int | None = None) -> Notice:
    """Return what a file says. name: by whose ending its form is known. year: what it announces, if it does not say.

    Raises CalendarFileError: too large, another form, not UTF-8, an entry that is wrong, a day listed twice or far
    from the year.
    """
    if len(content) > LARGEST_FILE:
        raise CalendarFileError(_("The file is larger than one megabyte: a year's notice is not."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CalendarFileError(_("The file is not text in UTF-8.")) from None
    if name.lower().endswith(".json"):
        return _from_json(text, year)
    if name.lower().endswith(".csv"):
        return Notice(year=year, days=_checked(_rows(text), year))
    raise CalendarFileError(_("Only files that end in .json or .csv are read."))


def _from_json(text: str, asked: int | None) -> Notice:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise CalendarFileError(_("The file is not JSON.")) from None
    if not isinstance(found, dict) or not isinstance(found.get("days"), list):
        raise CalendarFileError(_("The file is no notice: it has no list of days."))
    said = found.get("year")
    if said is not None and (type(said) is not int or not FIRST_YEAR <= said <= USUAL_LAST_YEAR):
        raise CalendarFileError(_("The year of the file is none."))
    if asked is not None and said is not None and asked != said:
        raise _refused(_("The file is the notice of %(said)s, not of %(asked)s."), said=said, asked=asked)
    papers = found.get("papers")
    paper = papers[0] if isinstance(papers, list) and papers and isinstance(papers[0], str) else ""
    if len(paper) > LONGEST_SOURCE or not paper.isprintable():
        raise CalendarFileError(_("The address of the notice is too long or not plain text."))
    year = said or asked
    if not found["days"]:
        raise CalendarFileError(_("The file lists no day: this year is not announced yet."))
    return Notice(year=year, days=_checked(_entries(found["days"]), year), source=paper)


def _refused(sentence: str, **words: Any) -> CalendarFileError:
    return CalendarFileError(sentence % words)


Found = tuple[str, SpecialDay]


def _entries(days: list[Any]) -> Iterator[Found]:
    """Yield where an entry stands, and the day it lists."""
    for number, entry in enumerate(days, start=1):
        where = _("Entry %(number)s") % {"number": number}
        if not isinstance(entry, dict) or type(entry.get("isOffDay")) is not bool:
            raise _refused(_("%(where)s: “isOffDay” must be true or false."), where=where)
        on = _date(entry.get("date"), where)
        name, english = _name(entry.get("name", ""), where), _name(entry.get("name_en", ""), where)
        if entry["isOffDay"]:
            name_zh, name_en = name.replace("、", "; "), english or english_name(name)
            yield where, SpecialDay(on=on, kind=DayKind.HOLIDAY, name_zh=name_zh, name_en=name_en)
        else:
            yield where, SpecialDay(on=on, kind=DayKind.MAKEUP if on.weekday() >= SATURDAY else DayKind.WORKDAY)


def _rows(text: str) -> Iterator[Found]:
    """Yield where a row stands, and the day it lists."""
    reader = csv.DictReader(io.StringIO(text), strict=True)
    if missing := [column for column in COLUMNS if column not in (reader.fieldnames or ())]:
        raise _refused(_("The first line must name these columns: %(columns)s."), columns=", ".join(missing))
    try:
        for row in reader:
            where = _("Line %(number)s") % {"number": reader.line_num}
            if None in row or None in row.values():
                raise _refused(_("%(where)s has another number of columns."), where=where)
            if row["kind"] not in set(DayKind):
                words = {"where": where, "kinds": ", ".join(DayKind)}
                raise _refused(_("%(where)s: the kind must be one of %(kinds)s."), **words)
            name_zh, name_en = (_name(row[key].strip(), where) for key in ("name_zh", "name_en"))
            kind = DayKind(row["kind"])
            yield where, SpecialDay(on=_date(row["date"], where), kind=kind, name_zh=name_zh, name_en=name_en)
    except csv.Error:
        raise _refused(_("Line %(number)s is not CSV."), number=reader.line_num) from None


def _date(text: Any, where: str) -> date:
    try:
        if isinstance(text, str) and len(text) == len("2027-01-01"):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise _refused(_("%(where)s: the date must be written like 2027-01-01."), where=where)


def _name(text: Any, where: str) -> str:
    if not isinstance(text, str) or len(text) > LONGEST_NAME or not text.isprintable():
        raise _refused(_("%(where)s: the name is too long or not plain text."), where=where)
    return text


def _checked(found: Iterable[Found], year: int | None) -> tuple[SpecialDay, ...]:
    """Return the days, each once and near the year. Raises CalendarFileError."""
    days: dict[date, SpecialDay] = {}
    for where, day in found:
        on = day.on
        if on in days:
            raise _refused(_("%(where)s: %(on)s is listed twice."), where=where, on=on)
        if not FIRST_YEAR <= on.year <= USUAL_LAST_YEAR:
            raise _refused(_("%(where)s: %(on)s is outside the calendar."), where=where, on=on)
        if year is not None and not date(year - 1, 12, 1) <= on <= date(year + 1, 1, 31):
            words = {"where": where, "on": on, "year": year}
            raise _refused(_("%(where)s: %(on)s does not belong to the notice of %(year)s."), **words)
        days[on] = day
        if len(days) > MOST_DAYS:
            raise CalendarFileError(_("The file lists more days than a year has."))
    if not days:
        raise CalendarFileError(_("The file lists no day."))
    return tuple(days[on] for on in sorted(days))

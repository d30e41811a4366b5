"""`manage.py explain_deadline`: by when, and why, without any server running.

One deadline: --received 2025-01-24 --limit 3 --unit working_days [--pause A..B] [--lang en] [--json].
Many: --batch FILE.csv with the columns received, limit, unit; one JSON line per row.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from workflows.clocks import ClockFacts, Limit, OutsideCalendarError, Pause, Unit, due, explain, national_calendar
from workflows.clocks.china import LAST_YEAR
from workflows.clocks.wording import LANGUAGES

COLUMNS = ("received", "limit", "unit")
UNITS = tuple(unit.value for unit in Unit)
# A limit longer than this is a slip of the pen: it reaches beyond every calendar.
LARGEST_LIMIT = 100_000


class InputError(Exception):
    """What was asked cannot be understood. The message is one sentence for the person at the terminal."""


class Command(BaseCommand):
    """Explain a deadline."""

    help = "Compute by when something must be done and explain why, line by line."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Say which words the command takes."""
        parser.add_argument("--received", help="the day it started, e.g. 2025-01-24 or 2025-01-24T15:30; it is day 0")
        parser.add_argument("--limit", help="how many units; 0 = on the spot")
        parser.add_argument("--unit", default="working_days", help=" | ".join(UNITS))
        parser.add_argument(
            "--pause", action="append", default=[], metavar="A..B", help="days not counted, both included; repeatable"
        )
        parser.add_argument("--lang", default="zh-hans", help="language of the lines: zh-hans or en")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--batch", metavar="FILE.csv", help="columns received, limit, unit; one JSON line per row")

    def handle(self, *args: Any, **options: Any) -> None:
        """Answer on standard output. Exit status 2: not understood. 1: a row of the batch was not understood."""
        try:
            language = _language(options["lang"])
            if options["batch"]:
                if options["received"] or options["limit"] or options["pause"]:
                    raise InputError("Give either --batch or --received and --limit, not both.")
                failed = self._answer_batch(Path(options["batch"]), language)
            else:
                failed = self._answer_one(options, language)
        except InputError as error:
            self.stderr.write(str(error))
            sys.exit(2)
        if failed:
            sys.exit(1)

    def _answer_one(self, options: dict[str, Any], language: str) -> bool:
        if not options["received"] or options["limit"] is None:
            raise InputError("Give --received and --limit, or --batch with a file.")
        pauses = tuple(_pause(text) for text in options["pause"])
        answer = _answer(options["received"], options["limit"], options["unit"], pauses, language)
        if options["json"]:
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(answer["lines"]))
        return False

    def _answer_batch(self, path: Path, language: str) -> bool:
        failed = False
        for number, row in enumerate(_rows(path), start=1):
            try:
                received, limit, unit = (_cell(row, column) for column in COLUMNS)
                answer = _answer(received, limit, unit, (), language)
                known = {"row": number, "received": received, "limit": int(limit), "unit": unit}
                self.stdout.write(json.dumps({**known, **answer}, ensure_ascii=False))
            except InputError as error:
                failed = True
                self.stdout.write(json.dumps({"row": number, "error": str(error)}, ensure_ascii=False))
        return failed


def _rows(path: Path) -> Iterator[dict[str, str | None]]:
    """Yield the rows of a CSV file by column. Raises InputError when it cannot be read as one."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise InputError(f"{path} has no column {' or '.join(missing)}; it needs: {', '.join(COLUMNS)}.")
            yield from reader
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    except (UnicodeDecodeError, csv.Error):
        raise InputError(f"{path} is not a CSV file in UTF-8.") from None


def _cell(row: dict[str, str | None], column: str) -> str:
    text = row.get(column)
    if text is None or not text.strip():
        raise InputError(f"The column {column} is empty.")
    return text.strip()


def _answer(received: str, limit: str, unit: str, pauses: Iterable[Pause], language: str) -> dict[str, Any]:
    facts = ClockFacts(kind="promised", limit=_limit(limit, unit), started_at=_instant(received), pauses=tuple(pauses))
    try:
        calendar = national_calendar()
        try:
            answer = due(facts, calendar)
        except OutsideCalendarError:
            calendar = national_calendar(LAST_YEAR)
            answer = due(facts, calendar)
        lines = explain(facts, calendar, language)
    except OutsideCalendarError as error:
        raise InputError(str(error)) from None
    return {
        "due_on": answer.due_on and answer.due_on.isoformat(),
        "due_at": answer.due_at and answer.due_at.isoformat(),
        "provisional": answer.provisional,
        "lines": lines,
    }


def _language(text: str) -> str:
    for language in LANGUAGES:
        if text.lower().replace("_", "-") in (language, language.split("-")[0]):
            return language
    raise InputError(f"--lang {text} is not known; it is one of: {', '.join(LANGUAGES)}.")


def _limit(amount: str, unit: str) -> Limit:
    if unit not in UNITS:
        raise InputError(f"The unit {unit} is not known; it is one of: {', '.join(UNITS)}.")
    if not amount.isascii() or not amount.isdigit():
        raise InputError(f"The limit {amount} is not a whole number from 0 up.")
    if len(amount) > len(str(LARGEST_LIMIT)) or int(amount) > LARGEST_LIMIT:
        raise InputError(f"The limit {amount} is too long; the longest is {LARGEST_LIMIT}.")
    return Limit(int(amount), Unit(unit))


def _instant(text: str) -> datetime:
    """Read a day or an instant; a day alone means its beginning, an instant without a zone is local."""
    try:
        if len(text) == len("2025-01-24"):
            moment = datetime.combine(date.fromisoformat(text), time(0))
        else:
            moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text} is not a date such as 2025-01-24.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=national_calendar().zone)


def _pause(text: str) -> Pause:
    begin, dots, end = text.partition("..")
    try:
        return Pause(date.fromisoformat(begin), date.fromisoformat(end)) if dots else _not_a_pause(text)
    except ValueError as error:
        if "before it begins" in str(error):
            raise InputError(str(error)) from None
        return _not_a_pause(text)


def _not_a_pause(text: str) -> Pause:
    raise InputError(f"{text} is not a pause such as 2025-02-06..2025-02-10, both days included.")

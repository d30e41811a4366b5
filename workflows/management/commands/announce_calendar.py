"""`manage.py announce_calendar 2027 FILE.json --source "…"`: take a year's notice into the region's calendar.

FILE.json: {"days": [{"date": "2027-01-01", "name": "元旦", "name_en": "New Year's Day", "isOffDay": true}, …]};
name_en may be missing. Days off and make-up working days as the notice lists them.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows.clocks import DayKind, SpecialDay
from workflows.clocks.calendar import SATURDAY
from workflows.clocks.china import english_name
from workflows.operations.calendars import CalendarError, announce_year
from workflows.queries.calendars import database_now, home_region


class Command(BaseCommand):
    """Announce a year."""

    help = "Replace a year of the calendar by what its notice says; running clocks are recomputed, on the record."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say which words the command takes."""
        parser.add_argument("year", type=int)
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", required=True, help="number or address of the notice")
        parser.add_argument(
            "--region", default=home_region(), help="code of the region, by default this installation's"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the notice and announce the year."""
        days = _read(options["file"])
        try:
            version = announce_year(
                region=options["region"],
                year=options["year"],
                days=days,
                source=options["source"],
                by=None,
                at=database_now(),
            )
        except CalendarError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"The year {options['year']} is announced: {version}, {len(days)} days.")


def _read(path: Path) -> list[SpecialDay]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["days"]
        return [_day(row) for row in rows]
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise CommandError(f"{path} is not a notice: see `manage.py help announce_calendar`.") from None


def _day(row: dict[str, Any]) -> SpecialDay:
    on, name = date.fromisoformat(row["date"]), str(row.get("name", ""))
    off = {True: DayKind.HOLIDAY, False: DayKind.MAKEUP if on.weekday() >= SATURDAY else DayKind.WORKDAY}
    kind = off[row["isOffDay"]]
    named = kind is DayKind.HOLIDAY
    return SpecialDay(
        on=on,
        kind=kind,
        name_zh=name.replace("、", "; ") if named else "",
        name_en=str(row.get("name_en") or english_name(name)) if named else "",
    )

"""`manage.py import_calendar FILE [--region R] [--year Y] [--source …] [--check]`: take days off into a calendar.

FILE.json as holiday-cn publishes it: {"year": 2027, "papers": ["https://…"], "days": [{"date": "2027-01-01",
"name": "元旦", "isOffDay": true}, …]}; FILE.csv with the columns date, kind, name_zh, name_en. A file with a year, or
with --year, announces that year; a CSV file without one enters single days. Importing twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows.clocks.calendar import WORKING_KINDS
from workflows.clocks.china import ANNOUNCED_YEARS, NATION, national_calendar
from workflows.models import CalendarVersion
from workflows.operations.calendar_files import Notice, read_notice
from workflows.operations.calendar_previews import preview
from workflows.operations.calendars import CalendarError, import_notice
from workflows.queries.calendars import database_now


class Command(BaseCommand):
    """Import a notice."""

    help = "Announce a year, or enter days, from a file; open time limits are recomputed by a job, on the record."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say which words the command takes."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--region", default=NATION, help=f"code of the region, by default {NATION}, the nation")
        parser.add_argument("--year", type=int, help="the year that is announced, where the file does not say it")
        parser.add_argument(
            "--source", default="", help="number or address of the notice, by default what the file says"
        )
        parser.add_argument("--check", action="store_true", help="only say what would change")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the file, say where it differs from the library, and import it unless only asked."""
        path: Path = options["file"]
        try:
            notice = read_notice(path.read_bytes(), name=path.name, year=options["year"])
            for line in _differences(notice):
                self.stdout.write(line)
            at, source = database_now(), options["source"] or notice.source or path.name

            def change() -> CalendarVersion | None:
                return import_notice(region=options["region"], notice=notice, source=source, by=None, at=at)

            self._say_preview(change) if options["check"] else self._say_result(change(), notice)
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from None
        except CalendarError as error:
            raise CommandError(f"{path}: {error}") from None

    def _say_preview(self, change: Any) -> None:
        found = preview(change)
        if found is None:
            self.stdout.write("Nothing would change.")
            return
        for day in found.days:
            self.stdout.write(f"{day.on}: {day.before} → {day.after} {day.name_en or day.name_zh}".rstrip())
        for year in found.confirmed_years:
            self.stdout.write(f"{year} would be final.")
        about = "" if found.exact else "about "
        self.stdout.write(f"Open time limits whose day would move: {about}{found.clocks}.")

    def _say_result(self, version: CalendarVersion | None, notice: Notice) -> None:
        if version is None:
            self.stdout.write("Nothing has changed: the calendar says this already.")
            return
        what = f"The year {notice.year} is announced" if notice.year else "The days are entered"
        self.stdout.write(f"{what}: {version}, {len(notice.days)} days. Open time limits are recomputed by a job.")


def _differences(notice: Notice) -> Iterator[str]:
    """Yield where a notice says another thing than the `holidays` library, for years whose notice that contains."""
    national = national_calendar()
    for day in notice.days:
        if day.on.year in ANNOUNCED_YEARS and national.is_working(day.on) != (day.kind in WORKING_KINDS):
            yield f"{day.on}: the file says {day.kind}, the holidays library says {national.kind(day.on)}."

"""`manage.py load_calendar`: fill the region's working calendar from the national one. Safe to run again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from workflows.operations.calendars import load_national_calendar
from workflows.queries.calendars import database_now, days_of, home_region, newest_version


class Command(BaseCommand):
    """Load the national calendar."""

    help = "Fill the region's working calendar from the national one; what an administrator entered stays."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say which words the command takes."""
        parser.add_argument(
            "--region", default=home_region(), help="code of the region, by default this installation's"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load it and say what is there now."""
        region: str = options["region"]
        changed = load_national_calendar(region=region, at=database_now())
        version = newest_version(region)
        assert version is not None  # loading made the first one
        days = len(days_of(version))
        state = "loaded" if changed else "unchanged"
        self.stdout.write(
            f"Calendar of {region} {state}: version {version.number}, {days} special days, "
            f"announced through {version.announced_through}."
        )

"""`manage.py rebuild_board`: make the board's counts agree with the clocks again, or with --check only look."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from services.cases.operations.board import rebuild_board
from services.cases.queries.standings import count_differences, wrong_standings
from workflows.queries.calendars import database_now

#: So many of what is wrong are named.
SHOWN = 10


class Command(BaseCommand):
    """Check or rebuild the board."""

    help = "Compare the board's counts with the clocks of every open case, and put right what differs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say which words the command takes."""
        parser.add_argument("--check", action="store_true", help="change nothing; exit status 1 if something differs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check or rebuild, and say what was wrong."""
        at = database_now()
        if not options["check"]:
            rebuilt = rebuild_board(at=at)
            self.stdout.write(f"Put right: {rebuilt.standings} cases and {rebuilt.counts} counts.")
            return
        standings, counts = wrong_standings(), count_differences(at)
        for key in standings[:SHOWN]:
            self.stdout.write(f"case {key}: its standing is not what its clocks say")
        for one in counts[:SHOWN]:
            lacks = ", ".join(f"{column} {number:+d}" for column, number in one.lacks.items() if number)
            self.stdout.write(f"{one.department} {one.service} from {one.from_at:%Y-%m-%d %H:%M}: lacks {lacks}")
        self.stdout.write(f"Differ: {len(standings)} cases and {len(counts)} counts.")
        if standings or counts:
            raise SystemExit(1)

"""Load the demo city: people, calendar, processes and catalogue. Loading twice changes nothing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from portal.demo.city import load_city
from workflows.queries.calendars import database_now


class Command(BaseCommand):
    """Loads what the demonstration needs before its first application."""

    help = "Load the demo city: departments, people, calendar, processes and catalogue."

    def handle(self, *args: Any, **options: Any) -> None:
        """Load it."""
        load_city(at=database_now())
        self.stdout.write("The city is loaded.")

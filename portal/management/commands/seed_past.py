"""Fill a new demo with the past sixty working days; where there are cases already, nothing is added."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from portal.demo.seed import live_through_the_past
from services.cases.models import Case
from workflows.queries.calendars import database_now


class Command(BaseCommand):
    """Seeds the demonstration."""

    help = "Make about 200 cases of the past 60 working days through the same operations the pages use."

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed an empty database only."""
        if Case.objects.exists():
            self.stdout.write(f"{Case.objects.count()} cases are here already; they are kept.")
            return
        count = live_through_the_past(until=database_now(), say=self.stderr.write)
        self.stdout.write(f"{count} cases of the past 60 working days were lived through.")

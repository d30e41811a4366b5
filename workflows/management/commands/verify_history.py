"""Check the chain of every case's history: `manage.py verify_history [ROOT …]`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workflows.models import Run
from workflows.operations.history import first_broken_row


class Command(BaseCommand):
    """Recomputes the hashes of root runs' histories and names the first row that does not fit."""

    help = "Check that no row of a history was changed, removed or put in. Exit status 1 names the first bad row."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the root runs to check; all of them if none is named."""
        parser.add_argument("roots", nargs="*", type=int, metavar="ROOT", help="number of a root run")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, say how many histories hold, fail at the first that does not."""
        runs = Run.objects.filter(parent=None).order_by("pk")
        if options["roots"]:
            runs = runs.filter(pk__in=options["roots"])
            if missing := sorted(set(options["roots"]) - set(runs.values_list("pk", flat=True))):
                raise CommandError(f"There is no root run {', '.join(map(str, missing))}.")
        checked = rows = 0
        for run in runs.iterator(chunk_size=500):
            broken = first_broken_row(run)
            if broken is not None:
                raise CommandError(
                    f"The history of run {run.pk} ({run.subject_kind} {run.subject_id}) breaks at row {broken}."
                )
            checked += 1
            rows += run.history_length
        self.stdout.write(f"Histories that hold: {checked}, with {rows} rows.")

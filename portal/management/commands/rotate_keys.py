"""Re-encrypt every encrypted column with the active key and re-index persons; stop it and start it again at will."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from services.access.operations import encrypted_models, rotate_keys, rows_under_old_keys
from services.parties.operations import reindex_persons


class Command(BaseCommand):
    """`manage.py rotate_keys [--batch ROWS]`."""

    help = "Write rows under old keys again with the active one, beside the running site. See docs/people.md."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the size of a transaction."""
        parser.add_argument("--batch", type=int, default=200, help="rows of one transaction")

    def handle(self, *, batch: int, **_options: Any) -> None:
        """Go through all models, then tell what is left."""
        left = 0
        for model, fields in encrypted_models():
            written = 0
            while count := rotate_keys(model=model, fields=fields, limit=batch):
                written += count
            waiting = rows_under_old_keys(model, fields).count()
            left += waiting
            self.stdout.write(f"{model._meta.label}: {written} written, {waiting} left")
        last: int | None = 0
        while last is not None:
            last = reindex_persons(after=last, limit=batch)
        self.stdout.write("No row is left." if not left else f"{left} rows were in use: run this again.")

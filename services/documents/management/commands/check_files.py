"""`manage.py check_files [--hashes]`: nightly, and weekly with the fingerprints."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from services.documents.reconciliation import file_report


class Command(BaseCommand):
    """Report rows without a file, files without a row, and changed files; ends with an error if there are any."""

    help = "Compare stored files with the database."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Read --hashes."""
        parser.add_argument("--hashes", action="store_true", help="also compare every file's SHA-256 (slow)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line per finding."""
        report = file_report(at=timezone.now(), hashes=options["hashes"])
        for word, keys in (
            ("row without file", report.rows_without_file),
            ("file without row", report.files_without_row),
            ("changed file", report.damaged),
            ("upload never finished", report.stuck),
        ):
            for key in keys:
                self.stdout.write(f"{word}: {key}")
        if not report.clean:
            raise CommandError("Files and database do not agree; see the lines above.")
        self.stdout.write(f"{report.checked} files agree with the database.")

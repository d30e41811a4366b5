"""`manage.py compile_catalogues`: build the translation catalogues out of locale/parts."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.management import catalogues


class Command(BaseCommand):
    """Merge and compile; with --check only say which texts lack a translation."""

    help = "Merge locale/parts/*.zh_Hans.po and compile the catalogues"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--check", action="store_true", help="only list texts without a translation, and fail")
        parser.add_argument("--marked", metavar="FOLDER", type=Path, help="write catalogues with ⟦marked⟧ texts there")

    def handle(self, *args: Any, check: bool, marked: Path | None, **options: Any) -> None:
        """Run the command."""
        root = Path(settings.ROOT)
        try:
            if check:
                self._check(root)
            else:
                count = catalogues.compile_catalogues(root, marked or root / "locale", marked=marked is not None)
                self.stdout.write(f"{count} texts in Chinese compiled into {marked or root / 'locale'}")
        except catalogues.CatalogueError as error:
            raise CommandError(str(error)) from error

    def _check(self, root: Path) -> None:
        missing = catalogues.untranslated(root)
        for text, path in missing.items():
            self.stdout.write(f"{path.relative_to(root)}: {text.english!r}")
        if missing:
            raise CommandError(f"{len(missing)} texts have no Chinese: add them to a file in locale/parts.")
        self.stdout.write("Every text has its Chinese.")

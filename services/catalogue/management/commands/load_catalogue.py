"""Publish the catalogue's files."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from services.catalogue.content import ContentError
from services.catalogue.operations import InconsistentContentError, check_catalogue, load_catalogue
from services.catalogue.queries import SHIPPED_FOLDER


class Command(BaseCommand):
    """Load the catalogue, or only check it."""

    help = "Publish services and bundles from YAML files; what did not change stays as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what can be given."""
        parser.add_argument("--folder", type=Path, default=SHIPPED_FOLDER, help="the catalogue's folder")
        parser.add_argument("--check", action="store_true", help="check the files and store nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and print what happened."""
        try:
            if options["check"]:
                self._check(options["folder"])
            else:
                report = load_catalogue(folder=options["folder"], at=timezone.now())
                self.stdout.write(
                    f"{len(report.created)} created, {len(report.changed)} changed, {len(report.unchanged)} unchanged"
                )
        except (ContentError, InconsistentContentError) as error:
            raise CommandError(str(error)) from error

    def _check(self, folder: Path) -> None:
        findings = check_catalogue(folder=folder)
        if findings:
            raise CommandError("\n".join(map(str, findings)))
        self.stdout.write("The catalogue is consistent.")

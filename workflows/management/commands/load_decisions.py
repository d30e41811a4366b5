"""Publish the DMN files of a folder: `manage.py load_decisions services/catalogue/data/decisions`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from workflows.dmn import DmnError
from workflows.operations.decisions import UnsoundDecisionError, publish_decision


class Command(BaseCommand):
    """Publishes every *.dmn file of the given folders; unchanged files change nothing."""

    help = "Publish the DMN decision tables of a folder, each only after the proof that its rules do not conflict."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the folders."""
        parser.add_argument("folders", nargs="+", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Publish, or say which file is refused and why."""
        files = sorted(file for folder in options["folders"] for file in folder.glob("*.dmn"))
        if not files:
            raise CommandError("There is no .dmn file in the folders given.")
        for file in files:
            try:
                definition = publish_decision(source=file.read_bytes(), at=timezone.now())
            except (DmnError, UnsoundDecisionError) as error:
                raise CommandError(f"{file}: {error}") from error
            self.stdout.write(f"{file.name}: version {definition.version}")

"""Publish the BPMN files of a folder: `manage.py load_processes services/catalogue/data/processes`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from workflows.bpmn.parse import BpmnError
from workflows.operations.definitions import UnsoundProcessError, publish_process


class Command(BaseCommand):
    """Publishes every *.bpmn file of the given folders; unchanged files change nothing."""

    help = "Publish the BPMN processes of a folder, each only after the proof that it cannot get stuck."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the folders."""
        parser.add_argument("folders", nargs="+", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Publish, or say which file is refused and why."""
        files = sorted(file for folder in options["folders"] for file in folder.glob("*.bpmn"))
        if not files:
            raise CommandError("There is no .bpmn file in the folders given.")
        for file in files:
            try:
                definition = publish_process(source=file.read_bytes(), at=timezone.now())
            except (BpmnError, UnsoundProcessError) as error:
                raise CommandError(f"{file}: {error}") from error
            self.stdout.write(f"{file.name}: version {definition.version}")

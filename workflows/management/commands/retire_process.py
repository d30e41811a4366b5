"""`manage.py retire_process KEY`: no new case begins with this process; those that run stay with their version."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workflows.models import ProcessDefinition
from workflows.operations.definitions import retire_process


class Command(BaseCommand):
    """Retires the published version of a process."""

    help = "Let no new case begin with a process. Running cases go on with the version they began with."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the process."""
        parser.add_argument("key")

    def handle(self, *args: Any, **options: Any) -> None:
        """Retire it, or say that nobody knows it."""
        if not ProcessDefinition.objects.filter(key=options["key"]).exists():
            raise CommandError(f"There is no process {options['key']}.")
        retire_process(key=options["key"])
        self.stdout.write(f"{options['key']} is retired.")

"""Load departments, halls and the people of a file; run twice, it changes nothing the second time."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from portal.accounts.operations import confirm_email
from services.parties.operations import load_people

DEMO_PEOPLE = Path(__file__).resolve().parents[2] / "demo" / "people.yaml"


class Command(BaseCommand):
    """`manage.py load_people [FILE]`."""

    help = "Load departments, halls, windows, staff, citizens, organisations and mandates from a YAML file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file; without one, the people of the demo."""
        parser.add_argument("file", nargs="?", type=Path, default=DEMO_PEOPLE)

    @transaction.atomic
    def handle(self, *, file: Path, **_options: Any) -> None:
        """Load, and confirm the loaded e-mail addresses, whose owners nobody can ask."""
        users = load_people(people=yaml.safe_load(file.read_text(encoding="utf-8")), at=timezone.now())
        for user in users:
            confirm_email(user=user)
        self.stdout.write(f"{len(users)} sign-ins are there.")

"""Publish the threshold rules that come with the system."""

from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError, CommandParser

from services.supervision.operations.rules import SHIPPED_FILE, load_rules, shipped_rules
from workflows.clocks import ThresholdRulesError
from workflows.operations.thresholds import check_rules
from workflows.queries.calendars import database_now


class Command(BaseCommand):
    """Load the threshold rules, or only check them."""

    help = "Publish threshold rules from a YAML file. What managers published stays; the law's rules are renewed."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what can be given."""
        parser.add_argument(
            "file", nargs="?", type=Path, default=SHIPPED_FILE, help="the rules; by default the shipped ones"
        )
        parser.add_argument("--check", action="store_true", help="check the file and store nothing")
        parser.add_argument("--replace", action="store_true", help="also replace what managers published")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and print what happened."""
        try:
            rules = shipped_rules(options["file"])
            if options["check"]:
                check_rules(rules)
                self.stdout.write(f"The {len(rules)} rules can be published.")
                return
            version = load_rules(rules=rules, at=database_now(), replace=options["replace"])
        except ThresholdRulesError as error:
            raise CommandError("\n".join(error.sentences("en"))) from error
        except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
            raise CommandError(f"The file cannot be read as rules: {error}") from error
        self.stdout.write(f"Version {version.number} holds since {version.published_at:%Y-%m-%d %H:%M}.")

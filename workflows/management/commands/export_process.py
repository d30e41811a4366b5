"""`manage.py export_process KEY`: the BPMN file of a process as it was published, drawing and vendor parts included."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workflows.bpmn.parse import read_document
from workflows.enums import DefinitionState
from workflows.models import ProcessDefinition


class Command(BaseCommand):
    """Writes one version of a process, by default the published one."""

    help = "Write the BPMN file of a process: the published version, an older one, or the draft."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which version, and where to."""
        parser.add_argument("key")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--version-number", type=int, help="by default the published version")
        which.add_argument("--draft", action="store_true")
        parser.add_argument("--output", type=Path, help="by default standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """Find the version and write it."""
        wanted: dict[str, Any] = {"state": DefinitionState.PUBLISHED}
        if options["draft"]:
            wanted = {"state": DefinitionState.DRAFT}
        elif options["version_number"] is not None:
            wanted = {"version": options["version_number"]}
        definition = ProcessDefinition.objects.filter(key=options["key"], **wanted).first()
        if definition is None:
            raise CommandError(f"There is no such version of the process {options['key']}.")
        xml = read_document(definition.source.encode()).to_xml()
        if options["output"] is None:
            self.stdout.write(xml.decode())
        else:
            options["output"].write_bytes(xml)

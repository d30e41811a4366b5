"""Take an event log into the analysis store and count it: `manage.py import_log FILE [--json]`."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import fields
from datetime import tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.management.base import BaseCommand
from django.utils import timezone

from workflows.eventlog.columns import Columns
from workflows.eventlog.errors import UnreadableLogError
from workflows.operations.logs import Import, checksum_of, count_log, import_log
from workflows.queries.calendars import database_now

MEANINGS = {
    "case": "which case a row belongs to",
    "activity": "what happened",
    "time": "when it happened",
    "resource": "who did it",
    "deadline": "by when the case must end",
    "start": "when the case began",
    "end": "when the case ended",
    "channel": "how the case came in",
    "department": "whose case it is",
    "group": "which group handles the case",
    "event_group": "which group an event is of",
}


class UnknownZoneError(Exception):
    """There is no zone of this name. The message is one sentence for the person at the terminal."""


class Command(BaseCommand):
    """Reads a log whole or not at all; live cases are never touched."""

    help = "Import an event log (XES or CSV, also packed by gzip) into the analysis store and print its figures."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say which words the command takes."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--json", action="store_true", help="print one JSON object with every figure")
        parser.add_argument("--dry-run", action="store_true", help="read and count, store nothing; needs no database")
        parser.add_argument("--name", default="", help="what the log is called, by default as the file")
        parser.add_argument("--zone", help="of instants without an offset, by default this installation's")
        for field in fields(Columns):
            usual = str(field.default).replace("%", "%%")
            option = f"--{field.name.replace('_', '-')}-column"
            parser.add_argument(option, default=field.default, help=f"{MEANINGS[field.name]} ({usual})")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import and print. Exit status 2: the file cannot be read as an event log; a sentence says why."""
        path: Path = options["file"]
        try:
            done = self._imported(path, options)
        except (UnreadableLogError, UnknownZoneError) as error:
            self.stderr.write(f"{path} is not imported: {error}")
            sys.exit(2)
        if options["json"]:
            stored = {"log": done.log.pk if done.log else None, "stored": done.created, "checksum": done.checksum}
            self.stdout.write(json.dumps({"file": path.name, **stored, **done.figures}, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(_summary(path, done)))

    def _imported(self, path: Path, options: dict[str, Any]) -> Import:
        columns = Columns(**{field.name: options[f"{field.name}_column"] for field in fields(Columns)})
        zone = _zone(options["zone"])
        if options["dry_run"]:
            figures = count_log(path=path, columns=columns, zone=zone)
            return Import(log=None, created=False, checksum=checksum_of(path, columns, zone), figures=figures)
        return import_log(path=path, at=database_now(), columns=columns, zone=zone, name=options["name"])


def _zone(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name) if name else timezone.get_default_timezone()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownZoneError(f"the zone {name} is not known; it is a name such as Asia/Shanghai.") from None


def _summary(path: Path, done: Import) -> list[str]:
    """Return the most important figures in lines."""
    figures = done.figures
    if done.log is None:
        stored = "counted only"
    else:
        stored = f"stored as log {done.log.pk}" if done.created else f"was stored before, as log {done.log.pk}"
    lines = [
        f"{path.name}: {stored}",
        f"{figures['cases']} cases, {figures['events']} events, {figures['activities']} activities, "
        f"{figures['resources']} resources, {figures['variants']} variants",
    ]
    if figures["closed"] is not None:
        lines.append(f"{figures['closed']} closed, {figures['open']} open")
    if figures["late"] is not None:
        lines.append(f"{figures['late']} late by their deadline")
    if days := figures["throughput_days"]:
        basis = figures["throughput"]
        lines.append(
            f"Days from {basis['from']} to {basis['to']} ({basis['cases']} cases): median {days['median']}, "
            f"mean {days['mean']}, P90 {days['p90']}, from {days['min']} to {days['max']}"
        )
    lines += [f"  {count:>7}  {_printable(name)}" for name, count in list(figures["events_by_activity"].items())[:10]]
    return [*lines, *figures["notes"]]


def _printable(text: str) -> str:
    # Names come from the file: none of them may steer the terminal.
    return "".join(letter if letter.isprintable() else "?" for letter in text)

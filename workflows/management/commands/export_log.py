"""Write live history as an event log: `manage.py export_log --format xes|ocel --output FILE`."""

from __future__ import annotations

import gzip
import io
import os
import sys
import tempfile
from argparse import ArgumentParser
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.core.management.base import BaseCommand
from django.utils import timezone

from workflows.eventlog.ocel import write_ocel
from workflows.eventlog.xes_writer import write_xes
from workflows.models import ProcessDefinition
from workflows.queries.logs import live_head, live_objects, live_traces


class ExportError(Exception):
    """What was asked cannot be done. The message is one sentence for the person at the terminal."""


class Command(BaseCommand):
    """Exports codes, node ids, departments, roles and pseudonyms; no names and no form values."""

    help = "Export live history as XES (IEEE 1849) or OCEL 2.0 JSON; a file name that ends in .gz is packed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say which words the command takes."""
        parser.add_argument("--format", required=True, choices=("xes", "ocel"))
        parser.add_argument("--output", required=True, type=Path, help="written whole or not at all")
        parser.add_argument("--process", help="key of a process: one trace per run of it, not per application")
        parser.add_argument("--since", help="only cases that started on this day or later, e.g. 2026-01-01")
        parser.add_argument(
            "--lifecycle", action="store_true", help="in XES also openings, claims and clocks, not completed steps only"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Export, and say how much it was. Exit status 2: not understood, or the file cannot be written."""
        try:
            process, since = _process(options["process"]), _since(options["since"])
            count = _write(options["output"], options["format"], process, since, options["lifecycle"])
        except ExportError as error:
            self.stderr.write(str(error))
            sys.exit(2)
        self.stdout.write(f"{options['output']}: {count}")


def _write(path: Path, form: str, process: str | None, since: datetime | None, lifecycle: bool) -> str:
    """Write beside the file and put it in its place at the end, so that nobody reads half of it."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as plain:
                if path.suffix == ".gz":
                    with gzip.GzipFile(fileobj=plain, mode="wb", filename="", mtime=0) as packed:
                        count = _export(cast(BinaryIO, packed), form, process, since, lifecycle)
                else:
                    count = _export(plain, form, process, since, lifecycle)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror}.") from None
    return count


def _export(out: BinaryIO, form: str, process: str | None, since: datetime | None, lifecycle: bool) -> str:
    if form == "xes":
        return f"{write_xes(out, live_head(), live_traces(process=process, since=since, lifecycle=lifecycle))} cases."
    log = live_objects(process=process, since=since)
    text = io.TextIOWrapper(out, encoding="utf-8")
    write_ocel(text, log)
    text.flush()
    text.detach()
    return f"{len(log.objects)} objects, {len(log.events)} events."


def _process(key: str | None) -> str | None:
    if key and not ProcessDefinition.objects.filter(key=key).exists():
        raise ExportError(f"There is no process {key}.")
    return key or None


def _since(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(0), tzinfo=timezone.get_default_timezone())
    except ValueError:
        raise ExportError(f"{text} is not a day such as 2026-01-01.") from None

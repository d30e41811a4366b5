"""Import a department's list of items from a CSV file."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from services.catalogue.listing import Listing, Problem, UnreadableListError, read_list
from services.catalogue.operations import ImportReport, ListFaultsError, import_list
from workflows.queries.calendars import database_now

_SHOWN = 5  # findings of a rule, unless all are wanted
RULES = {
    "1": "promised 0 goes with handling on the spot",
    "2": "a visit has a reason",
    "3": "without a visit: online or by post",
    "4": "wholly online means no visit",
    "5": "a fee has rate and basis",
    "6": "two different telephone numbers with area code",
    "7": "themes agree with who can apply",
    "8": "a licence has FAQ and steps (the guide says them)",
    "9": "the result is a paper (the guide says it)",
    "10": "promised is at most statutory; no catch-all wording",
    "L1": "the item belongs to a main item",
    "L2": "the department's code is a unified social credit code",
    "L3": "the implementation code holds the department's code",
    "L4": "type and name agree",
    "L5": "a name stands once in a department",
}


class Command(BaseCommand):
    """Import a list: all of it or nothing; report what breaks the rules of the catalogue."""

    help = "Import a list of service items (CSV). Items can be found at once; a guide and a process follow later."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what can be given."""
        parser.add_argument("file", type=Path, help="the list: CSV in UTF-8 or GB 18030, first row = names of columns")
        parser.add_argument("--check", action="store_true", help="report and store nothing")
        parser.add_argument("--list", default="", help="what the list is called (default: the file's name)")
        parser.add_argument("--encoding", default="", help="name of the encoding, if it is not found out")
        parser.add_argument("--withdraw-gone", action="store_true", help="withdraw items that left the list")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        parser.add_argument("--all", action="store_true", help="print every finding, not only some of each rule")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and print the report; with a fault, print the faults and end with an error."""
        file: Path = options["file"]
        name = (options["list"] or file.stem)[:100]
        try:
            listing = read_list(file.read_bytes(), encoding=options["encoding"])
            report = import_list(
                listing=listing,
                list_name=name,
                at=database_now(),
                withdraw_gone=options["withdraw_gone"],
                check_only=options["check"],
            )
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        except UnreadableListError as error:
            self._refuse(options["json"], str(error), [])
        except ListFaultsError as error:
            sentence = f"{len(error.faults)} faults, so nothing was imported:"
            self._refuse(options["json"], sentence, error.faults)
        else:
            facts = {"file": file.name, "list": name, "check_only": options["check"]}
            if options["json"]:
                self._print_json({**facts, **_as_json(listing, report)})
            else:
                self._print(facts, listing, report, shown=len(report.findings) if options["all"] else _SHOWN)

    def _refuse(self, as_json: bool, sentence: str, faults: Sequence[Problem]) -> None:
        if as_json:
            self._print_json({"error": sentence, "faults": [asdict(fault) for fault in faults]})
            raise CommandError("Nothing was imported.")
        raise CommandError("\n".join([sentence, *map(str, faults)]))

    def _print_json(self, value: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(value, ensure_ascii=False, indent=1))

    def _print(self, facts: dict[str, Any], listing: Listing, report: ImportReport, *, shown: int) -> None:
        write = self.stdout.write
        done = "would be " if facts["check_only"] else ""
        write(f"{facts['file']} ({listing.encoding}), list {facts['list']}: {len(listing.rows)} items")
        write(
            f"  {done}created {len(report.created)}, {done}changed {len(report.changed)}, "
            f"unchanged {len(report.unchanged)}, not in the file any more {len(report.gone)}, "
            f"{done}withdrawn {len(report.withdrawn)}"
        )
        if listing.unknown:
            write(f"  columns left out: {', '.join(listing.unknown)}")
        by_rule = defaultdict(list)
        for finding in report.findings:
            by_rule[finding.rule].append(finding)
        write(f"{len(report.findings)} findings against the rules of the catalogue:")
        for rule, findings in sorted(by_rule.items(), key=lambda one: one[0].zfill(2)):
            write(f"  rule {rule} ({RULES[rule]}): {len(findings)}")
            for finding in findings[:shown]:
                write(f"    row {finding.row} {finding.item_code}: {finding.field}: {finding.sentence}")
            if len(findings) > shown:
                write(f"    … and {len(findings) - shown} more (--all shows them)")
        write("Not checked, because the list does not say it:")
        for skipped in report.not_checked:
            needs = f"needs {', '.join(skipped.missing)}" if skipped.missing else "belongs to the guide"
            write(f"  rule {skipped.rule} ({RULES[skipped.rule]}): {skipped.items} items, {needs}")


def _as_json(listing: Listing, report: ImportReport) -> dict[str, Any]:
    counts = {
        key: len(getattr(report, key)) for key in ("created", "changed", "unchanged", "gone", "withdrawn", "findings")
    }
    return {
        "encoding": listing.encoding,
        "columns": listing.columns,
        "columns_left_out": listing.unknown,
        "rows": len(listing.rows),
        "counts": counts,
        "gone": report.gone,
        "findings": [asdict(finding) for finding in report.findings],
        "not_checked": [asdict(one) for one in report.not_checked],
    }

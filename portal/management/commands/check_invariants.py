"""`manage.py check_invariants`: does everything hold that must hold, whatever died (docs/reliability.md)?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.management.invariants import INVARIANTS, Finding, check_invariants


class Command(BaseCommand):
    """Ask, name what is broken, and end with status 1 if anything is."""

    help = "Check I1 to I13 on the whole database, reading only. Names rows by number, never personal values."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say which words the command takes."""
        parser.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
        parser.add_argument("--only", nargs="+", metavar="I4", default=(), help="only these invariants")
        parser.add_argument("--contents", action="store_true", help="also read every file and compare its SHA-256")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check and print; exit status 1 when something is broken."""
        only = {code.upper() for code in options["only"]}
        if unknown := sorted(only - INVARIANTS.keys()):
            raise CommandError(f"There is no invariant {', '.join(unknown)}: they are I1 to I13.")
        at, findings = check_invariants(only=only, contents=options["contents"])
        if options["json"]:
            self.stdout.write(json.dumps({"at": at.isoformat(), **_as_json(findings)}, indent=2, ensure_ascii=False))
        else:
            for finding in findings:
                self._say(finding)
        if any(finding.broken.count for finding in findings):
            raise SystemExit(1)

    def _say(self, finding: Finding) -> None:
        broken, check = finding.broken, finding.check
        if not broken.count:
            self.stdout.write(f"{check.invariant:<4} holds   {check.says}")
            return
        self.stdout.write(f"{check.invariant:<4} BROKEN  {check.says} {broken.count} times:")
        for who in broken.first:
            self.stdout.write(f"     - {who}")


def _as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    told: dict[str, dict[str, Any]] = {}
    for finding in findings:
        code = finding.check.invariant
        entry = told.setdefault(code, {"says": INVARIANTS[code], "broken": 0, "seconds": 0.0, "checks": []})
        entry["broken"] += finding.broken.count
        entry["seconds"] = round(entry["seconds"] + finding.seconds, 3)
        entry["checks"].append(
            {"says": finding.check.says, "broken": finding.broken.count, "first": list(finding.broken.first)}
        )
    return {"ok": not any(entry["broken"] for entry in told.values()), "invariants": told}

"""`manage.py migrate_runs PROCESS`: which running cases may go on with another version, and move those that may."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workflows.enums import OPEN_RUN_STATES
from workflows.models import ProcessDefinition, Run
from workflows.operations.version_change import Answer, PlanKind, UnknownVersionError, migrate_case, version_of
from workflows.queries.calendars import database_now

#: Exit status when a case could not be looked at or moved because of an error; the others were.
FAILED = 1


class Command(BaseCommand):
    """Plans every open run of the older versions; moves them, one case per transaction, when it is told to."""

    help = (
        "Say for every open run of a process whether it may move to a newer version: automatic (texts, limits and "
        "posts of steps not reached), fast_forward (its path so far fits), refused (with reasons). Moves nothing "
        "without --apply."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the process, its versions, and what may be done."""
        parser.add_argument("process")
        parser.add_argument(
            "--from", dest="from_versions", nargs="+", type=int, metavar="VERSION", help="default: all before --to"
        )
        parser.add_argument("--to", type=int, metavar="VERSION", help="default: the published version")
        parser.add_argument("--dry-run", action="store_true", help="move nothing; so it is without --apply")
        parser.add_argument("--apply", action="store_true", help="move the runs whose class is automatic")
        parser.add_argument("--fast-forward", action="store_true", help="with --apply: those whose path fits, too")
        parser.add_argument("--json", action="store_true", help="one JSON object per line and run, and one at the end")

    def handle(self, *args: Any, **options: Any) -> None:
        """Answer for every run; a case that fails is named, and stops no other."""
        allow = _allowed(**{name: options[name] for name in ("apply", "dry_run", "fast_forward")})
        try:
            to = version_of(options["process"], options["to"])
        except UnknownVersionError as error:
            raise CommandError(str(error)) from None
        versions = options["from_versions"] or list(_older_versions(to))
        counted: Counter[str] = Counter()
        for root_id in _cases(to.key, versions):
            for line in self._lines(root_id, to, versions, allow):
                counted[line["class"]] += 1
                counted["moved"] += line["moved"]
                self.stdout.write(json.dumps(line, ensure_ascii=False) if options["json"] else _as_text(line))
        self._conclude(to, counted, applied=bool(allow), as_json=options["json"])

    def _lines(
        self, root_id: int, to: ProcessDefinition, versions: list[int], allow: frozenset[PlanKind]
    ) -> Iterator[dict[str, Any]]:
        try:
            answers = migrate_case(
                root_id=root_id, to=to, from_versions=versions, allow=allow, by=None, at=database_now()
            )
        except Exception as error:
            # Whatever is wrong with one case, the others are looked at. The class only: a message may hold data.
            reasons = [{"element": "", "message": f"{type(error).__name__}: nothing of this case was changed"}]
            yield {"case": root_id, "to": to.version, "class": "failed", "moved": False, "reasons": reasons}
            return
        yield from (_line(answer) for answer in answers if answer.plan is not None)

    def _conclude(self, to: ProcessDefinition, counted: Counter[str], *, applied: bool, as_json: bool) -> None:
        classes = [*PlanKind, "failed"]
        if as_json:
            whole = {"process": to.key, "to": to.version, "applied": applied, "moved": counted["moved"]}
            self.stdout.write(json.dumps({**whole, **{str(name): counted[name] for name in classes}}))
        else:
            numbers = ", ".join(f"{counted[name]} {name}" for name in classes)
            done = f"moved {counted['moved']}" if applied else "nothing moved (no --apply)"
            self.stdout.write(f"{to.key} to version {to.version}: {numbers}; {done}.")
        if counted["failed"]:
            raise SystemExit(FAILED)


def _allowed(*, apply: bool, dry_run: bool, fast_forward: bool) -> frozenset[PlanKind]:
    if apply and dry_run:
        raise CommandError("Either --dry-run or --apply.")
    if fast_forward and not apply:
        raise CommandError("--fast-forward says what --apply may move; look at the dry run first.")
    if not apply:
        return frozenset()
    return frozenset({PlanKind.AUTOMATIC, PlanKind.FAST_FORWARD} if fast_forward else {PlanKind.AUTOMATIC})


def _older_versions(to: ProcessDefinition) -> Iterator[int]:
    older = ProcessDefinition.objects.filter(key=to.key, version__lt=to.version).order_by("version")
    yield from older.values_list("version", flat=True)  # type: ignore[misc]  # drafts have none and are not older


def _cases(key: str, versions: list[int]) -> list[int]:
    """Return the root of every open run of these versions, the oldest case first."""
    runs = Run.objects.filter(definition__key=key, definition__version__in=versions, state__in=OPEN_RUN_STATES)
    return sorted({root_id or pk for pk, root_id in runs.values_list("pk", "root_id")})


def _line(answer: Answer) -> dict[str, Any]:
    assert answer.plan is not None
    return {
        "case": answer.root_id,
        "run": answer.run_id,
        "subject": answer.subject,
        "from": answer.from_version,
        "to": answer.to_version,
        "class": str(answer.plan.kind),
        "moved": answer.moved,
        "reasons": [{"element": one.element, "message": one.message} for one in answer.plan.reasons],
        "timers": {f"{node}#{number}": due.isoformat() for (node, number), due in sorted(answer.plan.timers.items())},
    }


def _as_text(line: dict[str, Any]) -> str:
    if "run" not in line:
        name = f"case {line['case']}"
    else:
        name = f"run {line['run']} ({line['subject']}), version {line['from']} to {line['to']}"
    lines = [f"{name}: {line['class']}{', moved' if line['moved'] else ''}"]
    lines += [f"  {one['element'] or '-'}: {one['message']}" for one in line["reasons"]]
    lines += [f"  timer {place} due {due}" for place, due in line.get("timers", {}).items()]
    return "\n".join(lines)

"""`manage.py check_process FILE…`: can these processes get stuck? One answer per process, as text or as JSON lines."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import OperationalError

from workflows.bpmn.parse import BpmnError, ProcessReading, read_processes
from workflows.engine.verify import Report, check
from workflows.operations.definitions import check_graph
from workflows.staffing import Posts, known_posts

#: Exit status: every process is sound, some is not, some file could not be read.
SOUND, NOT_SOUND, UNREADABLE = 0, 1, 2


class Command(BaseCommand):
    """Reads files, proves their processes, and never stops at a bad one."""

    help = "Prove BPMN processes: deadlocks, lost tokens, dead elements, missing defaults, posts, limits, fields."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare files and switches."""
        parser.add_argument("files", nargs="+", type=Path)
        parser.add_argument("--flow-only", action="store_true", help="foreign files: look at the flow of tokens only")
        parser.add_argument("--json", action="store_true", help="one JSON object per line and process")

    def handle(self, *args: Any, **options: Any) -> None:
        """Answer for every process of every file; the exit status is that of the worst answer."""
        posts = None if options["flow_only"] else self._posts()
        worst = SOUND
        for file in options["files"]:
            for answer, status in _answers(file, flow_only=options["flow_only"], posts=posts):
                worst = max(worst, status)
                self.stdout.write(json.dumps(answer, ensure_ascii=False) if options["json"] else _as_text(answer))
        if worst:
            raise SystemExit(worst)

    def _posts(self) -> Posts | None:
        try:
            return known_posts()
        except OperationalError:
            self.stderr.write("No database answers: whether somebody holds each post is not asked.")
            return None


def _answers(file: Path, *, flow_only: bool, posts: Posts | None) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield an answer and its exit status for each process of a file."""
    try:
        readings = read_processes(file.read_bytes(), flow_only=flow_only)
    except OSError as error:
        yield _answer(file, "", "invalid", [_refused("", f"cannot be read: {error.strerror}")]), UNREADABLE
        return
    except BpmnError as error:
        problems = [_refused(refusal.element, str(refusal)) for refusal in error.refusals]
        yield _answer(file, "", "invalid", problems), UNREADABLE
        return
    for reading in readings:
        yield _judged(file, reading, flow_only=flow_only, posts=posts)


def _judged(file: Path, reading: ProcessReading, *, flow_only: bool, posts: Posts | None) -> tuple[dict[str, Any], int]:
    if reading.graph is None:
        problems = [_refused(refusal.element, str(refusal)) for refusal in reading.refusals]
        return _answer(file, reading.key, reading.verdict, problems), NOT_SOUND
    began = time.perf_counter()
    graph = reading.graph
    report: Report = check(graph, flow_only=True) if flow_only else check_graph(graph, posts=posts)
    milliseconds = round((time.perf_counter() - began) * 1000, 1)
    problems = [
        {"kind": one.kind, "elements": list(one.elements), "message": one.message, "trace": list(one.trace)}
        for one in report.problems
    ]
    kinds = {one.kind for one in report.problems}
    verdict = "undecided" if kinds == {"undecided"} else "unsound" if kinds else "sound"
    answer = _answer(file, reading.key, verdict, problems, states=report.states, ms=milliseconds)
    return answer, SOUND if verdict == "sound" else NOT_SOUND


def _answer(
    file: Path, process: str, verdict: str, problems: list[dict[str, Any]], *, states: int = 0, ms: float = 0.0
) -> dict[str, Any]:
    return {
        "file": str(file), "process": process, "verdict": verdict, "problems": problems, "states": states, "ms": ms,
    }  # fmt: skip


def _refused(element: str, message: str) -> dict[str, Any]:
    return {"kind": "refused", "elements": [element] if element else [], "message": message, "trace": []}


def _as_text(answer: dict[str, Any]) -> str:
    lines = [f"{answer['file']}: {answer['process'] or '-'}: {answer['verdict']}"]
    for problem in answer["problems"]:
        lines.append(f"  {problem['kind']} at {', '.join(problem['elements']) or '-'}: {problem['message']}")
        if problem["trace"]:
            lines.append(f"    shortest way there: {' → '.join(problem['trace'])}")
    return "\n".join(lines)

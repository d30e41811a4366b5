"""`manage.py check_process FILE…`: can these processes get stuck? One answer per process, as text or as JSON lines."""

from __future__ import annotations

import json
import os
import stat
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error

from workflows.bpmn.document import MAX_BYTES
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
                # In ASCII: a name may hold characters that end a line for those who read line by line.
                self.stdout.write(json.dumps(answer) if options["json"] else _as_text(answer))
        if worst:
            raise SystemExit(worst)

    def _posts(self) -> Posts | None:
        try:
            return known_posts()
        except Error:
            self.stderr.write("No database answers: whether somebody holds each post is not asked.")
            return None


def _answers(file: Path, *, flow_only: bool, posts: Posts | None) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield an answer and its exit status for each process of a file."""
    try:
        readings = read_processes(_content(file), flow_only=flow_only)
    except BpmnError as error:
        problems = [_refused(refusal.element, str(refusal)) for refusal in error.refusals]
        yield _answer(file, "", "invalid", problems), UNREADABLE
        return
    except Exception as error:  # whatever it is, the files after this one want their answers
        reason = error.strerror if isinstance(error, OSError) and error.strerror else _named(error)
        yield _answer(file, "", "invalid", [_refused("", f"cannot be read: {reason}")]), UNREADABLE
        return
    for reading in readings:
        try:
            yield _judged(file, reading, flow_only=flow_only, posts=posts)
        except Exception as error:
            problem = {"kind": "undecided", "elements": [], "message": f"not proven: {_named(error)}", "trace": []}
            yield _answer(file, reading.key, "undecided", [problem]), NOT_SOUND


def _content(file: Path) -> bytes:
    """Return a file's bytes, never more than what is read of any; only regular files are opened to the end."""
    # Without waiting: opening a pipe would otherwise last until somebody writes into it.
    with open(file, "rb", opener=lambda path, flags: os.open(path, flags | os.O_NONBLOCK)) as opened:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise OSError(0, "it is no regular file")
        return opened.read(MAX_BYTES + 1)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


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
    name = os.fsencode(file).decode(errors="backslashreplace")  # a name need not be text
    return {
        "file": name, "process": process, "verdict": verdict, "problems": problems, "states": states, "ms": ms,
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

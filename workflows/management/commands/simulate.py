"""`manage.py simulate PROCESS`: how long would cases take, who would have the work, and what would a draft change?"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from django.core.management.base import BaseCommand
from django.db import OperationalError

from workflows.bpmn.parse import BpmnError, parse_process
from workflows.clocks import OutsideCalendarError, national_calendar
from workflows.engine.graph import Graph
from workflows.queries.calendars import calendar_for
from workflows.queries.simulation import draft_graph, published_graph, recorded_cases
from workflows.simulation import (
    AssumptionError,
    Assumptions,
    ComingCase,
    Outcome,
    Recording,
    Scenario,
    TimeAxis,
    read_assumptions,
    simulate,
)
from workflows.simulation.arrivals import made_up, per_day_of, replayed
from workflows.simulation.comparison import differences
from workflows.simulation.figures import Figures, figures_of
from workflows.simulation.wording import told
from workflows.simulation.world import misfits

CASES = 1_000
PUBLISHED, NOTHING = "published", "none"
_Found = TypeVar("_Found")


class InputError(Exception):
    """What was asked cannot be done. The message is one sentence for the person at the terminal."""


@dataclass(frozen=True)
class _Version:
    """A drawing that is simulated, and where it comes from."""

    source: str
    graph: Graph


class Command(BaseCommand):
    """Simulates; writes nothing."""

    help = "Simulate a process on a virtual clock: working days per step and in total, load, what a draft would change."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say which words the command takes."""
        parser.add_argument("process", help="key of a published process, or a BPMN file")
        parser.add_argument("--draft", action="store_true", help="simulate the draft of the process")
        parser.add_argument("--cases", type=int, help=f"how many cases are made up, by default {CASES}")
        parser.add_argument(
            "--from-history", type=int, nargs="?", const=CASES, metavar="N",
            help=f"replay the last N closed cases, by default {CASES}; with --cases: make cases up that are like them",
        )  # fmt: skip
        parser.add_argument(
            "--against", metavar="published|none|FILE", help="compare; a draft or a file: with what is published"
        )
        parser.add_argument("--assumptions", type=Path, metavar="FILE", help="JSON or YAML, see docs/simulation.md")
        parser.add_argument(
            "--data", metavar="JSON", help="what conditions of made-up cases read: JSON, or a file of it"
        )
        parser.add_argument("--start", help="the day on which made-up cases begin to come")
        parser.add_argument("--seed", type=int, default=1, help="the same seed is the same luck")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Answer on standard output. Exit status 2: what was asked cannot be read."""
        try:
            answer = _answer(options)
        except (InputError, AssumptionError, BpmnError, OutsideCalendarError) as error:
            self.stderr.write(str(error))
            sys.exit(2)
        self.stdout.write(json.dumps(answer, ensure_ascii=False) if options["json"] else told(answer))


def _answer(options: dict[str, Any]) -> dict[str, Any]:
    version = _asked(options)
    other = _against(options, version)
    axis = TimeAxis(_asked_of_database(calendar_for) or national_calendar())
    assumptions = _assumptions(options["assumptions"], [version, *([other] if other else [])])
    scenario = _scenario(options, version, axis, assumptions)
    outcome, figures = _simulated(scenario)
    answer = {
        "process": version.graph.key,
        "source": version.source,
        "seed": options["seed"],
        "from_history": len(scenario.history),
        **figures.as_json(),
    }
    if other is not None:
        before = _simulated(replace(scenario, graph=other.graph))
        change = differences(before, (outcome, figures)).as_json()
        answer["against"] = {"source": other.source, **before[1].as_json(), "differences": change}
    return answer


def _simulated(scenario: Scenario) -> tuple[Outcome, Figures]:
    outcome = simulate(scenario)
    return outcome, figures_of(outcome, scenario.axis, dict(scenario.assumptions.staff))


def _asked(options: dict[str, Any]) -> _Version:
    """Return the drawing that was asked for. A name that is a file's is one."""
    name, path = options["process"], Path(options["process"])
    if path.is_file() or path.suffix == ".bpmn":
        if options["draft"]:
            raise InputError("A file is not a draft: give the key of a process with --draft.")
        return _Version(str(path), _read(path))
    graph = _needed(lambda: draft_graph(name) if options["draft"] else published_graph(name))
    if graph is None:
        what = "draft" if options["draft"] else "published version"
        raise InputError(f"There is no {what} of a process {name}, and no such file.")
    return _Version("draft" if options["draft"] else PUBLISHED, graph)


def _against(options: dict[str, Any], version: _Version) -> _Version | None:
    """Return what is compared: what was named, else the published version of a draft or a file if there is one."""
    wanted = options["against"] or (NOTHING if version.source == PUBLISHED else "")
    if wanted == NOTHING:
        return None
    if wanted not in ("", PUBLISHED):
        return _Version(wanted, _read(Path(wanted)))
    graph = _asked_of_database(lambda: published_graph(version.graph.key))
    if graph is None and wanted:
        raise InputError(f"No version of the process {version.graph.key} is published to compare with.")
    return _Version(PUBLISHED, graph) if graph is not None else None


def _read(path: Path) -> Graph:
    try:
        return parse_process(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None


def _scenario(options: dict[str, Any], version: _Version, axis: TimeAxis, assumptions: Assumptions) -> Scenario:
    cases, newest = options["cases"], options["from_history"]
    if min(1 if cases is None else cases, 1 if newest is None else newest) < 1:
        raise InputError("The number of cases is 1 or more.")
    history = _needed(lambda: recorded_cases(process=version.graph.key, axis=axis, newest=newest)) if newest else ()
    if newest and not history:
        raise InputError(f"No case of the process {version.graph.key} is closed yet: there is no history of it.")
    replays = bool(newest) and cases is None
    return Scenario(
        graph=version.graph,
        axis=axis,
        cases=replayed(history) if replays else _made_up(options, axis, assumptions, history),
        assumptions=assumptions,
        history=history,
        called=_called(version),
        seed=options["seed"],
    )


def _made_up(
    options: dict[str, Any], axis: TimeAxis, assumptions: Assumptions, history: tuple[Recording, ...]
) -> tuple[ComingCase, ...]:
    per_day = assumptions.arrivals or per_day_of(history, axis)
    if assumptions.staff and per_day is None:
        raise InputError("With a number of people, say how many cases come: arrivals, in the assumptions.")
    return made_up(
        options["cases"] or CASES,
        axis=axis,
        begins=_start(options["start"], axis),
        per_day=per_day,
        data=_data(options["data"]) or [recording.data for recording in history],
        seed=options["seed"],
    )


def _called(version: _Version) -> Callable[[str], Graph | None]:
    """Return what finds a called process: beside the file, else published."""

    @cache
    def found(key: str) -> Graph | None:
        beside = Path(version.source).with_name(f"{key}.bpmn")
        if version.source.endswith(".bpmn") and beside.is_file():
            return _read(beside)
        return _asked_of_database(lambda: published_graph(key)) if key else None

    return found


def _asked_of_database(ask: Callable[[], _Found]) -> _Found | None:
    """Return an answer, None when no database is there: a file can be simulated without."""
    try:
        return ask()
    except OperationalError:
        return None


def _start(text: str | None, axis: TimeAxis) -> int:
    """Return when cases begin to come: the day that was named, else the last year whose holidays are announced."""
    try:
        day = date.fromisoformat(text) if text else date(max(axis.calendar.announced_years), 1, 1)
    except ValueError:
        raise InputError(f"--start {text} is not a day such as 2026-01-05.") from None
    return axis.second(datetime.combine(day, time(0), tzinfo=axis.calendar.zone))


def _data(text: str | None) -> list[Mapping[str, Any]]:
    if text is None:
        return []
    try:
        path = Path(text)
        found = json.loads(path.read_text() if not text.lstrip().startswith("{") else text)
    except (OSError, ValueError) as error:
        raise InputError(f"--data is neither JSON nor a file of it: {error}") from None
    if not isinstance(found, dict):
        raise InputError("--data is no JSON object.")
    return [found]


def _assumptions(path: Path | None, versions: list[_Version]) -> Assumptions:
    """Read the assumptions. A step that no drawing has is a slip of the pen."""
    if path is None:
        return Assumptions()
    try:
        # YAML reads JSON too.
        assumptions = read_assumptions(yaml.safe_load(path.read_text()))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is neither JSON nor YAML: {error}") from None
    if strange := misfits(assumptions, [version.graph for version in versions]):
        raise InputError(f"{path}: {'; '.join(strange)}.")
    return assumptions


def _needed(ask: Callable[[], _Found]) -> _Found:
    try:
        return ask()
    except OperationalError:
        raise InputError("No database answers; a process from a file needs none.") from None

"""What the programs that measure share: which figures there are, which of them are asked for, how they are shown."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from tests.benchmarks.figure import FULL, QUICK, Figure
from tests.benchmarks.ground import Ground, NotDurableError, machine, server

#: Figures by name: "module:function" of `tests.benchmarks.figures`, imported only when Django is set up.
Registry = Mapping[str, str]


def run(description: str, words: Sequence[str] | None, *, pure: Registry, stored: Registry) -> int:
    """Measure what is asked for, print it, and return the exit status.

    pure: functions of a Size. stored: functions of a Ground and a Size, measured on a durable PostgreSQL.
    """
    asked = _parser(description, [*pure, *stored]).parse_args(words)
    size = QUICK if asked.quick else FULL
    chosen = asked.only or [*pure, *stored]
    figures = [_measured(name, pure[name], size) for name in pure if name in chosen]
    promised: dict[str, str] = {}
    if names := [name for name in stored if name in chosen]:
        try:
            with server(), Ground() as ground:
                figures += [_measured(name, stored[name], ground, size) for name in names]
                promised = ground.guarantees()
        except NotDurableError as error:
            print(error, file=sys.stderr)
            return 2
    if asked.json:
        print(json.dumps(_report(figures, promised, quick=asked.quick), ensure_ascii=False, indent=1))
    else:
        print(_table(figures))
    return 0 if all(figure.passed for figure in figures) else 1


def _parser(description: str, names: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--quick", action="store_true", help="measure less: minutes become seconds, noise grows")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=names, help="measure these figures")
    return parser


def _measured(name: str, way: str, *given: Any) -> Figure:
    print(f"measuring {name} …", file=sys.stderr, flush=True)
    module, _, function = way.partition(":")
    figure: Figure = getattr(import_module(f"tests.benchmarks.figures.{module}"), function)(*given)
    return figure


def _report(figures: Sequence[Figure], promised: dict[str, str], *, quick: bool) -> dict[str, Any]:
    return {
        "machine": machine(),
        "postgresql": promised,
        "quick": quick,
        "passed": all(figure.passed for figure in figures),
        "figures": {figure.name: figure.as_json() for figure in figures},
    }


def _table(figures: Sequence[Figure]) -> str:
    lines = [f"{'figure':72} {'value':>10} {'must':>8} {'hope':>8}  unit"]
    for figure in figures:
        verdict = "" if figure.passed else "  FAILED" if figure.holds else "  FAILED, see --json"
        lines.append(
            f"{figure.title:72} {figure.value:10.2f} {figure.must:8g} {figure.hope:8g}  {figure.unit}{verdict}"
        )
    return "\n".join(lines)

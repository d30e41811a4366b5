#!/usr/bin/env python
"""Speed and size of the workflow engine on a real, durable PostgreSQL: `python tests/benchmarks/engine.py --json`.

Starts a server of its own in a temporary folder, or uses the one of DATABASE_URL; measures in databases of its own
and drops them. Ends with 1 when a figure is not as good as it must be, with 2 when the server may lose what it stored.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    # Run as a file, this folder comes first on the path and the project not at all.
    sys.path[0] = str(ROOT)

from tests.benchmarks.figure import FULL, QUICK, Figure, Size  # noqa: E402
from tests.benchmarks.ground import Ground, NotDurableError, machine, server  # noqa: E402

PURE = ("advance", "definition")
STORED = ("throughput", "statements", "statements_over_http", "races", "disk", "inbox", "growth")


def main(words: Sequence[str] | None = None) -> int:
    """Measure what is asked for and print it."""
    asked = _parser().parse_args(words)
    size = QUICK if asked.quick else FULL
    chosen = asked.only or [*PURE, *STORED]
    figures = _pure(chosen, size)
    promised: dict[str, str] = {}
    if stored := [name for name in STORED if name in chosen]:
        try:
            measured, promised = _stored(stored, size)
        except NotDurableError as error:
            print(error, file=sys.stderr)
            return 2
        figures += measured
    if asked.json:
        print(json.dumps(_report(figures, promised, quick=asked.quick), ensure_ascii=False, indent=1))
    else:
        print(_table(figures))
    return 0 if all(figure.passed for figure in figures) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--quick", action="store_true", help="measure less: minutes become seconds, noise grows")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[*PURE, *STORED], help="measure these figures")
    return parser


def _pure(chosen: Sequence[str], size: Size) -> list[Figure]:
    from tests.benchmarks.figures import pure

    ways = {"advance": pure.step, "definition": pure.definition}
    return [_announced(name, ways[name], size) for name in PURE if name in chosen]


def _stored(chosen: Sequence[str], size: Size) -> tuple[list[Figure], dict[str, str]]:
    with server():
        from tests.benchmarks.figures import disk, growth, inbox, races, statements, throughput

        ways = {
            "throughput": throughput.measure,
            "statements": statements.per_action,
            "statements_over_http": statements.over_http,
            "races": races.measure,
            "disk": disk.measure,
            "inbox": inbox.measure,
            "growth": growth.measure,
        }
        with Ground() as ground:
            return [_announced(name, ways[name], ground, size) for name in chosen], ground.guarantees()


def _announced(name: str, way: Any, *given: Any) -> Figure:
    print(f"measuring {name} …", file=sys.stderr, flush=True)
    figure: Figure = way(*given)
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


if __name__ == "__main__":
    raise SystemExit(main())

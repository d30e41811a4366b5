#!/usr/bin/env python
"""Speed of what time limits need on a real, durable PostgreSQL: `python tests/benchmarks/deadlines.py --json`.

Starts a server of its own in a temporary folder, or uses the one of DATABASE_URL; measures in databases of its own
and drops them. Ends with 1 when a figure is not as good as it must be, with 2 when the server may lose what it stored.

A figure is a module of `figures` with a function of a Ground and a Size (of a Size alone, if it stores nothing) that
returns a Figure, and an entry below.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    # Run as a file, this folder comes first on the path and the project not at all.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.benchmarks import program

PURE = {"due_at": "due_at:measure"}
STORED = {
    "recompute": "recompute:measure",
    "empty_sweep": "sweep:empty",
    "backlog": "backlog:measure",
    "finished": "sweep:finished",
    "board": "board:measure",
    "dispatcher": "dispatcher:measure",
}


def main(words: Sequence[str] | None = None) -> int:
    """Measure what is asked for and print it."""
    return program.run(str(__doc__), words, pure=PURE, stored=STORED)


if __name__ == "__main__":
    raise SystemExit(main())

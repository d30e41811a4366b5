#!/usr/bin/env python
"""Speed of the search over 3,000 items: `python tests/benchmarks/search.py --json`. Needs no database.

Ends with 1 when a figure is not as good as it must be. The floor in the same run looks at every name with Python's own
`in`, and does nothing else: no pinyin, no errors, no order.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    # Run as a file, this folder comes first on the path and the project not at all.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.benchmarks import program

PURE = {"search": "search:query", "search_ratio": "search:ratio", "search_build": "search:build"}


def main(words: Sequence[str] | None = None) -> int:
    """Measure what is asked for and print it."""
    return program.run(str(__doc__), words, pure=PURE, stored={})


if __name__ == "__main__":
    raise SystemExit(main())

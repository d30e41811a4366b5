#!/usr/bin/env python
"""How soon pages answer, beside a bare view in the same run: `python tests/benchmarks/pages.py --json`.

Starts a server of its own in a temporary folder, or uses the one of DATABASE_URL; fills a city with all its services
and thousands of applications; asks one gunicorn worker over HTTP, page and floor in turn, and times the first byte.

The floor of a page is a Django view that sends the same HTML as a ready text through the same middleware: it renders
nothing and reads nothing but the session and the person, if somebody signed in. Beside the first byte of each, `detail`
says when the last byte was there: timelines and sections send their head first. Timelines and sections are asked for
many applications in turn, each once, so that nothing kept from one answers for another.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    # Run as a file, this folder comes first on the path and the project not at all.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.benchmarks import program

STORED = {
    "catalogue": "pages:catalogue",
    "guide_item": "pages:guide_item",
    "guide_bundle": "pages:guide_bundle",
    "section": "pages:section",
    "timeline": "pages:timeline",
    "sixty_fields": "pages:sixty_fields",
}


def main(words: Sequence[str] | None = None) -> int:
    """Measure what is asked for and print it."""
    return program.run(str(__doc__), words, pure={}, stored=STORED)


if __name__ == "__main__":
    raise SystemExit(main())

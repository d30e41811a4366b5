#!/usr/bin/env python
"""How long a form of sixty fields takes to draw: `python tests/benchmarks/sixty_fields.py --json [--quick]`.

Schema, answers, checks and HTML of every field with everything around it, as the page of a section shows them; no
database. The figure is what a clock on the wall says; `processor_ms` beside it does not count what else goes on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    # Run as a file, this folder comes first on the path and the project not at all.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.benchmarks import program

PURE = {"sixty_fields": "sixty_fields:drawn"}


def main(words: Sequence[str] | None = None) -> int:
    """Measure what is asked for and print it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.test")
    import django

    django.setup()
    return program.run(str(__doc__), words, pure=PURE, stored={})


if __name__ == "__main__":
    raise SystemExit(main())

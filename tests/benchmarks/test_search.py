"""The search keeps its figures (slow)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("search.py")


@pytest.mark.slow
def test_a_search_over_three_thousand_items_is_quick() -> None:
    done = subprocess.run([sys.executable, PROGRAM, "--quick", "--json"], stdout=subprocess.PIPE, check=False)
    figures = json.loads(done.stdout)["figures"]
    assert figures["search_ratio"]["passed"], figures["search_ratio"]
    # times are targets on a quiet machine: here they may be three times longer
    for name in ("search", "search_build"):
        assert figures[name]["value"] <= 3 * figures[name]["must"], figures[name]

"""Pages keep their figures (slow): how soon they answer, beside a bare view in the same run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).with_name("pages.py")


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    """Measure less of everything, on a durable server: the suite's own one is not."""
    own = ("DATABASE_URL", "REDIS_URL", "VAR_DIR", "DB_STATEMENT_TIMEOUT_MS")
    rest = {name: value for name, value in os.environ.items() if name not in own}
    done = subprocess.run([sys.executable, PROGRAM, "--quick", "--json"], env=rest, stdout=subprocess.PIPE, check=False)
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["catalogue", "guide_item", "guide_bundle", "section", "timeline", "sixty_fields"])
def test_a_page_keeps_its_figure(name: str, measured: dict[str, Any]) -> None:
    figure = measured["figures"][name]
    assert figure["passed"], figure

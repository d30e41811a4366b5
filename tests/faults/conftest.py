"""One plant for all faults: starting it takes longer than most of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.plant import Plant, nothing_lost_nothing_doubled


@pytest.fixture(scope="session")
def _plant() -> Iterator[Plant]:
    with tempfile.TemporaryDirectory(prefix="one-stop-faults-") as folder, Plant(Path(folder)).running() as plant:
        yield plant


@pytest.fixture
def plant(_plant: Plant) -> Iterator[Plant]:
    """Hand a test the whole plant; afterwards the faults are over, everything drains, and nothing is amiss."""
    yield _plant
    _plant.town("review")
    _plant.whole()
    _plant.drains()
    nothing_lost_nothing_doubled(_plant)
    _plant.town("rest")

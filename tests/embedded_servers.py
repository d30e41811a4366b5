"""A pytest plugin, loaded before Django: compile translations, run embedded servers unless others are given.

Loaded by `-p` in pyproject.toml, because pytest-django reads the settings before any conftest could set an address.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

import pytest

from portal.demo import servers
from portal.management import catalogues
from tests import migrated

_stack = contextlib.ExitStack()
catalogues.compile_if_stale(Path(__file__).resolve().parents[1])

# Workers of pytest-xdist inherit the controller's addresses and folder, and start nothing.
if "VAR_DIR" not in os.environ:
    os.environ["VAR_DIR"] = _stack.enter_context(tempfile.TemporaryDirectory(prefix="one-stop-test-"))
if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
    try:
        _addresses = _stack.enter_context(servers.running(Path(os.environ["VAR_DIR"]), durable=False))
    except servers.ServerError as error:
        pytest.exit(str(error), returncode=4)
    os.environ.setdefault("DATABASE_URL", _addresses.database_url)
    os.environ.setdefault("REDIS_URL", _addresses.redis_url)
    os.environ[migrated.FOLDER] = _stack.enter_context(tempfile.TemporaryDirectory(prefix="one-stop-migrated-"))
# Several test processes on two cores are slow, not stuck.
os.environ.setdefault("DB_STATEMENT_TIMEOUT_MS", "60000")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to migrate while the workers of `-n` collect the tests."""
    if migrated.FOLDER in os.environ and getattr(config.option, "numprocesses", None):
        process = migrated.begin(os.environ["DATABASE_URL"])
        _stack.callback(migrated.end, process)


def pytest_unconfigure() -> None:
    """Stop what this run started."""
    _stack.close()

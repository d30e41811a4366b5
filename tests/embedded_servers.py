"""A pytest plugin, loaded before Django: run the embedded servers unless DATABASE_URL and REDIS_URL are set.

Loaded by `-p` in pyproject.toml, because pytest-django reads the settings before any conftest could set an address.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

import pytest

from portal.demo import servers

_stack = contextlib.ExitStack()

if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
    _folder = _stack.enter_context(tempfile.TemporaryDirectory(prefix="one-stop-test-"))
    try:
        _addresses = _stack.enter_context(servers.running(Path(_folder), durable=False))
    except servers.ServerError as error:
        pytest.exit(str(error), returncode=4)
    os.environ.setdefault("DATABASE_URL", _addresses.database_url)
    os.environ.setdefault("REDIS_URL", _addresses.redis_url)
    os.environ["VAR_DIR"] = _folder


def pytest_unconfigure() -> None:
    """Stop what this run started."""
    _stack.close()

"""Guard rails of every test: no network beyond this machine, no silent template errors, no unordered pages."""

from __future__ import annotations

import ipaddress
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.db.backends.postgresql.operations import DatabaseOperations
from django.template import engines
from django.template.base import FilterExpression

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """Make a page of an unordered list an error: its rows would jump between pages."""
    config.addinivalue_line("filterwarnings", "error::django.core.paginator.UnorderedObjectListWarning")
    # How long one example takes depends on what else the machine does; the suite's own time-outs find what hangs.
    # The same examples each time: a change is judged by what it changed. `--hypothesis-seed=N` looks at others.
    hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
    hypothesis.settings.load_profile("suite")


class OutsideNetworkError(AssertionError):
    """A test reached for another machine."""


def _refuse_outside(address: Any) -> None:
    if isinstance(address, tuple) and address:
        host = str(address[0])
        try:
            outside = not ipaddress.ip_address(host.split("%")[0]).is_loopback
        except ValueError:
            outside = host not in ("localhost", "")
        if outside:
            raise OutsideNetworkError(f"A test tried to reach {host}: tests stay on this machine.")


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    connect, connect_ex, resolve = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _refuse_outside(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _refuse_outside(address)
        return connect_ex(self, address)

    def guarded_resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host is not None:
            _refuse_outside((host.decode() if isinstance(host, bytes) else host,))
        return resolve(host, *args, **kwargs)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded_connect)
    patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    patch.setattr(socket, "getaddrinfo", guarded_resolve)
    yield
    patch.undo()


class UndefinedVariableError(AssertionError):
    """A template of ours used a variable that its view did not give."""


class RaisingText(str):
    """`string_if_invalid` that raises for our own templates; other packages' templates rely on silence."""

    __slots__ = ()

    def __mod__(self, variable: Any) -> str:
        """Be called by Django with the variable that is missing."""
        frame = sys._getframe(1)
        while frame is not None and not isinstance(frame.f_locals.get("self"), FilterExpression):
            frame = frame.f_back  # type: ignore[assignment]
        template = frame.f_locals["context"].render_context.template if frame is not None else None
        origin = Path(template.origin.name) if template is not None and template.origin else Path()
        if (ROOT / "templates") in origin.parents:
            raise UndefinedVariableError(f"{origin.relative_to(ROOT)} uses {variable}, which is not defined.")
        return ""


@pytest.fixture(scope="session", autouse=True)
def _undefined_variables_fail() -> None:
    engines["django"].engine.string_if_invalid = RaisingText("%s")  # type: ignore[attr-defined]


@pytest.fixture(scope="session", autouse=True)
def _flush_by_deleting() -> Iterator[None]:
    """Empty the tables of `transaction=True` tests by DELETE: a TRUNCATE makes each of hundreds of files anew.

    `replica` switches ordinary triggers off for the flush's own transaction only: the history is append-only, and the
    tables come in any order. The triggers have their own tests. Sequences are not set back; a test checks it.
    """

    def deleting_flush(self: Any, style: Any, tables: Any, *, reset_sequences: bool = False, **_: Any) -> list[str]:
        assert not reset_sequences, "What is cached by its row number would be mixed up."
        deletes = [f"DELETE FROM {self.quote_name(table)};" for table in tables]
        return ["SET LOCAL session_replication_role = 'replica';", *deletes] if tables else []

    patch = pytest.MonkeyPatch()
    patch.setattr(DatabaseOperations, "sql_flush", deleting_flush)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _own_files() -> Iterator[None]:
    """Remove the files a test stored, and fail one that writes beside the test folder."""
    outside = ROOT / "var" / "files"
    before = set(outside.rglob("*")) if outside.exists() else set()
    yield
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
    left = (set(outside.rglob("*")) if outside.exists() else set()) - before
    assert not left, f"This test left files in {outside}: {sorted(left)[:3]}"

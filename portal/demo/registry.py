"""The registers of other departments, as small as can be: real HTTP, fictitious entries, faults on demand.

    POST /sources/<code>  {"key", "purpose"} → 200 {"found": true, "data": {…}} or {"found": false}
    POST /faults          {"kind": "delay" | "status" | "garbage" | "empty" | "hang up" | "drip", "value": number,
                          "times": n, "source": code} spoils the next n answers, of one source if named; `delay` waits
                          `value` seconds, `status` answers that HTTP status, `empty` knows nothing, `garbage` is no
                          JSON, `hang up` closes the connection, `drip` sends a byte each `value` seconds
    DELETE /faults        as if nothing had been planned
    GET /healthz          200

`python -m portal.demo.registry --port 2590 --data portal/demo/registry.yaml` runs it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import threading
import unicodedata
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from portal.demo.serving import serve_until_stopped

LONGEST_BODY = 64 * 1024  # bytes
ENTRIES = Path(__file__).with_name("registry.yaml")
KINDS = frozenset({"delay", "status", "garbage", "empty", "hang up", "drip"})


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong with one answer. value: seconds of `delay` or `drip`, or the HTTP `status`. source: "" is any."""

    kind: str
    value: float = 0.0
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse a kind that nobody acts on."""
        if self.kind not in KINDS:
            raise ValueError(f"There is no fault called {self.kind}.")


class Registry(ThreadingHTTPServer):
    """The registers. `calls` holds the source of every question, `faults` are used up by the next answers."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], *, entries: Mapping[str, Mapping[str, Any]], latency: float = 0.0):
        """Listen at `address` (port 0: any); each answer takes `latency` seconds."""
        super().__init__(address, _Handler)
        self.entries = {code: {_plain_key(key): one for key, one in known.items()} for code, known in entries.items()}
        self.latency = latency
        self.faults: deque[Fault] = deque()
        self.calls: list[str] = []
        self.closing = threading.Event()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The address to put into SOURCES_URL."""
        return f"http://127.0.0.1:{self.server_port}"

    def called(self, source: str) -> Fault | None:
        """Note a question and take the fault that is next in turn for this source."""
        with self._lock:
            self.calls.append(source)
            fault = next((one for one in self.faults if one.source in ("", source)), None)
            if fault is not None:
                self.faults.remove(fault)
            return fault

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that went away: waiting too long for us is what they are tested for."""


class _Handler(BaseHTTPRequestHandler):
    server: Registry
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds a client may stay silent

    def do_GET(self) -> None:
        self._answer(200 if self.path == "/healthz" else 404, {})

    def do_DELETE(self) -> None:
        self.server.faults.clear()
        self._answer(200, {"planned": 0})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LONGEST_BODY:
            self.close_connection = True
            return self._answer(413, {"error": "The question is too long."})
        try:
            body = json.loads(self.rfile.read(length))
            if self.path == "/faults":
                return self._plan_faults(body)
            source = self.path.removeprefix("/sources/")
            if source in self.server.entries:
                return self._reply(source, str(body["key"]))
        except (ValueError, KeyError, TypeError) as error:
            return self._answer(400, {"error": str(error)})
        return self._answer(404, {"error": "There is nothing here."})

    def _reply(self, source: str, key: str) -> None:
        fault = self.server.called(source)
        kind = fault.kind if fault else ""
        self.server.closing.wait(self.server.latency + (fault.value if fault and kind == "delay" else 0.0))
        if kind == "hang up":
            self.close_connection = True
        elif kind == "garbage":
            self._send(200, b"<html>Welcome to the intranet</html>")
        elif fault and kind == "status":
            self._answer(int(fault.value), {"error": "A fault was asked for."})
        elif fault and kind == "drip":
            self._drip(fault.value)
        elif kind == "empty" or _plain_key(key) not in self.server.entries[source]:
            self._answer(200, {"found": False})
        else:
            self._answer(200, {"found": True, "data": self.server.entries[source][_plain_key(key)]})

    def _drip(self, seconds: float) -> None:
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not self.server.closing.wait(seconds):
            self.wfile.write(b" ")

    def _plan_faults(self, plan: Mapping[str, Any]) -> None:
        fault = Fault(kind=plan["kind"], value=float(plan.get("value", 0)), source=str(plan.get("source", "")))
        self.server.faults.extend([fault] * int(plan.get("times", 1)))
        self._answer(200, {"planned": len(self.server.faults)})

    def _answer(self, status: int, content: object) -> None:
        self._send(status, json.dumps(content, ensure_ascii=False, default=_plain).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the portal keeps the log of what was asked."""


def _plain_key(key: str) -> str:
    """Return a key as it is compared: whoever asks may have changed full-width brackets and small letters."""
    return unicodedata.normalize("NFKC", key).strip().upper()


def _plain(value: object) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in an answer.")


def read_entries(file: Path = ENTRIES) -> dict[str, dict[str, Any]]:
    """Return the entries by source and key."""
    entries: dict[str, dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return entries


def main() -> int:
    """Run the registers until told to stop."""
    words = argparse.ArgumentParser(description="Stand in for the registers of other departments.")
    words.add_argument("--host", default="127.0.0.1")
    words.add_argument("--port", type=int, default=2590)
    words.add_argument("--data", type=Path, default=ENTRIES)
    words.add_argument("--latency", type=float, default=0.15, help="seconds each answer takes")
    chosen = words.parse_args()
    registry = Registry((chosen.host, chosen.port), entries=read_entries(chosen.data), latency=chosen.latency)
    return serve_until_stopped(
        registry, registry.closing, f"The registers of other departments answer at {registry.url}."
    )


if __name__ == "__main__":
    raise SystemExit(main())

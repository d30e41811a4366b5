"""A text-message gateway that sends nothing and records everything. For demo, development and tests.

    POST /messages  {"client_id", "to", "text"}, signed as services/notifications/channels/sms.py says → 200
                    {"client_id", "repeated"}; a message whose client_id is known is not recorded again
    GET  /messages  what was recorded, as a JSON list
    POST /faults    {"kind": "delay" | "status" | "silence", "value": seconds or HTTP status, "times": n}
                    spoils the next n messages

`silence` records the message and then lets the sender wait `value` seconds for an answer that never comes.
`python -m portal.demo.sms_gateway --port 2580 --file var/sms.jsonl` runs it.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import hmac
import json
import os
import threading
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from portal.demo.serving import serve_until_stopped

LONGEST_BODY = 64 * 1024  # bytes


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong with one request: `delay` (seconds), `status` (HTTP status) or `silence` (seconds)."""

    kind: str
    value: float

    def __post_init__(self) -> None:
        """Refuse a kind that nobody acts on."""
        if self.kind not in ("delay", "status", "silence"):
            raise ValueError(f"There is no fault called {self.kind}.")


class Recorder:
    """The recorded messages: one JSON line each, one line per client id."""

    def __init__(self, file: Path) -> None:
        """Record in `file`; what stands there already counts."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file, self._lock = file, threading.Lock()
        self._messages: dict[str, dict[str, str]] = {}
        for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
            message = json.loads(line)
            self._messages[message["client_id"]] = message

    def record(self, message: dict[str, str]) -> bool:
        """Write a message to the disk; return False, and write nothing, if its client id is known."""
        with self._lock:
            if message["client_id"] in self._messages:
                return False
            with self._file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(message, ensure_ascii=False) + "\n")
                out.flush()
                os.fsync(out.fileno())
            self._messages[message["client_id"]] = message
            return True

    @property
    def messages(self) -> list[dict[str, str]]:
        """What was recorded, oldest first."""
        with self._lock:
            return list(self._messages.values())


class SmsGateway(ThreadingHTTPServer):
    """The gateway. `faults` are used up by the next requests, `calls` counts the messages that came in."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], *, file: Path, key: str) -> None:
        """Listen at `address` (port 0: any) and expect signatures made with `key`."""
        super().__init__(address, _Handler)
        self.recorder, self.key = Recorder(file), key
        self.faults: deque[Fault] = deque()
        self.calls = 0
        self.closing = threading.Event()

    def next_fault(self) -> Fault | None:
        """Take the fault that is next in turn."""
        self.calls += 1
        return self.faults.popleft() if self.faults else None

    def signed(self, timestamp: str, body: bytes, signature: str) -> bool:
        """Tell whether a body was signed with our key."""
        digest = hmac.new(self.key.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(f"sha256={digest}", signature)


class _Handler(BaseHTTPRequestHandler):
    server: SmsGateway
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds a sender may stay silent

    def do_GET(self) -> None:
        if self.path == "/messages":
            self._answer(200, self.server.recorder.messages)
        else:
            self._answer(404, {"error": "There is nothing here."})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LONGEST_BODY:
            self.close_connection = True
            return self._answer(413, {"error": "The message is too long."})
        body = self.rfile.read(length)
        try:
            if self.path == "/messages":
                return self._take_message(body)
            if self.path == "/faults":
                return self._plan_faults(json.loads(body))
        except (ValueError, KeyError, TypeError) as error:
            return self._answer(400, {"error": str(error)})
        return self._answer(404, {"error": "There is nothing here."})

    def _take_message(self, body: bytes) -> None:
        fault = self.server.next_fault()
        if fault and fault.kind == "status":
            return self._answer(int(fault.value), {"error": "A fault was asked for."})
        if not self.server.signed(self.headers.get("X-Timestamp", ""), body, self.headers.get("X-Signature", "")):
            return self._answer(401, {"error": "The signature is wrong."})
        message = json.loads(body)
        message = {name: str(message[name]) for name in ("client_id", "to", "text")}
        if fault and fault.kind == "delay":
            self.server.closing.wait(fault.value)
        new = self.server.recorder.record(message)
        if fault and fault.kind == "silence":
            self.server.closing.wait(fault.value)
            self.close_connection = True
            return None
        return self._answer(200, {"client_id": message["client_id"], "repeated": not new})

    def _plan_faults(self, plan: dict[str, Any]) -> None:
        fault = Fault(kind=plan["kind"], value=float(plan["value"]))
        self.server.faults.extend([fault] * int(plan.get("times", 1)))
        self._answer(200, {"planned": len(self.server.faults)})

    def _answer(self, status: int, content: object) -> None:
        body = json.dumps(content, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # the sender did not wait for the answer
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the recorded file is the log."""


def main() -> int:
    """Run the gateway until it is told to stop. The key is the environment's SMS_GATEWAY_KEY."""
    words = argparse.ArgumentParser(description="Record text messages.")
    words.add_argument("--host", default="127.0.0.1")
    words.add_argument("--port", type=int, default=2580)
    words.add_argument("--file", type=Path, default=Path("var/sms.jsonl"))
    chosen = words.parse_args()
    gateway = SmsGateway((chosen.host, chosen.port), file=chosen.file, key=os.environ.get("SMS_GATEWAY_KEY", ""))
    return serve_until_stopped(
        gateway, gateway.closing, f"Text messages to {chosen.host}:{gateway.server_port} are recorded in {chosen.file}."
    )


if __name__ == "__main__":
    raise SystemExit(main())

"""Mail server and text-message gateway that fail on demand and count every call by its key."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from portal.demo.servers import LOOPBACK
from portal.demo.sms_gateway import Fault, Recorder, SmsGateway

logging.getLogger("mail.log").setLevel(logging.WARNING)


class MailServer:
    """Takes mails, or does not. `calls`: how often each key was accepted, `faults`: used up by the next mails.

    A fault is seconds to be slow, a reply such as "451 later", or "drop": accept and cut the connection unanswered.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.faults: deque[float | str] = deque()
        self.refused = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content or b""
        mail = message_from_bytes(content.encode() if isinstance(content, str) else content)
        key = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        fault = self.faults.popleft() if self.faults else None
        if isinstance(fault, float):
            await asyncio.sleep(fault)
        if isinstance(fault, str) and fault != "drop":
            self.refused += 1
            return fault
        self.calls[key] += 1
        if fault == "drop" and server.transport is not None:
            server.transport.abort()
        return "250 OK"


class CountingRecorder(Recorder):
    """Records text messages once, and counts how often each came."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self.calls: Counter[str] = Counter()

    def record(self, message: dict[str, str]) -> bool:
        self.calls[message["client_id"]] += 1
        return super().record(message)


class Post:
    """Both, with their addresses."""

    def __init__(self, var: Path, key: str, *, mail_port: int, sms_port: int) -> None:
        self.mail = MailServer()
        self._controller = Controller(self.mail, hostname=LOOPBACK, port=mail_port, enable_SMTPUTF8=True)
        self.gateway = SmsGateway((LOOPBACK, sms_port), file=var / "sms.jsonl", key=key)
        self.gateway.recorder = self.recorder = CountingRecorder(var / "sms.jsonl")
        self._thread = threading.Thread(target=self.gateway.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def fail_texts(self, *faults: tuple[str, float]) -> None:
        """Spoil the next text messages."""
        self.gateway.faults.extend(Fault(kind=kind, value=value) for kind, value in faults)

    @property
    def calls(self) -> Counter[str]:
        """How often each key came, by either way."""
        return Counter(dict(self.mail.calls)) + Counter(dict(self.recorder.calls))

    @contextmanager
    def open(self) -> Iterator[Post]:
        """Serve until the block ends."""
        self._controller.start()
        self._thread.start()
        try:
            yield self
        finally:
            self.gateway.closing.set()
            self.gateway.shutdown()
            self.gateway.server_close()
            self._controller.stop()

"""Real servers at the other end: SMTP and the text-message gateway."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from portal.demo.mailbox import Catcher, CaughtMail, caught_mails
from portal.demo.servers import LOOPBACK, free_port
from portal.demo.sms_gateway import SmsGateway
from workflows import wake


@dataclass
class MailServer(Catcher):
    """A mail server that counts what it takes and refuses whom it is told to."""

    folder: Path
    replies: dict[str, str] = field(default_factory=dict)
    after_data: list[str] = field(default_factory=list)
    taken: int = 0
    wait: float = 0  # seconds before it answers a mail

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if reply := self.replies.get(address):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        await asyncio.sleep(self.wait)
        if self.after_data:
            return self.after_data.pop(0)
        self.taken += 1
        return await super().handle_DATA(server, session, envelope)

    @property
    def mails(self) -> list[CaughtMail]:
        return caught_mails(self.folder)


@pytest.fixture
def mail_server(tmp_path: Path, settings: Any) -> Iterator[MailServer]:
    (tmp_path / "mail").mkdir()
    server = MailServer(tmp_path / "mail")
    controller = Controller(server, hostname=LOOPBACK, port=free_port(), enable_SMTPUTF8=True)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = LOOPBACK, controller.port
    settings.SITE_URL = "https://one-stop.example"
    yield server
    controller.stop()


@pytest.fixture
def sms_gateway(tmp_path: Path, settings: Any) -> Iterator[SmsGateway]:
    gateway = SmsGateway((LOOPBACK, 0), file=tmp_path / "sms.jsonl", key="test-key")
    thread = threading.Thread(target=gateway.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    settings.SMS_GATEWAY_URL = f"http://{LOOPBACK}:{gateway.server_port}/messages"
    settings.SMS_GATEWAY_KEY = "test-key"
    yield gateway
    gateway.closing.set()
    gateway.shutdown()
    gateway.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the tasks that were woken, instead of asking a broker."""
    names: list[str] = []
    monkeypatch.setattr(wake, "_send", names.append)
    return names

"""A mail catcher: takes every mail it is given and keeps it as a file. For demo, development and tests.

`python -m portal.demo.mailbox --port 2525 --folder var/mail` runs it; `--list` prints what it has caught.
"""

from __future__ import annotations

import argparse
import asyncio
import email
import email.policy
import hashlib
import os
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True, kw_only=True)
class CaughtMail:
    """One mail, however often it was sent: a repetition has the same message id and is dropped."""

    path: Path
    message_id: str
    to: str
    subject: str
    language: str
    text: str
    html: str
    caught_at: datetime


class Catcher:
    """aiosmtpd handler that keeps mails as `.eml` files; what is acknowledged is on the disk."""

    def __init__(self, folder: Path) -> None:
        """Keep mails in `folder`, made if missing."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Store one mail (called by aiosmtpd)."""
        content = envelope.content or b""
        keep(self.folder, content.encode() if isinstance(content, str) else content)
        return "250 OK"


def keep(folder: Path, content: bytes) -> Path:
    """Store a mail under a name made of its message id, so that a repetition is dropped; return the file."""
    known = email.message_from_bytes(content, policy=email.policy.default)["Message-ID"]
    name = hashlib.sha256(str(known).encode() if known else content).hexdigest()[:32]
    path = folder / f"{name}.eml"
    if path.exists():
        return path
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as part:
        part.write(content)
        part.flush()
        os.fsync(part.fileno())
    os.replace(part.name, path)
    return path


def caught_mails(folder: Path) -> list[CaughtMail]:
    """Return what was caught, oldest first."""
    return sorted(_read(folder), key=lambda mail: (mail.caught_at, mail.path))


def _read(folder: Path) -> Iterator[CaughtMail]:
    for path in folder.glob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        yield CaughtMail(
            path=path,
            message_id=str(mail["Message-ID"] or ""),
            to=str(mail["To"] or ""),
            subject=str(mail["Subject"] or ""),
            language=str(mail["Content-Language"] or ""),
            text=_body(mail, "plain"),
            html=_body(mail, "html"),
            caught_at=datetime.fromtimestamp(path.stat().st_mtime, tz=UTC),
        )


def _body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part else ""


def _print(folder: Path) -> None:
    for mail in caught_mails(folder):
        print(f"{mail.caught_at:%Y-%m-%d %H:%M:%S}  {mail.to}  {mail.subject}  {mail.path}")


def _serve(host: str, port: int, folder: Path) -> None:
    controller = Controller(Catcher(folder), hostname=host, port=port, enable_SMTPUTF8=True)
    controller.start()
    try:
        print(f"Mails to {host}:{port} are kept in {folder}.", flush=True)
        asyncio.run(_until_stopped())
    finally:
        controller.stop()


async def _until_stopped() -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()


def main() -> int:
    """Run the catcher, or print what it has caught."""
    words = argparse.ArgumentParser(description="Catch mails.")
    words.add_argument("--host", default="127.0.0.1")
    words.add_argument("--port", type=int, default=2525)
    words.add_argument("--folder", type=Path, default=Path("var/mail"))
    words.add_argument("--list", action="store_true", help="print what was caught and end")
    chosen = words.parse_args()
    if chosen.list:
        _print(chosen.folder)
    else:
        _serve(chosen.host, chosen.port, chosen.folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

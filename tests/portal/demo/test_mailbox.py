"""The mail catcher as a process of its own."""

from __future__ import annotations

import smtplib
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from portal.demo.mailbox import caught_mails, keep
from portal.demo.servers import LOOPBACK, free_port


def mail_about(subject: str, key: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = "a@x.example", "b@x.example", subject, key
    mail.set_content("您好")
    mail.add_alternative("<p>您好</p>", subtype="html")
    mail["Content-Language"] = "zh-hans"
    return mail


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    port = free_port()
    words = [sys.executable, "-m", "portal.demo.mailbox", "--port", str(port), "--folder", str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert str(port) in process.stdout.readline()  # printed once it listens
        yield port
        process.terminate()
        assert process.wait(timeout=10) == 0


def test_mails_are_kept_once_per_message_id(port: int, tmp_path: Path) -> None:
    with smtplib.SMTP(LOOPBACK, port, timeout=10) as smtp:
        for mail in (mail_about("准予", "<1@x>"), mail_about("准予", "<1@x>"), mail_about("Other", "<2@x>")):
            smtp.send_message(mail)
    first, second = caught_mails(tmp_path)
    assert (first.subject, first.to, first.message_id) == ("准予", "b@x.example", "<1@x>")
    assert (first.text.strip(), first.html.strip(), first.language) == ("您好", "<p>您好</p>", "zh-hans")
    assert second.subject == "Other"
    listed = subprocess.run(
        [sys.executable, "-m", "portal.demo.mailbox", "--list", "--folder", str(tmp_path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert [line.split("  ")[2] for line in listed.stdout.splitlines()] == ["准予", "Other"]


def test_mails_without_message_id_are_told_apart_by_content(tmp_path: Path) -> None:
    assert keep(tmp_path, b"Subject: a\n\nx") != keep(tmp_path, b"Subject: b\n\nx")
    assert {mail.text for mail in caught_mails(tmp_path)} == {"x"}

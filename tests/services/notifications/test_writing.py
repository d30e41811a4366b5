"""Mails written by hand read as the standard library reads mails, and no header is ever added."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

import pytest
from django.core.mail.message import BadHeaderError
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.channels.writing import write_mail, written_address

printable = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=120)


def read(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


@given(subject=printable, text=printable, html=printable)
def test_what_is_written_is_what_is_read(subject: str, text: str, html: str) -> None:
    content = write_mail(to="a@example.com", message_id="<k@site>", subject=subject, text=text, html=html)
    mail = read(content)
    assert " ".join(mail["Subject"].split()) == " ".join(subject.split())
    assert [part.get_content() for part in mail.iter_parts()] == [text, html]
    assert max(map(len, content.split(b"\r\n"))) <= 100
    assert content.isascii()
    assert not mail.defects


def test_headers_are_those_of_a_notice() -> None:
    mail = read(
        write_mail(to="a@b.cn", message_id="<k@site>", subject="准予", text="一\n二", html="<p>", headers=["X-A: 1"])
    )
    assert (mail["To"], mail["Message-ID"], mail["X-A"], mail["From"]) == (
        "a@b.cn",
        "<k@site>",
        "1",
        "one-stop@localhost",
    )
    assert mail.get_content_type() == "multipart/alternative"
    assert mail["Date"].datetime is not None
    assert not mail.defects


@pytest.mark.parametrize("evil", ["a@b.cn\r\nBcc: c@d.cn", "a@b.cn\nBcc: c@d.cn", "a@b.cn\r"])
def test_a_line_break_gets_into_no_header(evil: str) -> None:
    with pytest.raises(BadHeaderError):
        written_address(evil)
    with pytest.raises(BadHeaderError):
        write_mail(to=evil, message_id="<k@site>", subject="", text="", html="")


def test_addresses_of_other_forms_are_written_as_django_does() -> None:
    assert written_address("li@例子.中国") == "li@xn--fsqu00a.xn--fiqs8s"
    with pytest.raises(ValueError, match="address"):
        written_address("")

"""How errors that a real server rarely gives are classed."""

from __future__ import annotations

import smtplib

import pytest

from services.notifications.channels.email import _classified
from services.notifications.channels.errors import ChannelDownError, PermanentError, SendError, TemporaryError


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (smtplib.SMTPNotSupportedError("SMTPUTF8"), PermanentError),
        (UnicodeEncodeError("ascii", "名", 0, 1, "address"), PermanentError),
        (smtplib.SMTPServerDisconnected("gone"), TemporaryError),
        (TimeoutError("slow"), TemporaryError),
        (smtplib.SMTPAuthenticationError(535, b"no"), ChannelDownError),
        (smtplib.SMTPSenderRefused(530, b"sign in", "a@example.com"), ChannelDownError),
        (smtplib.SMTPResponseException(421, "closing"), ChannelDownError),
        (smtplib.SMTPResponseException(552, "too large"), PermanentError),
    ],
)
def test_smtp_error_is_classed_without_naming_anybody(error: Exception, expected: type[SendError]) -> None:
    classed = _classified(error)
    assert type(classed) is expected
    assert "@" not in classed.reason
    assert classed.reason.startswith(type(error).__name__)

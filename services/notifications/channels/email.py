"""E-mail over SMTP, with Django's mail settings and their time limit."""

from __future__ import annotations

import contextlib
import smtplib
from email.utils import parseaddr
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.core.mail import get_connection
from django.template.loader import render_to_string

from services.notifications.channels.envelope import Envelope
from services.notifications.channels.errors import ChannelDownError, PermanentError, SendError, TemporaryError
from services.notifications.channels.writing import write_mail, written_address
from services.notifications.messages import frame_for

SERVICE_NOT_AVAILABLE = 421
AUTHENTICATION_REPLIES = (530, 534, 535)


class EmailSender:
    """Sends over one SMTP connection, opened when first used and again after it broke."""

    def __init__(self) -> None:
        """Connect to nothing yet."""
        self._connection: Any = None

    def send(self, envelope: Envelope) -> None:
        """Hand one mail to the SMTP server. Raises SendError when it did not take it."""
        try:
            to = written_address(envelope.to)
            mail = build_mail(envelope, to)
        except ValueError as error:  # one that cannot be written is our fault, not the server's
            raise PermanentError(type(error).__name__) from error
        connection = self._open()
        try:
            connection.sendmail(sender_address(), [to], mail)
        except smtplib.SMTPRecipientsRefused as error:  # smtplib has taken it back: the connection goes on
            if _code(error) == SERVICE_NOT_AVAILABLE:
                self.close()
            raise _classified(error) from error
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            self.close()
            raise _classified(error) from error

    def _open(self) -> Any:
        if self._connection is None:
            backend: Any = get_connection("django.core.mail.backends.smtp.EmailBackend")
            try:
                backend.open()
            except (smtplib.SMTPException, OSError) as error:
                raise ChannelDownError(_reason(error)) from error
            self._connection = backend.connection
        return self._connection

    def close(self) -> None:
        """Hang up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                connection.quit()


def sender_address() -> str:
    """Return the address mails come from, without a name."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def build_mail(envelope: Envelope, to: str) -> bytes:
    """Write a mail as plain text and HTML in the recipient's language; `Message-ID` is the key."""
    content = {
        "language": envelope.language,
        "message": envelope.message,
        "url": urljoin(settings.SITE_URL, envelope.link) if envelope.link else "",
        "frame": frame_for(envelope.language),
        "city": settings.CITY.get(envelope.language, settings.CITY["zh-hans"]),
    }
    return write_mail(
        to=to,
        message_id=f"<{envelope.key}@{urlsplit(settings.SITE_URL).hostname}>",
        subject=envelope.message.subject,
        text=render_to_string("mail/notice.txt", content),
        html=render_to_string("mail/notice.html", content),
        headers=(
            "Auto-Submitted: auto-generated",  # RFC 3834: no out-of-office replies
            f"Content-Language: {envelope.language}",
        ),
    )


def _classified(error: Exception) -> SendError:
    reason, code = _reason(error), _code(error)
    if isinstance(error, UnicodeError | smtplib.SMTPNotSupportedError):
        return PermanentError(reason)
    if code == SERVICE_NOT_AVAILABLE or code in AUTHENTICATION_REPLIES:
        return ChannelDownError(reason)
    if code >= 500:
        return PermanentError(reason)
    return TemporaryError(reason)


def _code(error: Exception) -> int:
    """Return the SMTP reply code, 0 if the error has none."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return max(code for code, _text in error.recipients.values())
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0


def _reason(error: Exception) -> str:
    code = _code(error)
    return f"{type(error).__name__} {code}" if code else type(error).__name__

"""E-mail over SMTP, with Django's mail settings and their time limit."""

from __future__ import annotations

import contextlib
import smtplib
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string

from services.notifications.channels.envelope import Envelope
from services.notifications.channels.errors import ChannelDownError, PermanentError, SendError, TemporaryError
from services.notifications.messages import frame_for

SERVICE_NOT_AVAILABLE = 421
AUTHENTICATION_REPLIES = (530, 534, 535)


class EmailSender:
    """Sends over one SMTP connection, opened when first used and again after an error."""

    def __init__(self) -> None:
        """Connect to nothing yet."""
        self._connection: Any = None

    def send(self, envelope: Envelope) -> None:
        """Hand one mail to the SMTP server. Raises SendError when it did not take it."""
        try:
            mail = build_mail(envelope)
            mail.message()  # an address or a header that cannot be written is our fault, not the server's
        except ValueError as error:
            raise PermanentError(type(error).__name__) from error
        mail.connection = self._open()
        try:
            mail.send()
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            self.close()
            raise _classified(error) from error

    def _open(self) -> Any:
        if self._connection is None:
            connection = get_connection()
            try:
                connection.open()
            except (smtplib.SMTPException, OSError) as error:
                raise ChannelDownError(_reason(error)) from error
            self._connection = connection
        return self._connection

    def close(self) -> None:
        """Hang up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                connection.close()


def build_mail(envelope: Envelope) -> EmailMultiAlternatives:
    """Write a mail as plain text and HTML in the recipient's language; `Message-ID` is the key."""
    site = urlsplit(settings.SITE_URL)
    content = {
        "language": envelope.language,
        "message": envelope.message,
        "url": urljoin(settings.SITE_URL, envelope.link) if envelope.link else "",
        "frame": frame_for(envelope.language),
        "city": settings.CITY.get(envelope.language, settings.CITY["zh-hans"]),
    }
    mail = EmailMultiAlternatives(
        subject=envelope.message.subject,
        body=render_to_string("mail/notice.txt", content),
        to=[envelope.to],
        headers={
            "Message-ID": f"<{envelope.key}@{site.hostname}>",
            "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office replies
            "Content-Language": envelope.language,
        },
    )
    mail.attach_alternative(render_to_string("mail/notice.html", content), "text/html")
    return mail


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

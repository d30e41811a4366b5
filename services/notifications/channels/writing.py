"""Writes a mail as bytes. The standard library's generator, which folds any header, takes five times as long.

What may stand in a header is narrow here: an address of a plain form or as Django writes it, a subject as RFC 2047
words, and values of our own. A line break never gets into one.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache

from django.conf import settings
from django.core.mail.message import BadHeaderError, sanitize_address

PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")
WORD_BYTES = 45  # RFC 2047: at most 75 characters with what stands around it


def write_mail(*, to: str, message_id: str, subject: str, text: str, html: str, headers: Iterable[str] = ()) -> bytes:
    """Return a mail with a plain and an HTML body, lines ending in CRLF.

    to: as `written_address` returns it. headers: more lines, ours alone.

    Raises:
        BadHeaderError: a line break where there must be none.
    """
    boundary = f"=_{message_id.strip('<>').partition('@')[0]}"
    lines = [
        f"From: {_sender()}",
        f"To: {to}",
        f"Subject: {_words(subject)}",
        f"Date: {formatdate(localtime=True)}",
        f"Message-ID: {message_id}",
        *headers,
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
    ]
    for line in lines:
        if "\n" in line.replace("\r\n ", "") or "\r" in line.replace("\r\n ", ""):
            raise BadHeaderError("A header has a line break.")
    parts = [_part(boundary, "plain", text), _part(boundary, "html", html)]
    return "\r\n".join([*lines, "", *parts, f"--{boundary}--", ""]).encode("ascii")


def written_address(address: str) -> str:
    """Return an address as it stands in a header and in the envelope.

    Raises:
        ValueError: it is none; BadHeaderError if it has a line break.
    """
    if PLAIN_ADDRESS.fullmatch(address):
        return address
    if "\n" in address or "\r" in address:
        raise BadHeaderError("An address has a line break.")
    return str(sanitize_address(address, "utf-8"))


@lru_cache(maxsize=1)
def _address_of(sender: str) -> str:
    return written_address(sender)


def _sender() -> str:
    return _address_of(settings.DEFAULT_FROM_EMAIL)


def _words(text: str) -> str:
    """Return a header's text: as it is, or in RFC 2047 words that never cut a character."""
    if text.isascii() and text.isprintable() and len(text) < 70 and "=?" not in text:
        return text
    words, word = [], b""
    for character in text:
        letter = character.encode()
        if len(word) + len(letter) > WORD_BYTES:
            words.append(word)
            word = b""
        word += letter
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(part).decode()}?=" for part in [*words, word])


def _part(boundary: str, kind: str, text: str) -> str:
    content = base64.encodebytes(text.replace("\n", "\r\n").encode()).decode().replace("\n", "\r\n")
    head = f'--{boundary}\r\nContent-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    return head + content

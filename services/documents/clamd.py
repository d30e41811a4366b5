"""Ask a ClamAV daemon about a file: the INSTREAM command of its protocol (clamd(8)).

The bytes go in portions, each with its length before it; a length of zero ends them; one line comes back.
"""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from django.conf import settings

PORTION = 64 * 1024
ANSWER_LIMIT = 4096
SECONDS = 20.0
_FOUND = re.compile(r"^stream: (.+) FOUND$")


class ScannerError(Exception):
    """The scanner is not there, broke off, or answered with an error. Nothing is known about the file."""


def scanner_address() -> str:
    """Return the address of the scanner, "" where none is set up: tcp://host:port or unix:///path/of/the/socket."""
    return str(getattr(settings, "CLAMD_URL", ""))


def scan(path: Path) -> str:
    """Return what a file is infected with, "" if it is clean.

    Raises ScannerError: anything else than one of the two answers.
    """
    try:
        with _connected(scanner_address()) as connection, path.open("rb") as file:
            _send(connection, file)
            answer = b"".join(_answer(connection)).rstrip(b"\0\n").decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        raise ScannerError(f"{type(error).__name__}: {error}") from error
    if found := _FOUND.match(answer):
        return found[1]
    if answer != "stream: OK":
        raise ScannerError(answer or "The scanner closed the connection without an answer.")
    return ""


def _send(connection: socket.socket, file: BinaryIO) -> None:
    """Send a file. A daemon that takes no more (its StreamMaxLength) says so before it hangs up."""
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(b"zINSTREAM\0")
        while portion := file.read(PORTION):
            connection.sendall(struct.pack("!L", len(portion)) + portion)
        connection.sendall(struct.pack("!L", 0))


def _connected(address: str) -> socket.socket:
    parts = urlsplit(address)
    if parts.scheme == "unix":
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(SECONDS)
        connection.connect(parts.path)
        return connection
    if parts.scheme != "tcp" or not parts.hostname:
        raise ValueError("CLAMD_URL must be tcp://host:port or unix:///path.")
    return socket.create_connection((parts.hostname, parts.port or 3310), timeout=SECONDS)


def _answer(connection: socket.socket) -> Iterator[bytes]:
    read = 0
    while read < ANSWER_LIMIT and (portion := connection.recv(ANSWER_LIMIT)):
        read += len(portion)
        yield portion
        if portion.endswith((b"\0", b"\n")):
            return

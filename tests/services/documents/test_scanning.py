"""The virus scanner, spoken to over a real connection: what is not known to be clean stays closed."""

from __future__ import annotations

import datetime as dt
import socketserver
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from services.documents.clamd import ScannerError, scan
from services.documents.enums import ScanState, UploadState
from services.documents.models import Upload
from services.documents.operations import UploadNotReadyError, open_preview, open_upload, scan_uploads
from services.documents.queries import uploads_of
from tests.factories.accounts import UserFactory
from tests.factories.documents import files_on_disk, make_upload, picture_bytes
from tests.factories.papers import AT

LATER = AT + dt.timedelta(minutes=2)


class Clamd(socketserver.ThreadingTCPServer):
    """A small server that speaks clamd's INSTREAM: it answers FOUND to what holds `evil`, or with `broken` as told."""

    allow_reuse_address = True
    daemon_threads = True
    broken = b""
    limit = 2**20

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        super().__init__(("127.0.0.1", 0), Conversation)


class Conversation(socketserver.StreamRequestHandler):
    """One command and its answer."""

    server: Clamd

    def handle(self) -> None:
        assert self.rfile.read(10) == b"zINSTREAM\0"
        content = b""
        while length := struct.unpack("!L", self.rfile.read(4))[0]:
            content += self.rfile.read(length)
            if len(content) > self.server.limit:
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        self.server.seen.append(content)
        verdict = b"Evil.Test FOUND" if b"evil" in content else b"OK"
        self.wfile.write(self.server.broken or b"stream: " + verdict + b"\0")


@pytest.fixture
def clamd(settings: Any) -> Iterator[Clamd]:
    server = Clamd()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    settings.CLAMD_URL = f"tcp://127.0.0.1:{server.server_address[1]}"
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_protocol(clamd: Clamd, tmp_path: Path, settings: Any) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(200_000))
    assert scan(file) == ""
    assert clamd.seen == [bytes(200_000)]
    file.write_bytes(b"x" * 70_000 + b"evil")
    assert scan(file) == "Evil.Test"
    file.write_bytes(bytes(2**21))
    with pytest.raises(ScannerError):  # the server's words, or a connection it closed while we were still sending
        scan(file)
    for answer in (b"stream: OK", b"", b"UNKNOWN COMMAND\0", b"x" * 9000):
        clamd.broken = answer or b"\0"
        file.write_bytes(b"small")
        if answer == b"stream: OK":
            assert scan(file) == ""
            continue
        with pytest.raises(ScannerError):
            scan(file)
    for address in ("http://127.0.0.1", "tcp://127.0.0.1:1", "unix:///nowhere/clamd.sock", "nonsense"):
        settings.CLAMD_URL = address
        with pytest.raises(ScannerError):
            scan(file)


@pytest.mark.django_db
def test_nobody_opens_a_file_before_it_is_clean(clamd: Clamd) -> None:
    content = picture_bytes()
    upload = make_upload(content=content)
    assert (upload.state, upload.scan) == (UploadState.CHECKING, ScanState.PENDING)
    assert not uploads_of("application", 1).exists()
    reader = UserFactory()
    for original in (False, True):
        with pytest.raises(UploadNotReadyError):
            open_upload(upload=upload, reader=reader, purpose="x", at=AT, original=original)
    with pytest.raises(UploadNotReadyError):
        open_preview(upload=upload, size="large", reader=reader, purpose="x", at=AT)
    assert scan_uploads(at=AT) == 1
    upload.refresh_from_db()
    assert (upload.state, upload.scan, upload.scanned_at) == (UploadState.READY, ScanState.CLEAN, AT)
    assert clamd.seen == [content]  # the original, not our copy
    assert scan_uploads(at=LATER) == 0
    assert open_upload(upload=upload, reader=reader, purpose="x", at=AT).path.exists()


@pytest.mark.django_db
def test_an_infected_file_is_refused_and_deleted(
    clamd: Clamd, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    upload = make_upload(content=picture_bytes() + b"evil")
    with django_capture_on_commit_callbacks(execute=True):
        assert scan_uploads(at=AT) == 1
    upload.refresh_from_db()
    assert (upload.state, upload.scan, upload.scan_note) == (UploadState.REFUSED, ScanState.INFECTED, "Evil.Test")
    assert files_on_disk() == []


@pytest.mark.django_db
def test_a_scanner_that_does_not_answer_keeps_the_file_closed(clamd: Clamd, settings: Any) -> None:
    clamd.broken = b"stream: something ERROR\0"
    upload = make_upload()
    assert scan_uploads(at=AT) == 0
    upload.refresh_from_db()
    assert (upload.state, upload.scan, upload.scan_attempts) == (UploadState.CHECKING, ScanState.ERROR, 1)
    assert "ERROR" in upload.scan_note
    assert upload.scan_after is not None
    assert upload.scan_after > AT
    clamd.broken = b""
    assert scan_uploads(at=AT) == 0  # not yet due again
    assert scan_uploads(at=LATER) == 1
    assert uploads_of("application", 1).exists()

    settings.CLAMD_URL = "tcp://127.0.0.1:1"
    waits = make_upload(material_code="other")
    assert scan_uploads(at=LATER) == 0
    settings.CLAMD_URL = ""  # switched off by the administrator: as on an installation without one
    assert scan_uploads(at=LATER + dt.timedelta(hours=1)) == 1
    waits.refresh_from_db()
    assert (waits.state, waits.scan) == (UploadState.READY, ScanState.NONE)


@pytest.mark.django_db
def test_a_verdict_that_comes_late_changes_nothing(clamd: Clamd, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = make_upload()

    def removed_meanwhile(_path: Path) -> str:
        Upload.objects.filter(pk=upload.pk).update(state=UploadState.REMOVED, removed_at=AT)
        return ""

    monkeypatch.setattr("services.documents.operations.scanning.scan", removed_meanwhile)
    assert scan_uploads(at=AT) == 0
    upload.refresh_from_db()
    assert upload.state == UploadState.REMOVED

"""Rows and files are compared; what does not fit is reported, nothing is repaired."""

from __future__ import annotations

import datetime as dt
import os
import time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from services.documents import storage
from services.documents.enums import UploadState
from services.documents.models import Upload
from services.documents.operations import ensure_rendered
from services.documents.reconciliation import file_report
from tests.factories.documents import make_paper, make_upload
from tests.factories.parties import DepartmentFactory

pytestmark = pytest.mark.django_db


def test_a_whole_store_is_clean() -> None:
    make_upload()
    ensure_rendered(paper=make_paper(department=DepartmentFactory(code="SCJG").code), at=timezone.now())
    report = file_report(at=timezone.now(), hashes=True)
    assert (report.clean, report.checked) == (True, 3)
    said = StringIO()
    call_command("check_files", hashes=True, stdout=said)
    assert "3 files agree" in said.getvalue()


def test_everything_that_does_not_fit_is_named() -> None:
    now = timezone.now()
    lost, changed, unfinished = make_upload(), make_upload(), make_upload()
    storage.path_of(lost.storage_key).unlink()
    storage.path_of(changed.storage_key).write_bytes(b"other")
    Upload.objects.filter(pk=unfinished.pk).update(state=UploadState.PENDING, uploaded_at=now - dt.timedelta(hours=2))
    orphan = storage.root() / "uploads" / "aa" / "nobody.pdf"
    left = storage.root() / storage.INCOMING / "left"
    fresh = storage.root() / storage.INCOMING / "fresh"
    for path in (orphan, left, fresh):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    for path in (orphan, left):
        os.utime(path, (time.time() - 7200, time.time() - 7200))

    report = file_report(at=now, hashes=True)

    assert report.rows_without_file == (lost.storage_key,)
    assert report.damaged == (changed.storage_key,)
    assert set(report.files_without_row) == {"uploads/aa/nobody.pdf", "incoming/left"}
    assert report.stuck == (unfinished.public_id,)
    assert file_report(at=now, hashes=False).damaged == ()
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("check_files", stdout=said)
    assert "uploads/aa/nobody.pdf" in said.getvalue()

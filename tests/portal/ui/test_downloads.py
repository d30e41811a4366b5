"""Files are sent to be saved, never to be run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from portal.ui.downloads import attachment_response


# Closing a response ends a request, and Django then looks after its database connections.
@pytest.mark.django_db
def test_headers_of_a_download(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"content")
    response = attachment_response(file, "受理通知书 演示“1”.pdf", "application/pdf")
    assert b"".join(response.streaming_content) == b"content"  # type: ignore[arg-type]
    disposition = response["Content-Disposition"]
    assert disposition.startswith("attachment; filename*=utf-8''%E5%8F%97%E7%90%86")
    assert disposition.isascii()
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["Cache-Control"] == "no-store, private"
    assert response["Content-Type"] == "application/pdf"
    response.close()


@pytest.mark.django_db
def test_the_proxy_sends_files_where_it_is_told(settings: Any) -> None:
    settings.FILES_BY_PROXY = "/stored-files/"
    path = Path(settings.MEDIA_ROOT) / "uploads" / "ab" / "a b.pdf"
    response = attachment_response(path, "a.pdf", "application/pdf")
    assert response["X-Accel-Redirect"] == "/stored-files/uploads/ab/a%20b.pdf"
    assert response.content == b""  # type: ignore[attr-defined]
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["Content-Disposition"] == 'attachment; filename="a.pdf"'

"""QR codes on pages and papers."""

from __future__ import annotations

from lxml import etree

from services.documents.typesetting import qr_svg


def test_a_code_fills_what_holds_it() -> None:
    drawn = etree.fromstring(qr_svg("https://example.org/verify/ABCDEFGHJKLMNPQR").encode())
    assert drawn.get("viewBox")
    assert drawn.get("width") is None

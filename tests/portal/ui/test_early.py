"""A page in two parts: the head goes out before the content is asked for, and the whole is what the template draws."""

from __future__ import annotations

import gzip
import re
import zlib
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from portal.ui import early
from portal.ui.compression import CompressionMiddleware
from portal.ui.early import EarlyPage, early_page
from tests.factories.cases import CaseFactory, open_case, open_task
from tests.factories.drafts import browser_of

TEMPLATE = "errors/404.html"


def tokenless(page: str) -> str:
    """Return a page without what differs in every answer: its form tokens and the time of day."""
    return re.sub(r"""\b\d\d:\d\d\b|(?<=name="csrfmiddlewaretoken" value=")\w+|(?<="X-CSRFToken": ")\w+""", "", page)


def asked_for() -> HttpRequest:
    request = RequestFactory().get("/nowhere/", headers={"Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-origin"})
    request.user = AnonymousUser()
    return request


def test_the_head_is_sent_before_the_content_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early, "_heads", {})
    asked: list[str] = []

    def context() -> dict[str, Any]:
        asked.append("asked")
        return {"reference": "7"}

    title = render_to_string(TEMPLATE, {"reference": "7"}, asked_for()).partition("<title>")[2].partition(" ·")[0]
    first = early_page(asked_for(), TEMPLATE, context, title=title)
    assert not isinstance(first, EarlyPage), "the first of its kind is sent in one piece"
    assert isinstance(first, HttpResponse)
    asked.clear()
    later = early_page(asked_for(), TEMPLATE, context, title=title)
    assert isinstance(later, EarlyPage)
    parts = iter(later.streaming_content)  # type: ignore[arg-type]
    head = next(parts)
    assert head.endswith(b"</head>")
    assert not asked
    assert tokenless((head + b"".join(parts)).decode()) == tokenless(first.content.decode())
    again = early_page(asked_for(), TEMPLATE, context, title="<&>")
    assert isinstance(again, EarlyPage)
    assert b"<title>&lt;&amp;&gt; \xc2\xb7" in again.content
    shown = asked_for()
    shown._messages = [Message(20, "once")]  # type: ignore[attr-defined]
    assert not isinstance(early_page(shown, TEMPLATE, context, title=title), EarlyPage), "messages are shown once"


def test_content_that_fails_says_so_with_the_number_of_its_line_in_the_log() -> None:
    def context() -> dict[str, Any]:
        if early._heads:
            raise ZeroDivisionError
        return {"reference": ""}

    title = render_to_string(TEMPLATE, {"reference": ""}, asked_for()).partition("<title>")[2].partition(" ·")[0]
    early._heads.clear()
    early_page(asked_for(), TEMPLATE, context, title=title)
    request = asked_for()
    request.request_id = "number-12345"  # type: ignore[attr-defined]
    page = early_page(request, TEMPLATE, context, title=title)
    sent = b"".join(page).decode()
    assert "number-12345" in sent
    assert sent.endswith("</html>")
    whole = early_page(request, TEMPLATE, context, title=title)
    assert isinstance(whole, EarlyPage)
    with pytest.raises(ZeroDivisionError):
        _ = whole.content


def test_each_part_is_compressed_and_sent_at_once() -> None:
    page = EarlyPage("<head>" + "a" * 500, lambda: "b" * 500, str)
    sent = CompressionMiddleware(lambda _: page)(asked_for())
    assert sent.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in sent.headers["Vary"]
    parts = iter(sent)
    first = next(parts)
    assert zlib.decompressobj(wbits=31).decompress(first).decode() == "<head>" + "a" * 500
    assert gzip.decompress(first + b"".join(parts)).decode() == "<head>" + "a" * 500 + "b" * 500


@pytest.mark.django_db
def test_a_timeline_is_the_same_in_one_piece_and_in_two() -> None:
    case = open_case(CaseFactory.create().service)
    open_task(case)
    browser: Client = browser_of(case.application.filed_by)
    early._heads.clear()
    pages = [browser.get(f"/my/applications/{case.application.public_id}/") for _ in range(2)]
    assert [isinstance(page, EarlyPage) for page in pages] == [False, True]
    one, two = (tokenless(page.content.decode()) for page in pages)
    assert one == two
    assert str(case.number) in one
    assert pages[1].headers["Cache-Control"] == "no-store, private"

"""The frame of a page is kept, and yet each page has its own: her token, her doors, where she is, her language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template import RequestContext
from django.template.loader import get_template
from django.test import Client, RequestFactory
from django.utils.translation import override

from portal.ui import frame
from tests.factories.accounts import UserFactory
from tests.factories.parties import MembershipFactory

TEMPLATES = sorted((Path(settings.ROOT) / "templates").rglob("*.html"))


def asked(address: str, user: object = None) -> HttpRequest:
    request = RequestFactory().get(address)
    request.user = user or AnonymousUser()
    return request


def header(request: HttpRequest) -> str:
    context = RequestContext(request)
    with context.bind_template(get_template("ui/base.html").template):
        return frame.header(context)


def tokenless(page: str) -> str:
    return re.sub(r'(?<=name="csrfmiddlewaretoken" value=")\w+', "", page)


@pytest.mark.django_db
def test_a_kept_header_is_the_one_that_would_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    citizen, clerk = UserFactory(), MembershipFactory(role="clerk").user
    requests = [
        asked(path, user) for path in ("/services/", "/x/?a=1&b=<i>", "/?q=<b>") for user in (None, citizen, clerk)
    ]
    languages = ("zh-hans", "en")

    def all_of_them() -> list[str]:
        found = []
        for language in languages:
            with override(language):
                found += [tokenless(header(request)) for request in requests]
        return found

    monkeypatch.setattr(frame, "_drawn", frame.OrderedDict())
    first = all_of_them()
    assert len(frame._drawn) == 2 * 2 * 3  # not what was looked for
    assert all_of_them() == first
    monkeypatch.setattr(frame, "_kept", lambda _key, template, context, **given: frame._made(
        template, context, csrf_token=frame._TOKEN, here=frame._HERE, **given))  # fmt: skip
    assert all_of_them() == first
    assert len(set(first)) == len(first)
    assert 'value="/x/?a=1&amp;b=%3Ci%3E"' in first[3]
    assert [text.count('aria-current="page"') for text in first[:6]] == [1, 1, 1, 0, 0, 0]


@pytest.mark.django_db
def test_each_page_has_a_token_of_its_own() -> None:
    pages = [Client().get("/about/").content.decode() for _ in range(2)]
    tokens = [set(re.findall(r'name="csrfmiddlewaretoken" value="(\w{64})"', page)) for page in pages]
    assert all(len(found) == 1 for found in tokens)
    assert tokens[0] != tokens[1]
    assert not any(frame._TOKEN in page or frame._HERE in page for page in pages)


def test_every_way_leads_somewhere() -> None:
    names = {name for file in TEMPLATES for name in re.findall(r"{% way '([^']+)'", file.read_text(encoding="utf-8"))}
    assert {*frame._WAYS} <= names
    assert not [name for name in names if not frame.address(name)]

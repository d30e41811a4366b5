"""Pages that are kept for visitors: the same for all but their form tokens, never for whoever has a session."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from services.parties.models import Department
from tests.factories.accounts import UserFactory
from tests.factories.catalogue import published_service

pytestmark = pytest.mark.django_db
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


@pytest.fixture(autouse=True)
def _kept(settings: Any) -> None:
    settings.PAGE_CACHE_SECONDS = 60
    caches["pages"].clear()
    published_service(item__code="kept", name_zh="原来的名称", name_en="The first name")


def page(client: Client, path: str = "/guide/kept/", **headers: str) -> str:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def renamed() -> None:
    Department.objects.update(name_zh="后来的局", name_en="The second bureau")


@pytest.mark.parametrize("path", ["/", "/services/", "/services/?page=1", "/guide/kept/"])
def test_a_visitor_gets_the_kept_page_with_a_token_of_her_own(path: str) -> None:
    first, second = Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)
    one = page(first, path)
    with CaptureQueriesContext(connection) as captured:
        other = page(second, path)
    assert len(captured) == 1  # whether the catalogue is still the same
    assert TOKEN.sub("", one).replace(TOKEN.findall(one)[0], "") == TOKEN.sub("", other).replace(
        TOKEN.findall(other)[0], ""
    )
    assert set(TOKEN.findall(one)).isdisjoint(TOKEN.findall(other))
    given = {"language": "en", "next": "/", "csrfmiddlewaretoken": TOKEN.findall(other)[0]}
    assert second.post("/language/", given).status_code == 302
    assert first.post("/language/", given).status_code == 403


@pytest.mark.parametrize("path", ["/services/", "/guide/kept/"])
def test_what_changes_in_the_catalogue_is_seen_at_once(client: Client, path: str) -> None:
    page(client, path)
    renamed()
    assert "后来的局" in page(client, path)


def test_language_and_large_text_have_pages_of_their_own(client: Client) -> None:
    assert "原来的名称" in page(client)
    assert "The first name" in page(client, **{"accept-language": "en"})
    client.cookies["large_text"] = "on"
    assert 'class="large-text"' in page(client)


@pytest.mark.parametrize("why", ["session", "search", "unknown", "htmx"])
def test_whoever_may_see_something_of_her_own_gets_it_fresh(client: Client, why: str) -> None:
    path = {"search": "/search/?q=原来", "unknown": "/guide/kept/?answer=1"}.get(why, "/guide/kept/")
    headers = {"hx-request": "true"} if why == "htmx" else {}
    if why == "session":
        client.force_login(UserFactory(), backend="django.contrib.auth.backends.ModelBackend")
    page(client, path, **headers)
    renamed()
    assert re.search("后来的局|The second bureau", page(client, path, **headers))


def test_what_is_not_there_is_not_kept(client: Client) -> None:
    assert client.get("/guide/later/").status_code == 404
    published_service(item__code="later")
    assert client.get("/guide/later/").status_code == 200

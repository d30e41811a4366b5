"""Large text: in a cookie for visitors, in the profile for those who signed in; without JavaScript."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
LARGE = 'class="large-text"'


def test_a_visitor_switches_it_on_and_off(client: Client) -> None:
    assert LARGE not in client.get("/about/").text
    answer = client.post("/large-text/", {"large_text": "on", "next": "/about/"})
    assert answer.headers["Location"] == "/about/"
    assert LARGE in client.get("/about/").text
    client.post("/large-text/", {"large_text": "off", "next": "/about/"})
    assert LARGE not in client.get("/about/").text


def test_a_profile_remembers_it(client: Client) -> None:
    user = UserFactory()
    client.force_login(user)
    client.post("/large-text/", {"large_text": "on", "next": "/about/"})
    user.refresh_from_db()
    assert user.large_text
    other = Client()
    other.force_login(user)
    assert LARGE in other.get("/about/").text


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_it_leads_to_no_other_site(client: Client, target: str) -> None:
    assert client.post("/large-text/", {"large_text": "on", "next": target}).headers["Location"] == "/"


def test_it_is_not_changed_by_a_link(client: Client) -> None:
    assert client.get("/large-text/").status_code == 405


@pytest.mark.parametrize("path", ["/about/", "/about/accessibility/", "/about/privacy/"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_about_the_portal(client: Client, path: str, language: str) -> None:
    client.cookies["django_language"] = language
    page = client.get(path)
    assert page.status_code == 200
    assert f'lang="{"zh-Hans" if language == "zh-hans" else "en"}"' in page.text

"""A form that comes after the sign-in ran out, or with an old token, loses nothing that was typed."""

from __future__ import annotations

import time

import lxml.html
import pytest
from django.conf import settings
from django.test import Client

from portal.ui.sessions import SEEN
from services.cases.models import Application
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.drafts import OpenPage, begun_draft

pytestmark = pytest.mark.django_db
NAME = "王𠮷 <b>&amp;\"'  O'Brien"


def run_out(browser: Client) -> None:
    """Let the sign-in of a browser run out."""
    session = browser.session
    session[SEEN] = time.time() - settings.SESSION_IDLE_LIMIT.total_seconds() - 1
    session.save()


def sign_in(browser: Client, username: str, after: str) -> object:
    return browser.post(after, {"login": username, "password": PASSWORD})


def test_what_is_sent_after_the_sign_in_ran_out_waits_behind_the_next_one() -> None:
    browser, draft, address = begun_draft()
    page = OpenPage(browser, address)
    run_out(browser)
    page.type(shop__name=NAME)
    answer = browser.post(address, {**page.fields, "save": "yes"})
    assert answer.status_code == 302
    assert answer["Location"].endswith("?next=/accounts/kept-form/")
    assert "nothing is lost" in browser.get(answer["Location"]).content.decode()
    kept = browser.session["kept_form"]
    assert NAME not in str(kept), "sealed"
    answer = sign_in(browser, draft.filed_by.username, answer["Location"])
    assert answer["Location"] == "/accounts/kept-form/"
    tree = lxml.html.fromstring(browser.get(answer["Location"]).content.decode())
    form = tree.xpath("//main//form")[0]
    assert form.get("action") == address
    answer = browser.post(address, _fields(form))
    assert answer.status_code == 302
    assert Application.objects.get(pk=draft.pk).answers["shop.name"] == NAME


def _fields(form: object) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for name, value in form.form_values():  # type: ignore[attr-defined]
        fields.setdefault(name, []).append(value)
    return fields


def test_somebody_else_at_the_same_computer_does_not_see_it_and_it_does_not_wait_for_ever() -> None:
    browser, _draft, address = begun_draft()
    page = OpenPage(browser, address)
    run_out(browser)
    answer = browser.post(address, {**page.fields, "shop-name": NAME})
    other = UserFactory()
    sign_in(browser, other.username, answer["Location"])
    answer = browser.get("/accounts/kept-form/")
    assert answer.status_code == 302
    assert "kept_form" not in browser.session

    browser, draft, address = begun_draft()
    page = OpenPage(browser, address)
    run_out(browser)
    answer = browser.post(address, {**page.fields, "shop-name": NAME})
    sign_in(browser, draft.filed_by.username, answer["Location"])
    session = browser.session
    session["kept_form"] = {**session["kept_form"], "until": time.time() - 1}
    session.save()
    assert browser.get("/accounts/kept-form/").status_code == 302


def test_an_old_token_keeps_the_entries_of_our_own_pages_only() -> None:
    _browser, draft, address = begun_draft()
    strict = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    strict.force_login(draft.filed_by, backend="django.contrib.auth.backends.ModelBackend")
    own = {"Origin": "http://testserver"}
    answer = strict.post(address, {"shop-name": NAME, "save": "yes", "csrfmiddlewaretoken": "old"}, headers=own)
    assert answer.status_code == 403
    tree = lxml.html.fromstring(answer.content.decode())
    fields = _fields(tree.xpath("//main//form")[0])
    assert fields["shop-name"] == [NAME]
    assert fields["csrfmiddlewaretoken"] != ["old"]
    assert strict.post(address, fields, headers=own).status_code in (200, 302)
    assert Application.objects.get(pk=draft.pk).answers["shop.name"] == NAME
    for headers in ({"Origin": "https://elsewhere.example"}, {}, {**own, "Sec-Fetch-Site": "cross-site"}):
        answer = strict.post(address, {"shop-name": NAME}, headers=headers)
        assert answer.status_code == 403
        assert b"shop-name" not in answer.content
    answer = strict.post("/accounts/login/", {"login": "x", "password": "y"}, headers=own)
    assert b'value="y"' not in answer.content

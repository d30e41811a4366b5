"""How somebody is told: the page of settings and that of her program."""

from __future__ import annotations

import re
from datetime import time
from typing import Any

import pytest
from django.test import Client

from services.notifications.models import WebhookEndpoint
from services.notifications.preferences import Preferences
from tests.factories.parties import MembershipFactory, PersonFactory

pytestmark = pytest.mark.django_db
PAGE = "/accounts/notices/"
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture(autouse=True)
def gateway(settings: Any) -> None:
    settings.SMS_GATEWAY_URL = "http://127.0.0.1:9/messages"


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def test_an_applicant_chooses_channels_language_and_quiet_hours() -> None:
    user = PersonFactory(user__language="en").user
    client = client_of(user)
    page = client.get(PAGE).content.decode()
    assert "Progress of my applications" in page
    assert "this e-mail is always sent" in page
    assert "One mail a day" not in page
    chosen = {"language": "zh-hans", "channels_progress": ["sms"], "quiet_from": "22:30", "quiet_until": "07:00"}
    assert "通知设置已保存" in client.post(PAGE, chosen, follow=True).content.decode()
    user.refresh_from_db()
    assert user.language == "zh-hans"
    assert Preferences.read(user.notice_settings) == Preferences(
        off=frozenset({("progress", "email")}), quiet_from=time(22, 30), quiet_until=time(7)
    )
    assert 'value="22:30"' in client.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("chosen", "times"),
    [
        ({"digest": ""}, ()),
        ({"digest": "1", "digest_first": "08:30", "digest_second": "13:30"}, (time(8, 30),)),
        ({"digest": "2", "digest_first": "08:30", "digest_second": "13:30"}, (time(8, 30), time(13, 30))),
    ],
)
def test_staff_choose_a_digest(chosen: dict[str, str], times: tuple[time, ...]) -> None:
    user = MembershipFactory(user__language="en").user
    client = client_of(user)
    assert "Tasks that wait for me" in client.get(PAGE).content.decode()
    done = client.post(PAGE, {"language": "en", "channels_tasks": ["email"], "channels_limits": [], **chosen})
    assert done.status_code == 302
    user.refresh_from_db()
    found = Preferences.read(user.notice_settings)
    assert found.digest_at == times
    assert found.off == {("limits", "email")}


def test_a_missing_time_is_asked_for() -> None:
    client = client_of(MembershipFactory(user__language="en").user)
    page = client.post(PAGE, {"language": "en", "digest": "2", "digest_first": "08:30"})
    assert page.status_code == 422
    assert "Enter a time of day." in page.content.decode()


def test_settings_leave_the_program_as_it_is(settings: Any) -> None:
    settings.WEBHOOK_PRIVATE_ALLOWED = True
    user = PersonFactory(user__language="en").user
    client = client_of(user)
    client.post(f"{PAGE}program/register/", {"url": "http://127.0.0.1:9/"})
    client.post(PAGE, {"language": "en", "quiet_from": "21:00", "quiet_until": "08:00"})
    user.refresh_from_db()
    assert Preferences.read(user.notice_settings).webhook


def test_a_secret_is_shown_once(settings: Any) -> None:
    settings.WEBHOOK_PRIVATE_ALLOWED = True
    user = PersonFactory(user__language="en").user
    client = client_of(user)
    page = client.post(f"{PAGE}program/register/", {"url": "http://127.0.0.1:9/in"})
    first = shown_secret(page.content.decode())
    assert "no-store" in page.headers["Cache-Control"]
    assert WebhookEndpoint.objects.get().secret == first
    assert first not in client.get(f"{PAGE}program/").content.decode()
    page = client.post(f"{PAGE}program/rotate/").content.decode()
    assert "signs too until" in page
    assert shown_secret(page) != first
    client.post(f"{PAGE}program/remove/")
    assert not WebhookEndpoint.objects.exists()
    assert client.post(f"{PAGE}program/rotate/").status_code == 302


def test_an_address_inside_is_refused_with_its_reason() -> None:
    client = client_of(PersonFactory(user__language="en").user)
    page = client.post(f"{PAGE}program/register/", {"url": "https://127.0.0.1/"})
    assert page.status_code == 422
    assert "reachable from the internet" in page.content.decode()
    assert not WebhookEndpoint.objects.exists()


def shown_secret(page: str) -> str:
    found = re.search(r"<code[^>]*data-verbatim[^>]*>([^<]{40,})</code>", page)
    assert found
    return found.group(1)

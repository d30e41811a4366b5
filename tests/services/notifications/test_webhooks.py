"""Calls of programs: a real HTTP server at the other end, which checks as docs/notices.md says."""

from __future__ import annotations

import inspect
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.conf import settings as site
from django.core.exceptions import ValidationError
from django.db import connection

from services.notifications.channels import webhook
from services.notifications.channels.webhook import UnsafeAddressError, safe_address, signature
from services.notifications.dispatch import dispatch_notices
from services.notifications.enums import Channel, NoticeStatus
from services.notifications.models import Notice, WebhookEndpoint
from services.notifications.operations import owe_notices
from services.notifications.preferences import Preferences
from services.notifications.webhooks import BOTH_SIGN, register_endpoint, remove_endpoint, rotate_secret
from tests.factories.accounts import UserFactory
from tests.factories.notifications import AT, draft_for
from tests.receivers import accept

pytestmark = pytest.mark.django_db


class Receiver(HTTPServer):
    """Keeps what it is sent. status: what it answers."""

    status = 204

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.calls: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/notices?x=1"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append((dict(self.headers), body))
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_PRIVATE_ALLOWED = True
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def owner() -> Any:
    return UserFactory(name="李小敏", email="")


def owe(owner: Any, number: str = "34") -> Notice:
    owe_notices([draft_for(owner, subject_id=number)], at=AT)
    return Notice.objects.get(channel=Channel.WEBHOOK, subject_id=number)


def test_a_program_is_told_without_names(receiver: Receiver, owner: Any) -> None:
    secret = register_endpoint(owner=owner, url=receiver.url, at=AT)
    notice = owe(owner)
    assert dispatch_notices(at=AT, worker="w").sent == 1
    ((headers, body),) = receiver.calls
    told = json.loads(body)
    assert told == {
        "id": str(notice.provider_key),
        "kind": "case_accepted",
        "subject_kind": "case",
        "subject_id": "34",
        "number": "C-2",
        "owed_at": AT.isoformat(),
        "link": "http://127.0.0.1:8000/my/34/",
    }
    for word in ("李小敏", "食品", "Food", owner.username):
        assert word not in body.decode()
    assert headers["One-Stop-Signature"] == f"v1={signature(secret, headers['One-Stop-Timestamp'], body)}"
    assert headers["Host"] == f"127.0.0.1:{receiver.server_port}"


def test_a_receiver_checks_as_the_documentation_says(receiver: Receiver, owner: Any) -> None:
    secret = register_endpoint(owner=owner, url=receiver.url, at=AT)
    owe(owner)
    dispatch_notices(at=AT, worker="w")
    ((headers, body),) = receiver.calls
    seen: set[str] = set()
    now = int(headers["One-Stop-Timestamp"])
    assert accept(headers, body, secret=secret, seen=seen, now=now)
    assert not accept(headers, body, secret=secret, seen=seen, now=now)  # a repetition
    assert not accept(headers, body + b" ", secret=secret, seen=set(), now=now)
    assert not accept(headers, body, secret="guessed", seen=set(), now=now)
    assert not accept(headers, body, secret=secret, seen=set(), now=now + 3600)  # replayed later


def test_the_documentation_has_the_very_lines() -> None:
    lines = inspect.getsource(accept).replace("  # type: ignore[no-untyped-def]", "")
    assert lines in (site.ROOT / "docs/notices.md").read_text(encoding="utf-8")


def test_both_secrets_sign_for_a_while(receiver: Receiver, owner: Any) -> None:
    old = register_endpoint(owner=owner, url=receiver.url, at=AT)
    new = rotate_secret(owner=owner, at=AT)
    assert old != new
    for number, at, good in (("1", AT, {old, new}), ("2", AT + BOTH_SIGN, {new})):
        owe(owner, number)
        dispatch_notices(at=at, worker="w")
        headers, body = receiver.calls[-1]
        now = int(headers["One-Stop-Timestamp"])
        fits = {secret for secret in (old, new) if accept(headers, body, secret=secret, seen=set(), now=now)}
        assert fits == good


def test_secrets_are_stored_encrypted(receiver: Receiver, owner: Any) -> None:
    secret = register_endpoint(owner=owner, url=receiver.url, at=AT)
    with connection.cursor() as cursor:
        cursor.execute("select secret from notifications_webhookendpoint")
        assert secret.encode() not in bytes(cursor.fetchone()[0])
    assert secret not in repr(WebhookEndpoint.objects.get())


@pytest.mark.parametrize("status", [302, 401, 404, 410, 422, 429, 500])
def test_a_program_that_refuses_is_tried_again_with_the_same_id(receiver: Receiver, owner: Any, status: int) -> None:
    register_endpoint(owner=owner, url=receiver.url, at=AT)
    notice = owe(owner)
    receiver.status = status
    assert dispatch_notices(at=AT, worker="w").retry == 1
    notice.refresh_from_db()
    assert (notice.status, notice.last_error) == (NoticeStatus.RETRY, f"HTTP {status}")
    assert WebhookEndpoint.objects.get().failing_since is not None
    receiver.status = 200
    assert dispatch_notices(at=AT + timedelta(minutes=1), worker="w").sent == 1
    assert len(receiver.calls) == 2
    assert len({headers["One-Stop-Id"] for headers, _ in receiver.calls}) == 1
    assert WebhookEndpoint.objects.get().failing_since is None


def test_an_endpoint_that_fails_for_days_is_switched_off_and_its_owner_told(receiver: Receiver, settings: Any) -> None:
    owner = UserFactory()
    register_endpoint(owner=owner, url=receiver.url, at=AT)
    receiver.status = 500
    owe(owner, "1")
    Notice.objects.filter(channel=Channel.EMAIL).update(status=NoticeStatus.CANCELLED, next_attempt_at=None)
    dispatch_notices(at=AT, worker="w")
    waiting = owe(owner, "2")
    Notice.objects.filter(channel=Channel.EMAIL).exclude(status="cancelled").update(
        status="cancelled", next_attempt_at=None
    )
    dispatch_notices(at=AT + settings.WEBHOOK_DISABLED_AFTER + timedelta(hours=1), worker="w")
    assert WebhookEndpoint.objects.get().disabled_at is not None
    waiting.refresh_from_db()
    assert waiting.status in (NoticeStatus.CANCELLED, NoticeStatus.RETRY)
    assert Notice.objects.filter(kind="webhook_disabled", channel=Channel.INBOX, recipient=owner).count() == 1
    owner.refresh_from_db()
    assert not Preferences.read(owner.notice_settings).webhook
    owe_notices([draft_for(owner, subject_id="3")], at=AT)
    assert not Notice.objects.filter(channel=Channel.WEBHOOK, subject_id="3").exists()


def test_what_waits_for_a_removed_endpoint_is_cancelled(receiver: Receiver, owner: Any) -> None:
    register_endpoint(owner=owner, url=receiver.url, at=AT)
    notice = owe(owner)
    remove_endpoint(owner=owner)
    notice.refresh_from_db()
    assert notice.status == NoticeStatus.CANCELLED
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://10.1.2.3/",
        "https://192.168.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.64.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://[2002:a00:1::]/",
        "https://[fd00::1]/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://inside.example/",
        "https://both.example/",
        "https://user@93.184.216.34/",
    ],
)
def test_our_own_network_is_never_called(url: str, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"inside.example": ["127.0.0.1"], "both.example": ["93.184.216.34", "10.0.0.1"]}

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        return [(0, 0, 0, "", (address, port)) for address in answers.get(host, ["127.0.0.1"])]

    monkeypatch.setattr(webhook.socket, "getaddrinfo", resolve)
    with pytest.raises(UnsafeAddressError):
        safe_address(url)
    with pytest.raises(ValidationError):
        register_endpoint(owner=owner, url=url, at=AT)


def test_an_address_outside_is_taken() -> None:
    assert safe_address("https://93.184.216.34/x") == ("93.184.216.34", "93.184.216.34")


def test_a_host_that_moves_into_our_network_is_not_called(receiver: Receiver, owner: Any, settings: Any) -> None:
    register_endpoint(owner=owner, url=receiver.url, at=AT)
    notice = owe(owner)
    settings.WEBHOOK_PRIVATE_ALLOWED = False
    assert dispatch_notices(at=AT, worker="w").retry == 1
    notice.refresh_from_db()
    assert notice.last_error == "UnsafeAddress"
    assert receiver.calls == []

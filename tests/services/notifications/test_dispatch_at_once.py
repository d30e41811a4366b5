"""Several dispatchers, and dispatchers that are killed, on committed rows of a real PostgreSQL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections

from services.notifications.crash_points import CRASH_POINTS
from services.notifications.dispatch import AT_ONCE, LEASE, dispatch_notices
from services.notifications.enums import Channel, NoticeStatus
from services.notifications.models import Notice
from services.notifications.operations import owe_notices
from tests.factories.accounts import UserFactory
from tests.factories.notifications import AT, NoticeFactory, draft_for
from tests.services.notifications.conftest import MailServer

pytestmark = pytest.mark.django_db(transaction=True)

DISPATCH_ONCE = """
import django, sys
django.setup()
from datetime import datetime
from services.notifications.operations import dispatch_notices
dispatch_notices(at=datetime.fromisoformat(sys.argv[1]), worker="child")
"""


def in_threads(work: Any, count: int) -> list[Any]:
    """Run `work` in `count` threads that begin together; return what they returned or raised."""
    results: list[Any] = []
    barrier = threading.Barrier(count)

    def run() -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=10)
            results.append(work())
        except Exception as error:
            results.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def test_dispatchers_at_once_send_each_notice_once(mail_server: MailServer) -> None:
    recipient = UserFactory()
    NoticeFactory.create_batch(60, recipient=recipient)
    done = in_threads(lambda: dispatch_notices(at=AT, worker="w"), 4)
    assert sum(result.sent for result in done) == 60
    assert mail_server.taken == len(mail_server.mails) == 60
    assert set(Notice.objects.values_list("status", "attempts")) == {(NoticeStatus.SENT, 1)}


def test_the_same_event_owed_at_once_is_owed_once() -> None:
    users = UserFactory.create_batch(10)
    forwards = [draft_for(user) for user in users]
    drafts = iter([forwards, forwards[::-1]] * 4)
    lock = threading.Lock()

    def owe() -> None:
        with lock:
            mine = next(drafts)
        owe_notices(mine, at=AT)

    assert in_threads(owe, 8) == [None] * 8
    channels = Counter(Notice.objects.values_list("channel", flat=True))
    assert channels == {Channel.INBOX: 10, Channel.EMAIL: 10}


def killed_at(name: str, mail_server: MailServer) -> None:
    """Dispatch in a process of its own that dies at the named place."""
    database = settings.DATABASES["default"]
    url = f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{connection.settings_dict['NAME']}"
    child = subprocess.run(
        [sys.executable, "-c", DISPATCH_ONCE, AT.isoformat()],
        cwd=Path(__file__).parents[3],
        env={
            **os.environ,
            "CRASH_AT": name,
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "portal.settings.test",
            "EMAIL_HOST": settings.EMAIL_HOST,
            "EMAIL_PORT": str(settings.EMAIL_PORT),
            "SITE_URL": settings.SITE_URL,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr


# where it dies -> mails that were taken by then: while the first outcome is written down, the next may be under way
@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("dispatch_in_claim", {0}),
        ("dispatch_after_claim", {0}),
        ("dispatch_before_send", {0}),
        ("dispatch_after_send", {1}),
        ("dispatch_before_mark_commit", {1, 2, 3}),
    ],
)
def test_killed_dispatcher_loses_and_doubles_nothing(mail_server: MailServer, name: str, taken: set[int]) -> None:
    assert name in CRASH_POINTS
    recipient = UserFactory()
    owe_notices([draft_for(recipient, subject_id=str(number)) for number in range(3)], at=AT)
    killed_at(name, mail_server)
    before = mail_server.taken
    assert before in taken
    assert Notice.objects.filter(channel=Channel.EMAIL, status=NoticeStatus.SENT).count() == 0

    claimed = name != "dispatch_in_claim"
    assert Notice.objects.filter(status=NoticeStatus.SENDING).count() == (3 if claimed else 0)
    if claimed:
        assert dispatch_notices(at=AT + LEASE - timedelta(seconds=30), worker="w").sent == 0
    assert dispatch_notices(at=AT + LEASE + timedelta(seconds=30), worker="w").sent == 3

    keys = {f"<{key}@one-stop.example>" for key in email_keys()}
    assert {mail.message_id for mail in mail_server.mails} == keys
    assert mail_server.taken == 3 + before  # a repeated one came with its first key, so nobody sees it twice
    assert Notice.objects.filter(channel=Channel.INBOX, status=NoticeStatus.SENT).count() == 3


@pytest.mark.parametrize("nth", [2, 5, 9])
def test_a_crash_repeats_no_more_than_was_in_hand(mail_server: MailServer, nth: int) -> None:
    recipient = UserFactory()
    owe_notices([draft_for(recipient, subject_id=str(number)) for number in range(40)], at=AT)
    killed_at(f"dispatch_before_mark_commit@{nth}", mail_server)
    marked = Notice.objects.filter(channel=Channel.EMAIL, status=NoticeStatus.SENT).count()
    unmarked = mail_server.taken - marked
    assert nth - 1 <= marked < 40
    assert 1 <= unmarked <= AT_ONCE
    assert dispatch_notices(at=AT + LEASE + timedelta(seconds=30), worker="w").sent == 40 - marked
    assert mail_server.taken == 40 + unmarked
    assert len(mail_server.mails) == 40


def email_keys() -> set[Any]:
    return set(Notice.objects.filter(channel=Channel.EMAIL).values_list("provider_key", flat=True))


def test_crash_points_do_nothing_where_they_are_not_switched_on(mail_server: MailServer, settings: Any) -> None:
    settings.CRASH_POINTS = False
    NoticeFactory()
    os.environ["CRASH_AT"] = "dispatch_before_send"
    try:
        assert dispatch_notices(at=AT, worker="w").sent == 1
    finally:
        del os.environ["CRASH_AT"]

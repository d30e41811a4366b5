"""Digests: each notice in exactly one, nothing lost, whoever builds and whoever dies."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection

from services.notifications.digests import build_digests
from services.notifications.dispatch import dispatch_notices
from services.notifications.enums import Channel, NoticeStatus
from services.notifications.models import Notice
from services.notifications.operations import owe_notices
from services.notifications.preferences import Preferences
from tests.factories.accounts import UserFactory
from tests.factories.notifications import AT, draft_for
from tests.services.notifications.conftest import MailServer
from tests.services.notifications.test_dispatch_at_once import in_threads, killed_at

pytestmark = pytest.mark.django_db(transaction=True)
TASK = {"kind": "task_waiting", "subject_kind": "task", "params": {
    "title_zh": "审核", "title_en": "Review", "case": "C-2", "service_zh": "食品经营许可", "service_en": "Food licence",
}}  # fmt: skip
DUE = datetime.fromisoformat("2026-10-12T17:00:00+08:00")


def reader(**changes: Any) -> Any:
    return UserFactory(notice_settings=Preferences(digest_at=(time(17),)).stored(), **changes)


def owe_tasks(user: Any, numbers: range) -> None:
    owe_notices(
        [draft_for(user, subject_id=str(number), link=f"/desk/tasks/{number}/", **TASK) for number in numbers], at=AT
    )


def test_the_inbox_has_each_at_once_and_the_mail_waits() -> None:
    owe_tasks(reader(), range(3))
    assert Notice.objects.filter(channel=Channel.INBOX, status=NoticeStatus.SENT).count() == 3
    gathered = Notice.objects.filter(channel=Channel.EMAIL)
    assert set(gathered.values_list("status", "next_attempt_at")) == {(NoticeStatus.GATHERED, DUE)}


def test_one_mail_says_it_all(mail_server: MailServer) -> None:
    user = reader(language="en")
    owe_tasks(user, range(3))
    assert dispatch_notices(at=DUE - timedelta(minutes=1), worker="w").sent == 0
    assert dispatch_notices(at=DUE, worker="w").sent == 1
    (mail,) = mail_server.mails
    assert (mail.to, mail.subject) == (user.email, "Your summary: matters that wait for you (3)")
    for number in range(3):
        assert f"https://one-stop.example/desk/tasks/{number}/" in mail.text
    assert dispatch_notices(at=DUE + timedelta(hours=1), worker="w").sent == 0
    digest = Notice.objects.get(kind="digest")
    assert digest.items.filter(status=NoticeStatus.DIGESTED).count() == 3


def test_what_comes_later_is_in_the_next_one(mail_server: MailServer) -> None:
    user = reader()
    owe_tasks(user, range(2))
    assert build_digests(at=DUE) == 1
    owe_tasks(user, range(2, 5))  # owed before and committed after
    assert build_digests(at=DUE) == 1
    assert build_digests(at=DUE) == 0
    assert sorted(digest.items.count() for digest in Notice.objects.filter(kind="digest")) == [2, 3]


def test_builders_at_once_gather_each_once() -> None:
    for _ in range(4):
        owe_tasks(reader(), range(5))
    assert sum(in_threads(lambda: build_digests(at=DUE), 6)) == 4
    assert Notice.objects.filter(status=NoticeStatus.DIGESTED).count() == 20
    assert {digest.items.count() for digest in Notice.objects.filter(kind="digest")} == {5}


def test_a_builder_that_is_killed_loses_and_doubles_nothing(mail_server: MailServer) -> None:
    owe_tasks(reader(), range(3))
    Notice.objects.filter(status=NoticeStatus.GATHERED).update(next_attempt_at=AT)
    killed_at("digest_before_commit", mail_server)
    assert Notice.objects.filter(status=NoticeStatus.GATHERED).count() == 3
    assert not Notice.objects.filter(kind="digest").exists()
    assert dispatch_notices(at=DUE, worker="w").sent == 1
    assert mail_server.taken == 1


def test_the_database_refuses_a_digest_without_its_mark() -> None:
    owe_tasks(reader(), range(1))
    from django.db import IntegrityError

    with pytest.raises(IntegrityError, match="notice_digested_has_digest"), connection.cursor() as cursor:
        cursor.execute(
            "update notifications_notice set status = 'digested', next_attempt_at = null where channel = 'email'"
        )

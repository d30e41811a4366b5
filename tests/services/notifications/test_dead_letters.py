"""What could not be sent: filters, mending, corrected addresses, the word to managers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from services.notifications.dead_letters import (
    DeadFilter,
    correct_address,
    dead_letters,
    mend,
    shown,
    tell_menders,
)
from services.notifications.dispatch import dispatch_notices
from services.notifications.enums import Channel, NoticeStatus
from services.notifications.models import AddressCorrection, Notice
from services.notifications.operations import NoticeStateError
from services.parties.enums import Role
from tests.factories.accounts import UserFactory
from tests.factories.notifications import AT, NoticeFactory
from tests.factories.parties import MembershipFactory, PersonFactory
from tests.services.notifications.conftest import MailServer

pytestmark = pytest.mark.django_db
NINE = datetime.fromisoformat("2026-10-12T09:00:00+08:00")


@pytest.mark.parametrize(
    "wanted",
    [
        DeadFilter(channel="sms"),
        DeadFilter(kind="case_refused"),
        DeadFilter(error="NoAddress"),
        DeadFilter(older_than=timedelta(days=7)),
        DeadFilter(channel="sms", kind="case_refused", error="NoAddress", older_than=timedelta(days=7)),
    ],
)
def test_each_filter_narrows(wanted: DeadFilter) -> None:
    odd = {"channel": "sms", "kind": "case_refused", "last_error": "NoAddress", "created_at": AT - timedelta(days=8)}
    fits, other = NoticeFactory(dead=True, **odd), NoticeFactory(dead=True)
    NoticeFactory(status=NoticeStatus.RETRY)
    assert list(dead_letters(wanted, AT)) == [fits]
    assert list(dead_letters(DeadFilter(), AT)) == [fits, other]


def test_many_are_mended_at_once_and_others_are_left_alone() -> None:
    by = UserFactory()
    dead, sent = NoticeFactory.create_batch(3, dead=True), NoticeFactory(inbox=True)
    keys = [notice.pk for notice in dead]
    assert mend(keys=[*keys[:2], sent.pk], how="retry", by=by, at=AT) == 2
    assert mend(keys=keys, how="cancel", by=by, at=AT) == 1
    assert mend(keys=keys, how="cancel", by=by, at=AT) == 0
    statuses = [Notice.objects.get(pk=key).status for key in keys]
    assert statuses == [NoticeStatus.QUEUED, NoticeStatus.QUEUED, NoticeStatus.CANCELLED]
    assert Notice.objects.filter(handled_by=by).count() == 3


def test_a_corrected_address_is_used_for_this_notice_only(mail_server: MailServer) -> None:
    by, notice = UserFactory(), NoticeFactory(dead=True, recipient__email="wrong@example.com")
    other = NoticeFactory(recipient=notice.recipient)
    correct_address(notice=notice, address="right@example.com", reason="来电告知", by=by, at=AT)
    assert dispatch_notices(at=AT, worker="w").sent == 2
    assert {mail.to for mail in mail_server.mails} == {"right@example.com", "wrong@example.com"}
    notice.recipient.refresh_from_db()
    assert notice.recipient.email == "wrong@example.com"
    kept = AddressCorrection.objects.get()
    assert (kept.notice, kept.by, kept.at, kept.reason) == (notice, by, AT, "来电告知")
    assert other.corrections.count() == 0
    with connection.cursor() as cursor:
        cursor.execute("select address from notifications_addresscorrection")
        assert b"right@" not in bytes(cursor.fetchone()[0])


def test_the_last_correction_counts_and_the_first_stays_on_record(mail_server: MailServer) -> None:
    notice = NoticeFactory(dead=True)
    for address in ("one@example.com", "two@example.com"):
        Notice.objects.filter(pk=notice.pk).update(status=NoticeStatus.DEAD, next_attempt_at=None)
        correct_address(notice=notice, address=address, reason="r", by=UserFactory(), at=AT)
    dispatch_notices(at=AT, worker="w")
    assert [mail.to for mail in mail_server.mails] == ["two@example.com"]
    assert notice.corrections.count() == 2


@pytest.mark.parametrize(
    ("changes", "address", "reason", "error"),
    [
        ({}, "nobody", "r", ValidationError),
        ({}, "a@example.com\r\nBcc: b@example.com", "r", ValidationError),
        ({}, "a@example.com", "  ", ValidationError),
        ({"channel": Channel.SMS}, "12", "r", ValidationError),
        ({"channel": Channel.WEBHOOK}, "https://a.example/", "r", NoticeStateError),
        ({"status": NoticeStatus.CANCELLED}, "a@example.com", "r", NoticeStateError),
    ],
)
def test_a_wrong_correction_changes_nothing(changes: Any, address: str, reason: str, error: type[Exception]) -> None:
    notice = NoticeFactory(**{"status": NoticeStatus.DEAD, "next_attempt_at": None, **changes})
    with pytest.raises(error):
        correct_address(notice=notice, address=address, reason=reason, by=UserFactory(), at=AT)
    assert not AddressCorrection.objects.exists()
    assert Notice.objects.get().status == notice.status


def test_reader_and_address_are_masked() -> None:
    person = PersonFactory(mobile="13912345678", user__name="李小敏", user__email="xiaomin@example.com")
    mail = NoticeFactory(dead=True, recipient=person.user)
    text = NoticeFactory(dead=True, recipient=person.user, channel=Channel.SMS)
    seen = [(letter.reader, letter.address, letter.corrected) for letter in shown([mail, text])]
    assert seen == [("李*敏", "x***@example.com", False), ("李*敏", "139****5678", False)]


def test_managers_are_told_once_a_day_from_nine() -> None:
    manager = MembershipFactory(role=Role.MANAGER).user
    MembershipFactory(role=Role.ADMIN)
    NoticeFactory.create_batch(2, dead=True)
    tell_menders(at=NINE - timedelta(minutes=1))
    assert not Notice.objects.filter(kind="dead_letters").exists()
    for minutes in (0, 10, 600):
        tell_menders(at=NINE + timedelta(minutes=minutes))
    told = Notice.objects.filter(kind="dead_letters", channel=Channel.INBOX)
    assert [(notice.recipient, notice.params) for notice in told] == [(manager, {"number": "2"})]
    tell_menders(at=NINE + timedelta(days=1))
    assert told.all().count() == 2


def test_nobody_is_told_of_nothing_or_of_the_word_itself() -> None:
    MembershipFactory(role=Role.MANAGER)
    NoticeFactory(dead=True, kind="dead_letters")
    tell_menders(at=NINE)
    assert not Notice.objects.filter(subject_kind="outbox").exists()

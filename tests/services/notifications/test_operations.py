"""Owing, reading and mending notices."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from services.access.encryption import DecryptionError
from services.notifications.drafts import DraftError
from services.notifications.enums import Channel, NoticeStatus
from services.notifications.models import Notice
from services.notifications.operations import (
    DISPATCH_TASK,
    NoticeStateError,
    cancel_notice,
    mark_read,
    owe_notices,
    retry_notice,
)
from tests.factories.notifications import AT, PARAMS, NoticeFactory, draft_for
from tests.factories.parties import PersonFactory


@pytest.fixture
def owner(db: None) -> Any:
    return get_user_model().objects.create_user("owner", email="owner@example.com")


def test_one_row_per_channel(owner: Any) -> None:
    owe_notices([draft_for(owner)], at=AT)
    inbox, email = Notice.objects.order_by("-channel")
    assert (inbox.channel, inbox.status, inbox.sent_at, inbox.next_attempt_at) == ("inbox", "sent", AT, None)
    assert (email.channel, email.status, email.sent_at, email.next_attempt_at) == ("email", "queued", None, AT)
    assert inbox.params == {key: value for key, value in PARAMS.items() if key != "application"}
    assert inbox.language == "zh-hans"


def test_owing_again_changes_nothing(owner: Any) -> None:
    owe_notices([draft_for(owner), draft_for(owner)], at=AT)
    before = set(Notice.objects.values_list("provider_key", flat=True))
    owe_notices([draft_for(owner, params={**PARAMS, "case": "other"})], at=AT)
    assert set(Notice.objects.values_list("provider_key", flat=True)) == before
    assert len(before) == 2


@pytest.mark.parametrize("changes", [{"round": 1}, {"subject_id": "35"}, {"subject_kind": "clock"}])
def test_another_event_is_another_notice(owner: Any, changes: dict[str, Any]) -> None:
    owe_notices([draft_for(owner), draft_for(owner, **changes)], at=AT)
    assert Notice.objects.filter(channel=Channel.INBOX).count() == 2


def test_a_rolled_back_event_owes_nothing(owner: Any) -> None:
    with transaction.atomic():
        owe_notices([draft_for(owner)], at=AT)
        transaction.set_rollback(True)
    assert not Notice.objects.exists()


@pytest.mark.parametrize("changes", [{"email": ""}, {"is_active": False}])
def test_inbox_only_for_those_without_address_or_account(owner: Any, changes: dict[str, Any]) -> None:
    get_user_model().objects.filter(pk=owner.pk).update(**changes)
    owe_notices([draft_for(owner)], at=AT)
    assert [notice.channel for notice in Notice.objects.all()] == [Channel.INBOX]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kind": "birthday"}, "no kind"),
        ({"params": {}}, "no value for case"),
        ({"recipient_user_id": 0}, "no user 0"),
        ({"link": "https://elsewhere.example"}, "path of this site"),
        ({"link": "//elsewhere.example"}, "path of this site"),
        ({"link": "/\\elsewhere.example"}, "path of this site"),
    ],
)
def test_wrong_draft_is_refused_with_its_reason(owner: Any, changes: dict[str, Any], why: str) -> None:
    with pytest.raises(DraftError, match=why):
        owe_notices([draft_for(owner, **changes)], at=AT)


def test_any_number_of_drafts_is_two_statements(owner: Any, django_assert_num_queries: Any) -> None:
    drafts = [draft_for(owner, subject_id=str(number)) for number in range(40)]
    found: CaptureQueriesContext
    with django_assert_num_queries(2) as found:
        owe_notices(drafts, at=AT)
    assert sum("insert" in query["sql"] for query in found.captured_queries) == 1
    assert Notice.objects.filter(status=NoticeStatus.QUEUED).count() == 40


def test_text_message_is_owed_where_there_is_a_gateway_and_a_number(db: None, settings: Any) -> None:
    with_number, without = PersonFactory(), PersonFactory(mobile="")
    drafts = [draft_for(person.user, kind="case_granted") for person in (with_number, without)]
    settings.SMS_GATEWAY_URL = ""
    owe_notices(drafts, at=AT)
    assert not Notice.objects.filter(channel=Channel.SMS).exists()
    settings.SMS_GATEWAY_URL = "http://127.0.0.1:9/messages"
    owe_notices(drafts, at=AT)
    assert [notice.recipient for notice in Notice.objects.filter(channel=Channel.SMS)] == [with_number.user]


def test_values_are_encrypted_and_open_in_their_own_row_only(owner: Any) -> None:
    owe_notices([draft_for(owner, params={**PARAMS, "case": "secret-case"})], at=AT)
    first, second = Notice.objects.order_by("pk")
    with connection.cursor() as cursor:
        cursor.execute("select params from notifications_notice where id = %s", [first.pk])
        stored = bytes(cursor.fetchone()[0])
        assert b"secret-case" not in stored
        cursor.execute("update notifications_notice set params = %s where id = %s", [stored, second.pk])
    with pytest.raises(DecryptionError):
        _ = Notice.objects.get(pk=second.pk).params


def test_dispatcher_is_woken_after_the_commit(
    owner: Any, woken: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        owe_notices([draft_for(owner)], at=AT)
        assert woken == []
    assert woken == [DISPATCH_TASK]
    with django_capture_on_commit_callbacks(execute=True):
        owe_notices([draft_for(owner, kind="case_filed")], at=AT)  # inbox only: nothing to send
    assert woken == [DISPATCH_TASK]


def test_reading_marks_ones_own_messages_once(owner: Any) -> None:
    mine, another = NoticeFactory.create_batch(2, inbox=True, recipient=owner)
    theirs = NoticeFactory(inbox=True)
    assert mark_read(by=owner, at=AT, public_ids=[mine.public_id, theirs.public_id]) == 1
    assert mark_read(by=owner, at=AT + timedelta(hours=1)) == 1
    assert mark_read(by=owner, at=AT + timedelta(hours=2)) == 0
    for notice in (mine, another, theirs):
        notice.refresh_from_db()
    assert (mine.read_at, another.read_at, theirs.read_at) == (AT, AT + timedelta(hours=1), None)


def test_dead_notice_is_sent_again_with_all_its_attempts(
    owner: Any, woken: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    notice = NoticeFactory(dead=True)
    with django_capture_on_commit_callbacks(execute=True):
        retry_notice(notice=notice, by=owner, at=AT)
    notice.refresh_from_db()
    assert (notice.status, notice.attempts, notice.next_attempt_at) == (NoticeStatus.QUEUED, 0, AT)
    assert (notice.handled_by, notice.handled_at) == (owner, AT)
    assert woken == [DISPATCH_TASK]


@pytest.mark.parametrize("status", [NoticeStatus.QUEUED, NoticeStatus.RETRY, NoticeStatus.DEAD])
def test_waiting_notice_is_cancelled(owner: Any, status: str) -> None:
    notice = NoticeFactory(status=status, next_attempt_at=None if status == NoticeStatus.DEAD else AT)
    cancel_notice(notice=notice, by=owner, at=AT)
    notice.refresh_from_db()
    assert (notice.status, notice.next_attempt_at, notice.handled_by) == (NoticeStatus.CANCELLED, None, owner)


def test_what_is_sent_or_on_its_way_is_left_alone(owner: Any) -> None:
    sent, queued = NoticeFactory(inbox=True), NoticeFactory()
    sending = NoticeFactory(status=NoticeStatus.SENDING, lease_by="w/1", lease_until=AT)
    for notice in (sent, sending):
        with override("en"), pytest.raises(NoticeStateError, match="still waits"):
            cancel_notice(notice=notice, by=owner, at=AT)
    for notice in (sent, sending, queued):
        with override("en"), pytest.raises(NoticeStateError, match="failed"):
            retry_notice(notice=notice, by=owner, at=AT)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"next_attempt_at": None}, "notice_open_has_next_attempt"),
        ({"status": "sent", "sent_at": AT}, "notice_open_has_next_attempt"),
        ({"status": "sending"}, "notice_sending_has_lease"),
        ({"lease_by": "w"}, "notice_sending_has_lease"),
        ({"status": "sent", "next_attempt_at": None}, "notice_sent_has_instant"),
        ({"sent_at": AT}, "notice_sent_has_instant"),
        ({"channel": "inbox"}, "notice_inbox_is_sent"),
        ({"read_at": AT}, "notice_read_in_inbox"),
        ({"link": "https://elsewhere.example"}, "notice_link_on_this_site"),
        ({"link": "//elsewhere.example"}, "notice_link_on_this_site"),
    ],
)
def test_database_refuses_contradictions(db: None, values: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        NoticeFactory(**values)

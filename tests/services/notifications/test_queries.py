"""Questions about notices."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import translation

from services.notifications import queries
from services.notifications.enums import NoticeStatus
from services.notifications.queries import (
    OutboxHealth,
    contacts_of,
    dead_notices,
    inbox_of,
    notices_of,
    outbox_health,
    owed,
    unread_count,
)
from tests.factories.accounts import UserFactory
from tests.factories.notifications import AT, NoticeFactory
from tests.factories.parties import PersonFactory

pytestmark = pytest.mark.django_db


def test_inbox_holds_ones_own_messages_newest_first() -> None:
    user = UserFactory()
    old = NoticeFactory(inbox=True, recipient=user, created_at=AT - timedelta(days=1), read_at=AT)
    new = NoticeFactory(inbox=True, recipient=user)
    NoticeFactory(recipient=user)
    NoticeFactory(inbox=True)
    assert list(inbox_of(user)) == [new, old]
    assert unread_count(user) == 1


def test_message_is_read_in_the_language_of_the_page() -> None:
    notice = NoticeFactory(inbox=True)
    with translation.override("en"):
        assert notice.message.subject == "Granted: Food licence"
    with translation.override("zh-hans"):
        assert notice.message.subject == "准予决定：食品经营许可"


def test_notices_of_a_subject_in_order() -> None:
    second = NoticeFactory(subject_id="7", created_at=AT)
    first = NoticeFactory(subject_id="7", inbox=True, created_at=AT - timedelta(hours=1))
    NoticeFactory(subject_id="8")
    assert list(notices_of("case", 7)) == [first, second]


def test_owed_is_what_is_due_longest_first() -> None:
    late = NoticeFactory(next_attempt_at=AT - timedelta(hours=2))
    due = NoticeFactory(status=NoticeStatus.RETRY, attempts=1)
    NoticeFactory(next_attempt_at=AT + timedelta(seconds=1))
    NoticeFactory(dead=True)
    assert list(owed(AT)) == [late, due]


def test_health_counts_due_and_dead() -> None:
    assert outbox_health(AT) == OutboxHealth(waiting=0, oldest=timedelta(), dead=0)
    NoticeFactory(next_attempt_at=AT - timedelta(hours=2))
    NoticeFactory(next_attempt_at=AT + timedelta(hours=1))
    dead = NoticeFactory(dead=True)
    NoticeFactory(inbox=True)
    assert outbox_health(AT) == OutboxHealth(waiting=1, oldest=timedelta(hours=2), dead=1)
    assert list(dead_notices()) == [dead]


def test_people_are_reached_where_they_said(django_assert_num_queries: Any) -> None:
    person, staff, gone = PersonFactory(mobile="13912345678"), UserFactory(), UserFactory(is_active=False)
    with django_assert_num_queries(1):
        contacts = contacts_of([person.user_id, staff.pk, gone.pk, 0])
    assert contacts[person.user_id].address("sms") == "13912345678"
    assert contacts[person.user_id].address("email") == person.user.email
    assert (contacts[staff.pk].email, contacts[staff.pk].mobile) == (staff.email, "")
    assert (contacts[gone.pk].email, contacts[gone.pk].mobile) == ("", "")
    assert 0 not in contacts


def test_a_number_that_does_not_open_leaves_the_other_channels() -> None:
    person, another = PersonFactory.create_batch(2)
    with connection.cursor() as cursor:
        cursor.execute(
            "update parties_person set mobile = (select mobile from parties_person where id = %s) where id = %s",
            [another.pk, person.pk],
        )
    contact = contacts_of([person.user_id])[person.user_id]
    assert (contact.mobile, contact.email) == ("", person.user.email)


def test_text_messages_need_a_gateway(settings: Any) -> None:
    settings.SMS_GATEWAY_URL = ""
    assert queries.channels_in_use() == {"inbox", "email", "webhook"}
    settings.SMS_GATEWAY_URL = "http://127.0.0.1:9/messages"
    assert queries.channels_in_use() == {"inbox", "email", "sms", "webhook"}
